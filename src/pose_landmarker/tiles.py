"""Parts of a picture to look at one by one: squares of several sizes that overlap."""

from __future__ import annotations

import math

from pose_landmarker.results import Roi

#: Sides of the squares, as shares of the longer side of what is searched. Found by measurement
#: (docs/search.md): two more sizes find twice the people, a third one a few small ones.
SIDES = (0.6, 0.35)
#: Of the smallest squares, which are looked at only where something small was seen.
FINEST_SIDE = 0.2
#: Neighbours share at least this much of their side.
_OVERLAP = 0.33
_FINEST_OVERLAP = 0.2
#: Smaller squares hold nothing that could be recognised, pixels.
_MIN_SIDE_PX = 72.0


def tiles(width: float, height: float, rotation: float = 0.0) -> list[Roi]:
    """Squares that cover a picture in two sizes, the larger ones first; none of a tiny picture.

    Args:
        width: Of the picture, pixels.
        height: Of the picture, pixels.
        rotation: Of every square, radians; a multiple of a quarter turn.
    """
    squares = []
    for share in SIDES:
        squares += _cover(width, height, share * max(width, height), _OVERLAP, rotation)
    return squares


def finest_tiles(width: float, height: float, rotation: float = 0.0) -> list[Roi]:
    """Squares that cover a picture in the smallest size."""
    side = FINEST_SIDE * max(width, height)
    return _cover(width, height, side, _FINEST_OVERLAP, rotation)


def _cover(width: float, height: float, side: float, overlap: float, rotation: float) -> list[Roi]:
    if side < _MIN_SIDE_PX:
        return []
    return [
        Roi(x, y, side, rotation)
        for y in _middles(height, side, overlap)
        for x in _middles(width, side, overlap)
    ]


def _middles(length: float, side: float, overlap: float) -> list[float]:
    """Middles of intervals that cover a line evenly."""
    if side >= length:
        return [length / 2]
    gaps = math.ceil((length - side) / (side * (1 - overlap)) - 1e-9)
    return [side / 2 + i * (length - side) / gaps for i in range(gaps + 1)]
