"""The images that tasks take and give: pixels that do not change."""

from __future__ import annotations

import operator
import os
from enum import IntEnum
from math import prod
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import frozen
from pose_landmarker.errors import ImageError, OptionError
from pose_landmarker.mediapipe.picture_file import read_picture

#: MediaPipe begins every row at a multiple of so many bytes.
_ROW_BYTES = 16


class ImageFormat(IntEnum):
    """What the numbers of a pixel are."""

    UNKNOWN = 0
    SRGB = 1
    SRGBA = 2
    GRAY8 = 3
    GRAY16 = 4
    SRGB48 = 7
    SRGBA64 = 8
    VEC32F1 = 9
    VEC32F2 = 12
    VEC32F4 = 13


class _Numbers(NamedTuple):
    """The kind of number that some formats consist of."""

    label: str
    channels: dict[ImageFormat, int]


_NUMBERS = {
    "uint8": _Numbers("uint8_t", {ImageFormat.GRAY8: 1, ImageFormat.SRGB: 3, ImageFormat.SRGBA: 4}),
    "uint16": _Numbers("uint16_t", {ImageFormat.GRAY16: 1, ImageFormat.SRGB48: 3, ImageFormat.SRGBA64: 4}),
    "float32": _Numbers("float", {ImageFormat.VEC32F1: 1, ImageFormat.VEC32F2: 2, ImageFormat.VEC32F4: 4}),
}
_BY_CHANNELS = {channels: kind for kind, channels in _NUMBERS["uint8"].channels.items()}


class Image:
    """A picture or a mask; a copy of the array it is made from.

    ``image[row, column, channel]`` is one number, ``image[row, column]`` that of an image of one channel.

    Args:
        image_format: What the numbers of a pixel are.
        data: (H, W, channels), or (H, W) for one channel: uint8 for SRGB, SRGBA and GRAY8, uint16 for
            SRGB48, SRGBA64 and GRAY16, float32 for VEC32F1, VEC32F2 and VEC32F4.

    Raises:
        ImageError: The array has another type or shape, or is empty.
    """

    def __init__(self, image_format: ImageFormat, data: npt.NDArray[Any]) -> None:
        kind, shape = _checked(image_format, data)
        self._format = kind
        self._pixels = frozen(np.array(data, order="C").reshape(shape))

    @classmethod
    def create_from_file(cls, file_name: str | os.PathLike[str]) -> Image:
        """Read a picture: SRGB, SRGBA where it has transparency, GRAY8 where it has no colours.

        It is turned upright by its EXIF orientation.

        Raises:
            ImageMissingError: There is no such file (also a FileNotFoundError).
            ImageDecodeError: It is damaged or no picture (also a RuntimeError).
        """
        pixels = read_picture(file_name)
        return cls.sharing(_BY_CHANNELS[pixels.shape[2]], pixels)

    @classmethod
    def sharing(cls, image_format: ImageFormat, data: npt.NDArray[Any]) -> Image:
        """An image of an array that is not copied, and that nobody may write to from now on (ours).

        Args:
            image_format: As for the constructor.
            data: As for the constructor.

        Raises:
            ImageError: As the constructor.
        """
        kind, shape = _checked(image_format, data)
        image = cls.__new__(cls)
        image._format = kind
        image._pixels = frozen(np.ascontiguousarray(data).reshape(shape))
        return image

    def numpy_view(self) -> npt.NDArray[Any]:
        """(H, W, channels) the pixels, read-only and not copied."""
        return self._pixels.view()

    def __getitem__(self, key: tuple[int, ...]) -> Any:
        """One number of one pixel.

        Raises:
            ImageError: There are too few or too many indices.
            IndexError: An index is out of range.
        """
        indices = [operator.index(index) for index in key]
        if len(indices) == 2 and self.channels == 1:
            indices.append(0)
        if len(indices) != 3:
            raise ImageError(f"Invalid index dimension: {len(key)} (expected 2 or 3)")
        if min(indices) < 0:
            raise IndexError(f"image[{', '.join(map(str, indices))}]: an index is negative")
        return self._pixels[tuple(indices)].item()

    def uses_gpu(self) -> bool:
        """Whether the pixels are on a GPU: never."""
        return False

    def is_empty(self) -> bool:
        """Whether there are no pixels: never."""
        return False

    def is_contiguous(self) -> bool:
        """Whether MediaPipe stores an image of this size without gaps between rows."""
        return self.step == self._pixels.strides[0]

    def is_aligned(self, alignment_boundary: int) -> bool:
        """Whether MediaPipe starts every row of such an image at a multiple of so many bytes.

        Raises:
            OptionError: It is no power of two.
        """
        boundary = operator.index(alignment_boundary)
        if boundary < 1 or boundary & (boundary - 1):
            raise OptionError(f"alignment_boundary must be a power of two, not {boundary}")
        return self.step % boundary == 0

    @property
    def step(self) -> int:
        """Bytes from row to row as MediaPipe stores such an image; here they are ``numpy_view().strides``."""
        row: int = self._pixels.strides[0]
        return -(-row // _ROW_BYTES) * _ROW_BYTES

    @property
    def width(self) -> int:
        """Pixels in a row."""
        return int(self._pixels.shape[1])

    @property
    def height(self) -> int:
        """Rows."""
        return int(self._pixels.shape[0])

    @property
    def channels(self) -> int:
        """Numbers in a pixel."""
        return int(self._pixels.shape[2])

    @property
    def image_format(self) -> ImageFormat:
        """What they are."""
        return self._format

    def __repr__(self) -> str:
        return f"<Image {self._format.name} {self.width}x{self.height}>"


def _checked(image_format: object, data: object) -> tuple[ImageFormat, tuple[int, int, int]]:
    """The format, and the shape with channels, or an error that says what is wrong."""
    if not isinstance(data, np.ndarray):
        raise ImageError(f"data must be a numpy array, not {type(data).__name__}")
    if data.ndim not in (2, 3):
        raise ImageError(f"Unsupported number of dimensions:{data.ndim}")
    if data.dtype.name not in _NUMBERS or not data.dtype.isnative:
        raise ImageError(f"Unsupported numpy data type: {data.dtype}")
    label, channels = _NUMBERS[data.dtype.name]
    kind = _format(image_format)
    if kind not in channels:
        *some, last = (known.name for known in channels)
        wanted = f"{', '.join(some)}, or {last} for {label} data"
        raise ImageError(f"Unsupported image format: {kind.name} (expected {wanted})")
    shape = (*data.shape[:2], channels[kind])
    if data.size < prod(shape):
        raise ImageError(f"Pixel data size is too small: {data.size} (expected {prod(shape)})")
    if data.size > prod(shape):
        raise ImageError(
            f"{kind.name} data has {channels[kind]} channels, but the array's shape is {data.shape}"
        )
    if data.size == 0:
        raise ImageError(f"the image is empty: its shape is {data.shape}")
    return kind, shape


def _format(image_format: object) -> ImageFormat:
    try:
        return ImageFormat(operator.index(image_format))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return ImageFormat.UNKNOWN
