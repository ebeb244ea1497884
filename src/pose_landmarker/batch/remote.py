"""Files at addresses, such as ``s3://bucket/walk.mp4``, through fsspec."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any, BinaryIO, Final, NamedTuple
from urllib.parse import urlsplit
from urllib.request import url2pathname

from pose_landmarker.addresses import is_address
from pose_landmarker.errors import MissingExtraError

_WEB: Final = ("http://", "https://")
_BLOCK: Final = 1 << 20
#: What filesystems call the mark of a file's content or the time of its last change.
_MARKS: Final = ("ETag", "etag", "md5", "mtime", "LastModified", "last_modified", "created")


class Found(NamedTuple):
    """A remote file.

    Attributes:
        address: Where it is.
        size: Bytes; -1 where the filesystem does not say.
        mark: What changes when the content does; empty where there is nothing of the kind.
    """

    address: str
    size: int
    mark: str


def is_remote(source: str) -> bool:
    """Whether this is an address of something that is no file of this machine."""
    return is_address(source) and not source.lower().startswith("file://")


def as_path(source: str) -> str:
    """A path, also where it is written as an address: ``file:///home/walk.mp4``."""
    return url2pathname(urlsplit(source).path) if source.lower().startswith("file://") else source


def look(address: str) -> Found:
    """What is there.

    Raises:
        MissingExtraError: fsspec, or what it needs for this kind of address, is not installed.
        OSError: There is no such file, or it cannot be reached.
        Exception: Whatever the filesystem raises.
    """
    system, path = _system(address)
    system.invalidate_cache()
    return _found(address, system.info(path))


def list_files(address: str) -> Iterator[Found]:
    """The files that an address means: itself, those of a folder with all below it, or those that match.

    Raises:
        As :func:`look`.
    """
    system, path = _system(address)
    if address.lower().startswith(_WEB):  # its folders are pages, and a question mark begins a query
        about = {path: system.info(path)}
    elif "*" in path or "[" in path or "?" in path:
        about = system.glob(path, detail=True)
    elif system.isdir(path):
        about = system.find(path, detail=True)
    else:
        about = {path: system.info(path)}
    for name in sorted(about):
        if about[name].get("type", "file") == "file":
            yield _found(address if name == path else _address(name, system, address), about[name])


def copy(address: str, file: BinaryIO) -> Iterator[bytes]:
    """Copy a remote file, block by block; the blocks as they come.

    Raises:
        As :func:`look`.
    """
    system, path = _system(address)
    with system.open(path, "rb") as source:
        while block := source.read(_BLOCK):
            file.write(block)
            yield block


def _system(address: str) -> tuple[Any, str]:
    try:
        fsspec = import_module("fsspec.core")
        return fsspec.url_to_fs(address)  # type: ignore[no-any-return]
    except ImportError as error:
        raise MissingExtraError(
            f"addresses need fsspec ({error}): pip install 'pose-landmarker[batch]', and its package for "
            "this kind of address, such as s3fs"
        ) from error


def _address(name: str, system: Any, given: str) -> str:
    """Of a file that a filesystem has found; to some, such as that of FTP, the host is no part of names."""
    root = "/".join(given.split("/", 3)[:3])
    without_host = not root.endswith("/") and not system._strip_protocol(root.rpartition("::")[2]).strip("/")
    return f"{root}/{name.lstrip('/')}" if without_host else str(system.unstrip_protocol(name))


def _found(address: str, about: dict[str, Any]) -> Found:
    size = about.get("size")
    mark = next((str(about[name]) for name in _MARKS if about.get(name)), "")
    return Found(address, -1 if size is None else int(size), mark)
