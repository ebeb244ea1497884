"""Real clips as distributions: how long they are, how many people are in them, how their costs differ."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from benchmarks.scale.figures import Figures
from benchmarks.scale.simulation.setting import Numbers

#: In shorter ones loading the networks is most of the time.
_LEAST_FRAMES = 60
_LOOKS_S = 4


def looks_a_frame(fps: float, people: float) -> float:
    """How often the detector runs: four times a second where there is room, always where nobody is."""
    return min(1.0, _LOOKS_S / fps + max(0.0, 1 - people))


class Spread(NamedTuple):
    """How files differ from each other; the mean of each is 1.

    Attributes:
        cost: Work a frame, beside the mean.
        people: Rows a frame, beside the mean.
    """

    cost: Numbers
    people: Numbers


def spread(figures: Figures) -> Spread:
    """Of the clips that are long enough."""
    clips = [clip for clip in figures.clips if clip["frames"] >= _LEAST_FRAMES]
    cost = np.array([clip["full_cpu_s"] / clip["frames"] for clip in clips])
    people = np.array([max(1.0, clip["poses"] / clip["frames"]) for clip in clips])
    return Spread(cost / cost.mean(), people / people.mean())


class Summary(NamedTuple):
    """Of the clips.

    Attributes:
        clips: How many.
        median_s: Length.
        spread: Standard deviation of the lengths' logarithm.
        people: A frame, on average.
        frame_ms: Of a core a frame, *full*: the median of the clips, the least, the most.
        cost_spread: Standard deviation of that, beside its mean.
    """

    clips: int
    median_s: float
    spread: float
    people: float
    frame_ms: tuple[float, float, float]
    cost_spread: float


def summary(figures: Figures) -> Summary:
    """The clips in numbers."""
    lengths = np.array([clip["duration_s"] for clip in figures.clips])
    frames = sum(clip["frames"] for clip in figures.clips)
    ms = np.array(
        [
            clip["full_cpu_s"] / clip["frames"] * 1e3
            for clip in figures.clips
            if clip["frames"] >= _LEAST_FRAMES
        ]
    )
    return Summary(
        clips=len(figures.clips),
        median_s=float(np.median(lengths)),
        spread=float(np.log(lengths).std()),
        people=sum(clip["poses"] for clip in figures.clips) / frames,
        frame_ms=(float(np.median(ms)), float(ms.min()), float(ms.max())),
        cost_spread=float(spread(figures).cost.std()),
    )


def predicted_ms(figures: Figures, clip: dict[str, float], model: str = "full") -> float:
    """What a frame of a clip should cost by the sums of the plan: reading as measured, people, detector."""
    people = clip["poses"] / clip["frames"]
    looks = looks_a_frame(clip["frames"] / clip["duration_s"], people)
    networks = people * figures.person_ms[f"{model} exact"] + looks * figures.detection_ms[f"{model} exact"]
    return clip["read_cpu_s"] / clip["frames"] * 1e3 + networks


def agreement(figures: Figures, model: str = "full") -> tuple[float, float, float]:
    """Measured beside predicted cost of a frame: median of the clips, and the middle four fifths of them."""
    ratios = [
        clip[f"{model}_cpu_s"] / clip["frames"] * 1e3 / predicted_ms(figures, clip, model)
        for clip in figures.clips
        if clip["frames"] >= _LEAST_FRAMES
    ]
    low, middle, high = np.quantile(ratios, [0.1, 0.5, 0.9])
    assert math.isfinite(middle)
    return float(middle), float(low), float(high)
