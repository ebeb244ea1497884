"""Kinds of video file that are written: what goes into them, and which encoders make it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from pose_landmarker.errors import OptionError, VideoError

_H264 = ("libx264", "h264_videotoolbox", "h264_mf", "libopenh264", "mpeg4")
_MPEG_SOUND = frozenset(("aac", "mp3", "ac3", "eac3", "opus", "alac"))


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A container.

    Attributes:
        name: FFmpeg's name of it.
        codecs: Encoders of pictures, the best first.
        sound: Codecs of sound that are taken over as they are; None for all.
        sound_codecs: Encoders for other sound, the best first; none if there is no room for sound.
        tick: Seconds of one unit of time, where the container has one only; None where it takes any.
        fixed_rate: Whether every frame takes as long as any other.
        pixel_format: FFmpeg's name of it.
        options: Of FFmpeg.
    """

    name: str
    codecs: tuple[str, ...]
    sound: frozenset[str] | None
    sound_codecs: tuple[str, ...]
    tick: Fraction | None = None
    fixed_rate: bool = False
    pixel_format: str = "yuv420p"
    options: tuple[tuple[str, str], ...] = ()


# Players begin before the whole file has come when its index stands first.
_INDEX_FIRST = (("movflags", "+faststart"),)
_MILLISECOND = Fraction(1, 1000)
_MP4 = FileFormat("mp4", _H264, _MPEG_SOUND, ("aac",), options=_INDEX_FIRST)

FORMATS = {
    ".mp4": _MP4,
    ".m4v": _MP4,
    ".mov": FileFormat(
        "mov", _H264, _MPEG_SOUND | {"pcm_s16le", "pcm_s24le"}, ("aac",), options=_INDEX_FIRST
    ),
    ".mkv": FileFormat("matroska", _H264, None, ("aac",), tick=_MILLISECOND),
    ".webm": FileFormat(
        "webm", ("libvpx-vp9", "libvpx"), frozenset(("opus", "vorbis")), ("libopus",), tick=_MILLISECOND
    ),
    ".avi": FileFormat(
        "avi", _H264, frozenset(("mp3", "ac3", "pcm_s16le")), ("libmp3lame", "pcm_s16le"), fixed_rate=True
    ),
    ".gif": FileFormat("gif", ("gif",), frozenset(), (), tick=Fraction(1, 100), pixel_format="pal8"),
}


def format_of(suffix: str, name: str) -> FileFormat:
    """The container for a suffix such as ``.mp4``.

    Raises:
        VideoError: There is none; the message lists those that there are.
    """
    found = FORMATS.get(suffix.lower())
    if found is None:
        wanted = ", ".join(FORMATS)
        raise VideoError(
            f"{name}: videos cannot be written as {suffix or 'a file without suffix'}; wanted {wanted}"
        )
    return found


def encoder_of(file_format: FileFormat, codec: str | None, name: str) -> str:
    """The encoder to use: the one that was asked for, or the first that this build of PyAV has.

    Raises:
        OptionError: The one asked for is unknown, or makes no pictures.
        VideoError: None is there.
    """
    import av

    if codec is not None:
        try:
            chosen = av.Codec(codec, "w")
        except ValueError:
            raise OptionError(f"codec {codec!r} is not an encoder of this build of FFmpeg") from None
        if chosen.type != "video":
            raise OptionError(f"codec {codec!r} is for {chosen.type}, wanted one for video")
        return codec
    for candidate in file_format.codecs:
        if _can_encode(candidate):
            return candidate
    raise VideoError(f"{name}: this build of FFmpeg has none of the encoders {', '.join(file_format.codecs)}")


def sound_encoder_of(file_format: FileFormat) -> str | None:
    """The encoder for sound that cannot be taken over; None if there is none."""
    return next(filter(_can_encode, file_format.sound_codecs), None)


def encoder_options(codec: str, crf: int, size: tuple[int, int], rate: Fraction) -> dict[str, str]:
    """Options for an encoder: quality ``crf`` on the scale of H.264, a fair speed, and silence."""
    keys = {"g": str(max(1, round(2 * rate)))}  # jumping to a moment decodes two seconds at most
    if codec == "libx264":
        return keys | {"crf": str(crf), "preset": "veryfast"}
    if codec == "libx265":
        return keys | {"crf": str(crf), "preset": "veryfast", "x265-params": "log-level=none"}
    if codec.startswith("libvpx"):
        quality = {"crf": str(round(crf * 63 / 51)), "b": "0" if codec == "libvpx-vp9" else "8M"}
        return keys | quality | {"deadline": "realtime", "cpu-used": "6"}
    if codec == "mpeg4":
        return keys | {"qmin": str(max(1, crf // 6)), "qmax": str(max(2, crf // 5)), "b": "20M"}
    if codec in ("gif", "mjpeg", "ffv1", "png", "rawvideo"):
        return {}
    # Encoders in hardware know bit rates only: a tenth of a bit a pixel, half of it every six steps.
    bits = size[0] * size[1] * float(rate) * 0.1 * 2 ** ((23 - crf) / 6)
    return keys | {"b": str(int(max(bits, 100_000)))}


def _can_encode(codec: str) -> bool:
    import av

    try:
        av.Codec(codec, "w")
    except ValueError:
        return False
    return True
