"""Videos, cameras, streams and folders of pictures as frames with exact times."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from fractions import Fraction
from types import TracebackType
from typing import TYPE_CHECKING

from pose_landmarker.checks import check_integer
from pose_landmarker.errors import ClosedError, OptionError, VideoError
from pose_landmarker.media.frame import Frame
from pose_landmarker.media.picture_stream import PictureStream
from pose_landmarker.media.problems import Problems
from pose_landmarker.media.releases import require_av
from pose_landmarker.media.seconds import as_bound, as_rate
from pose_landmarker.media.source import open_source

if TYPE_CHECKING:
    from av.container import InputContainer


class VideoReader:
    """Frames of a video, a camera, a stream or a folder of pictures: in order, once.

        with VideoReader("walk.mp4", start=2, end=5) as reader:
            for frame in reader:
                print(frame.time_s, frame.image.shape)

    Times are those of the file, counted from its first frame, never numbers divided by a rate. Frames
    stand upright whatever way the camera was held, in the colours that the file is tagged with.

    What is broken is survived and told in :attr:`problems`. A frame whose time is not later than that of
    the frame before is left out and told there, too. Where a container gives a frame no time, it comes
    one frame's length after the last; AVI knows no times but this one.

    ``start`` reads an MP4, MOV, Matroska or WebM file from the key frame before; other files are decoded
    from their beginning, so that frames have the same numbers and times always.

    One thread may iterate while another one closes.

    Args:
        source: Path of a video or an animated GIF; address of a file or a stream (``https://``,
            ``rtsp://`` …); number of a camera, or path of its device; a folder of pictures, in the
            order of the numbers in their names.
        start: Seconds from the first frame; earlier frames are left out.
        end: Seconds from the first frame; frames from there on are left out.
        every: Keep frames whose index is a multiple of this. The others are decoded but not converted.
        fps: Pictures a second of a folder, or asked of a camera. Videos have times of their own.
        threads: That decode a video; by the machine unless said. For many videos at once, one each.

    Attributes:
        source: As given.
        start: As given.
        end: As given.
        every: As given.
        size: (width, height) of the first frame, upright.
        fps: Frames a second on average, or None where the source does not say.
        duration: Seconds of the whole source, or None where it does not say.
        num_frames: About how many frames iterating gives, or None where nobody knows.
        has_audio: Whether there is sound.
        live: Whether the source goes on while nobody reads: cameras and streams.
        seeks: Whether what lies before ``start`` is skipped instead of decoded.

    Raises:
        VideoError: The source cannot be opened; the message says why.
        OptionError: An argument has a value that it cannot have.
        OptionTypeError: An argument has the wrong type.
        MissingExtraError: PyAV is not installed.
    """

    def __init__(
        self,
        source: str | os.PathLike[str] | int,
        *,
        start: float | Fraction | None = None,
        end: float | Fraction | None = None,
        every: int = 1,
        fps: float | Fraction | None = None,
        threads: int | None = None,
    ) -> None:
        self.source = source
        self.start = start
        self.end = end
        self.every = check_integer("every", every, low=1)
        self._start, self._end = as_bound("start", start), as_bound("end", end)
        if self._start is not None and self._end is not None and self._start >= self._end:
            raise OptionError(f"end must be later than start, not {end} with start {start}")
        rate = None if fps is None else as_rate("fps", fps)
        decoders = None if threads is None else check_integer("threads", threads, low=1)
        require_av()
        self._problems = Problems()
        self._source = open_source(source, rate, self._problems, decoders)
        self.size: tuple[int, int] = self._source.size
        self.fps: Fraction | None = self._source.fps
        self.duration: Fraction | None = self._source.duration
        self.has_audio: bool = self._source.has_audio
        self.live: bool = self._source.live
        self.seeks: bool = self._source.seeks
        self.num_frames: int | None = self._expected()
        self._frames = self._selected()
        self._closed = False
        self._lock = threading.Lock()

    @property
    def problems(self) -> tuple[str, ...]:
        """What was broken so far, each with its place; the reading went on."""
        return self._problems.as_tuple()

    def __iter__(self) -> VideoReader:
        return self

    def __next__(self) -> Frame:
        """The next frame.

        Raises:
            ClosedError: After :meth:`close`.
        """
        with self._lock:
            if self._closed:
                raise ClosedError("this VideoReader is closed; make another one")
            return next(self._frames)

    def close(self) -> None:
        """Let go of the source; waits for a frame that is being read. May be called again."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._source.close()

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<VideoReader of {self.source!r}, {self.size[0]}x{self.size[1]}>"

    def _open_sound(self) -> tuple[InputContainer, Fraction]:
        """The source once more, for its sound, and when its first frame is shown by its clock; seconds."""
        if self.live or not isinstance(self._source, PictureStream):
            raise VideoError("the sound of a live source has gone by")
        return self._source.open_again(), self._source.origin

    def _selected(self) -> Iterator[Frame]:
        last_ms = -1
        for picture in self._source.pictures(self._start):
            if self._end is not None and picture.time >= self._end:
                return
            # Also of frames that are left out, so that a frame has the same one whatever is left out.
            last_ms = max(round(picture.time * 1000), last_ms + 1)
            if picture.index % self.every or (self._start is not None and picture.time < self._start):
                continue
            image = picture.pixels()
            if image is not None:
                yield Frame(image, picture.index, picture.time, last_ms)

    def _expected(self) -> int | None:
        total = self._source.num_pictures
        if total is None:
            return None
        first, beyond = 0, total
        rate = self.fps or (total / self.duration if self.duration else None)
        if rate is not None:
            if self._start is not None:
                first = min(total, max(0, _ceil(self._start * rate)))
            if self._end is not None:
                beyond = min(total, max(first, _ceil(self._end * rate)))
        return _ceil(Fraction(beyond, self.every)) - _ceil(Fraction(first, self.every))


def _ceil(number: Fraction) -> int:
    return -(-number.numerator // number.denominator)
