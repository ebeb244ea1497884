"""One picture or one video: read, looked at, told. What a thread or a process does of :func:`process`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from pose_landmarker.arrays import RgbImage
from pose_landmarker.errors import EngineError, PoseLandmarkerError, VideoError
from pose_landmarker.image_options import ImageProcessingOptions
from pose_landmarker.landmarker import PoseLandmarker
from pose_landmarker.media.images import as_rgb
from pose_landmarker.options import PoseLandmarkerOptions, RunningMode
from pose_landmarker.results import PoseLandmarkerResult
from pose_landmarker.tasks import Task

if TYPE_CHECKING:
    from pose_landmarker.media import VideoReader


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Processed:
    """One picture, or one frame of a video.

    Attributes:
        number: Of the picture or video, from 0, in the order of the sources.
        source: Its path or address; None for an array.
        frame: Of a video, the number of the frame; else None.
        time: Of a video, seconds since its first frame; else None.
        result: What was found; None where there is an error.
        error: Why there is no result. Of a video it is the last thing that comes.
        image: (H, W, 3) uint8, where images were asked for.
        problems: What was found broken in a video since the frame before; the reading went on.
    """

    number: int
    source: str | None
    frame: int | None = None
    time: Fraction | None = None
    result: PoseLandmarkerResult | None = None
    error: Exception | None = None
    image: RgbImage | None = None
    problems: tuple[str, ...] = ()

    def __repr__(self) -> str:
        what = self.source or f"array {self.number}"
        place = "" if self.frame is None else f", frame {self.frame}"
        return f"<Processed {what}{place}: {self.error or self.result!r}>"


class Step(NamedTuple):
    """What a worker has done."""

    task: Task
    done: Processed


class Worker:
    """What a thread needs: networks of its own, made when they are needed."""

    def __init__(
        self,
        options: PoseLandmarkerOptions,
        decoders: int | None,
        images: bool,
        processing: ImageProcessingOptions | None,
    ) -> None:
        self._options = options
        self._decoders = decoders
        self._images = images
        self._processing = processing
        self._landmarkers: dict[RunningMode, PoseLandmarker] = {}

    def work(self, task: Task) -> Iterator[Step]:
        """Everything that comes of a task."""
        done = Processed(number=task.number, source=task.source, error=task.error)
        if task.error is not None:
            yield Step(task, done)
            return
        is_video = task.picture is None
        landmarker = self._landmarker(RunningMode.VIDEO if is_video else RunningMode.IMAGE)
        try:
            if is_video:
                for frame in self._video(landmarker, task, done):
                    yield Step(task, frame)
            else:
                yield Step(task, self._picture(landmarker, task, done))
        except EngineError:  # nor would the next source fare better
            raise
        except (PoseLandmarkerError, OSError, MemoryError) as error:
            yield Step(task, replace(done, error=error))

    def interrupt(self) -> None:
        """Nobody wants anything any more; what is being done is over soon."""

    def close(self) -> None:
        """Free the networks."""
        for landmarker in self._landmarkers.values():
            landmarker.close()

    def _landmarker(self, mode: RunningMode) -> PoseLandmarker:
        if mode not in self._landmarkers:
            self._landmarkers[mode] = PoseLandmarker(replace(self._options, running_mode=mode))
        return self._landmarkers[mode]

    def _picture(self, landmarker: PoseLandmarker, task: Task, done: Processed) -> Processed:
        image = as_rgb(task.picture)
        result = landmarker.detect(image, self._processing)
        return replace(done, result=result, image=image if self._images else None)

    def _video(self, landmarker: PoseLandmarker, task: Task, done: Processed) -> Iterator[Processed]:
        from pose_landmarker.media import VideoReader

        landmarker.reset()
        part = task.segment
        start, end = (None, None) if part is None else (part.warm_up or None, part.end)
        with VideoReader(task.source or "", start=start, end=end, threads=self._decoders) as reader:
            if reader.live:
                raise VideoError(f"{task.source}: a live stream has no end; use PoseLandmarker.stream()")
            yield from _with_problems(reader, self._frames(reader, landmarker, done))

    def _frames(
        self, reader: VideoReader, landmarker: PoseLandmarker, done: Processed
    ) -> Iterator[Processed]:
        for frame in reader:
            result = landmarker.detect_for_video(frame.image, frame.timestamp_ms, self._processing)
            image = frame.image if self._images else None
            yield replace(done, frame=frame.index, time=frame.time, result=result, image=image)


def _with_problems(reader: VideoReader, frames: Iterator[Processed]) -> Iterator[Processed]:
    """Frames with what was broken; each is held back until the next one tells whether it is the last."""
    told = 0
    held: Processed | None = None
    for frame in frames:
        if held is not None:
            yield held
        held = replace(frame, problems=reader.problems[told:])
        told = len(reader.problems)
    if held is None:
        raise VideoError(f"{reader.source}: there are no frames")
    yield replace(held, problems=held.problems + reader.problems[told:])
