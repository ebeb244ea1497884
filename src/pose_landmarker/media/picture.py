"""A picture of a video before its pixels are asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from pose_landmarker.arrays import RgbImage


@dataclass(frozen=True, slots=True)
class Picture:
    """What is known of a picture before its pixels are made, which costs more than decoding it.

    Attributes:
        index: Number in the source, from 0.
        time: Seconds since the first picture of the source.
        pixels: Makes the (H, W, 3) uint8 RGB array; None where that fails.
    """

    index: int
    time: Fraction
    pixels: Callable[[], RgbImage | None]
