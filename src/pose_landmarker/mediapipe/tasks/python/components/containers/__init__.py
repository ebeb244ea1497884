"""Values that results and options are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pose_landmarker.mediapipe.missing import missing
from pose_landmarker.mediapipe.tasks.python.components.containers.category import Category
from pose_landmarker.mediapipe.tasks.python.components.containers.landmark import (
    Landmark,
    NormalizedLandmark,
)
from pose_landmarker.mediapipe.tasks.python.components.containers.landmark_detection_result import (
    LandmarksDetectionResult,
)
from pose_landmarker.mediapipe.tasks.python.components.containers.rect import NormalizedRect, Rect, RectF

__all__ = [
    "Category",
    "Landmark",
    "LandmarksDetectionResult",
    "NormalizedLandmark",
    "NormalizedRect",
    "Rect",
    "RectF",
]

if not TYPE_CHECKING:  # type checkers know better what is missing

    def __getattr__(name: str) -> object:
        raise missing(__name__, name)
