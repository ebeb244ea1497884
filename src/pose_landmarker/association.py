"""Who is who: regions and bodies of this frame against those of the frames before. Only geometry."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pose_landmarker.arrays import DoubleArray
from pose_landmarker.results import Roi
from pose_landmarker.topology import PoseLandmark

#: Landmarks that say where a body is; the face and the fingers say the same many times over.
CORE = (
    PoseLandmark.NOSE,
    PoseLandmark.LEFT_SHOULDER,
    PoseLandmark.RIGHT_SHOULDER,
    PoseLandmark.LEFT_ELBOW,
    PoseLandmark.RIGHT_ELBOW,
    PoseLandmark.LEFT_HIP,
    PoseLandmark.RIGHT_HIP,
    PoseLandmark.LEFT_KNEE,
    PoseLandmark.RIGHT_KNEE,
    PoseLandmark.LEFT_ANKLE,
    PoseLandmark.RIGHT_ANKLE,
)


def region_overlap(a: Sequence[Roi], b: Sequence[Roi]) -> DoubleArray:
    """How much regions overlap as upright squares, rotation ignored as by the reference.

    (association_norm_rect_calculator.cc)

    Returns:
        (len(a), len(b)) IoU.
    """
    first, second = _squares(a)[:, None], _squares(b)[None]
    low = np.maximum(first[..., :2], second[..., :2])
    high = np.minimum(first[..., 2:], second[..., 2:])
    shared = np.prod(np.maximum(high - low, 0.0), axis=-1)
    areas = np.prod(first[..., 2:] - first[..., :2], axis=-1) + np.prod(
        second[..., 2:] - second[..., :2], axis=-1
    )
    overlap: DoubleArray = shared / np.maximum(areas - shared, np.finfo(float).tiny)
    return overlap


def _squares(rois: Sequence[Roi]) -> DoubleArray:
    """(N, 4) left, top, right, bottom."""
    rows = np.array([(roi.center_x, roi.center_y, roi.size) for roi in rois]).reshape(-1, 3)
    half = rows[:, 2:] / 2
    return np.concatenate([rows[:, :2] - half, rows[:, :2] + half], axis=1)


def newest_win(rois: Sequence[Roi], threshold: float) -> list[list[int]]:
    """The reference's association: a region removes all earlier ones that it overlaps.

    (association_calculator.h: AddElementToList)

    Args:
        rois: Kept regions first, then new ones.
        threshold: Least IoU, exclusive.

    Returns:
        For every region that is left, its index, then the indices of those it has removed.
    """
    overlap = region_overlap(rois, rois)
    left: list[list[int]] = []
    for i in range(len(rois)):
        gone = [entry for entry in left if overlap[i, entry[0]] > threshold]
        left = [entry for entry in left if overlap[i, entry[0]] <= threshold]
        left.append([i, *(index for entry in gone for index in entry)])
    return left


def match(costs: DoubleArray, limit: float = 1.0) -> list[tuple[int, int]]:
    """Pairs of row and column, cheapest first, each row and column at most once.

    Args:
        costs: (N, M).
        limit: Highest cost of a pair, inclusive.
    """
    pairs: list[tuple[int, int]] = []
    left = np.where(np.isfinite(costs), costs, np.inf).copy()
    while left.size and left.min() <= limit:
        row, column = (int(i) for i in np.unravel_index(int(left.argmin()), left.shape))
        pairs.append((row, column))
        left[row], left[:, column] = np.inf, np.inf
    return pairs


def body_distance(a: DoubleArray, b: DoubleArray, size: float) -> float:
    """Median distance between the landmarks of two bodies, in sizes of their regions.

    Args:
        a: (N, 2 or 3) image pixels, at least the 33 of a body.
        b: The same of another body.
        size: Side of the region, pixels.
    """
    core = list(CORE)
    return float(np.median(np.hypot(*(a[core, :2] - b[core, :2]).T)) / size)
