"""What there is to do: pictures, videos and pieces of videos, found out as late as possible."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pose_landmarker.errors import OptionTypeError, PoseLandmarkerError
from pose_landmarker.media.images import is_animated
from pose_landmarker.media.suffixes import PICTURE_SUFFIXES, VIDEO_SUFFIXES
from pose_landmarker.segments import Segment, segments


class Task(NamedTuple):
    """A picture, a video, or a piece of one.

    Attributes:
        number: Of the source.
        source: Path or address; None for an array.
        picture: What the landmarker is given, for a picture; None for a video.
        segment: Which part of a video; None for all of it.
        error: Why there is nothing to do.
    """

    number: int
    source: str | None
    picture: object = None
    segment: Segment | None = None
    error: Exception | None = None


def find_tasks(sources: object, segment_length: Fraction | None = None) -> Iterator[Task]:
    """What sources mean, in their order; each is looked at when it is its turn.

    Args:
        sources: Paths of pictures, videos and folders, patterns, addresses and arrays: one, or an
            iterable of them.
        segment_length: Seconds of the pieces that videos are cut into; None for none.

    Raises:
        OptionTypeError: ``sources`` is something else.
    """
    return _tasks(_each(sources), segment_length)


def counted(tasks: Iterator[Task], most: int) -> tuple[int, Iterator[Task]]:
    """How many tasks there are, up to a number, and the same tasks once more."""
    ahead: list[Task] = []
    try:
        ahead.extend(islice(tasks, most))  # keeps what came before an error
    except Exception as error:  # the results of what came before are due first
        return len(ahead), chain(ahead, _raising(error))
    return len(ahead), chain(ahead, tasks)


def _raising(error: Exception) -> Iterator[Task]:
    yield from ()
    raise error


def _each(sources: object) -> Iterator[object]:
    """The single sources."""
    if isinstance(sources, (str, os.PathLike)) or hasattr(sources, "numpy_view"):
        return iter([sources])
    if isinstance(sources, np.ndarray) and sources.ndim < 4:
        return iter([sources])
    if not isinstance(sources, Iterable) or isinstance(sources, (bytes, bytearray, dict)):
        raise OptionTypeError(
            "sources must be a path, an array, or an iterable of them, not "
            f"{type(sources).__name__}; for cameras use PoseLandmarker.stream()"
        )
    return iter(sources)


def _tasks(sources: Iterator[object], length: Fraction | None) -> Iterator[Task]:
    """What there is to do, found out as late as possible."""
    number = 0
    for source in sources:
        for task in _found(source):
            task = task._replace(number=number)
            if length is not None and task.error is None and task.picture is None:
                yield from _pieces(task, length)
            else:
                yield task
            number += 1


def _pieces(task: Task, length: Fraction) -> Iterator[Task]:
    """A video cut into pieces, if it can be."""
    from pose_landmarker.media import VideoReader

    try:
        with VideoReader(task.source or "", threads=1) as reader:
            cuts = reader.seeks and not reader.live and reader.duration
    except (PoseLandmarkerError, OSError) as error:
        yield task._replace(error=error)
        return
    if not cuts:
        yield task
        return
    for part in segments(cuts, length):
        yield task._replace(segment=part)


def _found(source: object) -> Iterator[Task]:
    """The pictures and videos that a source means."""
    if not isinstance(source, (str, os.PathLike)):
        yield Task(0, None, picture=source)
        return
    name = os.fsdecode(source)
    try:
        paths = list(_expanded(name))
    except (OSError, ValueError, RuntimeError) as error:  # no permission, too long, a loop of links
        yield Task(0, name, error=error)
        return
    for path in paths:
        yield Task(0, path, picture=None if is_video(path) else path)
    if not paths:
        folder = name and Path(name).is_dir()
        what = "no pictures or videos in this folder" if folder else "there is no such file"
        yield Task(0, name, error=FileNotFoundError(f"{name or 'an empty name'}: {what}"))


def _expanded(name: str) -> Iterator[str]:
    known = PICTURE_SUFFIXES | VIDEO_SUFFIXES
    if "://" in name or (name and Path(name).is_file()):
        yield name
    elif name and Path(name).is_dir():
        files = (file for file in sorted(Path(name).rglob("*")) if file.suffix.lower() in known)
        yield from (str(file) for file in files if file.is_file())
    elif glob.has_magic(name):
        for match in sorted(glob.glob(name, recursive=True)):  # noqa: PTH207 - absolute patterns too
            yield from _expanded(match) if not glob.has_magic(match) else [match]


def is_video(path: str) -> bool:
    """Whether a file is looked at as a video, by its name or, where that may be either, by its content."""
    suffix = os.path.splitext(path)[1].lower()  # noqa: PTH122 - of thousands of files, and Path is slow
    if "://" in path or suffix in VIDEO_SUFFIXES - PICTURE_SUFFIXES:
        return True
    if suffix in PICTURE_SUFFIXES - VIDEO_SUFFIXES:
        return False
    moves = is_animated(path)  # a GIF, or a name that says nothing
    return suffix not in PICTURE_SUFFIXES if moves is None else moves
