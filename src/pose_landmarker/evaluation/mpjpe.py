"""Errors of joints in space, in millimetres."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import DoubleArray
from pose_landmarker.evaluation.similarity import as_points
from pose_landmarker.topology import PoseLandmark

_HIPS = (PoseLandmark.LEFT_HIP, PoseLandmark.RIGHT_HIP)
_MM = 1000.0
#: Fewer points can be laid over anything.
_MIN_JOINTS = 4


def mpjpe(found: npt.ArrayLike, labelled: npt.ArrayLike) -> float:
    """Mean distance of joints, with the middles of the hips laid over each other (MPJPE).

    Args:
        found: (33, 3) metres, axes as those of the labels.
        labelled: (33, 3) metres; NaN where there is no label.

    Returns:
        Millimetres; NaN where a hip is not labelled or something is no number.
    """
    pose, person = _one(found), _one(labelled)
    judged = np.isfinite(person).all(axis=-1)
    pose, person = pose - pose[_HIPS, :].mean(axis=0), person - person[_HIPS, :].mean(axis=0)
    return _mean_mm(pose[judged], person[judged])


def pa_mpjpe(found: npt.ArrayLike, labelled: npt.ArrayLike) -> float:
    """Mean distance of joints after the best similarity: turn, scale and shift (PA-MPJPE).

    Args:
        found: (33, 3) metres, any axes that are not mirrored.
        labelled: (33, 3) metres; NaN where there is no label.

    Returns:
        Millimetres; NaN with fewer than four labelled joints, or where something is no number.
    """
    pose, person = _one(found), _one(labelled)
    judged = np.isfinite(person).all(axis=-1)
    pose, person = pose[judged], person[judged]
    if len(person) < _MIN_JOINTS or not np.isfinite(pose).all():
        return float("nan")
    return _mean_mm(procrustes(pose, person), person)


def procrustes(moved: DoubleArray, target: DoubleArray) -> DoubleArray:
    """Points turned, scaled and shifted, but not mirrored, to be as near to others as can be.

    Umeyama's solution (PAMI 1991): least squares.

    Args:
        moved: (J, 3).
        target: (J, 3).

    Returns:
        (J, 3), in the coordinates of the target.
    """
    middle, goal = moved.mean(axis=0), target.mean(axis=0)
    centred, wanted = moved - middle, target - goal
    left, singular, right = np.linalg.svd(centred.T @ wanted)
    signs = np.array([1.0, 1.0, np.sign(np.linalg.det(left) * np.linalg.det(right))])
    size = (centred**2).sum()
    scale = (singular * signs).sum() / size if size > 0 else 0.0
    aligned: DoubleArray = scale * centred @ (left * signs) @ right + goal
    return aligned


def _one(points: npt.ArrayLike) -> DoubleArray:
    one: DoubleArray = as_points("points of a body", np.asarray(points, dtype=float)[None], 3)[0]
    return one


def _mean_mm(a: DoubleArray, b: DoubleArray) -> float:
    return float(np.linalg.norm(a - b, axis=-1).mean() * _MM) if len(a) else float("nan")
