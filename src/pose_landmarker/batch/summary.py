"""How far a job is, and what came of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple


class FailedFile(NamedTuple):
    """A file that failed for good.

    Attributes:
        file: Its name.
        cause: See :data:`pose_landmarker.batch.work.Cause`.
        reason: A sentence.
        attempts: How often it was tried.
    """

    file: str
    cause: str
    reason: str
    attempts: int


@dataclass(kw_only=True, slots=True)
class Counts:
    """Files and frames of a job; what earlier runs have done is counted apart.

    Attributes:
        files: That the sources mean.
        before: Of these, how many need nothing: an earlier run has done them, or they failed there for good.
        done: That were looked at in this run.
        same: That were found to have the content of another one in this run.
        failed: That have failed in this run.
        frames: Of files in work and done in this run.
        poses: Of files done in this run.
        bytes: Of all files.
        bytes_over: Of those that nothing will be done about any more.
    """

    files: int = 0
    before: int = 0
    done: int = 0
    same: int = 0
    failed: int = 0
    frames: int = 0
    poses: int = 0
    bytes: int = 0
    bytes_over: int = 0

    @property
    def over(self) -> int:
        """Files that nothing will be done about any more."""
        return self.before + self.done + self.same + self.failed


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far a job is.

    Attributes:
        counts: So far.
        seconds: Since it began.
        left_s: How long it will still take, as far as the files' sizes tell; None before anybody knows.
        where: Who works on it, in words; empty before anybody knows.
    """

    counts: Counts
    seconds: float
    left_s: float | None
    where: str


@dataclass(frozen=True, kw_only=True, slots=True)
class BatchSummary:
    """What came of a job.

    Attributes:
        output: The folder.
        files: How many the sources mean.
        before: Of these, how many an earlier run has done, or seen fail for good.
        done: How many were looked at in this run.
        same: How many were found to have the content of another one.
        failed: How many have failed, in this run or for good in an earlier one.
        waiting: How many were not looked at, because the job was interrupted.
        frames: In the files done in this run.
        poses: In these frames.
        seconds: That this run took.
        interrupted: Whether somebody ended it.
        complete: Whether all rows of files that are done are in ``data/``; else the disk is full, and they
            come there when the job is begun again.
        failures: The files that failed.
    """

    output: Path
    files: int
    before: int
    done: int
    same: int
    failed: int
    waiting: int
    frames: int
    poses: int
    seconds: float
    interrupted: bool
    complete: bool
    failures: tuple[FailedFile, ...]

    @property
    def frames_per_second(self) -> float:
        """That were reached."""
        return self.frames / self.seconds if self.seconds > 0 else 0.0

    def as_dict(self) -> dict[str, Any]:
        """All of it for machines."""
        failures = [failure._asdict() for failure in self.failures]
        rate = round(self.frames_per_second, 2)
        more = {"output": str(self.output), "failures": failures, "frames_per_second": rate}
        return {**asdict(self), "seconds": round(self.seconds, 3), **more}
