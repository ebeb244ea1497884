"""Silhouettes over time: where a mask is unsure, it keeps to the one before."""

from __future__ import annotations

import numpy as np

from pose_landmarker.arrays import FloatArray

#: How much of the mask before is kept where the new one is least sure
#: (mediapipe/modules/pose_landmark/pose_segmentation_filtering.pbtxt).
_KEPT = np.float32(0.7)
#: A polynomial in (p − ½)², near to the squared certainty of a pixel that is p likely a body's
#: (mediapipe/calculators/image/segmentation_smoothing_calculator.cc).
_CERTAINTY = (-624.717, 291.309, -57.8051, -0.748699, 5.68842, 0.0)


def smooth_mask(mask: FloatArray, before: FloatArray | None) -> FloatArray:
    """The mask of a frame, steadied with that of the frame before.

    Args:
        mask: (H, W) float32 in [0, 1].
        before: What this returned for the frame before, if it was of the same size.

    Returns:
        (H, W) float32 in [0, 1].
    """
    if before is None or before.shape != mask.shape:
        return mask
    x = np.square(mask - np.float32(0.5))
    certainty = np.zeros_like(mask)
    for coefficient in _CERTAINTY:
        certainty = certainty * x + np.float32(coefficient)
    doubt: FloatArray = np.float32(1) - np.minimum(certainty, np.float32(1))
    smooth: FloatArray = mask + (before - mask) * doubt * _KEPT
    return smooth
