"""People who walk through made-up frames, and a pipeline that sees them: for tests of the tracker."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from pose_landmarker.arrays import RgbImage
from pose_landmarker.image_options import ImageProcessingOptions
from pose_landmarker.landmark_net import Bodies
from pose_landmarker.results import Detection, Roi

WIDTH, HEIGHT = 960, 540


@dataclass
class Person:
    """Somebody whose hips are at ``place(t)``, pixels, where ``t`` is in seconds; None while away."""

    place: Callable[[float], tuple[float, float] | None]
    color: tuple[int, int, int] = (200, 40, 40)
    size: float = 300.0
    #: Added to where the detector sees the person, pixels.
    detector_error: float = 0.0

    def roi(self, t: float) -> Roi | None:
        place = self.place(t)
        return None if place is None else Roi(*place, self.size, 0.0)


def skeleton(roi: Roi) -> np.ndarray:
    """(35, 3) landmarks of a standing body, and the two auxiliary ones that lead to ``roi`` again."""
    x = np.array([0, *[-0.02, 0.02] * 5, *[-0.1, 0.1] * 11], float)
    y = np.array([-0.35] * 11 + [-0.25] * 2 + [-0.12] * 2 + [0.0] * 8 + [0.0] * 2 + [0.18] * 2 + [0.35] * 6)
    points = np.zeros((35, 3))
    points[:33, 0], points[:33, 1] = x * roi.size + roi.center_x, y * roi.size + roi.center_y
    points[33, :2] = roi.center_x, roi.center_y
    points[34, :2] = roi.center_x, roi.center_y - roi.size / 2.5
    return points


@dataclass
class Scene:
    """People, the nearest to the camera first, who hide one another; stands in for a pipeline."""

    people: Sequence[Person]
    #: Nearer than this, in sizes, the person in front hides the one behind.
    hides: float = 0.12
    t: float = 0.0
    looks: list[float] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    searches: list[range | None] = field(default_factory=list)

    def visible(self) -> list[tuple[Person, Roi]]:
        seen: list[tuple[Person, Roi]] = []
        for person in self.people:
            roi = person.roi(self.t)
            if roi is None:
                continue
            gaps = (math.hypot(r.center_x - roi.center_x, r.center_y - roi.center_y) for _, r in seen)
            if all(gap > self.hides * roi.size for gap in gaps):
                seen.append((person, roi))
        return seen

    def frame(self) -> RgbImage:
        image = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
        for person, roi in reversed(self.visible()):
            left, right = (max(0, int(roi.center_x + side * 0.12 * roi.size)) for side in (-1, 1))
            top, bottom = (max(0, int(roi.center_y + side * 0.4 * roi.size)) for side in (-1, 1))
            image[top:bottom, left:right] = person.color
        return image

    # What the tracker asks of a pipeline.

    def detect(self, image: RgbImage, processing: ImageProcessingOptions) -> list[tuple[Detection, Roi]]:
        self.looks.append(self.t)
        return [
            (
                Detection(0.9 - 0.01 * i, np.zeros((4, 2), np.float32)),
                Roi(roi.center_x + person.detector_error, roi.center_y, roi.size, 0.0),
            )
            for i, (person, roi) in enumerate(self.visible())
        ]

    def search(
        self, image: RgbImage, processing: ImageProcessingOptions, parts: range | None = None
    ) -> list[tuple[Detection, Roi]]:
        self.searches.append(parts)
        return self.detect(image, processing)

    def bodies(self, image: RgbImage, rois: list[Roi]) -> Bodies:
        """In every region the body that is nearest to its middle."""
        self.batches.append(len(rois))
        n = len(rois)
        points, scores = np.zeros((n, 35, 3)), np.full(n, 0.1, np.float32)
        for i, roi in enumerate(rois):
            seen = self.visible()
            gaps = [math.hypot(r.center_x - roi.center_x, r.center_y - roi.center_y) for _, r in seen]
            if gaps and min(gaps) < 0.4 * roi.size:
                points[i], scores[i] = skeleton(seen[int(np.argmin(gaps))][1]), 0.95
        ones = np.full((n, 35), 0.99, np.float32)
        return Bodies(points, np.zeros((n, 35, 3)), ones, ones.copy(), ones.copy(), scores, None, rois)


def walk(start: float, speed: float, y: float = 300.0) -> Callable[[float], tuple[float, float]]:
    """From left to right (or back) at a steady speed, pixels a second."""
    return lambda t: (start + speed * t, y)


def times(seconds: float, fps: float = 30.0, start: float = 0.0) -> Iterable[float]:
    return (start + i / fps for i in range(round(seconds * fps)))
