"""The frames of a video with what was found in them: one after the other, or in pieces at the same time."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from pose_landmarker.arrays import RgbImage
from pose_landmarker.cli.interruption import Interruption
from pose_landmarker.image_options import ImageProcessingOptions
from pose_landmarker.results import PoseLandmarkerResult

if TYPE_CHECKING:
    from pose_landmarker.landmarker import PoseLandmarker
    from pose_landmarker.media import Frame, VideoReader
    from pose_landmarker.processing import Processed
    from pose_landmarker.worker_process import ProcessWorker

#: Frames that wait for being drawn and written while the networks work on the next ones.
_AHEAD = 4


class Found(NamedTuple):
    """A frame and what was found in it.

    Attributes:
        number: Of the frame in the video.
        time: Seconds since the first frame.
        result: What was found.
        image: The picture, where it is wanted.
        problems: What was broken since the frame before, if the reader does not tell.
    """

    number: int
    time: Fraction
    result: PoseLandmarkerResult
    image: RgbImage | None
    problems: tuple[str, ...] = ()


Find: TypeAlias = "Callable[[VideoReader], Generator[Found, None, None]]"


def in_one_go(
    landmarker: PoseLandmarker,
    processing: ImageProcessingOptions,
    interruption: Interruption,
    reader: VideoReader,
) -> Generator[Found, None, None]:
    """Every frame of a reader, until interrupted; at least one."""
    landmarker.reset()
    for frame in reader:
        result = landmarker.detect_for_video(frame.image, frame.timestamp_ms, processing)
        yield Found(frame.index, frame.time, result, frame.image)
        if interruption.wanted:
            return


def ahead(find: Find, reader: VideoReader) -> Generator[Found, None, None]:
    """The same on a thread of its own, a few frames ahead of what is drawn and written meanwhile."""
    from pose_landmarker.parallel import parallel

    def work(find: Find, reader: VideoReader) -> Generator[Found, None, None]:
        return find(reader)

    yield from parallel(work, [reader], workers=[find], room=_AHEAD)


def in_pieces(
    process: Callable[[], Generator[Processed, None, None]],
    drawing: bool,
    interruption: Interruption,
    reader: VideoReader,
) -> Generator[Found, None, None]:
    """What threads or processes find in a video or in pieces of it, in order, until interrupted.

    Args:
        process: Begins to work on the video.
        drawing: Whether pictures are wanted that do not come along. They come from the reader, once more:
            those of pieces would wait in memory until it is their turn.
        interruption: Asked after every frame.
        reader: Of the same video.

    Raises:
        Exception: What was wrong with the video.
    """
    pictures = _Pictures(reader) if drawing else None
    with closing(process()) as results:
        for done in results:
            if done.result is None or done.frame is None or done.time is None:
                raise done.error or AssertionError(done)
            image, problems = done.image, done.problems
            if pictures is not None:
                image = pictures.of(done.frame)
                if image is None:
                    problems += (f"frame {done.frame} could not be read again, and is not drawn",)
            yield Found(done.frame, done.time, done.result, image, problems)
            if interruption.wanted:
                return


def by_process(worker: ProcessWorker, source: str) -> Generator[Processed, None, None]:
    """What a process finds in a video, frame by frame."""
    from pose_landmarker.tasks import Task

    with closing(worker.work(Task(0, source))) as steps:
        for step in steps:
            yield step.done


class _Pictures:
    """Pictures of a reader by their number."""

    def __init__(self, reader: VideoReader) -> None:
        self._reader = reader
        self._frame: Frame | None = None

    def of(self, index: int) -> RgbImage | None:
        """The picture of a frame; numbers must increase. None where the reader has none."""
        while self._frame is None or self._frame.index < index:
            self._frame = next(self._reader, None)
            if self._frame is None:
                return None
        return self._frame.image if self._frame.index == index else None
