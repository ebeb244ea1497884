"""Recordings out of tables as text."""

from __future__ import annotations

import csv
import io
import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
import numpy.typing as npt

from pose_landmarker.errors import DatasetError
from pose_landmarker.export import schema
from pose_landmarker.export.files import checked_path, reading
from pose_landmarker.export.tables import recording_of
from pose_landmarker.recording import Recording

_ROWS_AT_ONCE: Final = 256
_MOST_COLUMNS: Final = 10_000


def load_table(path: str | os.PathLike[str]) -> Recording:
    """Read a table of either layout.

    Args:
        path: The file.

    Raises:
        DatasetError: It is no such table, or a damaged one.
    """
    source = checked_path(path)
    with reading(source, "a table (CSV)", csv.Error, UnicodeDecodeError), source.open("rb") as file:
        torn = not _ends_with_a_line(file)
        with io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text:
            reader = csv.reader(text)
            header = next(reader, [])
            columns = _Columns(source, header)
            for number, row in _whole_rows(source, reader, len(header), torn):
                columns.add(number, row)
            return recording_of(columns.arrays(), str(source), header)


def _ends_with_a_line(file: BinaryIO) -> bool:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 1))
    last = file.read(1)
    file.seek(0)
    return last in (b"", b"\n", b"\r")


def _whole_rows(path: Path, reader: Any, width: int, torn: bool) -> Iterator[tuple[int, list[str]]]:
    """The number of the line that each row ends on, and the row, but for a last one that is torn."""
    before: tuple[int, list[str]] | None = None
    for row in reader:
        if before is not None:
            yield before
        before = (reader.line_num, row) if row else None
    if before is not None:
        if torn or len(before[1]) < width:
            logging.getLogger("pose_landmarker").warning("%s: its last row is torn and was left out", path)
        else:
            yield before


class _Columns:
    """Columns that grow by many rows at once."""

    def __init__(self, path: Path, header: list[str]) -> None:
        if len(header) > _MOST_COLUMNS:
            raise DatasetError(f"{path} has {len(header)} columns, which no table of poses has")
        known = [name for name in header if name in schema.UNITS]
        if len(set(known)) < len(known):
            twice = next(name for name in known if known.count(name) > 1)
            raise DatasetError(f"{path} has the column {twice!r} twice")
        self._path = path
        self._width = len(header)
        self._places = {name: header.index(name) for name in known}
        self._rows: list[list[str]] = []
        self._lines: list[int] = []
        self._blocks: dict[str, list[npt.NDArray[Any]]] = {name: [] for name in known}

    def add(self, line: int, row: list[str]) -> None:
        """Take a row, which ended on a line of this number."""
        if len(row) != self._width:
            raise DatasetError(
                f"{self._path}, line {line} has {len(row)} columns, but the header has {self._width}"
            )
        self._rows.append(row)
        self._lines.append(line)
        if len(self._rows) == _ROWS_AT_ONCE:
            self._pack()

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The columns by their names."""
        self._pack()
        return {name: np.concatenate(blocks) for name, blocks in self._blocks.items()}

    def _pack(self) -> None:
        columns = list(zip(*self._rows, strict=True)) or [()] * self._width
        for name, place in self._places.items():
            texts = columns[place]
            try:
                block = _parsed(name, texts)
            except (ValueError, OverflowError):
                raise DatasetError(self._complaint(name, texts)) from None
            self._blocks[name].append(block)
        self._rows, self._lines = [], []

    def _complaint(self, name: str, texts: Sequence[str]) -> str:
        """Where the text is that cannot stand in a column."""
        for line, text in zip(self._lines, texts, strict=True):
            try:
                _parsed(name, [text])
            except (ValueError, OverflowError):
                return f"{self._path}, line {line}: {text[:40]!r} cannot stand in the column {name!r}"
        raise AssertionError("one of them is the reason")


def _parsed(name: str, texts: Sequence[str]) -> npt.NDArray[Any]:
    """The values of a column."""
    if name in schema.TEXTS:
        return np.array(texts, object)
    if name in schema.WHOLE:
        unknown = schema.WHOLE[name]
        try:
            return np.array(list(map(int, texts)), np.int64)
        except ValueError:
            return np.array([_whole(text, unknown) for text in texts], np.int64)
    dtype = np.float64 if name == schema.TIME else np.float32
    try:
        wide = np.array(list(map(float, texts)))
    except ValueError:
        wide = np.array([float(text) if text else np.nan for text in texts])
    with np.errstate(over="ignore"):
        return wide.astype(dtype)


def _whole(text: str, unknown: int | None) -> int:
    """A whole number, also as ``3.0``, which tables with gaps become elsewhere."""
    if not text and unknown is not None:
        return unknown
    try:
        return int(text)
    except ValueError:
        wide = float(text)
        if not wide.is_integer():
            raise
        return int(wide)
