"""The tables about files: ``files.parquet`` with all of them, ``failures.csv`` with those that failed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from pose_landmarker.batch.arrow_arrays import lists_of_texts, optional_numbers, texts
from pose_landmarker.batch.entry import COLUMNS, Entry
from pose_landmarker.cache import write_atomically
from pose_landmarker.export.arrow_tables import load_pyarrow
from pose_landmarker.export.files import whole_file

FILES: Final = "files.parquet"
FAILURES: Final = "failures.csv"
_WHOLE: Final = ("attempts", "size", "mtime_ns", "width", "height", "frames", "poses", "people")
_NUMBERS: Final = ("duration_s", "seconds")
#: How a formula begins.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_FAILURE_COLUMNS: Final = ("file", "cause", "reason", "attempts", "size")


def write_overview(entries: Sequence[Entry], folder: Path) -> None:
    """Write both tables, each whole or not at all.

    Raises:
        OSError: They cannot be written.
    """
    pa, parquet = load_pyarrow(), load_pyarrow("pyarrow.parquet")
    columns = {name: _column(name, [getattr(entry, name) for entry in entries]) for name in COLUMNS}
    with whole_file(folder / FILES) as hidden:
        parquet.write_table(pa.table(columns), hidden, compression="zstd")
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(_FAILURE_COLUMNS)
    failed = (entry for entry in entries if entry.state == "failed")
    lines.writerows([_harmless(getattr(entry, name)) for name in _FAILURE_COLUMNS] for entry in failed)
    write_atomically(folder / FAILURES, text.getvalue().encode())


def _harmless(value: object) -> object:
    """A value that no spreadsheet takes for a formula: names of files are of strangers."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def ordered(entries: Iterable[Entry], first: Iterable[str]) -> list[Entry]:
    """Entries in the order of some names, then the others by name."""
    by_name = {entry.file: entry for entry in entries}
    chosen = [by_name.pop(name) for name in first if name in by_name]
    return chosen + [by_name[name] for name in sorted(by_name)]


def _column(name: str, values: list[Any]) -> Any:
    if name in _WHOLE:
        return optional_numbers(values, np.int64)
    if name in _NUMBERS:
        return optional_numbers(values, np.float64)
    return lists_of_texts(values) if name == "problems" else texts(values)
