"""Parts of a picture to look at one by one: squares of several sizes that overlap."""

from __future__ import annotations

import math
from typing import NamedTuple

from pose_landmarker.results import Roi


class Level(NamedTuple):
    """Squares of one size."""

    side: float
    """Of a square, as a share of the longer side of what is searched."""
    overlap: float
    """Neighbours share at least this much of their side."""


#: Found by measurement (docs/search.md): two sizes find twice the people, a third one a few small ones.
COARSE, FINE, FINEST = Level(0.6, 0.33), Level(0.35, 0.33), Level(0.2, 0.2)
#: Smaller squares hold nothing that could be recognised, pixels.
_MIN_SIDE_PX = 72.0


def tiles(width: float, height: float, level: Level, rotation: float = 0.0) -> list[Roi]:
    """Squares of one size that cover a picture; none where they would be tiny.

    Args:
        width: Of the picture, pixels.
        height: Of the picture, pixels.
        level: How large they are.
        rotation: Of every square, radians; a multiple of a quarter turn.
    """
    side = level.side * max(width, height)
    if side < _MIN_SIDE_PX:
        return []
    return [
        Roi(x, y, side, rotation)
        for y in _middles(height, side, level.overlap)
        for x in _middles(width, side, level.overlap)
    ]


def _middles(length: float, side: float, overlap: float) -> list[float]:
    """Middles of intervals that cover a line evenly."""
    if side >= length:
        return [length / 2]
    gaps = math.ceil((length - side) / (side * (1 - overlap)) - 1e-9)
    return [side / 2 + i * (length - side) / gaps for i in range(gaps + 1)]
