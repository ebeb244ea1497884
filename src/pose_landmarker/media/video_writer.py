"""Frames into a video file, each at its own time, with the sound of another."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from pose_landmarker.arrays import RgbImage
from pose_landmarker.checks import check_integer
from pose_landmarker.errors import ClosedError, OptionTypeError, TimestampError, VideoError
from pose_landmarker.media.canvas import BT709, LIMITED_RANGE, Canvas
from pose_landmarker.media.container import why
from pose_landmarker.media.formats import encoder_of, encoder_options, format_of
from pose_landmarker.media.images import as_rgb
from pose_landmarker.media.partial_file import PartialFile
from pose_landmarker.media.problems import Problems
from pose_landmarker.media.releases import fraction_of, require_av
from pose_landmarker.media.seconds import as_rate, as_seconds
from pose_landmarker.media.video_reader import VideoReader

if TYPE_CHECKING:
    from av import Packet
    from av.container import OutputContainer
    from av.video.stream import VideoStream

    from pose_landmarker.media.sound import Sound

_USUAL_RATE = Fraction(30)
#: The clock of broadcasting, of which frames of all usual rates are whole parts ...
_CLOCK = 90_000
#: ... and the finest clock that is made of it where a rate fits in badly.
_FINEST_CLOCK = 50_000_000
#: The time to the next frame is kept in 31 bits.
_LONGEST_GAP_S = 6 * 3600
#: MPEG-4 part 2 counts to this in a second.
_COARSEST_CLOCK = (1 << 16) - 1


class VideoWriter:
    """Writes a video file, which appears under its name when it is whole.

        with VideoReader("walk.mp4") as reader, VideoWriter("out.mp4", audio_from=reader) as writer:
            for frame in reader:
                writer.write(frame.image, frame.time)

    Times are kept as given, so that a variable rate stays one; the first frame may have any. MP4 and MOV
    keep them to 1/90000 of a second or exactly; Matroska and WebM round to milliseconds, GIF to
    hundredths, and AVI to multiples of 1/fps.

    The video is written beside its place under a hidden name. :meth:`close` finishes it and gives it its
    name; an exception inside ``with`` removes it. Until then an earlier file at ``path`` stays untouched.

    Args:
        path: Where to: ``.mp4``, ``.m4v``, ``.mov``, ``.mkv``, ``.webm``, ``.avi`` or ``.gif``.
        fps: Frames a second, for programs that ask; the times are what counts. By default that of
            ``audio_from``, else 30.
        audio_from: A :class:`VideoReader`, or the path of a video, whose sound goes with the frames.
            It is copied as it is where the container has room for its codec, else encoded. Frames must
            have the times of that video, as :attr:`Frame.time` has them; so sound is cut to them.
        crf: Quality on the scale of H.264: 0 is without loss, 18 hardly to be told from it, 51 worst.
        codec: Name of an encoder of FFmpeg, instead of H.264 (VP9 in WebM).
        threads: That encode; by the machine unless said. For many videos at once, one each.

    Attributes:
        path: As given.
        size: (width, height) of the video, that of the first frame, made even where H.264 needs it; None
            before the first frame.
        num_frames: How many frames have been written.

    Raises:
        VideoError: The suffix is unknown, the folder is missing or may not be written to, ``path`` is
            a folder, or there is no encoder.
        OptionError: An argument has a value that it cannot have.
        OptionTypeError: An argument has the wrong type.
        MissingExtraError: PyAV is not installed.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        fps: float | Fraction | None = None,
        audio_from: VideoReader | str | os.PathLike[str] | None = None,
        crf: int = 20,
        codec: str | None = None,
        threads: int | None = None,
    ) -> None:
        if not isinstance(path, (str, os.PathLike)):
            raise OptionTypeError(f"path must be a path, not {path!r} ({type(path).__name__})")
        if audio_from is not None and not isinstance(audio_from, (VideoReader, str, os.PathLike)):
            raise OptionTypeError(
                f"audio_from must be a VideoReader or a path, not {type(audio_from).__name__}"
            )
        if codec is not None and not isinstance(codec, str):
            raise OptionTypeError(f"codec must be the name of an encoder, not {type(codec).__name__}")
        self.path = Path(os.fsdecode(path))
        self.size: tuple[int, int] | None = None
        self.num_frames = 0
        self._crf = check_integer("crf", crf, low=0, high=51)
        self._threads = None if threads is None else check_integer("threads", threads, low=1)
        rate = None if fps is None else as_rate("fps", fps)
        require_av()
        self._format = format_of(self.path.suffix, str(self.path))
        self._codec = encoder_of(self._format, codec, str(self.path))
        self._file = PartialFile(self.path)
        self._problems = Problems()
        self._audio_from = audio_from
        if rate is None and isinstance(audio_from, VideoReader):
            rate = audio_from.fps
        self._rate = rate or _USUAL_RATE
        self._tick = self._unit_of_time()
        self._first: Fraction | None = None
        self._last: Fraction | None = None
        self._last_step = 1 / self._rate
        self._last_pts = -1
        self._container: OutputContainer | None = None
        self._sound: Sound | None = None
        self._closed = False

    @property
    def problems(self) -> tuple[str, ...]:
        """What could not be carried over; the writing went on."""
        return self._problems.as_tuple()

    def write(self, image: object, time: float | Fraction) -> None:
        """Append a frame.

        Args:
            image: (H, W, 3) uint8 RGB, or whatever else :func:`as_rgb` takes. One of another size than
                the first is scaled to fit in and centred on black.
            time: When it is shown, in seconds, later than the frame before.

        Raises:
            ImageError: It is not a picture.
            TimestampError: ``time`` is not later than that of the frame before, or hours later.
            OptionTypeError: ``time`` is no number.
            VideoError: The file cannot be written to, as when the disk is full; what was written of it
                is removed.
            ClosedError: After :meth:`close`.
        """
        if self._closed:
            raise ClosedError("this VideoWriter is closed; make another one")
        rgb = as_rgb(image)
        moment = as_seconds("time", time)
        if self._last is not None and moment <= self._last:
            raise TimestampError(
                f"frames must come in the order of their times: {float(moment):.6f} s is not later than "
                f"{float(self._last):.6f} s"
            )
        if self._last is not None and moment - self._last > _LONGEST_GAP_S:
            raise TimestampError(
                f"a frame at {float(moment):.6g} s after one at {float(self._last):.6g} s: longer gaps than "
                f"{_LONGEST_GAP_S // 3600} hours do not fit the formats; times are seconds"
            )
        with self._removed_on_error():
            if self._first is None:
                self._begin(rgb, moment)
            self._append(rgb, moment)

    def close(self) -> None:
        """Finish the file and give it its name. Without frames there is no file. May be called again.

        Raises:
            VideoError: It cannot be finished, and is removed; or it cannot be given its name.
        """
        if self._closed:
            return
        if self._container is None:
            self._closed = True
            self._problems.add("no frame was written, so there is no video")
            return
        try:
            with self._removed_on_error():
                self._mux(self._stream.encode(None))
                self._pump_sound(self._seconds_written())
                self._container.close()
        except BaseException:  # also when interrupted by the keyboard
            self.abort()
            raise
        self._closed = True
        self._let_go()
        self._file.commit()

    def abort(self) -> None:
        """Remove what has been written; an earlier file at ``path`` stays. May be called again."""
        if not self._closed:
            self._closed = True
            self._let_go()
            self._file.discard()

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            self.abort()

    def __del__(self) -> None:
        if hasattr(self, "_closed"):  # else the constructor failed
            self.abort()

    def __repr__(self) -> str:
        return f"<VideoWriter to {str(self.path)!r}, {self.num_frames} frames>"

    def _unit_of_time(self) -> Fraction:
        """Seconds of one unit of the file's clock: one that frames of its rate fit in exactly."""
        if self._format.tick is not None:
            return self._format.tick
        if self._format.fixed_rate:
            return 1 / self._rate
        count = self._rate.numerator
        if self._codec == "mpeg4":
            return Fraction(1, max(1, _COARSEST_CLOCK // count) * count)
        clock = math.lcm(_CLOCK, count)
        return Fraction(1, clock if clock <= _FINEST_CLOCK else _CLOCK)

    def _begin(self, first: RgbImage, moment: Fraction) -> None:
        """Open the file, when the size is known and where the sound begins."""
        import av

        self._first = moment
        self._canvas = Canvas(first, self._format.pixel_format)
        self.size = self._canvas.size
        if self._audio_from is not None:
            try:
                self._open(moment)
                return
            except (av.FFmpegError, OSError, ValueError) as error:
                self._problems.add(f"the sound was left out: {why(error, '')}")
                self._let_go()
                self._file.discard()
        self._open(None)

    def _open(self, sound_from: Fraction | None) -> None:
        """Open the file with its streams and write its header."""
        import av

        options = dict(self._format.options)
        self._container = av.open(
            str(self._file.path), "w", format=self._format.name, container_options=options
        )
        self._stream = self._add_video_stream(self._container)
        if sound_from is not None:
            self._add_sound(self._container, sound_from)
        self._container.start_encoding()
        if self._sound is not None:
            self._sound.begin()

    def _add_video_stream(self, container: OutputContainer) -> VideoStream:
        import av

        assert self.size is not None
        options = encoder_options(self._codec, self._crf, self.size, self._rate)
        stream = container.add_stream(self._codec, rate=self._rate, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = self.size
        stream.pix_fmt = self._format.pixel_format
        stream.time_base = stream.codec_context.time_base = self._tick
        if self._format.pixel_format == "yuv420p":
            stream.colorspace = stream.color_primaries = stream.color_trc = BT709
            stream.color_range = LIMITED_RANGE
        stream.thread_type = "AUTO"
        if self._threads is not None:
            stream.codec_context.thread_count = self._threads
        return stream

    def _add_sound(self, container: OutputContainer, sound_from: Fraction) -> None:
        from pose_landmarker.media.sound import Sound

        reader = self._audio_from
        if not isinstance(reader, VideoReader):
            assert reader is not None
            with VideoReader(reader) as opened:  # closed again: it can open its sound all the same
                reader = opened
        if reader.has_audio:
            source, origin = reader._open_sound()
            self._sound = Sound(source, container, self._format, origin + sound_from, self._problems)

    def _append(self, image: RgbImage, moment: Fraction) -> None:
        assert self._first is not None
        if self._last is not None:
            self._last_step = moment - self._last
        self._last = moment
        pts = round((moment - self._first) / self._tick)
        if pts <= self._last_pts:
            self._problems.add(
                f"the frame at {float(moment):.6f} s was left out: {self.path.suffix} files keep times to "
                f"{self._tick} s only"
            )
            return
        self._last_pts = pts
        frame = self._canvas.frame(image)
        frame.pts, frame.time_base = pts, self._tick
        self._mux(self._stream.encode(frame))
        self.num_frames += 1

    def _mux(self, packets: list[Packet[VideoStream]]) -> None:
        assert self._container is not None
        for packet in packets:
            unit = fraction_of(packet.time_base)
            if packet.dts is not None and unit is not None:
                self._pump_sound(packet.dts * unit)
            self._container.mux(packet)

    def _pump_sound(self, seconds: Fraction) -> None:
        if self._sound is not None:
            self._sound.write_until(seconds)

    def _seconds_written(self) -> Fraction:
        assert self._first is not None
        assert self._last is not None
        return self._last + self._last_step - self._first

    def _let_go(self) -> None:
        """Close what is open; the file may be half."""
        import av

        if self._sound is not None:
            self._sound.close()
            self._sound = None
        if self._container is not None:
            with contextlib.suppress(av.FFmpegError, OSError, ValueError):
                self._container.close()
            self._container = None

    @contextlib.contextmanager
    def _removed_on_error(self) -> Iterator[None]:
        """Whatever FFmpeg raises, as a VideoError, after removing what was written."""
        import av

        try:
            yield
        except VideoError:
            self.abort()
            raise
        except (av.FFmpegError, OSError, ValueError) as error:
            self.abort()
            raise VideoError(f"{self.path}: {why(error, '')}") from error
