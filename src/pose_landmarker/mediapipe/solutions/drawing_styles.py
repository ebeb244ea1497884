"""How landmarks are drawn; see :mod:`pose_landmarker.mediapipe.drawing_styles`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pose_landmarker.mediapipe.drawing_styles import get_default_pose_landmarks_style
from pose_landmarker.mediapipe.missing import missing
from pose_landmarker.mediapipe.solutions.drawing_utils import DrawingSpec

__all__ = ["DrawingSpec", "get_default_pose_landmarks_style"]

if not TYPE_CHECKING:  # type checkers know better what is missing

    def __getattr__(name: str) -> object:
        raise missing(__name__, name)
