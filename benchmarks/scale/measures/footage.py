"""The same footage as files of several sizes and codecs, at the bit rates that cameras and portals use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import av
import cv2
import numpy as np

from pose_landmarker.arrays import RgbImage
from pose_landmarker.media import VideoReader

FPS = 30
_FRAMES, _FRAMES_2160P = 120, 40


class Format(NamedTuple):
    """How a clip is written.

    Attributes:
        height: Pixels.
        codec: ``h264`` or ``hevc``.
        mbit_s: Megabits a second.
    """

    height: int
    codec: str
    mbit_s: float

    @property
    def name(self) -> str:
        """Such as ``720p h264``."""
        return f"{self.height}p {self.codec}"

    @property
    def frames(self) -> int:
        """Of the clip; few of the largest size, which takes long to write."""
        return _FRAMES_2160P if self.height >= 2160 else _FRAMES


#: Portals ask for about these rates at 30 frames a second; HEVC with six tenths of them.
FORMATS = tuple(
    Format(height, codec, round(rate * share, 1))
    for height, rate in ((480, 2.5), (720, 5.0), (1080, 8.0), (2160, 40.0))
    for codec, share in (("h264", 1.0), ("hevc", 0.6))
)
_ENCODERS = {"h264": ("libx264", "fast"), "hevc": ("libx265", "veryfast")}


def frames_of(clip: Path, count: int = _FRAMES) -> list[RgbImage]:
    """The first frames of a clip, forwards and backwards again where it is short."""
    with VideoReader(clip) as reader:
        frames = [frame.image for frame in islice(reader, count)]
    there_and_back = frames + frames[-2:0:-1]
    return [there_and_back[i % len(there_and_back)] for i in range(count)]


def write(frames: Sequence[RgbImage], wanted: Format, path: Path) -> None:
    """A clip of these frames, widescreen, with a key frame every two seconds."""
    encoder, preset = _ENCODERS[wanted.codec]
    options = {"preset": preset, "x265-params": "log-level=none"} if "265" in encoder else {"preset": preset}
    with av.open(str(path), "w") as file:
        stream = file.add_stream(encoder, rate=FPS, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = round(wanted.height * 16 / 9 / 2) * 2, wanted.height
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = round(wanted.mbit_s * 1e6)
        stream.gop_size = 2 * FPS
        for picture in _pictures(frames, stream.width, stream.height):
            file.mux(stream.encode(picture))
        file.mux(stream.encode())


def _pictures(frames: Sequence[RgbImage], width: int, height: int) -> Iterator[av.VideoFrame]:
    for number, frame in enumerate(frames):
        resized = cv2.resize(frame, (width, height), interpolation=cv2.INTER_CUBIC)
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(resized, np.uint8), format="rgb24")
        picture.pts, picture.time_base = number, Fraction(1, FPS)
        yield picture
