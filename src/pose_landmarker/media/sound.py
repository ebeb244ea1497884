"""The sound of one video for another: cut, shifted, and copied where it can be."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

import av
from av import AudioStream, Codec

from pose_landmarker.errors import VideoError
from pose_landmarker.media.container import why
from pose_landmarker.media.formats import FileFormat, sound_encoder_of
from pose_landmarker.media.problems import Problems
from pose_landmarker.media.releases import fraction_of

if TYPE_CHECKING:
    from av import AudioFrame, Packet
    from av.container import InputContainer, OutputContainer

#: Seconds before the moment wanted from which on sound is read: codecs need a run-up.
_RUN_UP_S = 1


class Sound:
    """Sound on its way from one container to another.

    Its first moment in the new file is that of the first picture there; what was earlier is cut off.
    """

    def __init__(
        self,
        source: InputContainer,
        target: OutputContainer,
        file_format: FileFormat,
        origin: Fraction,
        problems: Problems,
    ) -> None:
        """Add a stream of sound to ``target``, before anything is written to it.

        Args:
            source: What the sound is read from; closed with this.
            target: What it is written to.
            file_format: Of the target.
            origin: The moment, by the source's clock, at which the new file begins; seconds.
            problems: Told what is broken.

        Raises:
            VideoError: The target has no room for this sound.
        """
        self._source = source
        self._target = target
        self._origin = origin
        self._problems = problems
        self._in: AudioStream = source.streams.audio[0]
        self._out, self._copied = self._add_stream(file_format)
        self._last_dts = -math.inf
        self._packets = self._copies() if self._copied else self._encoded()
        self._next: Packet[AudioStream] | None = None

    def begin(self) -> None:
        """Find the place; when all streams of the target have been added."""
        run_up = max(Fraction(0), self._origin - _RUN_UP_S)
        with contextlib.suppress(
            av.FFmpegError, OSError
        ):  # a source that cannot be moved is read from its beginning
            self._source.seek(int(run_up * 1_000_000))
        self._next = next(self._packets, None)

    def write_until(self, seconds: Fraction) -> None:
        """Write what begins before ``seconds`` of the new file.

        Raises:
            OSError: The target cannot be written to.
        """
        while self._next is not None and _moment(self._next) < seconds:
            packet = self._next
            if packet.dts is not None and packet.dts > self._last_dts:  # else containers refuse it
                self._last_dts = packet.dts
                self._target.mux(packet)
            self._next = next(self._packets, None)

    def close(self) -> None:
        """Let go of the source."""
        self._source.close()

    def _add_stream(self, file_format: FileFormat) -> tuple[AudioStream, bool]:
        """A stream of the target, and whether packets go there as they are."""
        if self._in.codec_context is None:
            raise VideoError("its codec is unknown to this build of FFmpeg")
        codec = self._in.codec_context.codec.canonical_name
        if file_format.sound is None or codec in file_format.sound:
            with contextlib.suppress(ValueError):  # FFmpeg knows better what the container takes
                return self._target.add_stream_from_template(self._in), True
        encoder = sound_encoder_of(file_format)
        if encoder is None:
            raise VideoError(f"there is no room for it in a {file_format.name} file")
        context = self._in.codec_context
        rates = Codec(encoder, "w").audio_rates
        rate = context.sample_rate if rates is None or context.sample_rate in rates else 48_000
        out = self._target.add_stream(encoder, rate=rate)
        assert isinstance(out, AudioStream)
        out.layout = "mono" if context.layout.nb_channels == 1 else "stereo"
        out.bit_rate = 128_000
        return out, False

    def _copies(self) -> Iterator[Packet[AudioStream]]:
        shift = round(self._origin / (fraction_of(self._in.time_base) or Fraction(1, 1_000_000)))
        for packet in self._read():
            if not packet.size or packet.pts is None:
                continue
            packet.pts -= shift
            packet.dts = packet.pts
            if packet.pts >= 0:
                packet.stream = self._out
                yield packet

    def _encoded(self) -> Iterator[Packet[AudioStream]]:
        for packet in self._read():
            for frame in self._decoded(packet):
                unit = fraction_of(frame.time_base)
                if frame.pts is None or unit is None:
                    continue
                seconds = frame.pts * unit - self._origin
                if seconds >= 0:
                    frame.time_base = Fraction(1, frame.sample_rate)
                    frame.pts = round(seconds * frame.sample_rate)
                    yield from self._out.encode(frame)
        yield from self._out.encode(None)

    def _decoded(self, packet: Packet[AudioStream]) -> list[AudioFrame]:
        try:
            return packet.decode()
        except av.FFmpegError:
            return []

    def _read(self) -> Iterator[Packet[AudioStream]]:
        try:
            yield from self._source.demux(self._in)
        except (av.FFmpegError, OSError) as error:
            self._problems.add(f"the sound ends early: {why(error, '')}")


def _moment(packet: Packet[AudioStream]) -> Fraction:
    """When a packet begins in the new file; seconds."""
    return (packet.pts or 0) * (fraction_of(packet.time_base) or Fraction(1))
