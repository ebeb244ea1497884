"""Tables as text: RFC 4180 (commas, CRLF, quotes where needed), with a header, in UTF-8.

A wide table has one row per pose, a tidy one has one row per landmark; a frame in which there is nobody is
one row in both. ``schema.py`` has the columns and their units. What is not known is empty. Numbers have a
point, in every country, and the few digits that bring back the float32.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final

import numpy as np

from pose_landmarker.checks import check_choice
from pose_landmarker.export import schema
from pose_landmarker.export.csv_reading import load_table
from pose_landmarker.export.decimals import NUMBER, shortest
from pose_landmarker.export.rows import Rows
from pose_landmarker.export.tables import LAYOUTS
from pose_landmarker.export.writer import FrameWriter, check_text, write_whole
from pose_landmarker.recording import IntArray, Recording
from pose_landmarker.results import PoseLandmarkerResult
from pose_landmarker.topology import LANDMARK_NAMES

_ROWS_AT_ONCE: Final = 512
_END: Final = "\r\n"
_VALUES: Final = ",".join([NUMBER] * len(schema.MEASURES))
#: What follows the first columns of a pose; the zero byte, which no text has, stands for those columns.
_WIDE: Final = "\0" + ",".join([_VALUES] * len(LANDMARK_NAMES)) + _END
_TIDY: Final = "".join(f"\0{name},{_VALUES}{_END}" for name in LANDMARK_NAMES)
_EMPTY: Final = {
    "wide": "\0" + "," * (len(schema.LANDMARK_COLUMNS) - 1) + _END,
    "tidy": "\0" + "," * len(schema.MEASURES) + _END,
}


def save(recording: Recording, path: str | os.PathLike[str], *, layout: str = "wide") -> None:
    """Write a recording.

    Args:
        recording: What to write.
        path: Where to.
        layout: ``"wide"``, one row per pose, or ``"tidy"``, one row per landmark.

    Raises:
        OptionError: There is no such layout, or a name is no text.
        OptionTypeError: Something has the wrong type.
        OSError: The file cannot be written.
    """
    write_whole(Writer(path, layout=layout), recording)


def load(path: str | os.PathLike[str]) -> Recording:
    """Read a table of either layout, with its rows and columns in any order.

    Columns that are missing are not known. A last row that is torn, as a killed program leaves it, is left
    out, and the log tells.

    Args:
        path: The file.

    Raises:
        DatasetError: It is no such table, or a damaged one.
        OptionTypeError: ``path`` is no path.
    """
    return load_table(path)


class Writer(FrameWriter):
    """Writes the rows of every frame as it comes; see :class:`~pose_landmarker.export.writer.FrameWriter`.

    Args:
        path: Where to.
        layout: ``"wide"``, one row per pose, or ``"tidy"``, one row per landmark.
    """

    def __init__(self, path: str | os.PathLike[str], *, layout: str = "wide") -> None:
        self._layout = check_choice("layout", layout, LAYOUTS)
        super().__init__(path)

    def _append(self, piece: Recording, _result: PoseLandmarkerResult | None, /) -> None:
        check_text(piece.names)
        if not self.num_frames:
            self._write_header(named=piece.names is not None)
        for text in _texts(Rows.of(piece, self.num_frames), self._layout):
            self._file.append(text.encode())

    def _finish(self) -> None:
        if not self.num_frames:
            self._write_header(named=False)
        self._file.close()

    def _write_header(self, *, named: bool) -> None:
        columns = schema.wide_columns if self._layout == "wide" else schema.tidy_columns
        self._file.append((",".join(columns(named=named)) + _END).encode())


def _texts(rows: Rows, layout: str) -> Iterator[str]:
    """Many lines at once."""
    starts = _starts(rows)
    template, empty = (_WIDE if layout == "wide" else _TIDY), _EMPTY[layout]
    values = rows.values.reshape(-1, len(schema.LANDMARK_COLUMNS))
    there = (rows.person >= 0).tolist()
    for first in range(0, len(values), _ROWS_AT_ONCE):
        part = slice(first, first + _ROWS_AT_ONCE)
        gaps = np.any(np.isnan(values[part]), axis=1).tolist()
        lines = []
        for row, gap, body, start in zip(
            shortest(values[part]).tolist(), gaps, there[part], starts[part], strict=True
        ):
            text = template % tuple(row) if body else empty
            # No name of a landmark has "nan" in it.
            lines.append((text.replace("nan", "") if gap else text).replace("\0", start))
        yield "".join(lines)


def _starts(rows: Rows) -> list[str]:
    """The columns before the landmarks, each with its comma."""
    times = ["" if time != time else repr(time) for time in rows.time_s.tolist()]
    scores = ["" if score != score else NUMBER % score for score in shortest(rows.score).tolist()]
    names = [] if rows.names is None else [[_quoted(name) for name in rows.names]]
    columns = [
        map(str, rows.frame.tolist()),
        times,
        *names,
        _whole(rows.width, schema.WIDTH),
        _whole(rows.height, schema.HEIGHT),
        _whole(rows.person, schema.PERSON),
        _whole(rows.track_id, schema.TRACK),
        scores,
    ]
    return [",".join(row) + "," for row in zip(*columns, strict=True)]


def _whole(column: IntArray, name: str) -> list[str]:
    unknown = schema.UNKNOWN[name]
    return ["" if value == unknown else str(value) for value in column.tolist()]


def _quoted(text: str) -> str:
    if any(mark in text for mark in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text
