"""Regions of interest: from two points of a body to the square that the landmark network looks at."""

from __future__ import annotations

import math

from pose_landmarker.arrays import FloatArray
from pose_landmarker.options import RegionOfInterest
from pose_landmarker.results import Roi

#: How much larger than the circle around the body the square is
#: (RectTransformationCalculator in pose_detector_graph.cc).
ROI_SCALE = 1.25


def roi_from_points(center: FloatArray, edge: FloatArray) -> Roi | None:
    """The square around a body, upright when ``edge`` is straight above ``center``.

    Args:
        center: (2,) image pixels: the middle of the hips.
        edge: (2,) image pixels: a point on the circle around the whole body.

    Returns:
        The region, or None where the points are one or not finite: there is nothing to look at.
    """
    x0, y0, x1, y1 = float(center[0]), float(center[1]), float(edge[0]), float(edge[1])
    size = 2.0 * math.hypot(x1 - x0, y1 - y0) * ROI_SCALE
    if not math.isfinite(size) or size <= 0.0:
        return None
    return Roi(x0, y0, size, wrap_angle(math.pi / 2 - math.atan2(-(y1 - y0), x1 - x0)))


def wrap_angle(angle: float) -> float:
    """The same angle in [-π, π)."""
    return angle - 2 * math.pi * math.floor((angle + math.pi) / (2 * math.pi))


def pixel_region(region: RegionOfInterest | None, width: int, height: int) -> tuple[int, int, int, int]:
    """Left, top, right, bottom in whole pixels of a normalised region, at least one pixel large."""
    if region is None:
        return 0, 0, width, height
    left = min(math.floor(region.left * width), width - 1)
    top = min(math.floor(region.top * height), height - 1)
    right = max(math.ceil(region.right * width), left + 1)
    bottom = max(math.ceil(region.bottom * height), top + 1)
    return left, top, min(right, width), min(bottom, height)


def letterbox(width: int, height: int, rotation: float) -> Roi:
    """The square around a whole picture of that size, turned by ``rotation``."""
    return Roi(width / 2, height / 2, float(max(width, height)), rotation)
