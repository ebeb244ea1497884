"""Lines of videos that are worked on at the same time, in the order of the videos."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator, Sequence
from typing import IO

from pose_landmarker.cli.lines import Lines

#: Characters of a video that is not due that are kept in memory.
_ROOM = 1 << 18


class Turns:
    """Gives every video lines of its own, and passes them on in the order of the videos.

    Lines of the video whose turn it is go straight on, as soon as they are there. Those of the others
    wait, mostly in a temporary file, so that memory is bounded.

    Args:
        sinks: What takes all lines.
    """

    def __init__(self, sinks: Sequence[Lines]) -> None:
        self._sinks = sinks
        self._turn = 0
        self._waiting: dict[int, Waiting] = {}
        self._spool = Spool()

    def of(self, number: int) -> list[Lines]:
        """What takes the lines of a video; nothing where nobody wants any."""
        if not self._sinks:
            return []
        self._waiting[number] = Waiting(self, number, self._spool)
        return [self._waiting[number]]

    def is_due(self, number: int) -> bool:
        """Whether it is the turn of this video."""
        return self._turn == number

    def pass_on(self, line: str) -> None:
        """A line of the video whose turn it is."""
        for sink in self._sinks:
            sink.write(line)

    def put_away(self, number: int) -> None:
        """A video is through before its turn: its lines leave the memory."""
        if number in self._waiting and not self.is_due(number):
            self._waiting[number].put_away()

    def finish(self, number: int) -> None:
        """The video whose turn it is will write no more; it is the next one's turn.

        Raises:
            OSError: A line cannot be written.
        """
        lines = self._waiting.pop(number, None)
        try:
            if lines is not None:
                lines.release()
        finally:
            self._turn = number + 1

    def close(self) -> None:
        """Forget all lines that still wait."""
        self._spool.close()


class Waiting:
    """Lines of one video, written by one thread."""

    def __init__(self, turns: Turns, number: int, spool: Spool) -> None:
        self._turns, self._number, self._spool = turns, number, spool
        self._lines: list[str] = []
        self._size = 0
        self._places: list[tuple[int, int]] = []

    def write(self, line: str) -> None:
        """Pass a line on, or let it wait."""
        if self._turns.is_due(self._number):
            self.release()
            self._turns.pass_on(line)
            return
        self._lines.append(line)
        self._size += len(line)
        if self._size > _ROOM:
            self.put_away()

    def put_away(self) -> None:
        """Let everything wait in the file."""
        if self._lines:
            self._places.append(self._spool.put(self._lines))
            self._lines, self._size = [], 0

    def release(self) -> None:
        """Pass on what waits."""
        places, self._places = self._places, []
        lines, self._lines = self._lines, []
        for place in places:
            for line in self._spool.get(place):
                self._turns.pass_on(line)
        for line in lines:
            self._turns.pass_on(line)


class Spool:
    """A file without a name that holds lines; made when the first ones come."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._lock = threading.Lock()

    def put(self, lines: Sequence[str]) -> tuple[int, int]:
        """Where they are from now on."""
        data = "\n".join(lines).encode()
        with self._lock:
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
            start = self._file.seek(0, 2)
            self._file.write(data)
        return start, len(data)

    def get(self, place: tuple[int, int]) -> Iterator[str]:
        """The lines that were put there."""
        assert self._file is not None
        start, size = place
        with self._lock:
            self._file.seek(start)
            data = self._file.read(size)
        return iter(data.decode().split("\n"))

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
