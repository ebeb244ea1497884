"""Pictures as an encoder wants them: of one size, in its format and its colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pose_landmarker.arrays import RgbImage

if TYPE_CHECKING:
    from av import VideoFrame

#: FFmpeg's numbers for BT.709 (of matrix, primaries and curve alike) and for limited range: what
#: players take a video for that says nothing.
BT709 = 1
LIMITED_RANGE = 1


class Canvas:
    """Brings pictures to the size and the format of a video.

    Attributes:
        size: (width, height) of the video.
    """

    def __init__(self, first: RgbImage, pixel_format: str) -> None:
        """Take the size of the first picture, one pixel more where YUV 4:2:0 needs an even one."""
        from av.video.reformatter import VideoReformatter

        height, width = first.shape[:2]
        if pixel_format == "yuv420p":
            height, width = height + height % 2, width + width % 2
        self.size = (width, height)
        self._pixel_format = pixel_format
        self._drawn = (first.shape[1], first.shape[0])
        self._scaler = VideoReformatter()
        self._converter = VideoReformatter()

    def frame(self, image: RgbImage) -> VideoFrame:
        """``image`` as a frame of the video; of another size, scaled to fit in and centred on black."""
        from av import VideoFrame
        from av.video.reformatter import ColorRange, Colorspace

        image = self._fitted(image)
        if self._pixel_format == "pal8":
            return _with_palette(image)
        frame = VideoFrame.from_numpy_buffer(np.ascontiguousarray(image))
        converted = self._converter.reformat(
            frame,
            format=self._pixel_format,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            dst_colorspace=Colorspace.ITU709,
        )
        converted.colorspace = BT709
        converted.color_range = LIMITED_RANGE
        converted.color_primaries = converted.color_trc = BT709
        return converted

    def _fitted(self, image: RgbImage) -> RgbImage:
        from av import VideoFrame

        (width, height), (wide, high) = self.size, (image.shape[1], image.shape[0])
        if (wide, high) == self._drawn:
            # Repeating the last row and column shows less than a black line would.
            padding = ((0, height - high), (0, width - wide), (0, 0))
            return image if (wide, high) == self.size else np.pad(image, padding, mode="edge")
        scale = min(width / wide, height / high)
        wide, high = max(1, round(wide * scale)), max(1, round(high * scale))
        frame = VideoFrame.from_numpy_buffer(np.ascontiguousarray(image))
        scaled = self._scaler.reformat(frame, width=wide, height=high, interpolation="BICUBIC")
        fitted = np.zeros((height, width, 3), np.uint8)
        top, left = (height - high) // 2, (width - wide) // 2
        fitted[top : top + high, left : left + wide] = scaled.to_ndarray()
        return fitted


def _with_palette(image: RgbImage) -> VideoFrame:
    """For GIF, with 256 colours of its own: FFmpeg's fixed palette shows on skin and sky."""
    from av import VideoFrame
    from PIL import Image

    reduced = Image.fromarray(image).quantize(256, method=Image.Quantize.FASTOCTREE)
    colours = np.zeros((256, 4), np.uint8)
    palette = np.array(reduced.getpalette("RGB"), np.uint8).reshape(-1, 3)
    colours[:, 0] = 255
    colours[: len(palette), 1:] = palette
    return VideoFrame.from_ndarray((np.asarray(reduced), colours), format="pal8")  # type: ignore[arg-type]
