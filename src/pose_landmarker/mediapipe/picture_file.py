"""Picture files with the channels that they have: grey, colours, colours and transparency."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import frozen
from pose_landmarker.errors import ImageFileError
from pose_landmarker.media.images import read_image
from pose_landmarker.mediapipe.errors import ImageDecodeError, ImageMissingError

_GREY_MODES = ("1", "L", "I", "I;16", "I;16B", "I;16L")
#: Of larger pictures transparency is not read: Pillow warns of them.
_MAX_TRANSPARENT_PIXELS = 1 << 26


def read_picture(path: str | os.PathLike[str]) -> npt.NDArray[np.uint8]:
    """Read a picture, turned upright by its EXIF orientation.

    Returns:
        (H, W, 1) grey, (H, W, 3) RGB or (H, W, 4) RGBA, read-only.

    Raises:
        ImageMissingError: There is no such file.
        ImageDecodeError: It is damaged, no picture, or too large.
    """
    name = os.fsdecode(path)
    try:
        rgb = read_image(name)
    except ImageFileError as error:
        if not Path(name).exists():
            raise ImageMissingError(f"Can't find file: {name}") from None
        raise ImageDecodeError(f"Failed to load image from file {error}") from error
    return frozen(_with_its_channels(name, rgb))


def _with_its_channels(name: str, rgb: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    from PIL import Image, ImageOps

    if rgb.shape[0] * rgb.shape[1] > _MAX_TRANSPARENT_PIXELS:
        return rgb
    with Image.open(name) as picture:
        if picture.mode in _GREY_MODES:
            return np.ascontiguousarray(rgb[..., :1])
        if not picture.has_transparency_data:
            return rgb
        alpha = np.asarray(ImageOps.exif_transpose(picture.convert("RGBA")))[..., 3:]
    return np.concatenate([rgb, alpha], axis=2)
