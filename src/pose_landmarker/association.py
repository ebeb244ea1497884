"""Who is who: regions and bodies of this frame against those of the frames before. Only geometry."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import DoubleArray, FloatArray
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

#: Regions are of the same body if they differ by less than this: in place, as a share of the smaller one's
#: side;
#: in size, as the logarithm of the ratio; in rotation, radians. Found by measurement (docs/search.md).
_SAME_PLACE, _SAME_SIZE, _SAME_TURN = 0.15, math.log(1.25), 1.0
#: And bodies, whose landmarks are nearer than this to one another, in sizes of their regions.
_SAME_BODY = 0.12


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


def distinct_regions(rois: Sequence[Roi], scores: Sequence[float]) -> list[int]:
    """Regions without those that look at the same body as a better one: indices, best first.

    Args:
        rois: Where detections at several scales say that bodies are.
        scores: How sure each of them is.
    """
    if not rois:
        return []
    rows = np.array([(roi.center_x, roi.center_y, roi.size, roi.rotation) for roi in rois])
    order = np.argsort(-np.asarray(scores, float), kind="stable")
    rows = rows[order]
    gaps = np.hypot(rows[:, None, 0] - rows[None, :, 0], rows[:, None, 1] - rows[None, :, 1])
    turns = np.abs((rows[:, None, 3] - rows[None, :, 3] + np.pi) % (2 * np.pi) - np.pi)
    sizes = np.log(rows[:, 2])
    same = gaps < _SAME_PLACE * np.minimum(rows[:, None, 2], rows[None, :, 2])
    same &= np.abs(sizes[:, None] - sizes[None, :]) < _SAME_SIZE
    same &= turns < _SAME_TURN
    return [int(order[i]) for i in _first_of_each(same)]


def distinct_bodies(
    points: DoubleArray, sizes: DoubleArray, scores: DoubleArray, weights: FloatArray
) -> list[int]:
    """Bodies without those that are a better one once more: indices, best first.

    Two poses are one body where half of the landmarks that matter nearly coincide; those that are guessed,
    such as legs beyond the picture, count little. People who hug have their shoulders close together, but not
    their hips, knees and elbows too.

    Args:
        points: (N, 33 or more, 2 or 3) image pixels.
        sizes: (N,) sides of their regions, pixels.
        scores: (N,) how sure each of them is.
        weights: (N, 33 or more) how sure each landmark is, in [0, 1].
    """
    order = np.argsort(-scores, kind="stable")
    core = points[order][:, list(CORE), :2]
    gaps = np.hypot(*np.moveaxis(core[:, None] - core[None], -1, 0))
    smaller = np.minimum(sizes[order][:, None], sizes[order][None])
    sure = weights[order][:, list(CORE)]
    both = np.minimum(sure[:, None], sure[None])
    near = gaps < _SAME_BODY * smaller[..., None]
    return [int(order[i]) for i in _first_of_each((both * near).sum(axis=-1) > 0.5 * both.sum(axis=-1))]


def _first_of_each(same: npt.NDArray[np.bool_]) -> list[int]:
    """Rows that no row kept before is the same as."""
    left = np.ones(len(same), bool)
    kept = []
    for i in range(len(same)):
        if left[i]:
            kept.append(i)
            left &= ~same[i]
    return kept
