"""What happens when: a heap of moments."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count
from typing import Any


class Events:
    """Runs actions in the order of their times.

    Attributes:
        now: Seconds since the start.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self._heap: list[tuple[float, int, Callable[..., object], tuple[Any, ...]]] = []
        self._numbers = count()

    def after(self, delay_s: float, action: Callable[..., object], *arguments: Any) -> None:
        """Do something in so many seconds; what is due at once happens in the order of being asked for."""
        heapq.heappush(self._heap, (self.now + delay_s, next(self._numbers), action, arguments))

    def run(self, finished: Callable[[], bool] = lambda: False) -> None:
        """Until there is nothing left to do, or the work is finished."""
        while self._heap and not finished():
            self.now, _, action, arguments = heapq.heappop(self._heap)
            action(*arguments)
