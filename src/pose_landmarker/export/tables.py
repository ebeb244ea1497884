"""Recordings as the columns of a table, wide or tidy, and such columns as recordings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import FloatArray
from pose_landmarker.errors import DatasetError
from pose_landmarker.export import schema
from pose_landmarker.export.rows import Rows
from pose_landmarker.recording import IntArray, Recording
from pose_landmarker.topology import LANDMARK_NAMES, NUM_LANDMARKS

#: Columns by their names: int64, where the schema says what stands for one that is not known; floats, NaN
#: where they are not known; objects for text.
Columns = Mapping[str, npt.NDArray[Any]]
#: One row per pose, or one per landmark.
LAYOUTS: Final = ("wide", "tidy")

_MEASURES: Final = len(schema.MEASURES)
_INDEX: Final = {name: index for index, name in enumerate(LANDMARK_NAMES)}


def columns_of(recording: Recording, layout: str, first: int = 0) -> dict[str, npt.NDArray[Any]]:
    """The columns of a table, in their order.

    Args:
        recording: What is to be in it.
        layout: One of ``LAYOUTS``.
        first: Number of the first frame.
    """
    rows = Rows.of(recording, first)
    columns = rows.columns()
    if layout == "tidy":
        return _tidy(columns, rows.values)
    by_column = np.ascontiguousarray(rows.values.reshape(-1, len(schema.LANDMARK_COLUMNS)).T)
    return columns | dict(zip(schema.LANDMARK_COLUMNS, by_column, strict=True))


def recording_of(columns: Columns, where: str, given: Iterable[object]) -> Recording:
    """What the columns of a wide or a tidy table say; those that are missing are not known.

    Args:
        columns: By their names, R rows each; ``frame`` and one column of landmarks at least.
        where: Begins messages: a file's name.
        given: Names of all columns that there were, for messages.

    Raises:
        DatasetError: They are no table of poses, or contradict each other.
    """
    tidy = schema.LANDMARK in columns
    measured = schema.MEASURES if tidy else schema.LANDMARK_COLUMNS
    missing = "'frame'" if schema.FRAME not in columns else f"such as {measured[0]!r}"
    if schema.FRAME not in columns or not columns.keys() & set(measured):
        raise DatasetError(f"{where}: there is no column {missing}; its columns are {_some(given)}")
    if tidy:
        return _from_tidy(columns, where).recording(where)
    count = len(columns[schema.FRAME])
    values = np.full((count, len(schema.LANDMARK_COLUMNS)), np.nan, np.float32)
    for i, name in enumerate(schema.LANDMARK_COLUMNS):
        if name in columns:
            values[:, i] = float32(columns[name])
    return _rows(columns, values.reshape(count, NUM_LANDMARKS, _MEASURES)).recording(where)


def float32(column: npt.NDArray[Any]) -> FloatArray:
    """Numbers of any kind; those too large for float32 are infinite."""
    with np.errstate(over="ignore", invalid="ignore"):
        return column.astype(np.float32, copy=False)


def _some(given: Iterable[object]) -> str:
    names = [str(name)[:40] for name in islice(given, 9)] or ["none"]
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")


def _rows(columns: Columns, values: FloatArray, chosen: npt.NDArray[np.intp] | slice = slice(None)) -> Rows:
    """Rows with what the columns have at the places chosen."""
    count = len(values)

    def whole(name: str) -> IntArray:
        if name not in columns:
            return np.full(count, schema.UNKNOWN[name])
        return columns[name][chosen]

    def number(name: str, dtype: type) -> npt.NDArray[Any]:
        return columns[name][chosen].astype(dtype) if name in columns else np.full(count, np.nan, dtype)

    person = whole(schema.PERSON)
    if schema.PERSON not in columns:
        there = np.any(np.isfinite(values), axis=(1, 2))
        person = _numbered(columns[schema.FRAME][chosen], there)
    return Rows(
        frame=columns[schema.FRAME][chosen],
        time_s=number(schema.TIME, np.float64),
        width=whole(schema.WIDTH),
        height=whole(schema.HEIGHT),
        person=person,
        track_id=whole(schema.TRACK),
        score=float32(number(schema.SCORE, np.float64)),
        values=values,
        names=columns[schema.NAME][chosen].tolist() if schema.NAME in columns else None,
    )


def _numbered(frame: IntArray, there: npt.NDArray[np.bool_]) -> IntArray:
    """Numbers within each frame, in the order of the rows; -1 where there is nobody."""
    order = np.argsort(frame, kind="stable")
    ordered = frame[order]
    person = np.empty(len(frame), np.int64)
    person[order] = np.arange(len(frame)) - np.searchsorted(ordered, ordered, side="left")
    return np.where(there, person, -1)


def _tidy(columns: dict[str, npt.NDArray[Any]], values: FloatArray) -> dict[str, npt.NDArray[Any]]:
    """A row for each landmark of each pose, and one for each frame in which there is nobody."""
    there = columns[schema.PERSON] >= 0
    counts = np.where(there, NUM_LANDMARKS, 1)
    rows = np.repeat(np.arange(len(counts)), counts)
    tidy = {name: column[rows] for name, column in columns.items()}
    measured = np.full((len(rows), _MEASURES), np.nan, np.float32)
    measured[there[rows]] = values[there].reshape(-1, _MEASURES)
    landmark = np.full(len(rows), "", object)
    landmark[there[rows]] = np.tile(np.array(LANDMARK_NAMES, object), int(there.sum()))
    tidy[schema.LANDMARK] = landmark
    return tidy | dict(zip(schema.MEASURES, np.ascontiguousarray(measured.T), strict=True))


def _from_tidy(columns: Columns, where: str) -> Rows:
    """Rows of poses from those of landmarks, in any order."""
    frame, texts = columns[schema.FRAME], columns[schema.LANDMARK].tolist()
    landmark = np.fromiter((_INDEX.get(text, -1) for text in texts), np.int64, len(texts))
    unnamed = np.fromiter((text in ("", None) for text in texts), np.bool_, len(texts))
    if ((landmark < 0) & ~unnamed).any():
        at = int(np.flatnonzero((landmark < 0) & ~unnamed)[0])
        raise DatasetError(f"{where}: no landmark is called {str(texts[at])[:40]!r}")
    who = next((columns[name] for name in (schema.PERSON, schema.TRACK) if name in columns), 0 * frame)
    order = np.lexsort((landmark, who, frame))
    new = np.ones(len(order), np.bool_)
    new[1:] = (np.diff(frame[order]) != 0) | (np.diff(who[order]) != 0)
    pose = np.cumsum(new) - 1
    named = landmark[order] >= 0
    place = pose[named] * NUM_LANDMARKS + landmark[order][named]
    if (np.diff(place) == 0).any():
        at = int(order[named][np.flatnonzero(np.diff(place) == 0)[0]])
        raise DatasetError(f"{where}: frame {frame[at]} has the landmark {texts[at]} of a person twice")
    values = np.full((int(new.sum()) * NUM_LANDMARKS, _MEASURES), np.nan, np.float32)
    for i, name in enumerate(schema.MEASURES):
        if name in columns:
            values[place, i] = float32(columns[name])[order][named]
    return _rows(columns, values.reshape(-1, NUM_LANDMARKS, _MEASURES), order[new])
