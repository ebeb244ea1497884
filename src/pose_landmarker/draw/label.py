"""Tags with numbers, ids and scores of people."""

from __future__ import annotations

import numpy as np

from pose_landmarker.draw.canvas import AnyPixels
from pose_landmarker.draw.ink import Stroke, draw_strokes, fixed_point
from pose_landmarker.draw.placement import Placed
from pose_landmarker.draw.style import Color, DrawStyle
from pose_landmarker.draw.text import put_stencil, readable_on, written


def text_size(extent: float, size: tuple[int, int], style: DrawStyle) -> int:
    """Of the font, pixels: by the body's size, but to be read on the picture, and to hide no small body.

    Args:
        extent: Of the body, pixels.
        size: (width, height) of the canvas, pixels.
        style: Its ``text_scale``.
    """
    larger = max(size)
    low, high = max(12.0, min(larger / 75, extent / 6)), max(22.0, larger / 38)
    return round(float(np.clip(extent / 26, low, high)) * style.text_scale)


def put_tag(pixels: AnyPixels, placed: Placed, text: str, color: Color, style: DrawStyle) -> None:
    """Put a small filled tag above a person's head, in place; inside the canvas, whole where it fits.

    It follows the face, not the highest landmark, lest it jump whenever an arm is raised.
    """
    if not placed.is_in_view:
        return
    x, y = _top_of_head(placed)
    size = text_size(placed.extent, placed.size, style)
    letters = written(text, size)
    height = letters.shape[0] + 2 * round(0.3 * size)
    width = max(height, letters.shape[1] + round(0.75 * size))
    left = _inside(x - width / 2, width, placed.size[0])
    top = _inside(y - height - 0.2 * size, height, placed.size[1])
    middle, radius = top + height / 2, height / 2
    ends = fixed_point(np.array([(left + radius, middle), (left + width - radius, middle)]))
    draw_strokes(pixels, [Stroke(ends.tolist(), height, color, max(1.0, size / 18))], style.outline)
    _put_letters(pixels, letters, (left + width / 2, middle), color, style)


def put_flag(
    pixels: AnyPixels, text: str, corner: tuple[float, float], size: int, color: Color, style: DrawStyle
) -> None:
    """Put a filled rectangle with text onto the top-left corner of a box, in place; inside the canvas."""
    letters = written(text, size)
    pad = round(0.35 * size)
    height, width = letters.shape[0] + 2 * pad, letters.shape[1] + 2 * pad
    left = _inside(corner[0], width, pixels.shape[1])
    top = _inside(corner[1] - height, height, pixels.shape[0])
    put_stencil(pixels, np.full((height, width), 255, np.uint8), left, top, color)
    _put_letters(pixels, letters, (left + width / 2, top + height / 2), color, style)


def _put_letters(
    pixels: AnyPixels,
    letters: np.ndarray[tuple[int, ...], np.dtype[np.uint8]],
    middle: tuple[float, float],
    background: Color,
    style: DrawStyle,
) -> None:
    left, top = round(middle[0] - letters.shape[1] / 2), round(middle[1] - letters.shape[0] / 2)
    put_stencil(pixels, letters, left, top, readable_on(background, style.outline, style.middle))


def _inside(start: float, length: float, whole: int) -> int:
    """Where something begins that is to lie within a canvas, with a pixel to spare."""
    return round(float(np.clip(start, 1, max(1, whole - length - 1))))


def _top_of_head(placed: Placed) -> tuple[float, float]:
    """Canvas pixels above the middle of the face, or of the body where no face is known."""
    head = sorted(placed.body.anatomy.head)
    face = placed.points[head][placed.known[head]]
    if not len(face):
        box = placed.box
        assert box is not None  # of a body in view
        return box.x + box.width / 2, box.y
    middle = face.mean(axis=0)
    # The top of a head is about as far from the eyes' line as a face is wide.
    reach = float(np.linalg.norm(face - middle, axis=1).max())
    return float(middle[0]), float(middle[1] - 2.2 * reach)
