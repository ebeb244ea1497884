"""Rows of small files until there are enough for a part: records, one after the other, each whole or void.

A record is a mark, the lengths and the checksum of what follows, a file's entry as JSON, and its rows as a
stream of Arrow. Whatever a kill or a full disk leaves at the end does not fit its checksum.
"""

from __future__ import annotations

import logging
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from pose_landmarker.batch.columns import worker_schema
from pose_landmarker.batch.entry import Entry, load_entry
from pose_landmarker.export.arrow_tables import load_pyarrow
from pose_landmarker.export.files import GrowingFile

_HEAD: Final = struct.Struct("<4sIQI")
_MARK: Final = b"PLJ1"
#: A damaged length must not fill the memory.
_MOST_BYTES: Final = 1 << 30


class Journal:
    """Takes files with their rows.

    Attributes:
        path: Where they are.
        size: Bytes.
        entries: The files, in order.
    """

    def __init__(self, folder: Path) -> None:
        """Begin one.

        Args:
            folder: Where it is to be.

        Raises:
            OSError: It cannot be written.
        """
        self._file = GrowingFile(folder / "rows", "files")
        self.path = self._file.part
        self.size = 0
        self.entries: list[Entry] = []
        self._head = worker_schema().serialize().to_pybytes()

    def append(self, entry: Entry, batches: Sequence[Any]) -> None:
        """Write a file with its rows; whole or, on a full disk, not at all.

        Raises:
            OSError: It cannot be written.
        """
        about = entry.as_json().encode()
        rows = b"".join([self._head, *(batch.serialize() for batch in batches)])
        check = zlib.crc32(rows, zlib.crc32(about))
        self._file.append(_HEAD.pack(_MARK, len(about), len(rows), check) + about + rows)
        self.size += _HEAD.size + len(about) + len(rows)
        self.entries.append(entry)

    def sync(self) -> None:
        """See that what was written is on the disk, should the power fail.

        Raises:
            OSError: The disk has failed.
        """
        with self.path.open("rb") as file:
            os.fsync(file.fileno())

    def close(self) -> None:
        """Nothing more is appended; the file stays."""
        self._file.stop()


def journals(folder: Path) -> list[Path]:
    """The journals of a folder, in no order."""
    return list(folder.glob("rows.*.part"))


def read_journal(path: Path) -> Iterator[tuple[Entry, list[Any]]]:
    """The files in a journal with their rows, up to where it ends or breaks off, which the log tells.

    Raises:
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        while True:
            at = file.tell()
            try:
                record = _record(file.read(_HEAD.size), file)
            except (ValueError, struct.error) as error:
                left = path.stat().st_size - at
                log = logging.getLogger("pose_landmarker")
                log.info("%s: its last %d bytes are left out: %s", path.name, left, error)
                return
            if record is None:
                return
            yield record


def _record(head: bytes, file: Any) -> tuple[Entry, list[Any]] | None:
    """A record; None where there is none.

    Raises:
        ValueError: It is damaged.
        struct.error: It is cut off.
    """
    if not head:
        return None
    mark, about_bytes, rows_bytes, check = _HEAD.unpack(head)
    if mark != _MARK or about_bytes + rows_bytes > _MOST_BYTES:
        raise ValueError("not a record")
    about, rows = file.read(about_bytes), file.read(rows_bytes)
    if zlib.crc32(rows, zlib.crc32(about)) != check:
        raise ValueError("a record is cut off or damaged")
    pa = load_pyarrow()
    with pa.ipc.open_stream(pa.py_buffer(rows)) as reader:
        return load_entry(about), list(reader)
