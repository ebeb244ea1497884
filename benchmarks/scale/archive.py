"""What is to be looked at: so many hours of video, in files of such lengths, with so many people."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.scale.clips import looks_a_frame, spread
from benchmarks.scale.figures import Figures
from benchmarks.scale.simulation.setting import Files, Numbers

_HOUR_S = 3600
_LONGEST_H = 12.0
#: A worker on Ray tells what it has every two seconds, and a message costs the driver a millisecond.
RAY_MESSAGES_S = 0.5 * 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """A lot of video.

    Attributes:
        hours: Of video.
        format: Such as ``"720p h264"``.
        fps: Frames a second.
        people: In a frame, on average.
        model: ``lite``, ``full`` or ``heavy``.
        precision: ``exact`` or ``fast``.
        median_s: Of the files' lengths, which are log-normal.
        spread: Standard deviation of their logarithm.
        longest_h: Files are not longer.
        messages_s: Of the driver for a second of a worker: for Ray's messages; 0 on one machine.
    """

    hours: float = 1e6
    format: str = "720p h264"
    fps: float = 30.0
    people: float = 1.0
    model: str = "full"
    precision: str = "exact"
    median_s: float = 300.0
    spread: float = 1.2
    longest_h: float = _LONGEST_H
    messages_s: float = RAY_MESSAGES_S

    @property
    def network(self) -> str:
        """Model and precision."""
        return f"{self.model} {self.precision}"

    @property
    def mean_s(self) -> float:
        """Mean length of a file, the longest ones cut off."""
        top = (math.log(self.longest_h * _HOUR_S / self.median_s)) / self.spread
        whole = self.median_s * math.exp(self.spread**2 / 2)
        return whole * _below(top - self.spread) + self.longest_h * _HOUR_S * (1 - _below(top))

    @property
    def files(self) -> float:
        """How many there are."""
        return self.hours * _HOUR_S / self.mean_s

    @property
    def frames(self) -> float:
        """In all files."""
        return self.hours * _HOUR_S * self.fps

    @property
    def rows(self) -> float:
        """Of the dataset: one a pose, and one a frame without anybody."""
        return self.frames * max(1.0, self.people)

    def parts_ms(self, figures: Figures) -> dict[str, float]:
        """Milliseconds of a core a frame, by what they are spent on."""
        return {
            "reading": figures.read_ms[self.format],
            "detector": figures.detection_ms[self.network] * looks_a_frame(self.fps, self.people),
            "landmarks": figures.person_ms[self.network] * self.people,
            "rows": figures.pack_row_s * 1e3 * max(1.0, self.people),
        }

    def frame_s(self, figures: Figures) -> float:
        """Seconds of a core a frame."""
        return sum(self.parts_ms(figures).values()) / 1e3

    def bytes_s(self, figures: Figures) -> float:
        """Bytes of a second of video."""
        return figures.mbit_s[self.format] * 1e6 / 8

    def draw(self, count: int, figures: Figures, seed: int = 0) -> Files:
        """So many files of it, the largest first: as a job gives them out."""
        return self.listed(count, figures, seed).largest_first()

    def listed(self, count: int, figures: Figures, seed: int = 0) -> Files:
        """The same files in the order of a listing, which knows nothing of lengths.

        Frames of one file cost more than those of another, and show more people: as in the real clips.
        """
        chance = np.random.default_rng(seed)
        lengths = chance.lognormal(math.log(self.median_s), self.spread, count)
        found = self.of_lengths(np.minimum(lengths, self.longest_h * _HOUR_S), figures)
        clips = spread(figures)
        like = chance.integers(len(clips.cost), size=count)
        return replace(
            found,
            work_s=found.work_s * clips.cost[like],
            driver_s=found.driver_s * clips.people[like],
        )

    def of_lengths(self, lengths_s: Numbers, figures: Figures) -> Files:
        """Files of these lengths."""
        work_s = lengths_s * self.fps * self.frame_s(figures)
        return Files(
            work_s=work_s,
            size=lengths_s * self.bytes_s(figures),
            driver_s=lengths_s * self.fps * max(1.0, self.people) * figures.driver_row_s
            + work_s * self.messages_s
            + figures.driver_part_s,
            kills=np.zeros(len(lengths_s), bool),
        )

    def driver_share(self, figures: Figures) -> float:
        """Seconds of the driver for a second of a worker's work."""
        mean = self.of_lengths(np.array([self.mean_s]), figures)
        return float(mean.driver_s[0] / mean.work_s[0])


def _below(z: float) -> float:
    return 0.5 * (1 + math.erf(z / math.sqrt(2)))
