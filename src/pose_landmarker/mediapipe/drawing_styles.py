"""How MediaPipe draws landmarks unless told otherwise: the left side orange, the right side blue."""

from __future__ import annotations

from pose_landmarker.mediapipe.drawing_utils import DrawingSpec
from pose_landmarker.topology import LEFT_LANDMARKS, RIGHT_LANDMARKS, PoseLandmark

# Blue, green, red.
_LEFT = (0, 138, 255)
_RIGHT = (231, 217, 0)
_MIDDLE = (224, 224, 224)
_THICKNESS = 2


def get_default_pose_landmarks_style() -> dict[int, DrawingSpec]:
    """How each of the 33 landmarks is drawn, by its number; colours are BGR."""
    left, right = DrawingSpec(_LEFT, _THICKNESS), DrawingSpec(_RIGHT, _THICKNESS)
    style: dict[int, DrawingSpec] = {PoseLandmark.NOSE: DrawingSpec(_MIDDLE, _THICKNESS)}
    style.update((PoseLandmark(i), left) for i in LEFT_LANDMARKS)
    style.update((PoseLandmark(i), right) for i in RIGHT_LANDMARKS)
    return style
