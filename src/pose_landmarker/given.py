"""What callers hand over, checked: pictures, times, and regions that another detector found."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np

from pose_landmarker.arrays import RgbImage
from pose_landmarker.checks import check_integer
from pose_landmarker.errors import OptionError, OptionTypeError
from pose_landmarker.image_options import ImageProcessingOptions
from pose_landmarker.imaging import check_side
from pose_landmarker.media.images import as_rgb
from pose_landmarker.results import Roi

#: Boxes (x, y, width, height) in image pixels, as tuples or the rows of an array; and rotated squares.
Regions: TypeAlias = "Iterable[Roi | Sequence[float]] | np.ndarray[tuple[int, int], np.dtype[np.generic]]"

#: How much larger than a box around a body the square is that the landmark network looks at.
_MARGIN = 1.25
#: About 285,000 years; more does not fit a double, and then not a filter.
MAX_TIMESTAMP_MS = 1 << 53
UPRIGHT = ImageProcessingOptions()
_WANTED = "rois must hold boxes (x, y, width, height) in image pixels or Roi(...)"


def given_rois(rois: object, rotation: float = 0.0) -> list[Roi]:
    """Squares around boxes, and squares that are given as such.

    Args:
        rois: Boxes or :class:`Roi` objects, image pixels.
        rotation: Of people who stand, radians: that of the squares around boxes.

    Raises:
        OptionTypeError: It is something else.
        OptionError: A box is empty or not finite; the message says which.
    """
    if isinstance(rois, (str, bytes, dict, Roi)) or not isinstance(rois, Iterable):
        raise OptionTypeError(f"{_WANTED}, not {type(rois).__name__}")
    return [_square(i, region, rotation) for i, region in enumerate(rois)]


def _square(i: int, region: object, rotation: float) -> Roi:
    if isinstance(region, Roi):
        numbers = [region.center_x, region.center_y, region.size, region.rotation]
        sizes = [region.size]
    else:
        numbers = _numbers(i, region)
        sizes = numbers[2:]
    if not all(map(math.isfinite, numbers)) or min(sizes) <= 0:
        raise OptionError(f"{_WANTED}, finite and not empty; number {i} is {region!r}")
    if isinstance(region, Roi):
        return region
    x, y, width, height = numbers
    return Roi(x + width / 2, y + height / 2, _MARGIN * max(width, height), rotation)


def _numbers(i: int, region: object) -> list[float]:
    try:
        numbers = [float(value) for value in region]  # type: ignore[attr-defined]
    except (TypeError, ValueError, OverflowError):
        numbers = []
    if len(numbers) != 4 or isinstance(region, (str, bytes)):
        raise OptionTypeError(f"{_WANTED}; number {i} is {region!r}")
    return numbers


def given_processing(processing: ImageProcessingOptions | None) -> ImageProcessingOptions:
    """How to look at a picture; upright and all of it unless said.

    Raises:
        OptionTypeError: It is something else.
    """
    if processing is None:
        return UPRIGHT
    if not isinstance(processing, ImageProcessingOptions):
        raise OptionTypeError(
            f"image_processing_options must be ImageProcessingOptions(...), not {type(processing).__name__}"
        )
    return processing


def given_time_ms(timestamp_ms: object) -> int:
    """A time in milliseconds as an ``int``, or an error that says what is wanted."""
    return check_integer("timestamp_ms", timestamp_ms, low=0, high=MAX_TIMESTAMP_MS)


def given_rgb(image: object) -> RgbImage:
    """A picture that can be worked on, before anything is noted of it."""
    rgb = as_rgb(image)
    check_side(rgb.shape[1], rgb.shape[0])
    return rgb


def given_for_later(image: object) -> RgbImage:
    """A picture that nobody else writes to: cameras use one buffer for frame after frame."""
    rgb = given_rgb(image)
    if rgb.flags.writeable and not isinstance(image, (str, os.PathLike)):
        return rgb.copy()
    return rgb
