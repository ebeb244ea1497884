"""Storage that all readers share: each gets the same part of it, up to what one connection can have."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count

from benchmarks.scale.simulation.events import Events


class Storage:
    """Transfers in a clock of their own, which runs as fast as one reader is served.

    Whoever wants ``size`` bytes is through when that clock has gone on by ``size``, however many come and go
    meanwhile; so a transfer costs the logarithm of their number and not their number.

    Args:
        events: What happens when.
        bytes_s: Of all readers together.
        reader_bytes_s: Of one reader.
    """

    def __init__(self, events: Events, bytes_s: float, reader_bytes_s: float) -> None:
        self._events = events
        self._bytes_s, self._reader_bytes_s = bytes_s, reader_bytes_s
        self._served = 0.0
        self._since = 0.0
        self._waiting: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._given_up: set[int] = set()
        self._turn = 0

    def read(self, size: float, done: Callable[[], None]) -> int:
        """Read so many bytes; returns the number to give it up by."""
        self._advance()
        number = next(self._numbers)
        heapq.heappush(self._waiting, (self._served + size, number, done))
        self._plan()
        return number

    def give_up(self, number: int) -> None:
        """Of a transfer that is still going on."""
        self._advance()
        self._given_up.add(number)
        self._plan()

    @property
    def _readers(self) -> int:
        return len(self._waiting) - len(self._given_up)

    def _rate(self) -> float:
        return min(self._reader_bytes_s, self._bytes_s / self._readers)

    def _advance(self) -> None:
        if self._readers:
            self._served += (self._events.now - self._since) * self._rate()
        self._since = self._events.now

    def _plan(self) -> None:
        """Come back when the next one is through, unless somebody comes or goes before."""
        while self._waiting and self._waiting[0][1] in self._given_up:
            self._given_up.discard(heapq.heappop(self._waiting)[1])
        self._turn += 1
        if self._waiting:
            left = max(0.0, self._waiting[0][0] - self._served)
            self._events.after(left / self._rate(), self._through, self._turn)

    def _through(self, turn: int) -> None:
        if turn != self._turn:
            return
        self._advance()
        _, _, done = heapq.heappop(self._waiting)
        self._plan()
        done()
