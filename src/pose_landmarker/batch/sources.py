"""From what a job was given to the files that are meant: folders, patterns, addresses."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from pose_landmarker.addresses import is_address, without_password
from pose_landmarker.batch.content import file_version
from pose_landmarker.batch.entry import Version
from pose_landmarker.batch.remote import as_path, is_remote, list_files
from pose_landmarker.errors import MissingExtraError, OptionTypeError
from pose_landmarker.media.suffixes import PICTURE_SUFFIXES, VIDEO_SUFFIXES
from pose_landmarker.tasks import is_video

_KNOWN = PICTURE_SUFFIXES | VIDEO_SUFFIXES


class Listed(NamedTuple):
    """A file that is meant, or why something that was given means none.

    Attributes:
        source: Path or address.
        version: Of the file.
        error: Why there is none; empty where there is one.
    """

    source: str
    version: Version = Version()
    error: str = ""

    @property
    def name(self) -> str:
        """How it is called in the dataset: as text, and without the password of an address."""
        text = self.source
        if not text.isascii():
            text = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        return without_password(text) if "://" in text else text

    def is_video(self) -> bool:
        """Whether it is looked at as a video; files of unclear names are opened to see."""
        if not is_address(self.source):
            return is_video(self.source)
        return _suffix(self.source) not in PICTURE_SUFFIXES - VIDEO_SUFFIXES


def find_files(sources: object, leave_out: Path) -> Iterator[Listed]:
    """The files that are meant, each once, in the order of the sources; those of folders by name.

    Args:
        sources: A path, pattern or address, or an iterable of them.
        leave_out: A folder that is not looked into: that of the results.

    Raises:
        OptionTypeError: ``sources`` is something else.
        MissingExtraError: There are addresses, and what reads them is not installed.
    """
    seen: set[str] = set()
    out = os.path.realpath(leave_out)
    for source in _each(sources):
        for listed in _found(source, out):
            key = listed.source if is_address(listed.source) else os.path.abspath(listed.source)  # noqa: PTH100 - links stay
            if key not in seen:
                seen.add(key)
                yield listed


def _each(sources: object) -> Iterator[str]:
    given = [sources] if isinstance(sources, str | os.PathLike) else sources
    if not isinstance(given, Iterable) or isinstance(given, bytes | bytearray | dict):
        raise OptionTypeError(
            f"sources must be a path, an address or an iterable of them, not {type(sources).__name__}"
        )
    for source in given:
        if not isinstance(source, str | os.PathLike):
            raise OptionTypeError(
                f"a job is about files: a source must be a path or an address, not {type(source).__name__}"
            )
        yield os.fsdecode(source)


def _found(source: str, out: str) -> Iterator[Listed]:
    if is_remote(source):
        yield from _remote(source)
        return
    path = as_path(source)
    if not path:
        yield Listed(source, error="an empty name")
        return
    try:
        if _is_within(path, out) and Path(path).is_dir():
            yield Listed(source, error="the folder for results cannot be a source")
        elif Path(path).is_dir():
            yield from _of_folder(path, out)
        elif glob.has_magic(path) and not os.path.lexists(path):
            yield from _matching(path, out)
        else:
            yield _file(path)
    except (OSError, ValueError) as error:  # too long, no such name
        yield Listed(source, error=_why(error))


def _matching(pattern: str, out: str) -> Iterator[Listed]:
    count = 0
    for match in sorted(glob.glob(pattern, recursive=True)):  # noqa: PTH207 - absolute patterns too
        if _is_within(match, out):
            continue
        if Path(match).is_dir():
            listed = _of_folder(match, out, may_be_empty=True)
        else:
            listed = iter([_file(match)] if _suffix(match) in _KNOWN else [])
        for file in listed:
            count += 1
            yield file
    if not count:
        yield Listed(pattern, error="no pictures or videos match")


def _of_folder(folder: str, out: str, *, may_be_empty: bool = False) -> Iterator[Listed]:
    """The pictures and videos in a folder and below it, and the folders that cannot be looked into."""
    unreadable: list[Listed] = []

    def note(error: OSError) -> None:
        unreadable.append(Listed(str(error.filename or folder), error=_why(error)))

    count = 0
    for path, folders, names in os.walk(folder, onerror=note):
        folders[:] = [name for name in sorted(folders) if not _is_within(os.path.join(path, name), out)]  # noqa: PTH118
        for name in sorted(names):
            if _suffix(name) in _KNOWN:
                count += 1
                yield _file(os.path.join(path, name))  # noqa: PTH118 - many, and Path is slow
    yield from unreadable
    if not count and not unreadable and not may_be_empty:
        yield Listed(folder, error="no pictures or videos in this folder")


def _file(path: str) -> Listed:
    try:
        return Listed(path, file_version(path))
    except (OSError, ValueError) as error:
        return Listed(path, error=_why(error))


def _remote(source: str) -> Iterator[Listed]:
    count = 0
    try:
        for found in list_files(source):
            if found.address == source or _suffix(found.address) in _KNOWN:
                count += 1
                yield Listed(found.address, Version(found.size, 0, found.mark))
        if not count:
            yield Listed(source, error="no pictures or videos there")
    except MissingExtraError:
        raise
    except Exception as error:  # whatever a filesystem raises: the others are listed
        yield Listed(source, error=_why(error))


def _is_within(path: str, out: str) -> bool:
    real = os.path.realpath(path)
    return real == out or real.startswith(out + os.sep)


def _suffix(name: str) -> str:
    path = urlsplit(name).path if is_address(name) else name
    return os.path.splitext(path)[1].lower()  # noqa: PTH122 - of thousands of files, and Path is slow


def _why(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return without_password(str(error)) or type(error).__name__
