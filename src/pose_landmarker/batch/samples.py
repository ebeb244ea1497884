"""Frames for the report of a job: which files and which frames they are of, and drawing them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pose_landmarker.arrays import RgbImage
from pose_landmarker.batch.work import Sample
from pose_landmarker.checks import check_integer
from pose_landmarker.imaging import shrunk
from pose_landmarker.results import PoseLandmarkerResult

#: So many files of a job are shown at most.
MOST_SAMPLES: Final = 24
#: Pixels of the longer side.
LONGEST: Final = 480


def sampled_files(count: int, most: int = MOST_SAMPLES) -> frozenset[int]:
    """Which of the files of a job are shown: the middle one of each of ``most`` equal parts of them.

    It depends on nothing else, so a job that is resumed chooses the same.

    Args:
        count: How many files there are.
        most: How many are shown at most.

    Returns:
        Numbers of files, from 0.

    Raises:
        OptionError: A number is below 0.
        OptionTypeError: One is no whole number.
    """
    count, most = check_integer("count", count, low=0), check_integer("most", most, low=0)
    if count <= most:
        return frozenset(range(count))
    return frozenset((2 * part + 1) * count // (2 * most) for part in range(most))


def sample_of(
    number: int, frame: int, time_s: float | None, image: RgbImage, result: PoseLandmarkerResult
) -> Sample:
    """A frame with what was found drawn on it.

    Args:
        number: Of the file.
        frame: Of a video, which one; 0 of a picture.
        time_s: Of a video, seconds; else None.
        image: (H, W, 3) uint8, the frame, or the same one smaller.
        result: What was found in it.

    Raises:
        ImageError: The picture cannot be used.
    """
    from pose_landmarker.draw import annotate
    from pose_landmarker.media import encode_image

    drawn = annotate(shrunk(image, LONGEST), result)
    return Sample(number, frame, time_s, len(result), encode_image(drawn, ".jpg"))


@dataclass(frozen=True, slots=True, eq=False)
class _Candidate:
    """A frame that may be shown, already small."""

    frame: int
    time_s: float | None
    image: RgbImage
    result: PoseLandmarkerResult
    score: float


class SampleChooser:
    """Chooses the frame of a video, while it goes by: somewhere around the middle, with people in it.

    How long it will be is not known. So the best frame of each stretch is kept, where every stretch is as
    long as all before it; the middle of the video is in the last one but one. Two small pictures are held.
    """

    def __init__(self, number: int) -> None:
        """Begin a file.

        Args:
            number: Of the file.
        """
        self._number = number
        self._seen = 0
        self._before: _Candidate | None = None
        self._now: _Candidate | None = None

    def see(self, frame: int, time_s: float | None, image: RgbImage, result: PoseLandmarkerResult) -> None:
        """The next frame; see :func:`sample_of`."""
        self._seen += 1
        if self._seen & (self._seen - 1) == 0:  # a stretch begins with every power of two
            self._before = _better(self._before, self._now)
            self._now = None
        score = sum(pose.score for pose in result)
        if self._now is None or score > self._now.score:
            self._now = _Candidate(frame, time_s, shrunk(image, LONGEST).copy(), result, score)

    def chosen(self) -> Sample | None:
        """The frame, drawn; None where there was none.

        Raises:
            ImageError: The picture cannot be used.
        """
        best = _better(self._now, self._before)
        if best is None:
            return None
        return sample_of(self._number, best.frame, best.time_s, best.image, best.result)


def _better(old: _Candidate | None, new: _Candidate | None) -> _Candidate | None:
    """``new``, unless only in ``old`` there is somebody."""
    if new is None or (old is not None and len(old.result) and not len(new.result)):
        return old
    return new
