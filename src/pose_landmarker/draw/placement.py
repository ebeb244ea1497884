"""Where and how large a body lies on a canvas, in the canvas's pixels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import FloatArray, RgbImage
from pose_landmarker.results import Pose

#: OpenCV draws between pixels in steps of 1/16 when coordinates are shifted by four bits.
SHIFT = 4
#: Farther out nothing can be seen, and coordinates would overflow.
_FAR = 1 << 20
#: Metres, of a body that stands upright.
_HEIGHT = 1.6


def drawable(pose: Pose) -> npt.NDArray[np.bool_]:
    """(33,) which landmarks have a place at all."""
    return np.asarray(np.isfinite(pose.landmarks[:, :2]).all(axis=1))


def fixed_point(canvas: RgbImage, normalized: FloatArray) -> npt.NDArray[np.int32]:
    """(N, 2) fixed-point coordinates on the canvas; OpenCV's pixel 0 has its centre at 0, ours at ½."""
    height, width = canvas.shape[:2]
    pixels = np.nan_to_num(normalized[:, :2]).astype(np.float64) * (width, height) - 0.5
    return (np.clip(pixels, -_FAR, _FAR) * (1 << SHIFT)).round().astype(np.int32)


def extent(canvas: RgbImage, pose: Pose) -> float:
    """Size of the body on the canvas, pixels.

    In single pictures the larger side of its box. Over time that would pulse with every movement,
    and lines would become thicker and thinner: there, how large a metre is decides.
    """
    scale = canvas.shape[1] / pose.image_size[0]
    size = _metre(pose) * _HEIGHT if pose.track_id is not None else 0.0
    if not size:
        size = max(pose.box.width, pose.box.height)
    return float(np.clip(np.nan_to_num(size * scale), 1, max(canvas.shape[:2])))


def _metre(pose: Pose) -> float:
    """Image pixels in a metre of this body, or 0 where nobody knows."""
    known = drawable(pose) & np.isfinite(pose.world_landmarks[:, :2]).all(axis=1)
    spread, spread_m = (
        float(points[known].astype(np.float64).std(axis=0).sum()) if known.any() else 0.0
        for points in (pose.pixels, pose.world_landmarks[:, :2])
    )
    return spread / spread_m if spread_m > 0 else 0.0
