"""Regions of interest: from two points of a body to the square that the landmark network looks at."""

from __future__ import annotations

import math

from pose_landmarker.arrays import DoubleArray, FloatArray
from pose_landmarker.image_options import RegionOfInterest
from pose_landmarker.results import Roi

#: How much larger than the circle around the body the square is
#: (RectTransformationCalculator in pose_detector_graph.cc).
ROI_SCALE = 1.25

#: Steps of steady regions: fine enough for the landmark network not to mind, coarse enough for a body
#: that holds still to stay on one of them (docs/video.md).
_SIZES_PER_OCTAVE, _PLACES_PER_SIZE, _ROTATION_STEP = 12, 24, math.radians(4)
#: A step is left when it is this many steps away; half a step would be rounding.
_STICKINESS = 0.8


def roi_from_points(center: FloatArray | DoubleArray, edge: FloatArray | DoubleArray) -> Roi | None:
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


def steady_roi(roi: Roi, before: Roi | None) -> Roi:
    """A region that moves in steps, and not at all as long as the body holds still.

    The landmark network answers a little differently for every region, and the next region comes from
    that answer: without steps, noise that nobody can see goes round and round and grows.

    Args:
        roi: Where the body is.
        before: What this function returned for the frame before, or None at the start.

    Returns:
        A region on a grid of places, sizes and rotations, near ``roi``.
    """
    octave = math.log2(roi.size)
    if before is None:
        size = 2.0 ** _step(octave, None, 1 / _SIZES_PER_OCTAVE)
        rotation = _step_angle(roi.rotation, None)
    else:
        size = 2.0 ** _step(octave, math.log2(before.size), 1 / _SIZES_PER_OCTAVE)
        rotation = _step_angle(roi.rotation, before.rotation)
        if not math.isclose(before.size, size, rel_tol=1e-9):
            before = None  # another size, another grid of places
    pitch = size / _PLACES_PER_SIZE
    x = _step(roi.center_x, None if before is None else before.center_x, pitch)
    y = _step(roi.center_y, None if before is None else before.center_y, pitch)
    return Roi(x, y, size, rotation)


def _step(value: float, before: float | None, pitch: float) -> float:
    """The nearest step, or the one before unless that is clearly farther away."""
    if before is not None and abs(value - before) <= _STICKINESS * pitch:
        return before
    return round(value / pitch) * pitch


def _step_angle(value: float, before: float | None) -> float:
    if before is not None and abs(wrap_angle(value - before)) <= _STICKINESS * _ROTATION_STEP:
        return before
    return wrap_angle(round(value / _ROTATION_STEP) * _ROTATION_STEP)


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


def square_around(left: float, top: float, right: float, bottom: float, rotation: float = 0.0) -> Roi:
    """The square in whose middle a rectangle lies and whose side is its longer one."""
    side = max(right - left, bottom - top)
    return Roi((left + right) / 2, (top + bottom) / 2, side, rotation)
