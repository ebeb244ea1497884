"""Skeletons: lines and points, left and right in different colours."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import RgbImage
from pose_landmarker.draw.style import Color, DrawStyle
from pose_landmarker.results import Pose
from pose_landmarker.topology import (
    LEFT_LANDMARKS,
    NUM_LANDMARKS,
    POSE_CONNECTIONS,
    RIGHT_LANDMARKS,
    PoseLandmark,
)

#: OpenCV draws between pixels in steps of 1/16 when coordinates are shifted by four bits.
_SHIFT = 4
#: Eyes, ears, nose, mouth and fingers.
_DETAILS = frozenset(range(PoseLandmark.LEFT_SHOULDER)) | frozenset(
    range(PoseLandmark.LEFT_PINKY, PoseLandmark.LEFT_HIP)
)
#: Farther out nothing can be seen, and coordinates would overflow.
_FAR = 1 << 20


def draw_skeleton(canvas: RgbImage, pose: Pose, style: DrawStyle) -> None:
    """Draw the lines and points of a body, in place; what is hidden shines through.

    Args:
        canvas: (H, W, 3) uint8, in any size.
        pose: The body.
        style: Colours and sizes.
    """
    points = _canvas_points(canvas, pose)
    drawable = _drawable(pose)
    visible = drawable & pose.visible
    if (drawable & ~visible).any() and style.hidden_opacity > 0:
        part = _around(canvas, points[drawable], pose, style)
        before = canvas[part].astype(np.float32)
        _draw(canvas, points, drawable, pose, style)
        blended = before + np.float32(style.hidden_opacity) * (canvas[part] - before)
        canvas[part] = np.rint(blended).astype(np.uint8)
    _draw(canvas, points, visible, pose, style)


def _around(
    canvas: RgbImage, points: npt.NDArray[np.int32], pose: Pose, style: DrawStyle
) -> tuple[slice, slice]:
    """The part of the canvas that drawing these points can change."""
    margin = int(3 * _thickness(canvas, pose, style)) + 2
    left, top = np.maximum((points.min(axis=0) >> _SHIFT) - margin, 0).tolist()
    right, bottom = np.maximum((points.max(axis=0) >> _SHIFT) + margin, 0).tolist()
    return slice(top, bottom), slice(left, right)


def draw_number(canvas: RgbImage, pose: Pose, number: int, style: DrawStyle) -> None:
    """Write a person's number above the head, in place."""
    import cv2

    scale = max(0.5, _extent(canvas, pose) / 500)
    thickness = max(1, round(2 * scale))
    text = str(number)
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, scale, thickness)
    points = _canvas_points(canvas, pose)[_drawable(pose)] >> _SHIFT
    if not len(points):
        return
    x = int(np.clip(points[:11, 0].mean() - width / 2, 0, max(0, canvas.shape[1] - width)))
    y = int(np.clip(points[:, 1].min() - height, height + 1, canvas.shape[0] - 1))
    for color, weight in ((style.outline, 3 * thickness), (style.middle, thickness)):
        cv2.putText(canvas, text, (x, y), cv2.FONT_HERSHEY_DUPLEX, scale, color, weight, cv2.LINE_AA)


def _draw(
    canvas: RgbImage,
    points: npt.NDArray[np.int32],
    shown: npt.NDArray[np.bool_],
    pose: Pose,
    style: DrawStyle,
) -> None:
    import cv2

    thickness = _thickness(canvas, pose, style)
    border = max(1.0, thickness / 3)
    lines = [(a, b) for a, b in POSE_CONNECTIONS if shown[a] and shown[b]]
    dots = [i for i in range(NUM_LANDMARKS) if shown[i]]
    # First everything a little thicker in the outline's colour, then everything in its own.
    for extra, fixed in ((border, style.outline), (0.0, None)):
        for a, b in lines:
            width = max(1, round(thickness * _weight(a, b) + 2 * extra))
            color = fixed or _color(a, b, style)
            cv2.line(canvas, points[a].tolist(), points[b].tolist(), color, width, cv2.LINE_AA, _SHIFT)
        for i in dots:
            radius = round((0.8 * thickness * _weight(i, i) + extra) * (1 << _SHIFT))
            color = fixed or _color(i, i, style)
            cv2.circle(canvas, points[i].tolist(), radius, color, cv2.FILLED, cv2.LINE_AA, _SHIFT)


def _drawable(pose: Pose) -> npt.NDArray[np.bool_]:
    """(33,) which landmarks have a place at all."""
    return np.asarray(np.isfinite(pose.landmarks[:, :2]).all(axis=1))


def _weight(a: int, b: int) -> float:
    """The face and the fingers are small: their lines are thinner."""
    return 0.5 if {a, b} & _DETAILS else 1.0


def _canvas_points(canvas: RgbImage, pose: Pose) -> npt.NDArray[np.int32]:
    """(33, 2) fixed-point coordinates on the canvas; OpenCV's pixel 0 has its centre at 0, ours at ½."""
    height, width = canvas.shape[:2]
    pixels = np.nan_to_num(pose.landmarks[:, :2]).astype(np.float64) * (width, height) - 0.5
    return (np.clip(pixels, -_FAR, _FAR) * (1 << _SHIFT)).round().astype(np.int32)


def _extent(canvas: RgbImage, pose: Pose) -> float:
    """Larger side of the body's box on the canvas, pixels."""
    scale = canvas.shape[1] / pose.image_size[0]
    box = pose.box
    extent = max(box.width, box.height) * scale
    return float(np.clip(np.nan_to_num(extent), 1, max(canvas.shape[:2])))


def _thickness(canvas: RgbImage, pose: Pose, style: DrawStyle) -> float:
    """In proportion to the body, but never too thin to be seen at the picture's size."""
    least = max(canvas.shape[:2]) / 900
    return float(max(1.0, _extent(canvas, pose) * style.line_scale, least))


def _color(a: int, b: int, style: DrawStyle) -> Color:
    if a in LEFT_LANDMARKS and b in LEFT_LANDMARKS:
        return style.left
    if a in RIGHT_LANDMARKS and b in RIGHT_LANDMARKS:
        return style.right
    return style.middle
