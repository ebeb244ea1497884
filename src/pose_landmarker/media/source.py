"""What a video is read from: recognising it, and opening it the way it needs."""

from __future__ import annotations

import os
import re
from fractions import Fraction
from functools import partial
from numbers import Integral
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from pose_landmarker.errors import OptionError, OptionTypeError, VideoError
from pose_landmarker.media.camera import is_camera, open_camera
from pose_landmarker.media.container import TIMEOUT_S, open_input
from pose_landmarker.media.picture_folder import PictureFolder
from pose_landmarker.media.picture_stream import PictureStream
from pose_landmarker.media.problems import Problems

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
#: Over these, pictures come when they are made.
_LIVE = frozenset(("rtsp", "rtsps", "rtmp", "rtmps", "rtp", "srt", "udp", "mms", "mmsh", "tcp"))


def open_source(
    source: str | os.PathLike[str] | int,
    fps: Fraction | None,
    problems: Problems,
    threads: int | None = None,
) -> PictureStream | PictureFolder:
    """Open whatever ``source`` names.

    Raises:
        OptionError: It is empty or a negative number, or ``fps`` is missing or out of place.
        OptionTypeError: It is neither a path, nor an address, nor a number.
        VideoError: It cannot be opened.
    """
    if isinstance(source, bool) or not isinstance(source, (str, os.PathLike, Integral)):
        raise OptionTypeError(
            "source must be the path of a video or a folder of pictures, an address, or the number of a "
            f"camera, not {source!r} ({type(source).__name__})"
        )
    if isinstance(source, Integral):
        source = int(source)
        if source < 0:
            raise OptionError(f"source must be the number of a camera ≥ 0, not {source}")
        return _camera(source, fps, problems)
    name = os.fsdecode(source)
    if not name:
        raise OptionError("source is empty, wanted a path, an address or the number of a camera")
    scheme = _ADDRESS.match(name)
    if scheme and scheme[1].lower() == "file":
        name = url2pathname(urlsplit(name).path)
    elif scheme:
        return _remote(name, scheme[1].lower(), fps, problems, threads)
    return _local(name, fps, problems, threads)


def _camera(camera: int | str, fps: Fraction | None, problems: Problems) -> PictureStream:
    name = f"camera {camera}" if isinstance(camera, int) else camera
    opening = partial(open_camera, camera, fps)
    return PictureStream(opening, name, problems, live=True, local=False, camera=True)


def _remote(
    name: str, scheme: str, fps: Fraction | None, problems: Problems, threads: int | None
) -> PictureStream:
    _refuse(fps)
    # Over UDP, which is FFmpeg's habit, pictures arrive with holes.
    options = {"rtsp_transport": "tcp"} if scheme.startswith("rtsp") else {}
    opening = partial(open_input, name, name, options=options, timeout_s=TIMEOUT_S)
    return PictureStream(opening, name, problems, live=scheme in _LIVE, local=False, threads=threads)


def _local(
    name: str, fps: Fraction | None, problems: Problems, threads: int | None
) -> PictureStream | PictureFolder:
    path = Path(name)
    try:
        exists, is_folder, is_file = path.exists(), path.is_dir(), path.is_file()
    except ValueError:  # a NUL in the name
        raise VideoError(f"{name!r}: no file can have this name") from None
    except OSError as error:  # a name that is too long, a folder that may not be looked into
        raise VideoError(f"{name}: {error.strerror or error}") from error
    if is_folder:
        if fps is None:
            raise OptionError(f"{name} is a folder: fps must say how many of its pictures make a second")
        return PictureFolder(path, fps, problems)
    if is_camera(name):
        return _camera(name, fps, problems)
    _refuse(fps)
    if exists and not is_file:  # reading a pipe may never end
        raise VideoError(f"{name}: a pipe or a device, wanted a file")
    # FFmpeg would take a file that is called data:1.mp4 for an address.
    return PictureStream(partial(open_input, f"file:{name}", name), name, problems, threads=threads)


def _refuse(fps: Fraction | None) -> None:
    if fps is not None:
        raise OptionError("fps is for folders of pictures and for cameras; a video has times of its own")
