"""From the coordinates of a crop back to the picture and the world."""

from __future__ import annotations

import math

import numpy as np

from pose_landmarker.arrays import DoubleArray, FloatArray
from pose_landmarker.results import Roi


def to_image(points: FloatArray, rois: list[Roi]) -> DoubleArray:
    """Points of crops as image pixels.

    Args:
        points: (N, K, 2 or 3) fractions of each crop's side: (0, 0) its top-left corner, (1, 1) its
            bottom-right one; z in the same unit.
        rois: The N regions that the crops were taken from, or one for all of them.

    Returns:
        (N, K, 2 or 3) float64 image pixels; z is scaled like x and y.
    """
    sizes = np.array([[[roi.size]] for roi in rois])
    centers = np.array([[(roi.center_x, roi.center_y)] for roi in rois])
    projected: DoubleArray = points * sizes
    projected[..., :2] = (projected[..., :2] - 0.5 * sizes) @ _rotations(rois) + centers
    return projected


def to_world(points: FloatArray, rois: list[Roi]) -> DoubleArray:
    """World landmarks of crops, upright in the crop, as they stand in the picture.

    Args:
        points: (N, K, 3) metres.
        rois: The N regions that the crops were taken from.

    Returns:
        (N, K, 3) float64 metres: x and y turned with the region, z as it was.
    """
    turned = points.astype(np.float64)
    turned[..., :2] = turned[..., :2] @ _rotations(rois)
    return turned


def _rotations(rois: list[Roi]) -> DoubleArray:
    """(N, 2, 2) matrices that turn row vectors by each region's rotation."""
    angles = [roi.rotation for roi in rois]
    rows = [[[math.cos(a), math.sin(a)], [-math.sin(a), math.cos(a)]] for a in angles]
    return np.array(rows, np.float64).reshape(-1, 2, 2)
