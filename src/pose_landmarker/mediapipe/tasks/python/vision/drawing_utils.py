"""Drawing landmarks; see :mod:`pose_landmarker.mediapipe.drawing_utils`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pose_landmarker.mediapipe.drawing_utils import (
    BLACK_COLOR,
    BLUE_COLOR,
    GREEN_COLOR,
    RED_COLOR,
    WHITE_COLOR,
    DrawingSpec,
    draw_landmarks,
    plot_landmarks,
)
from pose_landmarker.mediapipe.missing import missing

__all__ = [
    "BLACK_COLOR",
    "BLUE_COLOR",
    "GREEN_COLOR",
    "RED_COLOR",
    "WHITE_COLOR",
    "DrawingSpec",
    "draw_landmarks",
    "plot_landmarks",
]

if not TYPE_CHECKING:  # type checkers know better what is missing

    def __getattr__(name: str) -> object:
        raise missing(__name__, name)
