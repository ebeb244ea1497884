"""The landmarks of one body with what belongs to them."""

from __future__ import annotations

from dataclasses import dataclass

from pose_landmarker.mediapipe.tasks.python.components.containers.category import Category
from pose_landmarker.mediapipe.tasks.python.components.containers.landmark import (
    Landmark,
    NormalizedLandmark,
)
from pose_landmarker.mediapipe.tasks.python.components.containers.rect import NormalizedRect


@dataclass
class LandmarksDetectionResult:
    """The landmarks of one body with what belongs to them.

    Attributes:
        landmarks: In the image.
        categories: Of the whole.
        world_landmarks: In metres.
        rect: Where it is.
    """

    landmarks: list[NormalizedLandmark] | None
    categories: list[Category] | None
    world_landmarks: list[Landmark] | None
    rect: NormalizedRect
