"""Which frames of a file are shown in the report, and their pictures."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from pose_landmarker.arrays import RgbImage
from pose_landmarker.batch.work import Sample
from pose_landmarker.results import PoseLandmarkerResult

#: Pixels, of the longer side.
LARGEST: Final = 480
_QUALITY: Final = 80
#: Where in a video pictures are taken, of its length.
_PLACES: Final = (Fraction(1, 6), Fraction(1, 2), Fraction(5, 6))


class Sampler:
    """Takes a few frames of a video, with somebody in them where that is possible.

    Args:
        number: Of the file.
        expected: About how many frames it has; None where nobody knows, and the first ones are taken.
    """

    def __init__(self, number: int, expected: int | None) -> None:
        self._number = number
        self._wanted = [int(place * (expected or 0)) for place in _PLACES]
        self._spare: Sample | None = None

    def see(
        self, image: RgbImage, frame: int, time: Fraction | None, result: PoseLandmarkerResult
    ) -> Iterator[Sample]:
        """Samples, if this frame is one: the first with somebody in it from a place on."""
        if not self._wanted or frame < self._wanted[0]:
            return
        if result.poses:
            del self._wanted[0]
            self._spare = None
            yield sample(self._number, image, frame, time, result)
        elif self._spare is None:
            self._spare = sample(self._number, image, frame, time, result)

    def rest(self) -> Iterator[Sample]:
        """A frame with nobody in it, where there was none with somebody after the last place."""
        if self._spare is not None:
            yield self._spare
            self._spare = None


def sample(
    number: int, image: RgbImage, frame: int, time: Fraction | None, result: PoseLandmarkerResult
) -> Sample:
    """A frame with what was found drawn on it, small.

    Args:
        number: Of the file.
        image: (H, W, 3) uint8.
        frame: Its number.
        time: Seconds since the first frame; None of a picture.
        result: What was found.
    """
    from pose_landmarker.draw import annotate
    from pose_landmarker.imaging import shrunk
    from pose_landmarker.media.images import encode_image

    jpeg = encode_image(annotate(shrunk(image, LARGEST), result), ".jpg", _QUALITY)
    return Sample(number, frame, None if time is None else float(time), len(result), jpeg)
