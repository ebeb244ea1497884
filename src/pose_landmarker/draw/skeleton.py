"""Skeletons: lines and points, left and right in different colours."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import RgbImage
from pose_landmarker.draw.placement import SHIFT, drawable, extent, fixed_point
from pose_landmarker.draw.style import Color, DrawStyle
from pose_landmarker.results import Pose
from pose_landmarker.topology import (
    LEFT_LANDMARKS,
    NUM_LANDMARKS,
    POSE_CONNECTIONS,
    RIGHT_LANDMARKS,
    PoseLandmark,
)

#: Eyes, ears, nose, mouth and fingers.
_DETAILS = frozenset(range(PoseLandmark.LEFT_SHOULDER)) | frozenset(
    range(PoseLandmark.LEFT_PINKY, PoseLandmark.LEFT_HIP)
)


def draw_skeleton(canvas: RgbImage, pose: Pose, style: DrawStyle) -> None:
    """Draw the lines and points of a body, in place; what is hidden shines through.

    Args:
        canvas: (H, W, 3) uint8, in any size.
        pose: The body.
        style: Colours and sizes.
    """
    points = fixed_point(canvas, pose.landmarks)
    placed = drawable(pose)
    visible = placed & pose.visible
    if (placed & ~visible).any() and style.hidden_opacity > 0:
        part = _around(canvas, points[placed], pose, style)
        before = canvas[part].astype(np.float32)
        _draw(canvas, points, placed, pose, style)
        blended = before + np.float32(style.hidden_opacity) * (canvas[part] - before)
        canvas[part] = np.rint(blended).astype(np.uint8)
    _draw(canvas, points, visible, pose, style)


def side_color(a: int, b: int, style: DrawStyle) -> Color:
    """Colour of a line, or of a point where both its ends are the same, by the body's sides."""
    if a in LEFT_LANDMARKS and b in LEFT_LANDMARKS:
        return style.left
    if a in RIGHT_LANDMARKS and b in RIGHT_LANDMARKS:
        return style.right
    return style.middle


def line_thickness(canvas: RgbImage, pose: Pose, style: DrawStyle) -> float:
    """In proportion to the body, but never too thin to be seen at the picture's size."""
    least = max(canvas.shape[:2]) / 900
    return float(max(1.0, extent(canvas, pose) * style.line_scale, least))


def _around(
    canvas: RgbImage, points: npt.NDArray[np.int32], pose: Pose, style: DrawStyle
) -> tuple[slice, slice]:
    """The part of the canvas that drawing these points can change."""
    margin = int(3 * line_thickness(canvas, pose, style)) + 2
    left, top = np.maximum((points.min(axis=0) >> SHIFT) - margin, 0).tolist()
    right, bottom = np.maximum((points.max(axis=0) >> SHIFT) + margin, 0).tolist()
    return slice(top, bottom), slice(left, right)


def _draw(
    canvas: RgbImage,
    points: npt.NDArray[np.int32],
    shown: npt.NDArray[np.bool_],
    pose: Pose,
    style: DrawStyle,
) -> None:
    import cv2

    thickness = line_thickness(canvas, pose, style)
    border = max(1.0, thickness / 3)
    track = style.track_color(pose.track_id)
    lines = [(a, b) for a, b in POSE_CONNECTIONS if shown[a] and shown[b]]
    dots = [i for i in range(NUM_LANDMARKS) if shown[i]]

    def draw_line(a: int, b: int, extra: float, color: Color) -> None:
        width = max(1, round(thickness * _weight(a, b) + 2 * extra))
        cv2.line(canvas, points[a].tolist(), points[b].tolist(), color, width, cv2.LINE_AA, SHIFT)

    def draw_dot(i: int, extra: float, color: Color) -> None:
        share = 1.15 if track and i not in _DETAILS else 0.8
        radius = round((share * thickness * _weight(i, i) + extra) * (1 << SHIFT))
        cv2.circle(canvas, points[i].tolist(), radius, color, cv2.FILLED, cv2.LINE_AA, SHIFT)

    # First everything a little thicker in the outline's colour, then everything in its own.
    for a, b in lines:
        draw_line(a, b, border, style.outline)
    for i in dots:
        draw_dot(i, border, style.outline)
    for a, b in lines:
        draw_line(a, b, 0.0, track or side_color(a, b, style))
    for i in dots:
        if track and i not in _DETAILS:  # a ring parts the joint from lines of another colour
            draw_dot(i, 0.6 * border, style.outline)
        draw_dot(i, 0.0, side_color(i, i, style))


def _weight(a: int, b: int) -> float:
    """The face and the fingers are small: their lines are thinner."""
    return 0.5 if {a, b} & _DETAILS else 1.0
