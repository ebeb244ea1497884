"""Formats with one person in a file: several people are in several files, with their ids in the names.

One person is written to the name that was given: ``dance.bvh``. Several are written to ``dance_1.bvh``,
``dance_2.bvh`` and so on, where the number is the track id. Reading takes the id from the name in the same
way: the whole number behind the last ``_``; a file without one is of somebody whom nobody followed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np

from pose_landmarker.arrays import DoubleArray, FloatArray
from pose_landmarker.errors import DatasetError, OptionError
from pose_landmarker.export.files import checked_path, whole_file
from pose_landmarker.export.motion import Motion, recording_of
from pose_landmarker.recording import NO_TRACK, Recording

_ID: Final = re.compile(r"_(-?[0-9]{1,18})$")
#: Files of the same frames may differ in times by what their formats round, seconds.
_SAME_S: Final = 1e-3

Paths: TypeAlias = "str | os.PathLike[str] | Iterable[str | os.PathLike[str]]"


def write_each(
    path: str | os.PathLike[str], motions: Sequence[Motion], content: Callable[[Motion, Path], bytes]
) -> tuple[Path, ...]:
    """Write a file for each person, each of them whole.

    Args:
        path: The name for one person, from which those for several are made.
        motions: One or more people.
        content: What a file holds, of a motion and the file's name.

    Returns:
        The files.

    Raises:
        OSError: A file cannot be written.
    """
    target = checked_path(path)
    names = [target.with_name(f"{target.stem}_{m.track_id}{target.suffix}") for m in motions]
    paths = (target,) if len(motions) == 1 else tuple(names)
    for name, motion in zip(paths, motions, strict=True):
        with whole_file(name) as hidden:
            hidden.write_bytes(content(motion, name))
    return paths


def read_each(
    paths: Paths, track_id: int | None, read: Callable[[Path], tuple[DoubleArray, FloatArray]]
) -> Recording:
    """Read files of one person each as one recording.

    Args:
        paths: A file, or several of the same frames.
        track_id: The person's id, where it is not in the name of the only file.
        read: (T,) times in seconds and (T, 33, 3) world landmarks of a file.

    Raises:
        DatasetError: Files do not go together.
        OptionError: There is no file, or a track id for several.
    """
    several = isinstance(paths, Iterable) and not isinstance(paths, (str, bytes, os.PathLike))
    files = [checked_path(path) for path in (paths if several else (paths,))]  # type: ignore[union-attr]
    if not files:
        raise OptionError("no file to read was given")
    if track_id is not None and len(files) > 1:
        raise OptionError("track_id is of one person, but there are several files; their names say the ids")
    ids = [_id_of(file) if track_id is None else track_id for file in files]
    _check_different(files, ids)
    found = [read(file) for file in files]
    times = found[0][0]
    for file, (others, _) in zip(files, found, strict=True):
        if len(others) != len(times) or not np.allclose(others, times, rtol=0, atol=_SAME_S):
            raise DatasetError(
                f"{file} has {len(others)} frames and {files[0]} has {len(times)}, or at other times: files "
                "of several people must be of the same frames"
            )
    motions = [Motion(track_id=i, points=points) for i, (_, points) in zip(ids, found, strict=True)]
    try:
        return recording_of(times, motions)
    except OptionError as error:
        raise DatasetError(f"{files[0]}: {error}") from error


def _id_of(path: Path) -> int:
    match = _ID.search(path.stem)
    return int(match[1]) if match else NO_TRACK


def _check_different(files: Sequence[Path], ids: Sequence[int]) -> None:
    for i, number in enumerate(ids):
        if number in ids[:i]:
            who = "have no ids in their names" if number == NO_TRACK else f"are both of person {number}"
            raise DatasetError(f"{files[ids.index(number)]} and {files[i]} {who}; name them NAME_<id>")
