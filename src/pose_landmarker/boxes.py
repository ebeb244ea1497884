"""Boxes that overlap: intersection over union and weighted non-maximum suppression.

A box is a row ``left, top, right, bottom`` in any one unit.
"""

from __future__ import annotations

import numpy as np

from pose_landmarker.arrays import FloatArray


def iou(box: FloatArray, boxes: FloatArray) -> FloatArray:
    """Intersection over union of one box (4,) with each of several (N, 4): (N,) in [0, 1]."""
    size = np.maximum(np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2]), 0)
    intersection = size[:, 0] * size[:, 1]
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    union = (box[2] - box[0]) * (box[3] - box[1]) + areas - intersection
    overlap: FloatArray = np.divide(intersection, union, out=np.zeros_like(union), where=union > 0)
    return overlap


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
        scores: (N,), every one above 0.
        min_iou: Overlap from which boxes are one.

    Returns:
        boxes (M, 4), points (M, K, 2) and scores (M,), best first.
    """
    order = np.argsort(-scores, kind="stable")
    rows = np.concatenate([boxes, points.reshape(len(points), points.shape[1] * 2)], axis=1)[order]
    weights = scores[order].astype(np.float64)
    merged: list[FloatArray] = []
    best: list[float] = []
    while len(rows):
        same = iou(rows[0, :4], rows[:, :4]) > min_iou
        same[0] = True  # a box of no area overlaps nothing, not even itself
        group = weights[same]
        merged.append(group @ rows[same] / group.sum())
        best.append(group[0])
        rows, weights = rows[~same], weights[~same]
    table = np.array(merged, np.float32).reshape(len(best), 4 + points.shape[1] * 2)
    return table[:, :4], table[:, 4:].reshape(len(best), *points.shape[1:]), np.array(best, np.float32)
