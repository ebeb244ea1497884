"""Writing on pictures, in the font that comes with Pillow: OpenCV's own has neither ° nor beauty."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from pose_landmarker.arrays import frozen
from pose_landmarker.draw.canvas import AnyPixels
from pose_landmarker.draw.ink import Stencil, blend
from pose_landmarker.draw.style import Color

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

#: Larger letters are of no use, and would take long.
_LARGEST = 400


@lru_cache(maxsize=512)
def written(text: str, size: int) -> Stencil:
    """(h, w) one line of text, from the top of its capitals to its baseline, or below where letters reach.

    Args:
        text: What to write.
        size: Of the font, pixels; capitals are about 0.7 of it.
    """
    font = _font(min(max(size, 4), _LARGEST))
    ink, (left, top) = font.getmask2(text, mode="L")
    width, height = ink.size
    first = min(round(font.getbbox("H")[1]), top)
    last = max(font.getmetrics()[0], top + height)
    stencil = np.zeros((max(1, last - first), max(1, width + max(0, left))), np.uint8)
    if width and height:
        letters = np.frombuffer(bytes(ink), np.uint8).reshape(height, width)
        stencil[top - first : top - first + height, max(0, left) :] = letters
    return frozen(stencil)


def put_stencil(pixels: AnyPixels, stencil: Stencil, left: int, top: int, color: Color) -> None:
    """Put a stencil onto a canvas, in place; what is outside is cut off."""
    height, width = pixels.shape[:2]
    rows = slice(max(0, top), min(height, top + stencil.shape[0]))
    columns = slice(max(0, left), min(width, left + stencil.shape[1]))
    if rows.start < rows.stop and columns.start < columns.stop:
        shown = stencil[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
        blend(pixels, (rows, columns), color, np.ascontiguousarray(shown))


def put_text(
    pixels: AnyPixels, text: str, size: int, middle: tuple[float, float], ink: Color, halo: Color
) -> None:
    """Write around a place on a canvas, in place, with a halo so that it is read on any background."""
    import cv2

    letters = written(text, size)
    reach = max(1, round(size / 12))
    padded = np.pad(letters, reach)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    left = round(middle[0] - padded.shape[1] / 2)
    top = round(middle[1] - padded.shape[0] / 2)
    put_stencil(pixels, np.asarray(cv2.dilate(padded, kernel), np.uint8), left, top, halo)
    put_stencil(pixels, padded, left, top, ink)


def readable_on(color: Color, *inks: Color) -> Color:
    """The one of several colours that differs most in lightness from a background."""
    return max(inks, key=lambda ink: abs(_luma(ink) - _luma(color)))


@lru_cache(maxsize=64)
def _font(size: int) -> FreeTypeFont:
    from PIL import ImageFont

    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)  # what every build of Pillow gives for a size
    return font


def _luma(color: Color) -> float:
    return 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2]
