"""Angles at joints: an arc between two limbs, and the degrees beside it."""

from __future__ import annotations

import math
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import DoubleArray, RgbImage
from pose_landmarker.checks import check_flag, check_integer, check_positive
from pose_landmarker.draw.body import Body, bodies_of
from pose_landmarker.draw.canvas import AnyPixels, Canvas, Channels, Depth
from pose_landmarker.draw.ink import SHIFT, Stroke, blend, draw_strokes, fixed_point, part_around
from pose_landmarker.draw.joints import JOINTS, check_joint, joint_angles
from pose_landmarker.draw.label import text_size
from pose_landmarker.draw.placement import Placed, opacities
from pose_landmarker.draw.skeleton import side_color
from pose_landmarker.draw.style import DEFAULT_STYLE, Color, DrawStyle, check_style
from pose_landmarker.draw.text import put_text
from pose_landmarker.errors import OptionError, OptionTypeError
from pose_landmarker.results import Pose

#: Radius of the arc as a share of the shorter limb, and of the body.
_OF_LIMB, _OF_BODY = 0.45, 0.085
#: How opaque the sector within the arc is.
_FILL = 90
#: Limbs shorter than this, pixels, have no room for an arc.
_LEAST_LIMB = 4.0


@overload
def draw_angle(  # type: ignore[overload-overlap]
    image: npt.NDArray[Depth],
    body: Pose | Body,
    joint: str | tuple[int, int, int],
    *,
    degrees: float | None = None,
    world: bool = False,
    style: DrawStyle = DEFAULT_STYLE,
    channels: Channels = "rgb",
) -> npt.NDArray[Depth]: ...
@overload
def draw_angle(
    image: object,
    body: Pose | Body,
    joint: str | tuple[int, int, int],
    *,
    degrees: float | None = None,
    world: bool = False,
    style: DrawStyle = DEFAULT_STYLE,
    channels: Channels = "rgb",
) -> RgbImage: ...
def draw_angle(
    image: object,
    body: Pose | Body,
    joint: str | tuple[int, int, int],
    *,
    degrees: float | None = None,
    world: bool = False,
    style: DrawStyle = DEFAULT_STYLE,
    channels: Channels = "rgb",
) -> npt.NDArray[Any]:
    """A copy of a picture with the angle at a joint: an arc from limb to limb, and degrees.

    The arc always lies between the limbs as they are in the picture. Landmarks without a place, and
    limbs of less than four pixels, show nothing.

    Args:
        image: As for :func:`~pose_landmarker.draw.annotate`.
        body: Whose.
        joint: A name such as ``"left_knee"`` (the keys of :data:`JOINTS`), or the indexes of one limb's
            end, the joint and the other limb's end.
        degrees: What to write, such as an angle that was smoothed. By default it is measured.
        world: Whether to measure in space, from the landmarks in metres, and not in the picture.
        style: Colours and sizes.
        channels: Order of the picture's colours.

    Returns:
        As :func:`~pose_landmarker.draw.annotate`.

    Raises:
        ImageError: The picture cannot be used.
        OptionError: There is no such joint, or no landmarks in metres.
    """
    check_style(style)
    check_flag("world", world)
    if degrees is not None:
        check_positive("degrees", degrees, zero=True)
    if not isinstance(body, (Pose, Body)):
        raise OptionTypeError(f"body must be a Pose or Body, not {type(body).__name__}")
    (found,) = bodies_of(body, confidence=style.confidence)
    ends = joint_of(joint, found)
    if world and degrees is None:
        if found.world is None:
            raise OptionError("this body has no landmarks in metres; use world=False or give degrees")
        degrees = float(joint_angles(found.world, ends))
    canvas = Canvas.of(image, channels, style.alpha)
    put_angle(canvas.pixels, Placed(found, canvas.size), ends, style, degrees)
    return canvas.picture()


def joint_of(joint: object, body: Body) -> tuple[int, int, int]:
    """The indexes of one limb's end, the joint and the other limb's end.

    Raises:
        OptionError: There is no such joint.
    """
    if isinstance(joint, str):
        ends = JOINTS[check_joint("joint", joint)]
    elif isinstance(joint, (tuple, list)) and len(joint) == 3:
        last = len(body) - 1
        a, b, c = (check_integer("joint", index, low=0, high=last) for index in joint)
        ends = (a, b, c)
    else:
        raise OptionTypeError(f"joint must be a name such as 'left_knee' or three indexes, not {joint!r}")
    if max(ends) >= len(body):
        raise OptionError(f"this body has {len(body)} points; name joints by three indexes")
    return ends


def put_angle(
    pixels: AnyPixels,
    placed: Placed,
    joint: tuple[int, int, int],
    style: DrawStyle,
    degrees: float | None = None,
) -> None:
    """Draw an arc at a joint and write degrees beside it, in place; by default those in the picture."""
    ends = list(joint)
    first, middle, second = points = placed.points[ends]
    with np.errstate(all="ignore"):  # numbers that are not finite fail the checks below
        limbs = np.linalg.norm(np.stack([first, second]) - middle, axis=1)
    opacity = float(opacities(placed.body, style)[ends].min())
    if not np.isfinite(limbs).all() or limbs.min() < _LEAST_LIMB or opacity <= 0:
        return
    if degrees is None:
        degrees = float(joint_angles(points, (0, 1, 2)))
    radius = float(min(_OF_LIMB * limbs.min(), max(_OF_BODY * placed.extent, 12.0)))
    directions = _arc(first - middle, second - middle)
    arc = fixed_point(middle + radius * directions)
    if not math.isfinite(degrees) or not _is_near(arc, pixels):
        return
    color = side_color(placed.body.anatomy, joint[1], joint[1], style)
    _fill(pixels, np.vstack([fixed_point(middle[None]), arc]), color, round(_FILL * opacity))
    width = max(1.0, 0.6 * placed.thickness(style))
    stroke = Stroke(arc.tolist(), width, color, max(1.0, width / 3), opacity)
    draw_strokes(pixels, [stroke], style.outline)
    size = max(9, text_size(placed.extent, placed.size, style))
    away = radius + 1.15 * size
    x, y = (middle + away * directions[len(directions) // 2]).tolist()
    half = 0.9 * size  # of the text's width
    x = min(max(x, half), max(half, placed.size[0] - half))
    y = min(max(y, 0.6 * size), max(0.6 * size, placed.size[1] - 0.6 * size))
    put_text(pixels, f"{degrees:.0f}°", size, (x, y), color, style.outline)


def _arc(first: DoubleArray, second: DoubleArray) -> DoubleArray:
    """(K, 2) directions from one limb to the other, the shorter way."""
    start = math.atan2(first[1], first[0])
    turn = math.remainder(math.atan2(second[1], second[0]) - start, 2 * math.pi)
    steps = np.linspace(start, start + turn, max(3, round(abs(turn) / 0.08) | 1))
    return np.stack([np.cos(steps), np.sin(steps)], axis=1)


def _is_near(places: npt.NDArray[np.int32], pixels: AnyPixels) -> bool:
    """Whether anything of this could be on the canvas."""
    height, width = pixels.shape[:2]
    low, high = places.min(axis=0) >> SHIFT, places.max(axis=0) >> SHIFT
    return bool((high >= 0).all() and (low < (width, height)).all())


def _fill(pixels: AnyPixels, places: npt.NDArray[np.int32], color: Color, opacity: int) -> None:
    import cv2

    part = part_around(pixels, places, 1)
    stencil = np.zeros(pixels[part].shape[:2], np.uint8)
    if stencil.size:
        moved = places - (np.array((part[1].start, part[0].start), np.int32) << SHIFT)
        cv2.fillPoly(stencil, [moved.astype(np.int32)], opacity, cv2.LINE_AA, SHIFT)
        blend(pixels, part, color, stencil)
