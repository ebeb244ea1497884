"""A log of the files that have no rows: those that failed, and those whose content is another file's.

It is no proof of anything: without it, files would only be looked at once more.
"""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from pose_landmarker.batch.entry import Entry, load_entry
from pose_landmarker.cache import write_atomically

_CHECK_DIGITS: Final = 8


class StatesLog:
    """Lines of a checksum and an entry.

    Args:
        path: Where it is, or will be.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> list[Entry]:
        """All entries, in order; lines that are not whole are left out.

        Raises:
            OSError: It is there, and cannot be read.
        """
        entries = []
        if self._path.exists():
            for line in self._path.read_bytes().splitlines():
                check, _, text = line.partition(b" ")
                with contextlib.suppress(ValueError, TypeError):
                    if check == _check(text):
                        entries.append(load_entry(text))
        return entries

    def replace(self, entries: Iterable[Entry]) -> None:
        """Leave these entries only.

        Raises:
            OSError: It cannot be written.
        """
        write_atomically(self._path, b"".join(map(_line, entries)))

    def append(self, entry: Entry) -> None:
        """Add one.

        Raises:
            OSError: It cannot be written.
        """
        with self._path.open("ab") as file:
            file.write(_line(entry))


def _line(entry: Entry) -> bytes:
    text = entry.as_json().encode()
    return _check(text) + b" " + text + b"\n"


def _check(text: bytes) -> bytes:
    return f"{zlib.crc32(text):0{_CHECK_DIGITS}x}".encode()
