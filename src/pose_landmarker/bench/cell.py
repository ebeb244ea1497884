"""One cell of the matrix: the raw numbers of its rounds, and what they come to."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from pose_landmarker.bench.contestant import Round
from pose_landmarker.bench.setting import Setting


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """What was measured of one setting.

    Attributes:
        setting: Which.
        rounds: The raw numbers, in order; at least one.
        memory_mib: Most memory held by its processes together, 2²⁰ bytes; None where unknown.
        threads: Of the engine, as far as it says.
        version: Of the package that was measured.
    """

    setting: Setting
    rounds: tuple[Round, ...]
    memory_mib: float | None
    threads: int | None
    version: str

    @property
    def wall_ms(self) -> float:
        """Of a frame: the median of the rounds' means, as frames differ and machines are disturbed."""
        return statistics.median(done.mean_ms for done in self.rounds)

    @property
    def per_second(self) -> float:
        """Frames a second."""
        return 1e3 / self.wall_ms

    @property
    def cpu_ms(self) -> float:
        """Processor milliseconds of a frame, median of the rounds."""
        return statistics.median(done.cpu_ms for done in self.rounds)

    @property
    def poses(self) -> float:
        """People found in a frame, the mean."""
        frames = sum(done.calls for done in self.rounds)
        return sum(done.poses * done.calls for done in self.rounds) / frames

    def percentile_ms(self, percent: float) -> float:
        """Wall milliseconds that so many of 100 calls do not exceed."""
        return percentile([ms for done in self.rounds for ms in done.wall_ms], percent)

    def speedups(self, reference: Cell) -> list[float]:
        """How many times faster than the reference in the same round, for every round."""
        return [
            theirs.mean_ms / own.mean_ms for theirs, own in zip(reference.rounds, self.rounds, strict=False)
        ]


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that so many of 100 do not exceed, interpolated linearly.

    Args:
        values: One or more.
        percent: 0 to 100.
    """
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def reference_of(cell: Cell, cells: Sequence[Cell]) -> Cell | None:
    """MediaPipe's cell of the same race, if there is one."""
    conditions = cell.setting.conditions
    return next((other for other in cells if other.setting == conditions), None)
