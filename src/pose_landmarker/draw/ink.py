"""Strokes and stencils: what every drawing is made of, put on canvases of any kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import DoubleArray, RgbImage
from pose_landmarker.draw.canvas import AnyPixels, white
from pose_landmarker.draw.style import Color

#: Rows and columns of a canvas.
Part: TypeAlias = "tuple[slice, slice]"
#: (H, W) uint8, how much of a colour goes onto each pixel: 255 is all.
Stencil: TypeAlias = npt.NDArray[np.uint8]

#: OpenCV draws between pixels in steps of 1/16 when coordinates are shifted by four bits.
SHIFT = 4
#: Farther out nothing can be seen, and coordinates would overflow.
_FAR = 1 << 20


class Stroke(NamedTuple):
    """A line through fixed-point places, or a dot where there is one place only.

    Attributes:
        places: (N, 2) fixed-point x, y on the canvas, as a list.
        width: Thickness of the line or diameter of the dot, pixels.
        color: Of the line.
        border: How much the outline shows on either side, pixels; 0 is none.
        opacity: From 0 to 1.
    """

    places: list[list[int]]
    width: float
    color: Color
    border: float = 0.0
    opacity: float = 1.0


def fixed_point(points: DoubleArray) -> npt.NDArray[np.int32]:
    """(N, 2) fixed-point places of canvas pixels; OpenCV's pixel 0 has its centre at 0, ours at ½."""
    pixels = np.clip(np.nan_to_num(points) - 0.5, -_FAR, _FAR)
    return (pixels * (1 << SHIFT)).round().astype(np.int32)


def draw_strokes(pixels: AnyPixels, strokes: Sequence[Stroke], outline: Color) -> None:
    """Draw strokes in place: faint ones below, each kind in its order, outlines below all lines of a kind.

    Args:
        pixels: (H, W, 3) of any kind that canvases have.
        strokes: What to draw.
        outline: Colour around them.
    """
    faint = sorted((s for s in strokes if 0 < s.opacity < 0.998), key=lambda stroke: stroke.opacity)
    solid = [stroke for stroke in strokes if stroke.opacity >= 0.998]
    if faint:
        _draw_blended(pixels, faint, outline)
    if solid and pixels.dtype == np.uint8:
        _draw_outlines(pixels, solid, [outline] * len(solid))
        _draw_lines(pixels, solid)
    elif solid:
        _draw_blended(pixels, solid, outline)


def blend(pixels: AnyPixels, part: Part, color: Color | RgbImage, stencil: Stencil) -> None:
    """Put colour onto a part of a canvas, in place.

    Args:
        pixels: (H, W, 3) of any kind that canvases have.
        part: Rows and columns, within the canvas.
        color: One colour, or (h, w, 3) uint8 with one for every pixel of the part.
        stencil: (h, w), how much of it.
    """
    target = pixels[part]
    if pixels.dtype == np.uint8:
        _blend_bytes(target, color, stencil)
        return
    rows, columns = np.nonzero(stencil)
    kind: Any = np.float64 if pixels.dtype == np.float64 else np.float32
    share = stencil[rows, columns, None].astype(kind) / kind(255)
    ink = (color[rows, columns] if isinstance(color, np.ndarray) else np.array(color)).astype(kind)
    before = target[rows, columns].astype(kind)
    before[~np.isfinite(before)] = 0
    mixed = before + share * (ink * kind(white(pixels.dtype) / 255) - before)
    target[rows, columns] = np.rint(mixed) if pixels.dtype.kind == "u" else mixed


def part_around(pixels: AnyPixels, places: npt.NDArray[np.int32], margin: float) -> Part:
    """The part of a canvas that ink within ``margin`` pixels of fixed-point places can change, if any."""
    height, width = pixels.shape[:2]
    reach = int(margin) + 2
    left, top = np.clip((places.min(axis=0) >> SHIFT) - reach, 0, (width, height)).tolist()
    right, bottom = np.clip((places.max(axis=0) >> SHIFT) + reach + 1, 0, (width, height)).tolist()
    return slice(top, bottom), slice(left, right)


def _blend_bytes(target: RgbImage, color: Color | RgbImage, stencil: Stencil) -> None:
    import cv2

    if isinstance(color, np.ndarray):
        added = cv2.multiply(color, cv2.merge((stencil,) * 3), scale=1 / 255)
    else:
        levels = np.rint(np.arange(256)[:, None] * np.array(color) / 255).astype(np.uint8)
        added = cv2.LUT(cv2.merge((stencil,) * 3), levels[None])
    kept = cv2.multiply(target, cv2.merge((cv2.bitwise_not(stencil),) * 3), scale=1 / 255)
    cv2.add(kept, added, dst=target)


def _draw_blended(pixels: AnyPixels, strokes: Sequence[Stroke], outline: Color) -> None:
    """On a layer of the outline's colour, of which as much is used as the outlines cover."""
    margin = max(stroke.width / 2 + stroke.border for stroke in strokes)
    places = np.array([place for stroke in strokes for place in stroke.places], np.int32)
    part = part_around(pixels, places, margin)
    shape = pixels[part].shape[:2]
    if not all(shape):
        return
    left, top = part[1].start << SHIFT, part[0].start << SHIFT
    # Most strokes have one or two places, for which arrays would take longer.
    moved = [s._replace(places=[[x - left, y - top] for x, y in s.places]) for s in strokes]
    stencil = np.zeros(shape, np.uint8)
    layer = np.empty((*shape, 3), np.uint8)
    layer[:] = outline
    _draw_outlines(stencil, moved, [round(255 * stroke.opacity) for stroke in strokes])
    _draw_lines(layer, moved)
    blend(pixels, part, layer, stencil)


def _draw_outlines(target: npt.NDArray[np.uint8], strokes: Sequence[Stroke], inks: Sequence[Any]) -> None:
    for stroke, ink in zip(strokes, inks, strict=True):
        _draw(target, stroke, stroke.width + 2 * stroke.border, ink)


def _draw_lines(target: RgbImage, strokes: Sequence[Stroke]) -> None:
    for stroke in strokes:
        _draw(target, stroke, stroke.width, stroke.color)


def _draw(target: npt.NDArray[np.uint8], stroke: Stroke, width: float, ink: Any) -> None:
    import cv2

    places = stroke.places
    if len(places) == 1:
        radius = round(width / 2 * (1 << SHIFT))
        cv2.circle(target, places[0], radius, ink, cv2.FILLED, cv2.LINE_AA, SHIFT)
        return
    thickness = max(1, round(width))
    if len(places) == 2:
        cv2.line(target, places[0], places[1], ink, thickness, cv2.LINE_AA, SHIFT)
    else:
        cv2.polylines(target, [np.array(places, np.int32)], False, ink, thickness, cv2.LINE_AA, SHIFT)
