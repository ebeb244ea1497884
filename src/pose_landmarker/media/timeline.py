"""Numbers and times of pictures, from what a container and a decoder say of them."""

from __future__ import annotations

import heapq
from fractions import Fraction

#: A clock that falls back by more than this many seconds has begun anew: two recordings in one file.
_RESTART_S = 1


class Timeline:
    """Places decoded pictures: which number, and when.

    Attributes:
        index: Number of the last picture that was placed; -1 before the first one.
        origin: When the first picture is shown by the container's clock, in seconds; None before it.
        lost: How many pictures between the last two placed were sent to the decoder and never came.
        went_back: Whether the last one placed is not later than the one before.
        restarted: Whether the clock began anew with the last one placed; times go on all the same.
        step: Seconds from a picture to one that has no time.
        counted: Whether one packet is one picture, so that a missing one is noticed.
    """

    def __init__(self, tick: Fraction, step: Fraction, *, counted: bool) -> None:
        """Begin; ``tick`` is the length in seconds of one unit of the container's times."""
        self.index = -1
        self.origin: Fraction | None = None
        self.lost = 0
        self.went_back = False
        self.counted = counted
        self._tick = tick
        self.step = step
        self._last = Fraction(0)
        self._shift = Fraction(0)  # between the container's clock and ours
        self._sent: list[int] = []  # a heap of the times of pictures that are in the decoder
        self._floor: int | None = None

    @property
    def seconds(self) -> Fraction:
        """When the last picture is shown, from the first one on."""
        return self._last - (self.origin or 0)

    @property
    def mean_step(self) -> Fraction:
        """Seconds from a picture to the next, so far."""
        return self.seconds / self.index if self.index > 0 else self.step

    def sent(self, pts: int | None) -> None:
        """Note the time of a packet that the decoder is given."""
        if self.counted and pts is not None and (self._floor is None or pts >= self._floor):
            heapq.heappush(self._sent, pts)

    def jump(self, pts: int, index: int) -> None:
        """What comes next is the picture of that time and number, after some that are to be ignored."""
        self._sent.clear()
        self._floor = pts
        self._last = pts * self._tick - self.step
        self.index = index - 1

    def place(self, pts: int | None) -> bool:
        """Place the next picture: afterwards ``index`` and ``seconds`` are its own.

        Returns:
            Whether it is to be shown: not if it goes back in time, or comes before the place jumped to.
        """
        self.lost = 0
        self.went_back = self.restarted = False
        if pts is not None and self._floor is not None and pts < self._floor:
            return False
        following = self._last + self.step
        position = following if pts is None else pts * self._tick + self._shift
        if self.origin is None:
            self.origin = self._last = position if pts is not None else Fraction(0)
            self.index = 0
            self._forget(pts)  # what lies before the first picture was never to be seen
            return True
        self.lost = self._forget(pts)
        self.index += 1 + self.lost
        if position < self._last - _RESTART_S:
            self.restarted = True
            self._shift += following - position
            position = following
        self.went_back = position <= self._last
        if not self.went_back:
            self._last = position
        return not self.went_back

    def end(self) -> int:
        """How many pictures are still missing when no more come."""
        missing = len(self._sent) if self.counted else 0
        self._sent.clear()
        return missing

    def _forget(self, pts: int | None) -> int:
        """Drop a picture from those in the decoder; how many were to come before it."""
        if pts is None:
            self.counted = False
        if not self.counted:
            self._sent.clear()
            return 0
        before = 0
        while self._sent and self._sent[0] < pts:  # type: ignore[operator]
            heapq.heappop(self._sent)
            before += 1
        if self._sent and self._sent[0] == pts:
            heapq.heappop(self._sent)
        return before
