"""Cutting turned squares out of pictures on a device, with the arithmetic of OpenCV 4's ``warpPerspective``.

Places are rounded to 1/32 of a pixel, weights are integers, sums are rounded to the nearest byte: the crops
are those of :func:`pose_landmarker.imaging.crop`, bit by bit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pose_landmarker.arrays import DoubleArray, RgbImage

Tensor = Any

#: OpenCV 4 splits a pixel into so many steps (INTER_BITS) ...
_BITS = 5
_STEPS = 1 << _BITS
#: ... and counts columns from the beginning of a block of so many, which decides how products are rounded.
_BLOCK = 64
#: Far outside is far outside, and a 32-bit integer must hold it.
_FAR = 1e9
#: Crops that are made in one go: with more of them, what is between the steps would not stay in a cache.
_AT_ONCE = 32


class Window(NamedTuple):
    """The part of a picture that its regions see, image pixels."""

    left: int
    top: int
    right: int
    bottom: int


class Cut(NamedTuple):
    """What to cut out of pictures that lie behind each other in memory."""

    matrices: DoubleArray
    """(N, 3, 3) from pixels of a crop to pixels of its picture."""
    places: NDArray[np.int64]
    """(N, 8): first pixel in memory, window, width and height of the picture, whether its border goes on."""


def window_of(matrices: Sequence[DoubleArray], size: int, width: int, height: int) -> Window:
    """What crops of side ``size`` see of a picture; one pixel at least."""
    corners = np.array([[0, size, 0, size], [0, 0, size, size], [1, 1, 1, 1]], np.float64)
    with np.errstate(invalid="ignore"):  # what is no number sees everything
        x, y, w = np.moveaxis(np.asarray(matrices) @ corners, 1, 0)
    if not (w > 0).all():
        return Window(0, 0, width, height)
    left, right = _range(x / w, width)
    top, bottom = _range(y / w, height)
    return Window(left, top, right, bottom)


def _range(places: DoubleArray, side: int) -> tuple[int, int]:
    """Pixels from, to (exclusive) along one axis; a pixel more on either side for what is rounded."""
    low, high = float(places.min()) - 2, float(places.max()) + 3
    if not (math.isfinite(low) and math.isfinite(high)):
        return 0, side
    start = min(max(math.floor(low), 0), side - 1)
    return start, min(max(math.ceil(high), start + 1), side)


def cut_of(image: RgbImage, window: Window, matrices: Sequence[DoubleArray], *, replicate: bool) -> Cut:
    """What to cut out of one picture of which only a window is in memory, from its beginning."""
    height, width = image.shape[:2]
    place = np.array([0, *window, width, height, replicate], np.int64)
    return Cut(np.stack(matrices), np.tile(place, (len(matrices), 1)))


def joined(cuts: Sequence[Cut], sizes: Sequence[int]) -> Cut:
    """The same of several pictures.

    Args:
        cuts: Of each picture.
        sizes: How many pixels of each picture are in memory.
    """
    places = np.concatenate([cut.places for cut in cuts])
    places[:, 0] += np.repeat(np.cumsum([0, *sizes[:-1]]), [len(cut.places) for cut in cuts])
    return Cut(np.concatenate([cut.matrices for cut in cuts]), places)


def crops_of(pixels: Tensor, cut: Cut, size: int) -> Tensor:
    """The crops.

    Args:
        pixels: (P, 3) uint8, the pictures' windows, on the device.
        cut: What to cut out of them.
        size: Side of the crops.

    Returns:
        (N, size, size, 3) uint8 on the device.
    """
    import torch

    matrices = torch.from_numpy(cut.matrices).to(pixels.device)
    starts = torch.from_numpy(cut.places[:, 0]).to(pixels.device)
    around = torch.from_numpy(cut.places[:, 1:].astype(np.int32)).to(pixels.device)
    has_edges = not cut.places[:, -1].all()
    parts = [
        _warped(
            pixels, _Cut(*(part[i : i + _AT_ONCE] for part in (matrices, starts, around))), size, has_edges
        )
        for i in range(0, len(cut.matrices), _AT_ONCE)
    ]
    return parts[0] if len(parts) == 1 else torch.cat(parts)


class _Cut(NamedTuple):
    """A :class:`Cut` on the device: its matrices, and its places in two parts."""

    matrices: Tensor
    starts: Tensor
    around: Tensor


def _warped(pixels: Tensor, cut: _Cut, size: int, has_edges: bool) -> Tensor:
    """Crops, in integers.

    Args:
        pixels: As for :func:`crops_of`.
        cut: What to cut out.
        size: Side of the crops.
        has_edges: Whether it may be black beyond a picture.
    """
    import torch

    columns, rows = _coordinates(cut.matrices, size)
    start = cut.starts[:, None, None]
    left, top, right, bottom, width, height, goes_on = (part[:, None, None] for part in cut.around.unbind(1))
    across, along = columns & (_STEPS - 1), rows & (_STEPS - 1)
    columns, rows = columns >> _BITS, rows >> _BITS
    total = torch.full((*columns.shape, 3), _STEPS * _STEPS // 2, dtype=torch.int32, device=pixels.device)
    for y, weight_y in ((rows, _STEPS - along), (rows + 1, along)):
        if has_edges:
            weight_y = weight_y * ((goes_on != 0) | ((y >= 0) & (y < height)))
        line = start + (y.clamp(top, bottom - 1) - top).to(torch.int64) * (right - left) - left
        for x, weight_x in ((columns, _STEPS - across), (columns + 1, across)):
            if has_edges:
                weight_x = weight_x * ((goes_on != 0) | ((x >= 0) & (x < width)))
            found = pixels[line + x.clamp(left, right - 1)]
            total.addcmul_(found.to(torch.int32), (weight_x * weight_y)[..., None])
    return (total >> 2 * _BITS).to(torch.uint8)


def _coordinates(matrices: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Where crops sample their pictures: columns and rows (N, size, size), in steps of 1/32 of a pixel."""
    import torch

    line = torch.arange(size, device=matrices.device)
    begin, rest = (part.to(torch.float64)[None, None] for part in (line // _BLOCK * _BLOCK, line % _BLOCK))
    y = line.to(torch.float64)[None, :, None]

    def along(row: int) -> Tensor:
        by_x, by_y, offset = (matrices[:, row, column, None, None] for column in range(3))
        return by_x * begin + by_y * y + offset + by_x * rest  # rounded in this order by OpenCV

    w = along(2)
    scale = torch.where(w == 0, 0.0, _STEPS / w)
    columns, rows = (
        (along(row) * scale).nan_to_num(0.0).clamp(-_FAR, _FAR).round().to(torch.int32) for row in (0, 1)
    )
    return columns, rows
