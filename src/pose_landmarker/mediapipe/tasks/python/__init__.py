"""MediaPipe's Tasks API for poses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pose_landmarker.mediapipe.tasks.python.components as components
import pose_landmarker.mediapipe.tasks.python.core as core
import pose_landmarker.mediapipe.tasks.python.vision as vision
from pose_landmarker.mediapipe.missing import missing
from pose_landmarker.mediapipe.tasks.python.core.base_options import BaseOptions

__all__ = ["BaseOptions", "components", "core", "vision"]

if not TYPE_CHECKING:  # type checkers know better what is missing

    def __getattr__(name: str) -> object:
        raise missing(__name__, name)
