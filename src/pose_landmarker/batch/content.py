"""A source's content as a file on this machine: hashed, and watched for changes while it is read."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from pose_landmarker.batch.entry import Version
from pose_landmarker.batch.remote import as_path, copy, is_remote, look

_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Content:
    """A file to read.

    Attributes:
        source: Path or address, as it was given.
        path: Where it lies on this machine.
        sha256: Of its bytes, hexadecimal.
        size: Bytes.
        version: What changes when somebody writes to the source.
    """

    source: str
    path: Path
    sha256: str
    size: int
    version: Version

    def change(self) -> str:
        """What has happened to the source since; empty where nothing has.

        Raises:
            OSError: It is not there any more.
        """
        version = version_of(self.source)
        if version == self.version:
            return ""
        if version.size != self.size:
            return f"it changed while it was read: {self.size} bytes before, {version.size} after"
        return "it was written to while it was read"


@contextmanager
def content_of(source: str) -> Iterator[Content]:
    """The content of a path or address; what is remote is copied for as long as the block lasts.

    Raises:
        OSError: It cannot be read.
        MissingExtraError: fsspec is not installed.
    """
    if not is_remote(source):
        path = Path(as_path(source))
        version = version_of(source)
        sha256, size = hash_file(path)
        yield Content(source, path, sha256, size, version)
        return
    version = version_of(source)
    with tempfile.TemporaryDirectory(prefix="pose_landmarker_") as folder:
        path = Path(folder, f"copy{PurePosixPath(urlsplit(source).path).suffix[:20]}")
        digest = hashlib.sha256()
        with path.open("wb") as file:
            for block in copy(source, file):
                digest.update(block)
        yield Content(source, path, digest.hexdigest(), path.stat().st_size, version)


def version_of(source: str) -> Version:
    """What changes when somebody writes to a source.

    Raises:
        OSError: It is not there, or no file.
    """
    if is_remote(source):
        found = look(source)
        return Version(found.size, 0, found.mark)
    return file_version(as_path(source))


def file_version(path: str) -> Version:
    """What changes when somebody writes to a file of this machine.

    Raises:
        OSError: It is not there, or no file.
        ValueError: No file can have this name.
    """
    about = os.stat(path)  # noqa: PTH116 - of many files, and Path is slow
    if stat.S_ISDIR(about.st_mode):
        raise IsADirectoryError("a folder, wanted a file")
    if not stat.S_ISREG(about.st_mode):
        raise OSError("a pipe or a device, wanted a file")  # reading one may never end
    return Version(about.st_size, about.st_mtime_ns)


def hash_source(source: str) -> str:
    """SHA-256 of the bytes at a path or address, hexadecimal.

    Raises:
        OSError: They cannot be read.
        Exception: Whatever a filesystem raises.
    """
    if not is_remote(source):
        return hash_file(as_path(source))[0]
    digest = hashlib.sha256()
    with Path(os.devnull).open("wb") as nothing:
        for block in copy(source, nothing):
            digest.update(block)
    return digest.hexdigest()


def hash_file(path: str | os.PathLike[str]) -> tuple[str, int]:
    """SHA-256 of a file's bytes, hexadecimal, and how many there are.

    Raises:
        OSError: It cannot be read.
    """
    digest, size = hashlib.sha256(), 0
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - of thousands of files, and Path is slow
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return digest.hexdigest(), size
