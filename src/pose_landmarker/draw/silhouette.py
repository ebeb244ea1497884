"""Masks as tinted silhouettes."""

from __future__ import annotations

import numpy as np

from pose_landmarker.arrays import FloatArray
from pose_landmarker.draw.canvas import AnyPixels
from pose_landmarker.draw.ink import Stencil, blend
from pose_landmarker.draw.style import Color, DrawStyle


def put_silhouette(pixels: AnyPixels, mask: FloatArray, tint: Color, style: DrawStyle) -> None:
    """Tint what belongs to a body, in place, and draw a line around it.

    Args:
        pixels: (H, W, 3) of any kind that canvases have.
        mask: (h, w) in [0, 1]; scaled where it has another size than the canvas.
        tint: Colour.
        style: Opacity.
    """
    import cv2

    height, width = pixels.shape[:2]
    levels = np.asarray(cv2.convertScaleAbs(mask, alpha=255), np.uint8)
    if levels.shape != (height, width):
        shrinks = levels.shape[0] > height and levels.shape[1] > width
        way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        levels = np.asarray(cv2.resize(levels, (width, height), interpolation=way), np.uint8)
    left, top, columns, rows = cv2.boundingRect(levels)
    if not rows:
        return
    # The line reaches beyond what belongs to the body.
    thickness = max(1.0, max(height, width) / 700)
    reach = int(thickness) + 1
    part = (
        slice(max(0, top - reach), min(height, top + rows + reach)),
        slice(max(0, left - reach), min(width, left + columns + reach)),
    )
    shares = np.rint(np.arange(256) * style.tint_opacity).astype(np.uint8)
    blend(pixels, part, tint, np.maximum(cv2.LUT(levels[part], shares), _edge(levels[part], thickness)))


def _edge(levels: Stencil, thickness: float) -> Stencil:
    """A line where levels pass the middle."""
    import cv2

    edge = np.zeros(levels.shape, np.uint8)
    inside = cv2.threshold(levels, 127, 255, cv2.THRESH_BINARY)[1]
    contours, _ = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    smooth = [cv2.approxPolyDP(contour, 0.75, True) for contour in contours]  # without the pixels' steps
    cv2.polylines(edge, smooth, True, 255, round(thickness), cv2.LINE_AA)
    return edge
