"""Masks as tinted silhouettes."""

from __future__ import annotations

import numpy as np

from pose_landmarker.arrays import FloatArray, RgbImage
from pose_landmarker.draw.style import Color, DrawStyle


def draw_silhouette(canvas: RgbImage, mask: FloatArray, tint: Color, style: DrawStyle) -> None:
    """Tint what belongs to a body, in place, and draw a line around it.

    Args:
        canvas: (H, W, 3) uint8.
        mask: (h, w) in [0, 1]; scaled where it has another size than the canvas.
        tint: Colour.
        style: Opacity.
    """
    import cv2

    height, width = canvas.shape[:2]
    if mask.shape != (height, width):
        mask = np.asarray(cv2.resize(mask, (width, height)), np.float32)
    rows = np.flatnonzero((mask > 0.0).any(axis=1))
    columns = np.flatnonzero((mask > 0.0).any(axis=0))
    if not rows.size:
        return
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    opacity = mask[part][..., None] * np.float32(style.tint_opacity)
    tinted = canvas[part] + opacity * (np.array(tint, np.float32) - canvas[part])
    canvas[part] = np.rint(tinted).astype(np.uint8)
    contours, _ = cv2.findContours((mask > 0.5).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    thickness = max(1, round(max(height, width) / 700))
    cv2.drawContours(canvas, contours, -1, tint, thickness, cv2.LINE_AA)
