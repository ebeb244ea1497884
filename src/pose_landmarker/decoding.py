"""From the networks' raw tensors to boxes, landmarks and scores, still in the crop's coordinates."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from pose_landmarker.anchors import anchor_centers
from pose_landmarker.arrays import FloatArray
from pose_landmarker.boxes import weighted_nms

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
    rows = raw.reshape(-1, NUM_RAW_LANDMARKS, 5)[:, :NUM_USED_LANDMARKS]
    points = rows[..., :3] / np.float32(LANDMARK_SIZE)
    points[..., :2] = refine(points[..., :2], heatmaps)
    confidence = sigmoid(rows[..., 3:])
    return CropLandmarks(points, confidence[..., 0], confidence[..., 1])


def refine(points: FloatArray, heatmaps: FloatArray) -> FloatArray:
    """Move each point to the centre of mass of the heat map around it.

    Where the 7x7 window around a point, cut at the map's border, has a cell of at least one half,
    the point becomes the average of the cells' indices weighted by their probabilities. Points
    outside the map stay (the reference's RefineLandmarksFromHeatmapCalculator).

    Args:
        points: (N, K, 2) fractions of the map's sides.
        heatmaps: (N, H, W, K or more) logits; the first K maps belong to the points.

    Returns:
        (N, K, 2) fractions of the map's sides.
    """
    count, height, width, depth = heatmaps.shape
    last = np.array([width - 1, height - 1])
    # Truncated towards zero like the reference's int(). Points that are not finite or far outside
    # would overflow an integer: they become -1, which is outside too.
    cells = np.fmin(np.fmax(points * (last + 1), -1), last + 1).astype(np.intp)
    inside = ((cells >= 0) & (cells <= last)).all(axis=-1)

    around = cells[..., None] + _WINDOW  # (N, K, 2, 7): columns, then rows
    in_map = (around >= 0) & (around <= last[:, None])
    columns, rows = np.minimum(np.maximum(around, 0), last[:, None]).transpose(2, 0, 1, 3)
    pixels = rows[..., :, None] * width + columns[..., None, :]
    maps = heatmaps.reshape(count, height * width, depth)
    which = np.arange(points.shape[1])[:, None, None]
    window = maps[np.arange(count)[:, None, None, None], pixels, which]
    weight = sigmoid(window) * (in_map[:, :, 1, :, None] & in_map[:, :, 0, None, :])

    by_column, by_row = weight.sum(axis=-2), weight.sum(axis=-1)
    good = inside & (weight.max(axis=(-2, -1)) >= MIN_REFINE_CONFIDENCE)
    total = np.where(good, by_row.sum(axis=-1), 1.0)
    moments = np.stack([by_column @ _WINDOW, by_row @ _WINDOW], axis=-1)
    centers = (cells + moments / total[..., None]) / (last + 1)
    result: FloatArray = np.where(good[..., None], centers, points).astype(np.float32)
    return result
