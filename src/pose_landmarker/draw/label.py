"""Numbers of people: the place in a result, or the id of a track."""

from __future__ import annotations

import numpy as np

from pose_landmarker.arrays import RgbImage
from pose_landmarker.draw.placement import SHIFT, drawable, extent, fixed_point
from pose_landmarker.draw.style import Color, DrawStyle
from pose_landmarker.results import Pose
from pose_landmarker.topology import PoseLandmark

_FACE = PoseLandmark.LEFT_SHOULDER  # all landmarks before it


def draw_number(canvas: RgbImage, pose: Pose, number: int, style: DrawStyle) -> None:
    """Write a person's number above the head, in place."""
    import cv2

    scale = max(0.5, extent(canvas, pose) / 500)
    thickness = max(1, round(2 * scale))
    text = str(number)
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, scale, thickness)
    points = fixed_point(canvas, pose.landmarks)[drawable(pose)] >> SHIFT
    if not len(points):
        return
    x = int(np.clip(points[:_FACE, 0].mean() - width / 2, 0, max(0, canvas.shape[1] - width)))
    y = int(np.clip(points[:, 1].min() - height, height + 1, canvas.shape[0] - 1))
    for color, weight in ((style.outline, 3 * thickness), (style.middle, thickness)):
        cv2.putText(canvas, text, (x, y), cv2.FONT_HERSHEY_DUPLEX, scale, color, weight, cv2.LINE_AA)


def draw_tag(canvas: RgbImage, pose: Pose, text: str, color: Color, style: DrawStyle) -> None:
    """Put a small filled tag above a person's head, in place; inside the canvas, whole.

    It follows the face, not the highest landmark, lest it jump whenever an arm is raised.
    """
    import cv2

    head = _top_of_head(canvas, pose)
    if head is None:
        return
    least = max(canvas.shape[:2]) / 2000
    scale = float(np.clip(extent(canvas, pose) / 800, max(0.4, least), max(0.8, 2 * least)))
    weight = max(1, round(1.6 * scale))
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, scale, weight)
    pad = max(2, round(0.4 * height))
    left = round(np.clip(head[0] - width / 2, pad, max(pad, canvas.shape[1] - width - pad - 1)))
    base = round(np.clip(head[1] - pad, height + pad, max(height + pad, canvas.shape[0] - pad - 1)))
    corners = (left - pad, base - height - pad), (left + width + pad, base + pad)
    cv2.rectangle(canvas, *corners, color, cv2.FILLED)
    cv2.rectangle(canvas, *corners, style.outline, max(1, weight // 2))
    ink = max((style.outline, style.middle), key=lambda ink: abs(_luma(ink) - _luma(color)))
    cv2.putText(canvas, text, (left, base), cv2.FONT_HERSHEY_DUPLEX, scale, ink, weight, cv2.LINE_AA)


def _top_of_head(canvas: RgbImage, pose: Pose) -> tuple[float, float] | None:
    """Canvas pixels above the middle of the face, or None where nothing of the body is on the canvas."""
    placed = drawable(pose)
    points = fixed_point(canvas, pose.landmarks) / (1 << SHIFT)
    height, width = canvas.shape[:2]
    if not (placed & (points > -1).all(axis=1) & (points < (width, height)).all(axis=1)).any():
        return None
    face = points[:_FACE][placed[:_FACE]]
    if not len(face):
        return float(points[placed][:, 0].mean()), float(points[placed][:, 1].min())
    middle = face.mean(axis=0)
    # The top of a head is about as far from the eyes' line as a face is wide.
    reach = float(np.linalg.norm(face - middle, axis=1).max())
    return float(middle[0]), float(middle[1] - 2.2 * reach)


def _luma(color: Color) -> float:
    return 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2]
