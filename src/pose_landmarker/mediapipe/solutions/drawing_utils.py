"""Drawing landmarks; see :mod:`pose_landmarker.mediapipe.drawing_utils`."""

from __future__ import annotations

import math
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


def _normalized_to_pixel_coordinates(
    normalized_x: float, normalized_y: float, image_width: int, image_height: int
) -> tuple[int, int] | None:
    """The pixel of a landmark, or None outside the picture. Private, but many tutorials call it."""
    if not (_is_inside(normalized_x) and _is_inside(normalized_y)):
        return None
    return (
        min(math.floor(normalized_x * image_width), image_width - 1),
        min(math.floor(normalized_y * image_height), image_height - 1),
    )


def _is_inside(value: float) -> bool:
    return 0 <= value < 1 or math.isclose(value, 1)


if not TYPE_CHECKING:  # type checkers know better what is missing

    def __getattr__(name: str) -> object:
        raise missing(__name__, name)
