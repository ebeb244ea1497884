"""Archives for tests of jobs, engines for them, and what is in their datasets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from PIL import Image

from pose_landmarker.batch import worker
from pose_landmarker.batch.work import Event, Failed, FileTask, Settings, Started
from pose_landmarker.media import VideoWriter
from tests.poses import astronaut_photo
from tests.stand_in import StandIn, install, with_options

_ORDER = [("file", "ascending"), ("frame", "ascending"), ("person", "ascending")]


class InlineEngine:
    """Looks at files here and now.

    Attributes:
        tasks: That were taken.
        fail: Instead of working, fails where this says how; called with a task and how often it came before.
    """

    def __init__(self, settings: Settings, workers: int | None = None) -> None:
        self.settings = settings
        self.workers = workers
        self.tasks: list[FileTask] = []
        self.fail: Callable[[FileTask, int], Failed | None] = lambda _task, _before: None
        self.closed = False

    def events(self, take: Callable[[], FileTask | None]) -> Iterator[Event]:
        looker = worker.FileWorker(self.settings)
        while (task := take()) is not None:
            before = sum(other.number == task.number for other in self.tasks)
            self.tasks.append(task)
            yield Started(task.number, "inline")
            failed = self.fail(task, before)
            if failed is None:
                yield from looker.work(task)
            else:
                yield failed

    def close(self) -> None:
        self.closed = True


def install_stand_in(patch: pytest.MonkeyPatch) -> type[StandIn]:
    """Let workers in this process find people who are not there."""
    install(patch)
    patch.setattr(worker, "PoseLandmarker", with_options)
    return StandIn


def write_picture(path: Path, seed: int = 0, size: tuple[int, int] = (24, 16)) -> Path:
    """A picture like no other of another seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    return path


def write_person(path: Path, frames: int, shift: int = 0, side: int = 256) -> Path:
    """A video of somebody who moves to the side, or a picture of her."""
    path.parent.mkdir(parents=True, exist_ok=True)
    photo = np.asarray(Image.fromarray(astronaut_photo()).resize((side, side)))
    if path.suffix == ".png":
        Image.fromarray(np.roll(photo, shift, axis=1)).save(path)
        return path
    with VideoWriter(path, fps=30) as writer:
        for i in range(frames):
            writer.write(np.roll(photo, shift + i, axis=1), Fraction(i, 30))
    return path


def dataset(output: Path) -> pa.Table:
    """All rows of a job's dataset, sorted."""
    parts = sorted((output / "data").glob("*.parquet"))
    tables = [parquet.read_table(part) for part in parts]
    return pa.concat_tables(tables).sort_by(_ORDER)


def files(output: Path) -> dict[str, dict[str, Any]]:
    """The rows of ``files.parquet`` by the names of files."""
    rows = parquet.read_table(output / "files.parquet").to_pylist()
    return {Path(row["file"]).name: row for row in rows}


def assert_same_rows(one: pa.Table, other: pa.Table) -> None:
    """Row for row, bit for bit."""
    assert one.schema.names == other.schema.names
    assert len(one) == len(other)
    for name in one.schema.names:
        left, right = one.column(name), other.column(name)
        assert left.combine_chunks().equals(right.combine_chunks()), name
