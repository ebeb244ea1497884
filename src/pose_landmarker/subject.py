"""Whom to follow where several people are in view."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pose_landmarker.options import SubjectChoice
from pose_landmarker.results import Roi


def choose_subject(choice: SubjectChoice, regions: Sequence[Roi], image_size: tuple[int, int]) -> int:
    """Which of several people is meant.

    Args:
        choice: ``"largest"``, ``"central"``, ``"first"``, a point (x, y) or a box (x, y, width, height)
            in image pixels: the person whose hips are nearest to it, or to its middle.
        regions: One or more, of the people in the order in which they were first seen.
        image_size: (width, height) in pixels.

    Returns:
        Index of the person.
    """
    if choice == "first":
        return 0
    if choice == "largest":
        return max(range(len(regions)), key=lambda i: regions[i].size)
    x, y = _place(choice, image_size)
    return min(
        range(len(regions)), key=lambda i: math.hypot(regions[i].center_x - x, regions[i].center_y - y)
    )


def _place(choice: SubjectChoice, image_size: tuple[int, int]) -> tuple[float, float]:
    if isinstance(choice, str):
        return image_size[0] / 2, image_size[1] / 2
    x, y, *size = choice
    return (x + size[0] / 2, y + size[1] / 2) if size else (x, y)
