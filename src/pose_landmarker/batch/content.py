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

from pose_landmarker.batch import remote

_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Content:
    """A file to read.

    Attributes:
        source: Path or address, as it was given.
        path: Where it lies on this machine.
        sha256: Of its bytes, hexadecimal.
        size: Bytes.
        state: What changes when somebody writes to the source.
    """

    source: str
    path: Path
    sha256: str
    size: int
    state: tuple[object, ...]

    def change(self) -> str:
        """What has happened to the source since; empty where nothing has.

        Raises:
            OSError: It is not there any more.
        """
        state = state_of(self.source)
        if state == self.state:
            return ""
        size = state[0]
        if size != self.size:
            return f"it changed while it was read: {self.size} bytes before, {size} after"
        return "it was written to while it was read"


@contextmanager
def content_of(source: str) -> Iterator[Content]:
    """The content of a path or address; what is remote is copied for as long as the block lasts.

    Raises:
        OSError: It cannot be read.
        MissingExtraError: fsspec is not installed.
    """
    if not remote.is_address(source):
        path = Path(remote.as_path(source))
        state = state_of(source)
        sha256, size = hash_file(path)
        yield Content(source, path, sha256, size, state)
        return
    state = state_of(source)
    with tempfile.TemporaryDirectory(prefix="pose_landmarker_") as folder:
        path = Path(folder, f"copy{PurePosixPath(urlsplit(source).path).suffix[:20]}")
        digest = hashlib.sha256()
        with path.open("wb") as file:
            for block in remote.copy(source, file):
                digest.update(block)
        yield Content(source, path, digest.hexdigest(), path.stat().st_size, state)


def state_of(source: str) -> tuple[object, ...]:
    """What changes when somebody writes to a source; the first is its size in bytes.

    Raises:
        OSError: It is not there, or no file.
    """
    if remote.is_address(source):
        found = remote.look(source)
        return (found.size, found.mark)
    about = Path(remote.as_path(source)).stat()
    if stat.S_ISDIR(about.st_mode):
        raise IsADirectoryError(f"{source}: a folder, wanted a file")
    if not stat.S_ISREG(about.st_mode):
        raise OSError(f"{source}: a pipe or a device, wanted a file")
    return (about.st_size, about.st_mtime_ns, about.st_ino)


def hash_file(path: str | os.PathLike[str]) -> tuple[str, int]:
    """SHA-256 of a file's bytes, hexadecimal, and how many there are.

    Raises:
        OSError: It cannot be read.
    """
    digest, size = hashlib.sha256(), 0
    with Path(path).open("rb", buffering=0) as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size += len(block)
    return digest.hexdigest(), size
