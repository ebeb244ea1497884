"""Upright rectangles around people, with what is known of them."""

from __future__ import annotations

import itertools
import math
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import RgbImage
from pose_landmarker.checks import check_integer
from pose_landmarker.draw.canvas import AnyPixels, Canvas, Channels, Depth
from pose_landmarker.draw.ink import Stroke, draw_strokes, fixed_point
from pose_landmarker.draw.label import put_flag, text_size
from pose_landmarker.draw.style import DEFAULT_STYLE, Color, DrawStyle, check_style
from pose_landmarker.errors import OptionError, OptionTypeError
from pose_landmarker.results import Box


@overload
def draw_box(  # type: ignore[overload-overlap]
    image: npt.NDArray[Depth],
    box: tuple[float, float, float, float],
    text: str = "",
    *,
    number: int = 0,
    style: DrawStyle = DEFAULT_STYLE,
    channels: Channels = "rgb",
) -> npt.NDArray[Depth]: ...
@overload
def draw_box(
    image: object,
    box: tuple[float, float, float, float],
    text: str = "",
    *,
    number: int = 0,
    style: DrawStyle = DEFAULT_STYLE,
    channels: Channels = "rgb",
) -> RgbImage: ...
def draw_box(
    image: object,
    box: tuple[float, float, float, float],
    text: str = "",
    *,
    number: int = 0,
    style: DrawStyle = DEFAULT_STYLE,
    channels: Channels = "rgb",
) -> npt.NDArray[Any]:
    """A copy of a picture with a box on it.

    Args:
        image: As for :func:`~pose_landmarker.draw.annotate`.
        box: x, y, width and height in pixels, such as :attr:`Pose.box`. Where it is not finite nothing is
            drawn; what is outside the picture is cut off.
        text: What to write at its corner.
        number: Which of the style's ``tints`` it has.
        style: Colours and sizes.
        channels: Order of the picture's colours.

    Returns:
        As :func:`~pose_landmarker.draw.annotate`.

    Raises:
        ImageError: The picture cannot be used.
        OptionError: The box is none.
    """
    check_style(style)
    tint = style.tints[check_integer("number", number, low=0) % len(style.tints)]
    if not isinstance(text, str):
        raise OptionTypeError(f"text must be a string, not {text!r}")
    found = _checked(box)
    canvas = Canvas.of(image, channels, style.alpha)
    if all(map(math.isfinite, found)):
        put_box(canvas.pixels, found, text, tint, style)
    return canvas.picture()


def put_box(pixels: AnyPixels, box: Box, text: str, color: Color, style: DrawStyle) -> None:
    """Draw a box in place, closed at the borders of the canvas that it reaches beyond; outside, nothing."""
    height, width = pixels.shape[:2]
    extent = max(box.width, box.height)
    thickness = max(1, round(min(max(2.0, max(height, width) / 480), extent / 30)))
    inset = thickness / 2
    left, right = (float(np.clip(x, inset, width - inset)) for x in (box.x, box.x + box.width))
    top, bottom = (float(np.clip(y, inset, height - inset)) for y in (box.y, box.y + box.height))
    if box.x >= width or box.y >= height or box.x + box.width <= 0 or box.y + box.height <= 0:
        return
    corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)])
    places = fixed_point(corners).tolist()
    sides = [Stroke([a, b], thickness, color, max(1.0, thickness / 3)) for a, b in itertools.pairwise(places)]
    draw_strokes(pixels, sides, style.outline)
    if text:
        size = text_size(extent, (width, height), style)
        put_flag(pixels, text, (left - inset, top - inset), size, color, style)


def _checked(box: object) -> Box:
    try:
        x, y, width, height = (float(number) for number in box)  # type: ignore[attr-defined]
    except (TypeError, ValueError, OverflowError):
        raise OptionTypeError(f"box must be (x, y, width, height) in pixels, not {box!r}") from None
    if width < 0 or height < 0:
        raise OptionError(f"box must have a width and a height ≥ 0, not {width:g} and {height:g}")
    return Box(x, y, width, height)
