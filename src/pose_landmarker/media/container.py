"""Opening videos with PyAV, and saying in plain words why one cannot be opened."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pose_landmarker.errors import VideoError
from pose_landmarker.media.releases import lenient_titles

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

#: Seconds without an answer after which a camera or a server is given up.
TIMEOUT_S = 10.0

_T = TypeVar("_T")


def open_input(
    address: str,
    name: str,
    *,
    container_format: str | None = None,
    options: dict[str, str] | None = None,
    timeout_s: float | None = None,
) -> InputContainer:
    """Open a file, an address or a device for reading.

    Args:
        address: What FFmpeg is given.
        name: What the user called it, for errors.
        container_format: FFmpeg's name of the format, where it is not to be guessed.
        options: FFmpeg's options.
        timeout_s: Seconds that opening, and later each read, may take.

    Raises:
        VideoError: It cannot be opened.
    """
    import av

    try:
        container: InputContainer = av.open(
            address,
            format=container_format,
            options=options or {},
            timeout=timeout_s,
            **lenient_titles(),
        )
    except (av.FFmpegError, OSError, ValueError, RuntimeError) as error:
        raise VideoError(f"{name}: {why(error, address)}") from error
    return container


def video_stream(container: InputContainer, name: str, threads: int | None = None) -> VideoStream:
    """The stream of pictures in a container, ready to decode on so many threads, or by the machine.

    Raises:
        VideoError: There is none, or nothing here decodes it.
    """
    import av
    from av.stream import Disposition

    if container.format.name == "tty":  # FFmpeg renders plain text as a video
        raise VideoError(f"{name}: a text, not a video")
    # The cover of a piece of music is a stream of one picture.
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not streams:
        other = " (only sound)" if container.streams.audio else ""
        raise VideoError(f"{name}: there are no pictures in it{other}")
    stream = streams[0]
    best = container.streams.best("video")
    if isinstance(best, av.VideoStream) and best in streams:
        stream = best
    if stream.codec_context is None:
        raise VideoError(f"{name}: nothing here decodes its pictures, or it is damaged")
    stream.thread_type = "AUTO"
    stream.codec_context.thread_count = threads or 0  # 0: as many as there are processors
    return stream


def why(error: BaseException, address: str) -> str:
    """What went wrong, in plain words."""
    import av

    number = getattr(error, "errno", None)
    path = Path(address.removeprefix("file:"))
    if isinstance(error, av.error.EOFError):
        return "it ends before there is anything to read"
    if isinstance(error, av.error.InvalidDataError):
        return _why_invalid(path)
    if isinstance(error, (av.error.ExitError, TimeoutError)) or number == errno.ETIMEDOUT:
        return f"no answer for {TIMEOUT_S:g} seconds"
    if isinstance(error, av.error.ProtocolNotFoundError):
        return "addresses of this kind are unknown to this build of FFmpeg"
    known = {
        errno.ENOENT: "there is no such file",
        errno.EACCES: "no permission",
        errno.EPERM: "no permission",
        errno.ENOSPC: "no space is left on the disk",
        errno.EBUSY: "in use by another program",
        errno.ECONNREFUSED: "nothing answers there: connection refused",
    }
    if number in known:
        return known[number]
    return str(getattr(error, "strerror", None) or error or type(error).__name__)


def _why_invalid(path: Path) -> str:
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except (OSError, ValueError):  # an address
        return "what comes from there is not a video"
    if not head:
        return "the file is empty"
    if head[4:8] == b"ftyp":
        return "the recording was cut off or is damaged: its index is missing, so it cannot be read"
    return "not a video, or too damaged to be recognised"


def in_time(call: Callable[[], _T], timeout_s: float = TIMEOUT_S) -> _T:
    """``call()``, given up after ``timeout_s``: drivers of cameras may wait for ever.

    The thread that waits is left behind, so what it uses must not be closed.

    Raises:
        TimeoutError: It took longer.
    """
    outcome: list[Callable[[], _T]] = []

    def run() -> None:
        try:
            value = call()
            outcome.append(lambda: value)
        except BaseException as error:  # handed to the caller
            caught = error
            outcome.append(lambda: _raise(caught))

    thread = threading.Thread(target=run, daemon=True, name="pose-landmarker-camera")
    thread.start()
    thread.join(timeout_s)
    if not outcome:
        raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
    return outcome[0]()


def _raise(error: BaseException) -> _T:  # type: ignore[type-var]
    raise error
