"""What is measured: our own tracking, and a naive one for comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from benchmarks.tracking.compose import Truth
from pose_landmarker import Box, Pose, PoseLandmarker, RunningMode
from pose_landmarker.arrays import RgbImage

_HIPS = (23, 24)


@dataclass(frozen=True, slots=True)
class Tracked:
    """One answer: somebody with a number.

    Attributes:
        track_id: Who.
        box: Around the landmarks, cut at the picture's edge; pixels.
        hips: Middle of the hips, pixels.
    """

    track_id: int
    box: Box
    hips: tuple[float, float]


#: (picture, timestamp_ms) → everybody who was found.
Tracker = Callable[[RgbImage, int], list[Tracked]]


class Footage(Protocol):
    """Pictures in time order and the truth about them."""

    def __iter__(self) -> Iterator[tuple[int, RgbImage]]:
        """(timestamp_ms, picture)."""
        ...

    def truths(self) -> list[list[Truth]]:
        """One list a picture."""
        ...


def follow(
    footage: Footage,
    track: Tracker,
    watch: Callable[[int, RgbImage, list[Tracked]], None] | None = None,
) -> tuple[list[int], list[list[Tracked]]]:
    """Times and answers of every picture; ``watch`` sees (frame, picture, answers) as they come."""
    times: list[int] = []
    answers: list[list[Tracked]] = []
    for frame, (timestamp_ms, image) in enumerate(footage):
        times.append(timestamp_ms)
        answers.append(track(image, timestamp_ms))
        if watch is not None:
            watch(frame, image, answers[-1])
    return times, answers


def iou(a: Box, b: Box) -> float:
    """Intersection over union of two upright boxes."""
    width = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
    height = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    if width <= 0 or height <= 0:
        return 0.0
    return width * height / (a.width * a.height + b.width * b.height - width * height)


def _tracked(pose: Pose, track_id: int) -> Tracked:
    x, y = pose.pixels[_HIPS, :].mean(axis=0).tolist()
    (left, top), (right, bottom) = (
        edge(np.clip(pose.pixels, 0, pose.image_size), axis=0).tolist() for edge in (np.min, np.max)
    )
    return Tracked(track_id, Box(left, top, right - left, bottom - top), (x, y))


class Naive:
    """IMAGE mode, and the number of whoever's box was most like it in the frame before."""

    def __init__(self, model: Path, num_poses: int, engine: str) -> None:
        self._landmarker = PoseLandmarker.create(model, num_poses=num_poses, engine=engine)
        self._before: list[Tracked] = []
        self._next_id = 0

    def __call__(self, image: RgbImage, timestamp_ms: int) -> list[Tracked]:
        """Find and number."""
        del timestamp_ms
        found: list[Tracked] = []
        left = list(self._before)
        for pose in self._landmarker.detect(image):
            new = _tracked(pose, self._next_id)
            best = max(left, key=lambda old: iou(old.box, new.box), default=None)
            if best is not None and iou(best.box, new.box) > 0.3:
                left.remove(best)
                new = replace(new, track_id=best.track_id)
            else:
                self._next_id += 1
            found.append(new)
        self._before = found
        return found


class Ours:
    """VIDEO mode."""

    def __init__(self, model: Path, num_poses: int, engine: str) -> None:
        self._landmarker = PoseLandmarker.create(
            model, num_poses=num_poses, engine=engine, running_mode=RunningMode.VIDEO
        )

    def __call__(self, image: RgbImage, timestamp_ms: int) -> list[Tracked]:
        """Find and number."""
        found = self._landmarker.detect_for_video(image, timestamp_ms)
        return [_tracked(pose, pose.track_id) for pose in found if pose.track_id is not None]


TRACKERS: dict[str, Callable[[Path, int, str], Tracker]] = {"naive": Naive, "ours": Ours}
