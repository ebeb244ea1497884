"""From the networks' raw tensors to boxes, landmarks and scores, still in the crop's coordinates."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pose_landmarker.anchors import anchor_centers
from pose_landmarker.arrays import FloatArray
from pose_landmarker.boxes import weighted_nms
from pose_landmarker.native.library import library_or_none

#: Side of the detector's input, which its answers are scaled by (pose_detection_cpu.pbtxt).
DETECTOR_SIZE = 224
#: Raw scores are clipped before the sigmoid (same file: score_clipping_thresh).
SCORE_LIMIT = 100.0
#: Overlap from which two detections are one person (same file: min_suppression_threshold).
MIN_SUPPRESSION_IOU = 0.5

#: Side of the landmark network's input (tensors_to_pose_landmarks_and_segmentation.pbtxt).
LANDMARK_SIZE = 256
#: 33 of the body, 2 auxiliary ones that give the next region, 4 that nothing uses ...
NUM_RAW_LANDMARKS = 39
#: ... and are dropped.
NUM_USED_LANDMARKS = 35
#: Side of the window of the heat map that refines a landmark (same file: kernel_size).
REFINE_WINDOW = 7
#: A window whose best cell is below this refines nothing (same file: min_confidence_to_refine).
MIN_REFINE_CONFIDENCE = 0.5

_ANCHORS = anchor_centers()
_WINDOW = np.arange(REFINE_WINDOW) - REFINE_WINDOW // 2
#: (49, 3): 1, column and row of each cell of a window, counted from its middle.
_MOMENTS = np.stack(
    [np.ones(REFINE_WINDOW**2), np.tile(_WINDOW, REFINE_WINDOW), np.repeat(_WINDOW, REFINE_WINDOW)], axis=1
).astype(np.float32)


class CropDetections(NamedTuple):
    """Detections in the detector's crop, best first: fractions of its side."""

    boxes: FloatArray
    """(N, 4) left, top, right, bottom."""
    keypoints: FloatArray
    """(N, 4, 2) x, y."""
    scores: FloatArray
    """(N,) in [0, 1]."""


class CropLandmarks(NamedTuple):
    """Landmarks of N crops: x, y, z as fractions of the crop's side."""

    points: FloatArray
    """(N, 35, 3)."""
    visibility: FloatArray
    """(N, 35) in [0, 1]."""
    presence: FloatArray
    """(N, 35) in [0, 1]."""
    peaks: FloatArray
    """(N, 35) in [0, 1]: how sure the heat map is of a landmark near where the numbers put it."""


def sigmoid(x: FloatArray) -> FloatArray:
    """1 / (1 + e⁻ˣ) without overflow."""
    result: FloatArray = 0.5 * (1.0 + np.tanh(0.5 * x))
    return result


def decode_detections(boxes: FloatArray, scores: FloatArray, min_score: float) -> CropDetections:
    """The people in the detector's raw answer.

    Args:
        boxes: (2254, 12) x, y, width, height and four keypoints, in pixels of the crop, relative to
            the anchors.
        scores: (2254,) logits.
        min_score: Detections below it are dropped, in [0, 1].
    """
    # Nearly all of the anchors see nobody: they are sorted out before the arithmetic.
    candidates = np.flatnonzero(scores >= _logit_below(min_score))
    confidence = sigmoid(np.minimum(scores[candidates], SCORE_LIMIT))
    # A score of 0 has no weight in an average, so it is nobody even where everybody is asked for.
    good = (confidence >= min_score) & (confidence > 0)
    kept, confidence = candidates[good], confidence[good]
    raw = boxes[kept] / np.float32(DETECTOR_SIZE)
    anchors = _ANCHORS[kept]
    centers, half = raw[:, :2] + anchors, raw[:, 2:4] / 2
    corners = np.concatenate([centers - half, centers + half], axis=1)
    keypoints = raw[:, 4:].reshape(-1, 4, 2) + anchors[:, None]
    return CropDetections(*weighted_nms(corners, keypoints, confidence, min_iou=MIN_SUPPRESSION_IOU))


def decode_traces(boxes: FloatArray, scores: FloatArray, min_score: float) -> FloatArray:
    """Where the detector's raw answer has a trace of a person, each anchor by itself.

    Args:
        boxes: (2254, 12), as for :func:`decode_detections`.
        scores: (2254,) logits.
        min_score: Below 1; what is below it is no trace.

    Returns:
        (2, N, 2) x, y as fractions of the crop's side: middles of the hips, and points on the circles.
    """
    kept = np.flatnonzero(scores >= _logit_below(min_score))
    keypoints = boxes[kept, 4:8].reshape(-1, 2, 2) / np.float32(DETECTOR_SIZE) + _ANCHORS[kept][:, None]
    traces: FloatArray = keypoints.swapaxes(0, 1)
    return traces


def _logit_below(probability: float) -> float:
    """A number whose sigmoid is a little less than ``probability``."""
    bounded = min(max(probability, 1e-30), 1 - 1e-7)
    return max(math.log(bounded / (1 - bounded)) - 1e-3, -SCORE_LIMIT)


def decode_landmarks(raw: FloatArray, heatmaps: FloatArray) -> CropLandmarks:
    """Landmarks of N crops, refined by their heat maps.

    Args:
        raw: (N, 195) x, y, z in pixels of the crop, and the logits of visibility and presence, for
            each of 39 landmarks.
        heatmaps: (N, 64, 64, 39) logits.
    """
    points, scores = _points_and_scores(raw)
    points[..., :2], peaks = refine(points[..., :2], heatmaps)
    return CropLandmarks(points, scores[..., 0], scores[..., 1], sigmoid(peaks))


def decode_refined(raw: FloatArray, peaks: FloatArray) -> CropLandmarks:
    """Landmarks of N crops that are refined already.

    Args:
        raw: (N, 195), as for :func:`decode_landmarks`.
        peaks: (N, 35) logits: the best cells of the heat maps near the landmarks.
    """
    points, scores = _points_and_scores(raw)
    return CropLandmarks(points, scores[..., 0], scores[..., 1], sigmoid(peaks))


def _points_and_scores(raw: FloatArray) -> tuple[FloatArray, FloatArray]:
    rows = raw.reshape(-1, NUM_RAW_LANDMARKS, 5)[:, :NUM_USED_LANDMARKS]
    return rows[..., :3] / np.float32(LANDMARK_SIZE), sigmoid(rows[..., 3:])


def refine(points: FloatArray, heatmaps: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Move each point to the centre of mass of the heat map around it.

    Where the 7x7 window around a point, cut at the map's border, has a cell of at least one half,
    the point becomes the average of the cells' indices weighted by their probabilities. Points
    outside the map stay (the reference's RefineLandmarksFromHeatmapCalculator).

    Args:
        points: (N, K, 2) fractions of the map's sides.
        heatmaps: (N, H, W, K or more) logits; the first K maps belong to the points.

    Returns:
        (N, K, 2) fractions of the map's sides, and (N, K) logits: the best cell of each window, -inf for
        points outside the map.
    """
    kernels = library_or_none()
    fits = points.shape[1] <= heatmaps.shape[3] and len(points) == len(heatmaps)
    if kernels is not None and fits and heatmaps.flags.c_contiguous and heatmaps.dtype == np.float32:
        return _refined(kernels.native_refine, points, heatmaps)
    return refine_by_numpy(points, heatmaps)


def _refined(
    native_refine: Callable[..., None], points: FloatArray, heatmaps: FloatArray
) -> tuple[FloatArray, FloatArray]:
    moved = points.astype(np.float32, order="C")  # a copy
    peaks = np.empty(points.shape[:2], np.float32)
    for body, best, maps in zip(moved, peaks, heatmaps, strict=True):
        native_refine(body.ctypes.data, best.ctypes.data, body.shape[0], maps.ctypes.data, *maps.shape)
    return moved, peaks


def refine_by_numpy(points: FloatArray, heatmaps: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The same as :func:`refine`, where there are no kernels for it."""
    count, height, width, depth = heatmaps.shape
    sides = np.array([width, height])
    # Truncated towards zero like the reference's int(). Points that are not finite or far outside
    # would overflow an integer: they become -1, which is outside too.
    cells = np.fmin(np.fmax(points * sides, -1), sides).astype(np.intp)
    columns, in_columns = (table[cells[..., 0] + 1] for table in _windows(width))
    rows, in_rows = (table[cells[..., 1] + 1] for table in _windows(height))

    maps = np.arange(count)[:, None] * (height * width * depth) + np.arange(points.shape[1])
    places = (rows * (width * depth) + maps[..., None])[..., :, None] + (columns * depth)[..., None, :]
    logits: FloatArray = heatmaps.reshape(-1).take(places)
    inside = in_rows[..., :, None] * in_columns[..., None, :]
    weight = sigmoid(logits) * inside
    cells_inside = np.where(inside > 0, logits, -np.inf).reshape(*cells.shape[:2], REFINE_WINDOW**2)
    peaks: FloatArray = np.fmax.reduce(cells_inside, axis=-1).astype(np.float32)

    flat = weight.reshape(count, -1, REFINE_WINDOW**2)
    sums = flat @ _MOMENTS
    good = flat.max(axis=-1) >= MIN_REFINE_CONFIDENCE
    total = np.where(good, sums[..., 0], 1.0)
    centers = (cells + sums[..., 1:] / total[..., None]) / sides
    result: FloatArray = np.where(good[..., None], centers, points).astype(np.float32)
    return result, peaks


@cache
def _windows(side: int) -> tuple[NDArray[np.intp], FloatArray]:
    """The windows around the cells -1 to ``side`` of a map of that side, along one axis.

    Returns:
        Indices (side + 2, 7), cut at the map's border, and 1 where they were not cut, else 0. A window
        whose middle is outside the map has no part in it.
    """
    middles = np.arange(-1, side + 1)[:, None]
    around = middles + _WINDOW
    inside = (around >= 0) & (around < side) & (middles >= 0) & (middles < side)
    return np.clip(around, 0, side - 1), inside.astype(np.float32)
