"""JSON in and out: files that anybody may have written, and float32 in few digits."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import DoubleArray
from pose_landmarker.errors import DatasetError

#: The key under which files keep what their format has no place for.
OURS: Final = "pose_landmarker"
_MOST_BYTES: Final = 2 << 30
#: The largest float32, rounded up to the digits that files have; beyond is no float32.
_LARGEST: Final = 3.4028235e38


def to_json(record: object) -> bytes:
    """The shortest JSON, with NaN nowhere in it."""
    return json.dumps(record, separators=(",", ":"), allow_nan=False).encode("ascii")


def read_json(path: Path) -> Any:
    """What a JSON file holds.

    Raises:
        DatasetError: It cannot be read, is larger than 2 GiB, or is no JSON.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise DatasetError(f"{path} is larger than 2 GiB, which poses are not")
        return json.loads(path.read_bytes())
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        if isinstance(error, DatasetError):
            raise
        raise DatasetError(f"{path} is no JSON: {str(error)[:200]}") from error


@contextmanager
def place(where: object) -> Iterator[None]:
    """Whatever is wrong with the values in here is a DatasetError that begins with where they stand."""
    try:
        yield
    except KeyError as error:
        raise DatasetError(f"{where}: {error} is missing") from error
    except (TypeError, ValueError, OverflowError, AttributeError) as error:
        if isinstance(error, DatasetError) and str(error).startswith(str(where)):
            raise
        raise DatasetError(f"{where}: {str(error)[:300]}") from error


def objects(value: object, name: str) -> list[dict[str, Any]]:
    """A list of JSON objects.

    Raises:
        ValueError: It is something else.
    """
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise ValueError(f"{name} must be a list of objects")
    return value


def whole(value: object, name: str) -> int:
    """A whole number that fits 64 bits.

    Raises:
        ValueError: It is something else.
    """
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 1 << 63:
        raise ValueError(f"{name} must be a whole number, not {str(value)[:80]}")
    return value


def numbers(rows: Sequence[Any], width: int, name: str) -> DoubleArray:
    """(N, width) from N lists of numbers; null is NaN.

    Raises:
        ValueError: They are something else, or numbers that nobody measures.
    """
    for row in rows:
        if not isinstance(row, list) or len(row) != width:
            raise ValueError(f"{name} must be {width} numbers, not {str(row)[:80]}")
    if not rows:
        return np.empty((0, width))
    array: npt.NDArray[Any] = np.array(rows)
    if array.dtype.kind == "O":
        array = np.array([[np.nan if item is None else item for item in row] for row in rows])
    if array.dtype.kind not in "fiu" or array.ndim != 2:
        raise ValueError(f"{name} must be numbers")
    values: DoubleArray = array.astype(np.float64)
    if (np.abs(values) > _LARGEST).any():
        raise ValueError(f"{name} holds {values[np.abs(values) > _LARGEST][0]:g}, which cannot be")
    return values


def plain(array: npt.NDArray[np.float32]) -> Any:
    """The same numbers for JSON, in the nine digits that bring back each float32; None for NaN."""
    wide = array.astype(np.float64)
    known = np.isfinite(wide)
    size = np.abs(np.where(known & (wide != 0), wide, 1.0))
    scale = 10.0 ** (8 - np.floor(np.log10(size)))
    short = np.round(np.where(known, wide, 0.0) * scale) / scale
    if known.all():
        return short.tolist()
    with_gaps = short.astype(object)
    with_gaps[~known] = None
    return with_gaps.tolist()
