"""Everything a worker does with one file: read it, look at it, and tell what is in it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from pose_landmarker.batch.columns import worker_batch
from pose_landmarker.batch.content import Content, content_of
from pose_landmarker.batch.failing import why_failed
from pose_landmarker.batch.samples import SampleChooser, sample_of
from pose_landmarker.batch.work import Done, Failed, FileTask, Rows, Sample, Settings
from pose_landmarker.errors import EngineError, ModelError, VideoError
from pose_landmarker.landmarker import PoseLandmarker
from pose_landmarker.media.images import as_rgb
from pose_landmarker.options import RunningMode
from pose_landmarker.results import PoseLandmarkerResult

if TYPE_CHECKING:
    from pose_landmarker.media import VideoReader

#: Rows are told after so many frames, or so many seconds, so that somebody sees it go on.
_FRAMES_AT_ONCE: Final = 256
_SECONDS_AT_ONCE: Final = 1.0
#: With so many files in a row an engine may fail that has worked before.
_PATIENCE: Final = 3


class FileWorker:
    """Looks at one file after the other, with networks that are made once.

    Args:
        settings: What is asked of it.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._landmarkers: dict[RunningMode, PoseLandmarker] = {}
        self._patience = 0  # with how many further files the engine may fail

    def work(self, task: FileTask) -> Iterator[Rows | Sample | Done | Failed]:
        """Everything that comes of a file; the last is ``Done`` or ``Failed``.

        An engine that has worked with a file before and fails with this one may work with the next: it is
        made anew, a few times in a row.

        Raises:
            EngineError: The engine cannot compile the model, or fails with everything.
            ModelError: The model is missing, damaged or cannot be fetched.
        """
        began = time.monotonic()
        content: Content | None = None
        try:
            with content_of(task.source) as content:
                tally = _Tally(task.number, content.sha256)
                yield from (
                    self._video(task, content, tally)
                    if task.is_video
                    else self._picture(task, content, tally)
                )
                last = tally.last(content, time.monotonic() - began)
        except ModelError:  # nor would the next file fare better
            raise
        except Exception as error:  # whatever is wrong with one file, the others are looked at
            if isinstance(error, EngineError):
                if not self._patience:
                    raise
                self._patience -= 1
                self.close()
            cause, reason = why_failed(error, task.source, content)
            sha256 = None if content is None else content.sha256
            last = Failed(task.number, cause, reason, sha256, time.monotonic() - began)
        if isinstance(last, Done):
            self._patience = _PATIENCE
        yield last

    def close(self) -> None:
        """Free the networks."""
        for landmarker in self._landmarkers.values():
            landmarker.close()
        self._landmarkers = {}

    def _landmarker(self, mode: RunningMode) -> PoseLandmarker:
        if mode not in self._landmarkers:
            options = replace(self._settings.options, running_mode=mode)
            self._landmarkers[mode] = PoseLandmarker(options)
        return self._landmarkers[mode]

    def _picture(self, task: FileTask, content: Content, tally: _Tally) -> Iterator[Rows | Sample]:
        landmarker = self._landmarker(RunningMode.IMAGE)
        image = as_rgb(content.path)
        result = landmarker.detect(image, self._settings.processing)
        tally.add(result, 0, None)
        yield from tally.rows()
        if task.sample:
            yield sample_of(task.number, 0, None, image, result)

    def _video(self, task: FileTask, content: Content, tally: _Tally) -> Iterator[Rows | Sample]:
        from pose_landmarker.media import VideoReader

        landmarker = self._landmarker(RunningMode.VIDEO)
        landmarker.reset()
        with VideoReader(content.path, threads=self._settings.decoders) as reader:
            chooser = SampleChooser(task.number) if task.sample else None
            for frame in reader:
                result = landmarker.detect_for_video(
                    frame.image, frame.timestamp_ms, self._settings.processing
                )
                tally.add(result, frame.index, frame.time)
                if tally.due():
                    yield from tally.rows()
                if chooser is not None:
                    chooser.see(frame.index, frame.time_s, frame.image, result)
            yield from tally.rows()
            if chooser is not None and (sample := chooser.chosen()) is not None:
                yield sample
            tally.end(reader)


class _Tally:
    """What was found in a file: rows that were not told yet, and counts of all."""

    def __init__(self, number: int, sha256: str) -> None:
        self._number = number
        self._sha256 = sha256
        self._waiting: list[tuple[PoseLandmarkerResult, int, Fraction | None]] = []
        self._told_s = time.monotonic()
        self._size = (0, 0)
        self._frames = 0
        self._poses = 0
        self._tracks: set[int] = set()
        self._times: list[Fraction] = []  # the last two
        self._rate: Fraction | None = None
        self._problems: tuple[str, ...] = ()

    def add(self, result: PoseLandmarkerResult, frame: int, time_: Fraction | None) -> None:
        """Another frame."""
        self._waiting.append((result, frame, time_))
        self._size = result.image_size
        self._frames += 1
        self._poses += len(result)
        self._tracks.update(pose.track_id for pose in result.poses if pose.track_id is not None)
        if time_ is not None:
            self._times = [*self._times[-1:], time_]

    def due(self) -> bool:
        """Whether rows should be told."""
        late = time.monotonic() - self._told_s > _SECONDS_AT_ONCE
        return late or len(self._waiting) >= _FRAMES_AT_ONCE

    def rows(self) -> Iterator[Rows]:
        """The rows that were not told yet."""
        if self._waiting:
            results, frames, times = zip(*self._waiting, strict=True)
            yield Rows(self._number, worker_batch(results, frames, times), len(frames), self._sha256)
            self._waiting = []
        self._told_s = time.monotonic()

    def end(self, reader: VideoReader) -> None:
        """A video is over.

        Raises:
            VideoError: There was no frame.
        """
        if not self._frames:
            raise VideoError(f"{reader.source}: there are no frames")
        self._rate = reader.fps
        self._problems = reader.problems

    def last(self, content: Content, seconds: float) -> Done | Failed:
        """How it ended: well, unless somebody wrote to the file meanwhile.

        Raises:
            OSError: The file is not there any more.
        """
        change = content.change()
        if change:
            return Failed(self._number, "changed", change, content.sha256, seconds)
        return Done(
            self._number,
            content.sha256,
            content.size,
            *self._size,
            frames=self._frames,
            poses=self._poses,
            people=len(self._tracks) if self._times else self._poses,
            duration_s=self._duration_s(),
            seconds=seconds,
            problems=self._problems,
        )

    def _duration_s(self) -> float | None:
        if not self._times:
            return None
        steps = self._times[-1] - self._times[0]
        return float(self._times[-1] + (1 / self._rate if self._rate else steps))
