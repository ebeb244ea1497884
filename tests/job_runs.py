"""Jobs that tests run one after the other in the same folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pose_landmarker.batch.job import run_batch
from pose_landmarker.batch.summary import BatchSummary
from pose_landmarker.batch.work import Failed, FileTask
from tests.archives import InlineEngine, dataset


class Jobs:
    """Runs jobs in a folder.

    Attributes:
        engine: Of the last one; None where none was needed.
    """

    def __init__(self, folder: Path, model: bytes) -> None:
        self.archive = folder / "archive"
        self.output = folder / "out"
        self.archive.mkdir()
        self.model = model
        self.engine: InlineEngine | None = None
        self.fail: Callable[[FileTask, int], Failed | None] = lambda _task, _before: None

    def run(self, sources: object = None, output: Path | None = None, **options: Any) -> BatchSummary:
        self.engine = None
        given = self.archive if sources is None else sources
        return run_batch(given, output or self.output, self.model, engine=self._make, **options)

    def _make(self, settings: Any, workers: int | None) -> InlineEngine:
        self.engine = InlineEngine(settings, workers)
        self.engine.fail = self.fail
        return self.engine

    @property
    def looked_at(self) -> list[str]:
        """The files that the last job has looked at, by their names."""
        return [] if self.engine is None else [Path(task.source).name for task in self.engine.tasks]

    def rows(self) -> dict[str, int]:
        """How many rows each file has in the dataset."""
        names = dataset(self.output)["file"].to_pylist()
        return {Path(name).name: names.count(name) for name in names}
