"""Videos made for tests: every picture carries its number, so that a mix-up shows."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import RgbImage
from pose_landmarker.media import Frame, VideoReader

#: (width, height) of clips: ten blocks of a number side by side.
SIZE = (80, 48)
_BITS = 10
_BLOCK = 8

#: Known colours, and the (Kr, Kb) of the matrices that they are encoded with.
COLOURS = np.array(
    [[220, 30, 40], [30, 200, 50], [40, 60, 210], [128, 128, 128], [250, 250, 250], [5, 5, 5]], np.uint8
)
MATRICES = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722), "bt2020": (0.2627, 0.0593)}
#: FFmpeg's numbers of them.
MATRIX_NUMBERS = {"bt601": 6, "bt709": 1, "bt2020": 9}


def numbered(number: int, size: tuple[int, int] = SIZE) -> RgbImage:
    """A grey picture whose top rows hold a number in black and white blocks."""
    image = np.full((size[1], size[0], 3), 90, np.uint8)
    for bit in range(_BITS):
        image[:_BLOCK, bit * _BLOCK : (bit + 1) * _BLOCK] = 255 if number >> bit & 1 else 0
    return image


def number_of(image: RgbImage) -> int:
    """The number that a picture holds."""
    blocks = image[:_BLOCK, : _BITS * _BLOCK].reshape(_BLOCK, _BITS, _BLOCK, 3).mean(axis=(0, 2, 3))
    return sum(1 << bit for bit in range(_BITS) if blocks[bit] > 128)


def write_clip(
    path: Path,
    times: Sequence[Fraction] | int,
    *,
    codec: str = "libx264",
    rate: Fraction | int = 25,
    tick: Fraction | None = None,
    pictures: Sequence[RgbImage] | None = None,
    pixel_format: str = "yuv420p",
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
) -> Path:
    """A video of numbered pictures.

    Args:
        path: Where to.
        times: Of the pictures in seconds, or their number where they follow each other at ``rate``.
        codec: FFmpeg's encoder.
        rate: Pictures a second.
        tick: Unit of the container's times; 1/rate by default.
        pictures: Instead of the numbered ones.
        pixel_format: FFmpeg's name of it.
        options: Of the encoder.
        container_options: Of the container.
    """
    unit = tick or 1 / Fraction(rate)
    if isinstance(times, int):
        times = [number / Fraction(rate) for number in range(times)]
    fast = {"preset": "ultrafast", "g": "10", "bf": "2"} if codec == "libx264" else {}
    with av.open(str(path), "w", container_options=container_options or {}) as container:
        stream: Any = container.add_stream(codec, rate=rate, options=fast | (options or {}))
        first = numbered(0) if pictures is None else pictures[0]
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = pixel_format
        stream.codec_context.time_base = unit
        for number, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(numbered(number) if pictures is None else pictures[number])
            frame = frame.reformat(format=pixel_format)
            frame.pts, frame.time_base = round(time / unit), unit
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_planes(
    path: Path, planes: Sequence[npt.NDArray[Any]], pixel_format: str, *, matrix: int = 2, full: int = 0
) -> Path:
    """A video without loss of one picture, given as planes of values, tagged as told."""
    height, width = planes[0].shape
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
        stream.colorspace, stream.color_range = matrix, full
        frame = av.VideoFrame(width, height, pixel_format)
        frame.colorspace, frame.color_range = matrix, full
        for plane, values in zip(frame.planes, planes, strict=True):
            rows = np.zeros((plane.height, plane.line_size), np.uint8).view(values.dtype)
            rows[:, : plane.width] = values
            plane.update(rows.tobytes())
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def patches(side: int = 32) -> RgbImage:
    """The known colours side by side."""
    return np.repeat(np.repeat(COLOURS[None], side, 0), side, 1)


def error_of(image: RgbImage, side: int = 32) -> int:
    """How far the middles of the patches are from the known colours; the largest of all channels."""
    middles = image[side // 2, side // 2 :: side].astype(int)
    return int(np.abs(middles - COLOURS).max())


def yuv_planes(matrix: str, *, full: bool, bits: int = 8, side: int = 32) -> list[npt.NDArray[Any]]:
    """The patches as planes of YUV 4:2:0, by the formulas of the standards."""
    kr, kb = MATRICES[matrix]
    red, green, blue = (patches(side)[..., channel] / 255.0 for channel in range(3))
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    blueness, redness = (blue - luma) / (2 * (1 - kb)), (red - luma) / (2 * (1 - kr))
    scale = 1 << (bits - 8)
    top = (256 * scale) - 1
    if full:
        planes = [luma * top, blueness * top + 128 * scale, redness * top + 128 * scale]
    else:
        planes = [(16 + 219 * luma) * scale, (128 + 224 * blueness) * scale, (128 + 224 * redness) * scale]
    rounded = [np.clip(plane.round(), 0, top).astype(np.uint8 if bits == 8 else "<u2") for plane in planes]
    return [rounded[0], rounded[1][::2, ::2], rounded[2][::2, ::2]]


def truncate(path: Path, share: float) -> Path:
    """Cut off the end of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def turn_clip(path: Path, a: int, b: int, c: int, d: int) -> Path:
    """Set the display matrix of an MP4: the point (x, y) is shown at (ax + cy, bx + dy)."""
    content = bytearray(path.read_bytes())
    matrix = content.index(b"tkhd") + 4 + 40
    for place, value in zip((0, 4, 12, 16), (a, b, c, d), strict=True):
        content[matrix + place : matrix + place + 4] = (value << 16).to_bytes(4, "big", signed=True)
    path.write_bytes(content)
    return path


def strictly_increasing(values: Sequence[Any]) -> bool:
    """Whether each value is larger than the one before."""
    return all(low < high for low, high in pairwise(values))


def read(path: object, **options: Any) -> list[Frame]:
    with VideoReader(path, **options) as reader:  # type: ignore[arg-type]
        return list(reader)


def read_whole(path: Path) -> list[Frame]:
    with VideoReader(path) as reader:
        frames = list(reader)
    assert reader.problems == ()
    return frames
