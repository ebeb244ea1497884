"""Pictures of PyAV as arrays, upright and in the right colours."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from pose_landmarker.arrays import RgbImage

if TYPE_CHECKING:
    from av import VideoFrame

#: How a picture is to be turned: transpose it, then flip top to bottom, then left to right.
Turn: TypeAlias = tuple[bool, bool, bool]

_UPRIGHT: Turn = (False, False, False)

#: FFmpeg's numbers (AVColorSpace) of the matrices that swscale knows: RGB, BT.709, none given, FCC,
#: BT.601 (5 and 6), SMPTE 240M, BT.2020. It refuses pictures tagged with another one ...
_MATRICES = frozenset((0, 1, 2, 4, 5, 6, 7, 9))
_UNTAGGED = 2
#: ... of which this one, BT.2020 with constant luminance, has a near relation among them.
_NEAREST = {10: 9}
#: FFmpeg's number for a curve and for primaries that are not given.
_NOT_GIVEN = 2


class RgbConverter:
    """Turns decoded frames into arrays. One for each stream: it keeps what swscale has prepared."""

    def __init__(self) -> None:
        from av.video.reformatter import VideoReformatter

        self._reformatter = VideoReformatter()
        self._first: Turn | None = None  # of the first frame

    def __call__(self, frame: VideoFrame) -> RgbImage:
        """``frame`` as (H, W, 3) uint8, upright, contiguous.

        The matrix and the range that the frame is tagged with are respected. Untagged YUV is taken
        for BT.601 of limited range, as by other programs that are built on swscale. Brightness and
        primaries stay as they are: HDR looks pale. Transparency is ignored.
        """
        if frame.colorspace not in _MATRICES:
            frame.colorspace = _NEAREST.get(frame.colorspace, _UNTAGGED)
        # Both stay as they are. PyAV 17 refuses frames with those that swscale does not know.
        frame.color_trc = frame.color_primaries = _NOT_GIVEN
        plane = self._reformatter.reformat(frame, format="rgb24").planes[0]
        shape, strides = (plane.height, plane.width, 3), (plane.line_size, 3, 1)
        image: RgbImage = np.ndarray(shape, np.uint8, memoryview(plane), strides=strides)
        return _turned(image, self._turn_of(frame))

    def _turn_of(self, frame: VideoFrame) -> Turn:
        """How a frame is to be turned.

        Asking for side data makes a cycle of references, so that frames pile up until the garbage collector
        comes. Where the first frame needs no turn, only those are asked that PyAV says are rotated.
        """
        if self._first is None:
            self._first = _turn_of(frame)
            return self._first
        if self._first == _UPRIGHT and not frame.rotation:
            return _UPRIGHT
        return _turn_of(frame)


def _turn_of(frame: VideoFrame) -> Turn:
    """How ``frame`` is to be turned to stand upright, by the display matrix of its recording."""
    matrix: Any = frame.side_data.get("DISPLAYMATRIX")  # PyAV's releases name different types
    if matrix is None:
        return _UPRIGHT
    # Rows (a, b, u), (c, d, v), (x, y, w): the point (x, y) goes to (ax + cy, bx + dy), y downwards.
    a, b, _, c, d = struct.unpack("=5i", bytes(matrix)[:20])
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return (False, d < 0, a < 0)
    return (True, b < 0, c < 0)


def _turned(image: RgbImage, turn: Turn) -> RgbImage:
    """``image`` turned, contiguous; itself where there is nothing to do."""
    transpose, flip_rows, flip_columns = turn
    if turn == _UPRIGHT:
        return np.ascontiguousarray(image)
    pixels = image.view("V3")[..., 0]  # numpy moves whole pixels faster than single bytes
    if transpose:
        pixels = pixels.T
    pixels = pixels[:: -1 if flip_rows else 1, :: -1 if flip_columns else 1]
    return np.ascontiguousarray(pixels).view(np.uint8).reshape(*pixels.shape, 3)
