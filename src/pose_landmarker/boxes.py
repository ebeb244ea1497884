"""Boxes that overlap: intersection over union and weighted non-maximum suppression.

A box is a row ``left, top, right, bottom`` in any one unit.
"""

from __future__ import annotations

import numpy as np

from pose_landmarker.arrays import FloatArray


def iou(box: FloatArray, boxes: FloatArray) -> FloatArray:
    """Intersection over union of one box (4,) with each of several (N, 4): (N,) in [0, 1]."""
    size = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
    intersection = np.prod(np.maximum(size, 0), axis=1)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    union = np.prod(box[2:] - box[:2]) + areas - intersection
    result: FloatArray = np.where(union > 0, intersection / np.where(union > 0, union, 1), 0)
    return result


def weighted_nms(
    boxes: FloatArray, points: FloatArray, scores: FloatArray, *, min_iou: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Merge boxes that overlap, weighted by their scores.

    The best box takes in every other whose IoU with it exceeds ``min_iou``; box and points become
    the average of all of them with their scores as weights, the score stays the best one's. Then
    the same with what is left (the reference's NonMaxSuppressionCalculator, WEIGHTED).

    Args:
        boxes: (N, 4) left, top, right, bottom.
        points: (N, K, 2) points that belong to each box.
        scores: (N,) above 0.
        min_iou: Overlap from which boxes are one.

    Returns:
        boxes (M, 4), points (M, K, 2) and scores (M,), best first.
    """
    left = np.argsort(-scores, kind="stable")
    merged_boxes, merged_points, merged_scores = [], [], []
    while left.size:
        best = left[0]
        same = iou(boxes[best], boxes[left]) > min_iou
        same[0] = True  # a box of no area overlaps nothing, not even itself
        group = left[same]
        merged_boxes.append(np.average(boxes[group], axis=0, weights=scores[group]))
        merged_points.append(np.average(points[group], axis=0, weights=scores[group]))
        merged_scores.append(scores[best])
        left = left[~same]
    count = len(merged_scores)
    return (
        np.reshape(merged_boxes, (count, 4)).astype(np.float32),
        np.reshape(merged_points, (count, *points.shape[1:])).astype(np.float32),
        np.asarray(merged_scores, dtype=np.float32),
    )
