"""Pictures of any usual kind as canvases, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from pose_landmarker.checks import check_choice
from pose_landmarker.errors import ImageError
from pose_landmarker.media import as_rgb
from pose_landmarker.media.images import check_shape

#: Order of the colours of a picture, given and returned: red first, or blue first as in OpenCV.
Channels: TypeAlias = Literal["rgb", "bgr"]
#: (H, W, 3) of any kind that canvases have.
AnyPixels: TypeAlias = "npt.NDArray[Any]"
#: Kinds of numbers that pictures keep when something is drawn on them.
Depth = TypeVar("Depth", np.uint8, np.uint16, np.float16, np.float32, np.float64)

#: What white is in pictures of these kinds.
_WHITE = {"uint8": 255.0, "uint16": 65535.0, "float16": 1.0, "float32": 1.0, "float64": 1.0}
_WANTED = (
    "wanted (H, W, 3) RGB, (H, W) greyscale or (H, W, 4) RGBA of uint8, uint16, bool or floats in [0, 1]"
)
#: Resampled floating-point pictures overshoot 1, but not as far as this.
_MOST_OVERSHOOT = 2.0


@dataclass(slots=True)
class Canvas:
    """Pixels to draw on, and what is needed to give them back as they came.

    Attributes:
        pixels: (H, W, 3), red first, contiguous; nobody else's.
        channels: Order of the colours of the picture that was given.
        opacity: (H, W, 1) its alpha channel, or None.
        before: ``pixels`` before anything was drawn, where ``alpha`` is below 1, else None.
        alpha: How much of what is drawn shows.
    """

    pixels: AnyPixels
    channels: Channels = "rgb"
    opacity: AnyPixels | None = None
    before: AnyPixels | None = None
    alpha: float = 1.0

    @classmethod
    def of(cls, image: object, channels: Channels = "rgb", alpha: float = 1.0) -> Canvas:
        """A copy of a picture to draw on.

        Args:
            image: An array (H, W, 3), (H, W, 4) with an alpha channel, or (H, W) or (H, W, 1)
                greyscale; uint8, uint16, bool, or floating point from 0 to 1; in any memory layout. Or
                whatever else ``detect`` takes.
            channels: Order of the colours, ``"rgb"`` or ``"bgr"``.
            alpha: How much of what is drawn shows.

        Raises:
            ImageError: The picture cannot be used.
            OptionError: ``channels`` is neither.
        """
        check_choice("channels", channels, ("rgb", "bgr"))
        opacity = None
        if isinstance(image, np.ndarray):
            array = _checked(np.asarray(image))
            if array.ndim == 3 and array.shape[2] == 4:
                opacity = array[..., 3:].copy()
            pixels = _three_channels(array, channels)
        else:
            pixels = as_rgb(image)
            pixels = pixels.copy()  # it may be a Pillow image's, which nobody may write to
        return cls(pixels, channels, opacity, pixels.copy() if alpha < 1 else None, alpha)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        height, width = self.pixels.shape[:2]
        return width, height

    def picture(self) -> AnyPixels:
        """What was drawn, as a picture of the kind that was given."""
        pixels = self.pixels if self.before is None else _mixed(self.before, self.pixels, self.alpha)
        if self.channels == "bgr":
            pixels = _swapped(pixels)
        if self.opacity is not None:
            pixels = np.concatenate([pixels, self.opacity], axis=2)
        return pixels


def white(dtype: npt.DTypeLike) -> float:
    """The value of white in pictures of this kind."""
    return _WHITE[np.dtype(dtype).name]


def _checked(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The picture, of a native kind and not bool."""
    check_shape(array, _WANTED)
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype.newbyteorder("=").name not in _WHITE:
        raise ImageError(f"the image has dtype {array.dtype}, {_WANTED}")
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    if array.dtype.kind == "f":
        top = float(array.max())
        if not np.isfinite(top):  # looked for separately, since that takes five times as long
            top = float(np.max(array, initial=0.0, where=np.isfinite(array)))
        if top > _MOST_OVERSHOOT:
            raise ImageError(f"the image goes up to {top:g}, but floating-point pictures go from 0 to 1")
    return array


def _three_channels(array: npt.NDArray[Any], channels: Channels) -> AnyPixels:
    """A contiguous copy in RGB."""
    if array.dtype == np.uint8:
        rgb = as_rgb(array)
        if channels == "bgr":
            return _swapped(rgb)
        return rgb.copy() if np.may_share_memory(rgb, array) else rgb
    if array.ndim == 2:
        array = array[..., None]
    if array.shape[2] == 1:
        return np.repeat(array, 3, axis=2)
    array = array[..., 2::-1] if channels == "bgr" else array[..., :3]
    return np.array(array, order="C", copy=True)


def _swapped(pixels: AnyPixels) -> AnyPixels:
    """A copy with red and blue exchanged."""
    if pixels.dtype == np.float16:
        return np.ascontiguousarray(pixels[..., ::-1])
    import cv2

    if pixels.dtype == np.float64:  # which cvtColor does not take
        return np.ascontiguousarray(pixels[..., ::-1])
    swapped: AnyPixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    return swapped


def _mixed(before: AnyPixels, drawn: AnyPixels, alpha: float) -> AnyPixels:
    """Between the two, in place of ``drawn``; what is the same in both stays exactly."""
    import cv2

    if drawn.dtype.kind == "u":
        mixed: AnyPixels = cv2.addWeighted(drawn, alpha, before, 1 - alpha, 0.0, dst=drawn)
        return mixed
    change = drawn - before
    return np.where(change == 0, before, before + drawn.dtype.type(alpha) * change)
