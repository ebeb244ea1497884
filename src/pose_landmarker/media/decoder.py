"""Packets of one opened container into pictures, whatever is broken among them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

from pose_landmarker.arrays import RgbImage
from pose_landmarker.errors import VideoError
from pose_landmarker.media.container import TIMEOUT_S, in_time, video_stream, why
from pose_landmarker.media.picture import Picture
from pose_landmarker.media.pixels import RgbConverter
from pose_landmarker.media.problems import Problems, place
from pose_landmarker.media.releases import fraction_of
from pose_landmarker.media.seeking import Landing, arrive, counts_by_packets, lists_packets
from pose_landmarker.media.timeline import Timeline

if TYPE_CHECKING:
    from av import Packet, VideoFrame
    from av.container import InputContainer
    from av.video.stream import VideoStream

#: Where neither a picture has a time nor the container a rate.
_USUAL_RATE = Fraction(25)
#: A video is said to end early when more than this is missing; rounding explains less.
_MISSING_S = Fraction(1, 2)
#: Seconds between two questions to a camera that has no picture yet.
_PAUSE_S = 0.005


class Decoder:
    """Decodes the pictures of a container in order.

    Attributes:
        container: What is read.
        stream: Its pictures.
        timeline: Number and time of the picture that came last.
        tick: Seconds of one unit of the times of the stream.

    Raises:
        VideoError: There are no pictures in it, or their codec is unknown.
    """

    def __init__(
        self,
        container: InputContainer,
        name: str,
        problems: Problems,
        *,
        camera: bool = False,
        threads: int | None = None,
    ) -> None:
        self.container = container
        self.stream: VideoStream = video_stream(container, name, threads)
        self.tick = fraction_of(self.stream.time_base) or Fraction(1, 90_000)
        self.timeline = Timeline(
            self.tick, 1 / (self.fps or _USUAL_RATE), counted=counts_by_packets(container, self.stream)
        )
        # AVI has times of decoding only. The times of showing that FFmpeg makes of them are wrong for
        # some codecs, but pictures come out of the decoder in the order in which they are shown.
        self._by_dts = container.format.name == "avi"
        # Where a transport stream has lost something, the rest of the packet is still of use. In other
        # containers such a packet is the last one, of a file that was cut off.
        self._skips_corrupt = container.format.name != "mpegts"
        # What has been copied from a transport stream to Matroska may have a packet for each field.
        self._fields_apart = container.format.name.startswith("matroska")
        self._first_dts: int | None = None
        self._problems = problems
        self._camera = camera
        self._name = name
        self._convert = RgbConverter()
        self._noted = -2  # number of the picture after which something broken was noted
        self._was_corrupt = False
        self._last_duration = 0
        self._waiting = False

    @property
    def fps(self) -> Fraction | None:
        """Pictures a second on average, as the container says; None where it does not."""
        return fraction_of(self.stream.average_rate) or fraction_of(self.stream.guessed_rate)

    @property
    def duration(self) -> Fraction | None:
        """Seconds of the pictures, as the container says; None where it does not."""
        import av

        if self.stream.start_time is None or self._camera:
            return None  # a stream without times: what it says is a guess by its bit rate
        if self.stream.duration is not None:
            return self.stream.duration * self.tick
        if self.container.duration is not None:
            return Fraction(self.container.duration, av.time_base) - self.stream.start_time * self.tick
        return None

    @property
    def num_pictures(self) -> int | None:
        """How many there are, as the container says; None where it does not."""
        if lists_packets(self.container, self.stream):
            return sum(not entry.is_discard for entry in self.stream.index_entries)
        entries = self.stream.index_entries
        if self._by_dts and entries and entries[-1].timestamp > 0.9 * self.stream.frames:
            return sum(entry.size > 0 for entry in entries)  # an empty one repeats the one before
        if self.stream.frames > 0:
            return int(self.stream.frames)
        if self.duration is not None and self.fps is not None:
            return max(1, round(self.duration * self.fps))
        return None

    @property
    def origin(self) -> Fraction:
        """When the first picture is shown by the container's clock, which its sound shares; seconds."""
        if self._by_dts and self._first_dts is not None:
            return self._first_dts * self.tick
        return self.timeline.origin or Fraction(0)

    def pictures(self, landing: Landing | None = None) -> Iterator[Picture]:
        """The pictures from the beginning, or from a key picture on.

        Yields nothing if the key picture is not where it was.
        """
        key = None
        if landing is not None:
            key = arrive(self.container, self.stream, landing.at)
            if key is None or key.pts != landing.pts:
                return
            self.timeline.jump(landing.pts, landing.index)
        for packet in self._packets(key):
            for frame in self._frames(packet):
                if self._placed(frame):
                    yield Picture(self.timeline.index, self.timeline.seconds, partial(self._pixels, frame))
        self._note_end()

    def close(self) -> None:
        """Let go of the source; not of a camera whose driver is still being waited for."""
        if not self._waiting:
            self.container.close()

    def _packets(self, first: Packet[VideoStream] | None) -> Iterator[Packet[VideoStream] | None]:
        """Of the file or the camera; the last one is empty and empties the decoder."""
        import av

        if first is not None:
            yield first
        packets = self.container.demux(self.stream)
        patience = time.monotonic() + TIMEOUT_S
        while True:
            try:
                packet = self._read(packets)
            except BlockingIOError:  # a camera that has no new picture yet; reading has to begin anew
                if time.monotonic() < patience:
                    time.sleep(_PAUSE_S)
                    packets = self.container.demux(self.stream)
                    continue
                raise VideoError(
                    f"{self._name}: no answer for {TIMEOUT_S:g} seconds after {self._here()}"
                ) from None
            except (av.FFmpegError, OSError) as error:
                self._waiting = isinstance(error, TimeoutError)
                if self._camera:
                    raise VideoError(f"{self._name}: lost after {self._here()}: {why(error, '')}") from error
                self._problems.add(f"reading ended after {self._here()}: {why(error, '')}")
                yield None
                return
            if packet is None:
                return
            patience = time.monotonic() + TIMEOUT_S
            yield packet

    def _read(self, packets: Iterator[Packet[VideoStream]]) -> Packet[VideoStream] | None:
        return in_time(partial(next, packets, None)) if self._camera else next(packets, None)

    def _frames(self, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
        import av

        if packet is not None and packet.size:
            if packet.is_corrupt and self._skips_corrupt:
                return []
            if packet.is_corrupt:
                self._note_broken()
            if self._first_dts is None:
                self._first_dts = packet.dts
            if not packet.is_discard:
                self.timeline.sent(packet.pts)
        try:
            return packet.decode() if packet is not None else self.stream.codec_context.decode(None)
        except av.FFmpegError:
            if not self.timeline.counted:  # else noticed when it fails to come
                self._note_broken()
            return []

    def _placed(self, frame: VideoFrame) -> bool:
        """Give ``frame`` its place; whether it is to be shown."""
        if frame.interlaced_frame and self._fields_apart:
            self.timeline.counted = False
        before = self._here()
        shown = self.timeline.place(frame.dts if self._by_dts else frame.pts)
        if self.timeline.lost:
            self._note_lost(self.timeline.lost, before)
        if self.timeline.restarted:
            self._problems.add(f"the clock of the file begins anew after {before}")
        if not shown:
            if self.timeline.went_back:
                self._problems.add(f"a picture after {before} is not later than it and was left out")
            return False
        if frame.is_corrupt and not self._was_corrupt:
            self._problems.add(f"{self._here()} is damaged")
        self._was_corrupt = frame.is_corrupt
        self._last_duration = frame.duration or 0
        return True

    def _pixels(self, frame: VideoFrame) -> RgbImage | None:
        import av

        try:
            return self._convert(frame)
        except (av.FFmpegError, ValueError) as error:
            self._problems.add(f"a picture was left out: it cannot be converted to RGB ({error})")
            return None

    def _here(self) -> str:
        if self.timeline.index < 0:
            return "the beginning"
        return place(self.timeline.index, self.timeline.seconds)

    def _note_broken(self) -> None:
        if self._noted != self.timeline.index:
            self._noted = self.timeline.index
            self._problems.add(f"broken data after {self._here()}")

    def _note_lost(self, lost: int, before: str) -> None:
        pictures = "1 picture" if lost == 1 else f"{lost} pictures"
        self._problems.add(f"broken data after {before}: {pictures} cannot be decoded")

    def _note_end(self) -> None:
        """Say so where the container promised more than came."""
        lost = self.timeline.end()
        if lost:
            self._note_lost(lost, self._here())
        if lists_packets(self.container, self.stream) and self.timeline.counted:
            total = self.num_pictures or 0
            if total > self.timeline.index + 1 + lost:
                self._problems.add(f"the video ends early: after {self._here()} of {total} frames")
            return
        promised = self._promised_s()
        explained = 3 * self.timeline.mean_step if self._by_dts else _MISSING_S
        if promised is not None and promised - self._shown_until() > explained:
            self._problems.add(f"the video ends early: after {self._here()} of {float(promised):.3f} seconds")

    def _shown_until(self) -> Fraction:
        shown = max(self.timeline.step, self._last_duration * self.tick)
        return self.timeline.seconds + shown

    def _promised_s(self) -> Fraction | None:
        """Seconds that the pictures should last; None where nobody says so of the pictures themselves."""
        if self._camera:
            return None
        if self._by_dts and self.stream.frames > 0:
            return self.stream.frames * self.tick
        tagged = _seconds_of(self.stream.metadata.get("DURATION", ""))  # Matroska's
        if tagged is not None:
            return tagged - self.origin
        alone = len(self.container.streams) == 1
        return self.duration if alone or self.stream.duration is not None else None


def _seconds_of(clock: str) -> Fraction | None:
    """``00:00:04.033000000`` as seconds; None of anything else."""
    try:
        hours, minutes, seconds = (Fraction(part) for part in clock.split(":"))
    except (ValueError, ZeroDivisionError):
        return None
    return hours * 3600 + minutes * 60 + seconds
