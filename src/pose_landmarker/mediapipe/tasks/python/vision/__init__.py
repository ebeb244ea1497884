"""MediaPipe's vision tasks, as far as they are about poses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pose_landmarker.mediapipe.tasks.python.vision.core as core
import pose_landmarker.mediapipe.tasks.python.vision.drawing_styles as drawing_styles
import pose_landmarker.mediapipe.tasks.python.vision.drawing_utils as drawing_utils
from pose_landmarker.mediapipe.missing import missing
from pose_landmarker.mediapipe.tasks.python.vision.core.image_processing_options import (
    ImageProcessingOptions,
)
from pose_landmarker.mediapipe.tasks.python.vision.core.vision_task_running_mode import (
    VisionTaskRunningMode as RunningMode,
)
from pose_landmarker.mediapipe.tasks.python.vision.pose_landmarker import (
    PoseLandmark,
    PoseLandmarker,
    PoseLandmarkerOptions,
    PoseLandmarkerResult,
    PoseLandmarksConnections,
)

__all__ = [
    "ImageProcessingOptions",
    "PoseLandmark",
    "PoseLandmarker",
    "PoseLandmarkerOptions",
    "PoseLandmarkerResult",
    "PoseLandmarksConnections",
    "RunningMode",
    "core",
    "drawing_styles",
    "drawing_utils",
]

if not TYPE_CHECKING:  # type checkers know better what is missing

    def __getattr__(name: str) -> object:
        raise missing(__name__, name)
