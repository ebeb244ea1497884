"""What a job's table of files says, added up file by file: its size does not matter."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from pose_landmarker.batch.report_charts import Spread
from pose_landmarker.errors import DatasetError
from pose_landmarker.export.arrow_tables import load_pyarrow
from pose_landmarker.export.files import reading

#: Of failures in all; of files with nobody, and of files with something broken in them.
MOST_FAILURES: Final = 500
MOST_LISTED: Final = 200
#: Points of the chart of rates.
_MOST_SPREADS: Final = 60

_COLUMNS: Final = (
    *("file", "kind", "state", "cause", "reason", "attempts", "size"),
    *("frames", "poses", "people", "duration_s", "seconds", "problems", "worker"),
)
#: Upper ends of what is counted together, and what it is called.
DURATIONS: Final = (
    *((1, "< 1 s"), (3, "1–3 s"), (10, "3–10 s"), (30, "10–30 s"), (60, "30–60 s"), (180, "1–3 min")),
    *((600, "3–10 min"), (1800, "10–30 min"), (3600, "30–60 min"), (10800, "1–3 h"), (math.inf, "> 3 h")),
)
SIZES: Final = (
    *((1e4, "< 10 kB"), (1e5, "10–100 kB"), (1e6, "0.1–1 MB"), (1e7, "1–10 MB"), (1e8, "10–100 MB")),
    *((1e9, "0.1–1 GB"), (1e10, "1–10 GB"), (math.inf, "> 10 GB")),
)


class Failure(NamedTuple):
    """A file that failed."""

    file: str
    reason: str
    attempts: int
    size: int


class Nobody(NamedTuple):
    """A file in which nobody was found."""

    file: str
    frames: int
    duration_s: float


class Problem(NamedTuple):
    """A file in which something is broken, and what."""

    file: str
    problems: Sequence[str]


@dataclass
class FileTally:
    """All files of a job, added up.

    Attributes:
        states: How many files are in each state.
        kinds: How many of the files done are videos and pictures.
        causes: How many files failed for each cause.
        failures: The first of them, by cause.
        nobody: How many files done have nobody in them, and ``nobody_files`` the first of these.
        broken: How many files done have problems, and ``problem_files`` the first of these.
        frames: In all files done, as are poses, people, duration_s (of videos) and bytes.
        seconds: That workers spent, on files that failed as well.
        frame_seconds: That workers spent on files done.
        video_frames: In videos.
        workers: Their names.
        people_per_file: How many files done have so many people.
        durations: How many videos are of each of :data:`DURATIONS`.
        sizes: How many files are of each of :data:`SIZES`.
        rates: Frames a second of files done, in order.
    """

    states: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)
    failures: dict[str, list[Failure]] = field(default_factory=dict)
    nobody: int = 0
    nobody_files: list[Nobody] = field(default_factory=list)
    broken: int = 0
    problem_files: list[Problem] = field(default_factory=list)
    frames: int = 0
    poses: int = 0
    people: int = 0
    bytes: int = 0
    duration_s: float = 0.0
    seconds: float = 0.0
    frame_seconds: float = 0.0
    workers: set[str] = field(default_factory=set)
    people_per_file: Counter[int] = field(default_factory=Counter)
    durations: list[int] = field(default_factory=lambda: [0] * len(DURATIONS))
    sizes: list[int] = field(default_factory=lambda: [0] * len(SIZES))
    rates: list[Spread] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many files there are."""
        return sum(self.states.values())

    def add(self, row: Mapping[str, Any]) -> None:
        """One file."""
        state = str(row["state"] or "unknown")
        self.states[state] += 1
        self.sizes[_bin(SIZES, _number(row["size"]))] += 1
        self.seconds += _number(row["seconds"])
        if row["worker"] is not None:
            self.workers.add(str(row["worker"]))
        if state == "failed":
            self._add_failure(row)
        elif state == "done":
            self._add_done(row)

    def _add_failure(self, row: Mapping[str, Any]) -> None:
        cause = str(row["cause"] or "unknown")
        self.causes[cause] += 1
        known = self.failures.setdefault(cause, [])
        if len(known) < MOST_FAILURES:
            attempts, size = int(_number(row["attempts"])), int(_number(row["size"]))
            known.append(Failure(_name(row), str(row["reason"] or ""), attempts, size))

    def _add_done(self, row: Mapping[str, Any]) -> None:
        frames, poses, people = (int(_number(row[name])) for name in ("frames", "poses", "people"))
        self.kinds[str(row["kind"])] += 1
        self.frames, self.poses, self.people = self.frames + frames, self.poses + poses, self.people + people
        self.bytes += int(_number(row["size"]))
        self.frame_seconds += _number(row["seconds"])
        self.people_per_file[people] += 1
        duration = _number(row["duration_s"])
        if row["duration_s"] is not None:
            self.duration_s += duration
            self.durations[_bin(DURATIONS, duration)] += 1
        if not poses:
            self.nobody += 1
            if len(self.nobody_files) < MOST_LISTED:
                self.nobody_files.append(Nobody(_name(row), frames, duration))
        problems = _texts(row["problems"])
        if problems:
            self.broken += 1
            if len(self.problem_files) < MOST_LISTED:
                self.problem_files.append(Problem(_name(row), problems))


def tally_files(path: Path) -> FileTally:
    """Add up a table of files.

    Args:
        path: Of ``files.parquet``.

    Raises:
        DatasetError: There is no such table, or it is damaged.
        MissingExtraError: pyarrow is not installed.
    """
    pa, parquet = load_pyarrow(), load_pyarrow("pyarrow.parquet")
    tally = FileTally()
    with (
        reading(path, "a Parquet file", pa.ArrowException, ValueError, TypeError),
        parquet.ParquetFile(path) as opened,
    ):
        names = set(opened.schema_arrow.names)
        if missing := {"file", "state"} - names:
            raise DatasetError(f"{path} has no column {' and no column '.join(sorted(missing))}")
        width = max(1, math.ceil(opened.metadata.num_rows / _MOST_SPREADS))
        rates = _Rates(width, tally.rates)
        for row in _rows(opened, [name for name in _COLUMNS if name in names]):
            tally.add(row)
            rates.add(row)
        rates.close()
    return tally


class _Rates:
    """Frames a second of files in order, so many at a time."""

    def __init__(self, width: int, spreads: list[Spread]) -> None:
        self._width, self._spreads = width, spreads
        self._first = self._number = 0
        self._values: list[float] = []

    def add(self, row: Mapping[str, Any]) -> None:
        frames, seconds = _number(row["frames"]), _number(row["seconds"])
        if row["state"] == "done" and frames > 0 and seconds > 0:
            self._values.append(frames / seconds)
        self._number += 1
        if self._number - self._first == self._width:
            self.close()

    def close(self) -> None:
        if self._values:
            low, middle, high = np.quantile(self._values, (0.25, 0.5, 0.75)).tolist()
            self._spreads.append(Spread(self._first, self._number - 1, low, middle, high))
        self._first, self._values = self._number, []


def _rows(opened: Any, names: list[str]) -> Iterator[Mapping[str, Any]]:
    absent = dict.fromkeys(_COLUMNS)
    for batch in opened.iter_batches(batch_size=4096, columns=names):
        for row in batch.to_pylist():
            yield absent | row


def _name(row: Mapping[str, Any]) -> str:
    return str(row["file"] or "")


def _number(value: Any) -> float:
    """A number that is one; nothing of what is not known."""
    is_one = isinstance(value, (int, float)) and math.isfinite(value) and value > 0
    return value if is_one else 0


def _texts(value: Any) -> list[str]:
    """Problems, however they are written: one, or a list."""
    texts = value if isinstance(value, (list, tuple)) else [value]
    return [str(text) for text in texts if text]


def _bin(bins: Sequence[tuple[float, str]], value: float) -> int:
    return next(i for i, (end, _) in enumerate(bins) if value < end or end == math.inf)
