"""What a job's dataset says about poses, added up a piece at a time: its size does not matter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import DoubleArray
from pose_landmarker.errors import DatasetError
from pose_landmarker.export import schema
from pose_landmarker.export.arrow_tables import load_pyarrow
from pose_landmarker.export.files import reading
from pose_landmarker.topology import LANDMARK_NAMES, NUM_LANDMARKS

SCORE_BINS: Final = 20
#: A landmark is counted as seen from here on, as :attr:`pose_landmarker.Pose.visible` does.
_SEEN: Final = 0.5
#: More people than this in a frame are counted as so many.
_MOST_PEOPLE: Final = 1000
#: Of a larger dataset only some groups of rows are looked at.
_MOST_ROWS: Final = 20_000_000
_VISIBILITY: Final = tuple(f"{name}_visibility" for name in LANDMARK_NAMES)


_Counts: TypeAlias = "npt.NDArray[np.int64]"


def _no_counts(number: int) -> Callable[[], _Counts]:
    return lambda: np.zeros(number, np.int64)


@dataclass
class PoseTally:
    """All poses of a job, added up.

    Attributes:
        rows: In the dataset.
        looked_at: So many of them were added up.
        nobody: Frames with nobody.
        persons: (1001,) poses by their number within the frame.
        scores: (20,) poses by score, from 0 to 1.
        seen: (33,) poses in which each landmark is visible.
        judged: (33,) poses in which that is known.
        damage: What could not be read, in sentences.
    """

    rows: int = 0
    looked_at: int = 0
    nobody: int = 0
    persons: _Counts = field(default_factory=_no_counts(_MOST_PEOPLE + 1))
    scores: _Counts = field(default_factory=_no_counts(SCORE_BINS))
    seen: _Counts = field(default_factory=_no_counts(NUM_LANDMARKS))
    judged: _Counts = field(default_factory=_no_counts(NUM_LANDMARKS))
    damage: list[str] = field(default_factory=list)

    @property
    def frames_by_people(self) -> list[int]:
        """How many frames have 0, 1, 2... people: who is number 2 in a frame is not alone there."""
        last = int(np.max(np.nonzero(self.persons)[0], initial=-1))
        alone = self.persons[: last + 1] - np.append(self.persons[1 : last + 1], 0)[: last + 1]
        return [self.nobody, *np.maximum(alone, 0).tolist()]

    @property
    def seen_shares(self) -> list[float]:
        """In which share of the poses each landmark is visible."""
        shares: list[float] = (self.seen / np.maximum(self.judged, 1)).tolist()
        return shares

    def add(self, batch: Any) -> None:
        """Some rows of the dataset."""
        self.looked_at += len(batch)
        columns = dict(zip(batch.schema.names, batch.columns, strict=True))
        if schema.PERSON in columns:
            persons = _floats(columns[schema.PERSON])
            known = persons[np.isfinite(persons) & (persons >= 0)]
            self.nobody += len(persons) - len(known)
            self.persons += np.bincount(
                np.minimum(known, _MOST_PEOPLE).astype(int), minlength=len(self.persons)
            )
        if schema.SCORE in columns:
            scores = _floats(columns[schema.SCORE])
            places = np.clip(scores[np.isfinite(scores)], 0, 1) * SCORE_BINS
            places = np.minimum(places.astype(int), SCORE_BINS - 1)
            self.scores += np.bincount(places, minlength=SCORE_BINS)
        for i, name in enumerate(_VISIBILITY):
            if name in columns:
                values = _floats(columns[name])
                self.seen[i] += np.count_nonzero(values >= _SEEN)
                self.judged[i] += np.count_nonzero(np.isfinite(values))


def tally_poses(folder: Path, most_rows: int = _MOST_ROWS) -> PoseTally:
    """Add up the dataset of a job.

    Args:
        folder: ``data`` of the job.
        most_rows: About so many rows are looked at, evenly from all of the dataset.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """
    tally, paths = PoseTally(), sorted(folder.glob("*.parquet"))
    rows = {path: _noted(tally, partial(_count, path)) for path in paths}
    tally.rows = sum(number or 0 for number in rows.values())
    every = max(1, -(-tally.rows // most_rows))
    groups = 0
    for path, number in rows.items():
        if number is not None:
            groups += _noted(tally, partial(_add, tally, path, every, groups)) or 0
    return tally


def _noted(tally: PoseTally, task: Callable[[], int]) -> int | None:
    """What a task answers; None, and a note, where a file is damaged."""
    try:
        return task()
    except DatasetError as error:
        tally.damage.append(str(error))
        return None


def _add(tally: PoseTally, path: Path, every: int, before: int) -> int:
    """Add groups of rows of a file: those whose number, over all files, is a multiple of ``every``."""
    with _opened(path) as opened:
        groups = range(opened.num_row_groups)
        wanted = [i for i in groups if not (before + i) % every]
        for batch in _batches(opened, wanted):
            tally.add(batch)
        return len(groups)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    pa, parquet = load_pyarrow(), load_pyarrow("pyarrow.parquet")
    with (
        reading(path, "a Parquet file", pa.ArrowException, ValueError, TypeError),
        parquet.ParquetFile(path) as opened,
    ):
        yield opened


def _count(path: Path) -> int:
    with _opened(path) as opened:
        rows: int = opened.metadata.num_rows
        return rows


def _batches(opened: Any, groups: Sequence[int]) -> Iterator[Any]:
    names = set(opened.schema_arrow.names)
    wanted = [name for name in (schema.PERSON, schema.SCORE, *_VISIBILITY) if name in names]
    if groups and wanted:
        yield from opened.iter_batches(batch_size=65536, row_groups=list(groups), columns=wanted)


def _floats(column: Any) -> DoubleArray:
    """A column as numbers; what is not known is NaN."""
    values: DoubleArray = column.to_numpy(zero_copy_only=False).astype(np.float64)
    return values
