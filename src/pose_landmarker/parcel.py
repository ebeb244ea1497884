"""Objects on their way to another process: the large arrays in them apart from the rest."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

#: Bytes from which on an array is quicker through shared memory than through a pipe.
_LARGE = 1 << 16


class Parcel(NamedTuple):
    """An object without its large arrays.

    Attributes:
        data: The rest, pickled.
        sizes: Bytes of each of the large arrays.
        read_only: Which of them may not be written to.
    """

    data: bytes
    sizes: tuple[int, ...]
    read_only: tuple[bool, ...]


def pack(value: object) -> tuple[Parcel, list[npt.NDArray[np.uint8]]]:
    """An object taken apart, and its large arrays as bytes, not copied."""
    large: list[memoryview] = []

    def stays(buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if raw.nbytes >= _LARGE:
            large.append(raw)
        return raw.nbytes < _LARGE

    data = pickle.dumps(value, protocol=5, buffer_callback=stays)
    parcel = Parcel(data, tuple(raw.nbytes for raw in large), tuple(raw.readonly for raw in large))
    return parcel, [np.frombuffer(raw, np.uint8) for raw in large]


def unpack(parcel: Parcel, arrays: Sequence[npt.NDArray[np.uint8]]) -> Any:
    """The object, with copies of the large arrays."""
    copies = [array.copy() for array in arrays]
    for copy, fixed in zip(copies, parcel.read_only, strict=True):
        copy.setflags(write=not fixed)
    return pickle.loads(parcel.data, buffers=copies)  # noqa: S301 - from a process that this one started
