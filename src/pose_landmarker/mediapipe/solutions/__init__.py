"""``mp.solutions``, which MediaPipe had until release 0.10 and tutorials still use: that of poses.

mp_pose = mp.solutions.pose
with mp_pose.Pose(static_image_mode=True) as pose:
    results = pose.process(rgb)
mp.solutions.drawing_utils.draw_landmarks(image, results.pose_landmarks, mp_pose.POSE_CONNECTIONS)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pose_landmarker.mediapipe.solutions.drawing_styles as drawing_styles
import pose_landmarker.mediapipe.solutions.drawing_utils as drawing_utils
import pose_landmarker.mediapipe.solutions.pose as pose
import pose_landmarker.mediapipe.solutions.pose_connections as pose_connections
from pose_landmarker.mediapipe.missing import missing

__all__ = ["drawing_styles", "drawing_utils", "pose", "pose_connections"]

if not TYPE_CHECKING:  # type checkers know better what is missing

    def __getattr__(name: str) -> object:
        raise missing(__name__, name)
