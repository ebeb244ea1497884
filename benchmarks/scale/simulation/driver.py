"""The one process that writes: what workers hand over is taken in the order of its coming."""

from __future__ import annotations


class Driver:
    """A queue with one server, and little room: who hands over more waits.

    Args:
        room_s: Seconds of its work that may wait.

    Attributes:
        busy_s: Seconds that it worked.
        free_at: When it will have written all that it has.
    """

    def __init__(self, room_s: float) -> None:
        self._room_s = room_s
        self.free_at = 0.0
        self.busy_s = 0.0

    def take(self, now: float, work_s: float) -> float:
        """Rows that take so long to write; returns how long they wait before they are begun."""
        waited = max(0.0, self.free_at - now)
        self.free_at = max(self.free_at, now) + work_s
        self.busy_s += work_s
        return waited

    def holds_back(self, now: float) -> float:
        """Seconds until there is room, for whoever has just handed something over."""
        return max(0.0, self.free_at - now - self._room_s)
