"""One video from its first frame to its last: landmarks, drawing, results."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from pose_landmarker.cli.inputs import Input
from pose_landmarker.cli.interruption import Interruption
from pose_landmarker.cli.lines import Lines, LinesFile, frame_line
from pose_landmarker.cli.progress import progress_bar
from pose_landmarker.cli.tally import Tally
from pose_landmarker.cli.timecode import format_time
from pose_landmarker.errors import VideoError
from pose_landmarker.options import ImageProcessingOptions

if TYPE_CHECKING:
    from pose_landmarker.draw import DrawStyle, Trails
    from pose_landmarker.landmarker import PoseLandmarker
    from pose_landmarker.media import VideoReader, VideoWriter


@dataclass(frozen=True, kw_only=True, slots=True)
class Cut:
    """Which frames of a source are meant.

    Attributes:
        start: Seconds.
        end: Seconds; a frame at this time does not belong to it.
        every: Of so many frames, one.
        fps: Pictures a second, of a folder of pictures.
    """

    start: Fraction | None = None
    end: Fraction | None = None
    every: int = 1
    fps: Fraction | None = None

    def open(self, source: str) -> VideoReader:
        """A reader of these frames."""
        from pose_landmarker.media import VideoReader

        return VideoReader(source, start=self.start, end=self.end, every=self.every, fps=self.fps)

    def last_moment(self, reader: VideoReader) -> Fraction | None:
        """Seconds at which the last frame is over, or None where nobody knows."""
        ends = [end for end in (self.end, reader.duration) if end is not None]
        return min(ends) if ends else None

    def why_empty(self, reader: VideoReader) -> str:
        """Why there is not a single frame."""
        length = f"; the video is {format_time(reader.duration)} long" if reader.duration else ""
        if self.start is not None:
            return f"there is no frame at or after --start {format_time(self.start)}{length}"
        return "there are no frames" + (f" before --end {format_time(self.end)}" if self.end else "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What annotated videos look like.

    Attributes:
        style: Colours and sizes.
        new_trails: Makes the trails of a video, if there are to be any.
        audio: Whether they keep their sound.
    """

    style: DrawStyle
    new_trails: Callable[[], Trails | None]
    audio: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """What is to be done with every video.

    Attributes:
        landmarker: For running mode VIDEO.
        processing: Turn and region.
        cut: Which frames.
        look: Of annotated videos.
        lines: What takes the landmarks of all videos.
        quiet: Whether there is no progress bar.
        interruption: Asked after every frame whether to end.
    """

    landmarker: PoseLandmarker
    processing: ImageProcessingOptions
    cut: Cut
    look: Look
    lines: Sequence[Lines]
    quiet: bool
    interruption: Interruption

    def run(self, video: Input, target: Path | None, record: Path | None) -> Tally:
        """Work through a video.

        When interrupted, what was done so far is finished like a whole video. When a frame or a result
        fails, neither target nor record appears, and those of an earlier run stay.

        Args:
            video: The input.
            target: Where the annotated video goes, if anywhere.
            record: Where its landmarks go, if anywhere.

        Raises:
            PoseLandmarkerError: The video, or a result, cannot be read or written.
            OSError: The record cannot be written.
        """
        with ExitStack() as stack:
            reader = stack.enter_context(self.cut.open(video.source))
            writer = self._writer(reader, target, stack)
            lines = [*self.lines]
            if record is not None:  # entered last, so it is there first: it marks the video as ours
                lines.append(stack.enter_context(LinesFile(record)))
            tally = Tally(video=video.name, size=reader.size, whole=self.cut.last_moment(reader))
            tally.outputs = [path for path in (target, record) if path is not None]
            self._work(reader, tally, lines, writer)
            if not tally.frames:
                raise VideoError(f"{video.name}: {self.cut.why_empty(reader)}")
            tally.problems = reader.problems
        if writer is not None:
            tally.problems += writer.problems
        return tally

    def _writer(self, reader: VideoReader, target: Path | None, stack: ExitStack) -> VideoWriter | None:
        from pose_landmarker.media import VideoWriter

        if target is None:
            return None
        target.parent.mkdir(parents=True, exist_ok=True)
        fps = reader.fps / self.cut.every if reader.fps else None
        sound = reader if self.look.audio and reader.has_audio else None
        return stack.enter_context(VideoWriter(target, fps=fps, audio_from=sound))

    def _work(
        self, reader: VideoReader, tally: Tally, lines: Sequence[Lines], writer: VideoWriter | None
    ) -> None:
        from pose_landmarker.draw import annotate

        trails = self.look.new_trails()
        self.landmarker.reset()
        began = time.perf_counter()
        with progress_bar(reader, tally.video, quiet=self.quiet) as bar:
            for frame in reader:
                result = self.landmarker.detect_for_video(frame.image, frame.timestamp_ms, self.processing)
                if lines:
                    line = frame_line(tally.video, frame, result)
                    for sink in lines:
                        sink.write(line)
                if writer is not None:
                    writer.write(annotate(frame.image, result, self.look.style, trails), frame.time)
                tally.add(frame, result)
                bar.update()
                if self.interruption.wanted:
                    tally.interrupted = True
                    break
        tally.work_s = time.perf_counter() - began
