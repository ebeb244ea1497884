"""The arrays of a recording as a NumPy archive, each under its name in :class:`~pose_landmarker.Recording`.

There is no writer of single frames: an archive is written at once.
"""

from __future__ import annotations

import os
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
import numpy.typing as npt

from pose_landmarker.checks import check_flag
from pose_landmarker.errors import DatasetError, OptionError
from pose_landmarker.export import schema
from pose_landmarker.export.files import checked_path, reading, whole_file
from pose_landmarker.export.writer import check_recording, check_text
from pose_landmarker.recording import Recording
from pose_landmarker.topology import NUM_LANDMARKS

_VERSION: Final = "schema_version"
_NAMES: Final = "names"
#: Arrays by their names: kinds of dtype, then the shape behind T frames or N poses.
_OF_FRAMES: Final[dict[str, tuple[str, tuple[int, ...]]]] = {
    "times_s": ("fiu", ()),
    "image_sizes": ("iu", (2,)),
}
_OF_POSES: Final[dict[str, tuple[str, tuple[int, ...]]]] = {
    "frames": ("iu", ()),
    "track_ids": ("iu", ()),
    "scores": ("f", ()),
    "landmarks": ("f", (NUM_LANDMARKS, 3)),
    "world_landmarks": ("f", (NUM_LANDMARKS, 3)),
    "visibility": ("f", (NUM_LANDMARKS,)),
    "presence": ("f", (NUM_LANDMARKS,)),
}
_ARRAYS: Final = {**_OF_FRAMES, **_OF_POSES}
#: What reading a damaged archive raises.
_DAMAGE: Final = (
    ValueError,
    EOFError,
    RuntimeError,
    SyntaxError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)
#: More, unpacked, are no poses but a file that is meant to fill the memory.
_MOST_BYTES: Final = 8 << 30


def save(recording: Recording, path: str | os.PathLike[str], *, compressed: bool = False) -> None:
    """Write a recording.

    Args:
        recording: What to write.
        path: Where to; the name is taken as it is.
        compressed: Whether to make it a tenth smaller, which takes about ten times as long.

    Raises:
        OptionError: A name is no text, or has more than 4096 characters.
        OptionTypeError: Something has the wrong type.
        OSError: The file cannot be written.
    """
    target = checked_path(path)
    names = check_recording(recording).names
    check_text(names)
    arrays: dict[str, Any] = {name: getattr(recording, name) for name in _ARRAYS}
    if names is not None:
        arrays[_NAMES] = np.array(names, np.str_)
    write: Any = np.savez_compressed if check_flag("compressed", compressed) else np.savez
    with whole_file(target) as hidden, hidden.open("wb") as file:
        write(file, **{_VERSION: np.array(schema.VERSION)}, **arrays)


def load(path: str | os.PathLike[str]) -> Recording:
    """Read an archive.

    Nothing in it is executed, and nothing is unpacked before the sizes of all arrays are known to fit.

    Args:
        path: The file.

    Raises:
        DatasetError: It is no such archive, or a damaged one.
        OptionTypeError: ``path`` is no path.
    """
    source = checked_path(path)
    with reading(source, "an archive of NumPy arrays (.npz)", *_DAMAGE):
        with zipfile.ZipFile(source) as archive:
            _check_archive(source, archive)
            arrays: dict[str, Any] = {name: _array(archive, name) for name in _members(archive)}
        names = arrays.pop(_NAMES, None)
        try:
            return Recording(**arrays, names=None if names is None else tuple(names.tolist()))
        except OptionError as error:
            raise DatasetError(f"{source}: {error}") from error


def _members(archive: zipfile.ZipFile) -> list[str]:
    """The arrays that a recording has."""
    there = set(archive.namelist())
    return [name for name in (*_ARRAYS, _NAMES) if f"{name}.npy" in there]


def _check_archive(path: Path, archive: zipfile.ZipFile) -> None:
    """See that all arrays are there, of the right shapes, and as large as their shapes say."""
    there = _members(archive)
    missing = [name for name in _ARRAYS if name not in there]
    if missing:
        raise DatasetError(f"{path} has no array {missing[0]!r}: it is not an archive of poses")
    if len(set(archive.namelist())) < len(archive.namelist()):
        raise DatasetError(f"{path} has two arrays of the same name")
    size = sum(archive.getinfo(f"{name}.npy").file_size for name in there)
    if size > _MOST_BYTES:
        raise DatasetError(f"{path} has {size >> 30} GiB of numbers, which poses are not")
    counts = {name: _count(path, archive, name) for name in there}
    for group in ((*_OF_FRAMES, _NAMES), tuple(_OF_POSES)):
        found = {counts[name] for name in group if name in counts}
        if len(found) > 1:
            raise DatasetError(f"{path}: the arrays {', '.join(group)} must have as many rows as each other")


def _count(path: Path, archive: zipfile.ZipFile, name: str) -> int:
    """How many rows an array has, by its header."""
    kinds, rest = _ARRAYS.get(name, ("U", ()))
    info = archive.getinfo(f"{name}.npy")
    with archive.open(info) as member:
        shape, dtype = _header(member)
        size = member.tell() + dtype.itemsize * int(np.prod(shape, dtype=object))
    if dtype.kind not in kinds or shape[1:] != rest or len(shape) != 1 + len(rest):
        wanted = ("T" if name in (*_OF_FRAMES, _NAMES) else "N", *map(str, rest))
        raise DatasetError(f"{path}: {name} is {dtype} of shape {shape}, wanted ({', '.join(wanted)})")
    if size != info.file_size:
        raise DatasetError(f"{path}: {name} has {info.file_size} bytes, but its shape wants {size}")
    return shape[0]


def _header(member: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(member)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(member)
    return shape, dtype


def _array(archive: zipfile.ZipFile, name: str) -> npt.NDArray[Any]:
    with archive.open(f"{name}.npy") as member:
        array: npt.NDArray[Any] = np.lib.format.read_array(member, allow_pickle=False)
        return array
