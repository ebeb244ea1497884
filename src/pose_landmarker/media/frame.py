"""One picture of a video, which never travels without its time."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from pose_landmarker.arrays import RgbImage


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a video, a camera or a folder.

    Attributes:
        image: (H, W, 3) uint8, red first, upright.
        index: Number in the source, from 0; frames that were left out count.
        time: Seconds since the first frame of the source, exact.
        timestamp_ms: ``time`` in whole milliseconds, but always later than that of the frame before:
            what ``detect_for_video`` and ``detect_async`` want.
    """

    image: RgbImage
    index: int
    time: Fraction
    timestamp_ms: int

    @property
    def time_s(self) -> float:
        """``time`` as a float."""
        return float(self.time)

    def __repr__(self) -> str:
        height, width = self.image.shape[:2]
        return f"<Frame {self.index} at {self.time_s:.3f} s, {width}x{height}>"
