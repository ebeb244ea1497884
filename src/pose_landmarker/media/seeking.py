"""Where decoding may begin to show a certain moment, and which number the picture there has.

Containers know times, not numbers. Numbers are counted without decoding: packets are only read, and
of an MP4 hardly that, since it lists them all in one place.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av import Packet
    from av.container import InputContainer
    from av.video.stream import VideoStream

#: Codecs of which one packet is one picture, always. Not so VP8 (hidden pictures) and MPEG-4 part 2
#: (two in a packet, or none).
_ONE_TO_ONE = frozenset(("h264", "hevc", "av1", "vp9", "mjpeg", "prores", "dnxhd", "png", "ffv1"))
#: Containers that give every packet the time at which it is shown.
_TIMED = ("mov", "matroska")
#: Key pictures that are tried, each before the last.
_TRIES = 4


@dataclass(frozen=True, slots=True)
class Landing:
    """A key picture, from which on decoding gives what it would give from the beginning.

    Attributes:
        at: What to seek for to arrive there, in ticks of the stream.
        pts: When it is shown, in ticks.
        index: How many pictures are shown before it.
    """

    at: int
    pts: int
    index: int


def counts_by_packets(container: InputContainer, stream: VideoStream) -> bool:
    """Whether the number of a picture is that of the packets that are shown before it."""
    name = stream.codec_context.codec.canonical_name
    return container.format.name.startswith(_TIMED) and name in _ONE_TO_ONE


def lists_packets(container: InputContainer, stream: VideoStream) -> bool:
    """Whether the container lists all of its packets at one place that has been read."""
    return container.format.name.startswith("mov") and len(stream.index_entries) >= stream.frames > 0


def find_landing(container: InputContainer, stream: VideoStream, origin: int, target: int) -> Landing | None:
    """The last key picture that is not shown after ``target``.

    Args:
        container: One that counts by packets; it is moved.
        stream: Its pictures.
        origin: When the first picture is shown, in ticks.
        target: The moment wanted, in ticks.

    Returns:
        None where the container does not say.
    """
    if not lists_packets(container, stream):
        return _by_reading(container, stream, origin, target)
    at = target
    for _ in range(_TRIES):
        key = arrive(container, stream, at)
        if key is None or key.pts is None or key.dts is None:
            return None
        if key.pts <= target:
            return Landing(at, key.pts, _listed_before(container, stream, key.pts, key.dts))
        at = key.dts - 1  # it is decoded in time but shown too late
    return None


def arrive(container: InputContainer, stream: VideoStream, at: int) -> Packet[VideoStream] | None:
    """Seek, and read the packet that lies there; None unless it is of a key picture."""
    import av

    try:
        container.seek(at, stream=stream)
        packet = next(container.demux(stream), None)
    except (av.FFmpegError, OSError):
        return None
    return packet if packet is not None and packet.size and packet.is_keyframe else None


def _listed_before(container: InputContainer, stream: VideoStream, pts: int, dts: int) -> int:
    """How many pictures are shown before a key picture, when its packet has just been read."""
    entries = stream.index_entries
    position = entries.search_timestamp(dts, any_frame=True)
    earlier = sum(not entry.is_discard for entry in islice(entries, position))
    for packet in container.demux(stream):  # some that follow it may be shown before it
        if packet.pts is None or packet.dts is None or packet.dts >= pts:
            break
        earlier += packet.pts < pts and not packet.is_discard
    return earlier


def _by_reading(container: InputContainer, stream: VideoStream, origin: int, target: int) -> Landing | None:
    """Of a container that lists its key pictures at most, and times of decoding not even for all."""
    shown = []
    for packet in container.demux(stream):
        if not packet.size:
            break
        if packet.pts is None or (packet.is_keyframe and packet.pts > target):
            break  # what follows this key picture is shown after the one before, which is wanted
        if packet.pts >= origin and not packet.is_discard:
            shown.append(packet.pts)
    key = arrive(container, stream, target)
    if key is None or key.pts is None or key.pts > target or key.pts not in shown:
        return None
    return Landing(target, key.pts, bisect_left(sorted(shown), key.pts))
