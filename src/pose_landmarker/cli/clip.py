"""One video from its first frame to its last: landmarks, drawing, results."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from pose_landmarker.cli.finding import Find, Found
from pose_landmarker.cli.inputs import Input
from pose_landmarker.cli.interruption import Interruption
from pose_landmarker.cli.lines import Lines, LinesFile, frame_line
from pose_landmarker.cli.tally import Tally
from pose_landmarker.cli.timecode import format_time
from pose_landmarker.errors import PoseLandmarkerError, VideoError

if TYPE_CHECKING:
    from pose_landmarker.draw import DrawStyle, Trails
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

    def open(self, source: str, threads: int | None = None) -> VideoReader:
        """A reader of these frames, which decodes on so many threads."""
        from pose_landmarker.media import VideoReader

        return VideoReader(
            source, start=self.start, end=self.end, every=self.every, fps=self.fps, threads=threads
        )

    def expect(self, video: Input) -> int | None:
        """About how many of these frames a video has, or None where nobody knows."""
        try:
            with self.open(video.source, threads=1) as reader:
                return reader.num_frames
        except (PoseLandmarkerError, OSError):
            return None

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
        find: Gives the frames with what was found in them, until interrupted.
        cut: Which frames.
        look: Of annotated videos.
        interruption: Whether somebody wants to end.
        threads: For decoding, and for encoding; None: by the machine.
    """

    find: Find
    cut: Cut
    look: Look
    interruption: Interruption
    threads: int | None

    def run(
        self, video: Input, target: Path | None, record: Path | None, lines: Sequence[Lines]
    ) -> Generator[Tally, None, Tally]:
        """Work through a video, step by step: gives the tally when it is open and after every frame.

        When interrupted, what was done so far is finished like a whole video. When a frame or a result
        fails, or when this is left early, neither target nor record appears, and those of an earlier run
        stay.

        Args:
            video: The input.
            target: Where the annotated video goes, if anywhere.
            record: Where its landmarks go, if anywhere.
            lines: What else takes its landmarks.

        Raises:
            PoseLandmarkerError: The video, or a result, cannot be read or written.
            OSError: The record cannot be written.
        """
        with ExitStack() as stack:
            reader = stack.enter_context(self.cut.open(video.source, self.threads))
            writer = self._writer(reader, target, stack)
            sinks = [*lines]
            if record is not None:  # entered last, so it is there first: it marks the video as ours
                sinks.append(stack.enter_context(LinesFile(record)))
            tally = Tally(video=video.name, size=reader.size, whole=self.cut.last_moment(reader))
            tally.expected = reader.num_frames
            tally.outputs = [path for path in (target, record) if path is not None]
            yield tally
            yield from self._work(reader, tally, sinks, writer)
            if not tally.frames:
                raise VideoError(f"{video.name}: {self.cut.why_empty(reader)}")
            # What was found broken while finding may be found once more by a reader beside it.
            tally.problems = tuple(dict.fromkeys(tally.problems + reader.problems))
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
        return stack.enter_context(VideoWriter(target, fps=fps, audio_from=sound, threads=self.threads))

    def _work(
        self, reader: VideoReader, tally: Tally, sinks: Sequence[Lines], writer: VideoWriter | None
    ) -> Generator[Tally, None, None]:
        trails = self.look.new_trails()
        began = time.perf_counter()
        with closing(self.find(reader)) as frames:
            for found in frames:
                if sinks:
                    line = frame_line(tally.video, found.number, found.time, found.result)
                    for sink in sinks:
                        sink.write(line)
                if writer is not None:
                    self._draw(found, writer, trails)
                tally.add(found.number, found.time, found.result)
                tally.problems += found.problems
                tally.work_s = time.perf_counter() - began
                yield tally
        tally.interrupted = self.interruption.wanted

    def _draw(self, found: Found, writer: VideoWriter, trails: Trails | None) -> None:
        from pose_landmarker.draw import annotate

        if found.image is not None:
            writer.write(annotate(found.image, found.result, self.look.style, trails), found.time)
