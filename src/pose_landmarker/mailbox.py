"""Frames from one thread to another, the newest wins: the rules of ``scheduling`` with a lock and a bell."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from pose_landmarker.scheduling import LatestFrame, LiveStats

ItemT = TypeVar("ItemT")


class Mailbox(Generic[ItemT]):
    """Many threads put frames in, one takes them out. Nothing but :meth:`take` waits.

    Args:
        clock: Seconds that do not go backwards, for latencies.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._frames: LatestFrame[ItemT] = LatestFrame()
        # Reentrant: a signal handler may run in the middle of any of these calls, and call one.
        self._lock = threading.RLock()
        # Not a condition: a bell that is rung is heard later too, and a finaliser may ring it anywhere.
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._released = False

    def put(self, item: ItemT, timestamp_ms: int) -> None:
        """Let a frame wait, in place of the one that waits.

        Raises:
            ClosedError: The mailbox is closed.
            TimestampError: The time is not after that of the frame before.
        """
        now_s = self._clock()
        with self._lock:
            self._frames.submit(item, timestamp_ms, now_s)
        if self._bell.empty():  # one ring is enough, and more would pile up
            self._bell.put(None)

    def take(self) -> ItemT | None:
        """Wait for a frame and begin with it; ``None`` when closed and nothing waits any more."""
        while True:
            self._bell.get()
            if self._released:
                self.close()
            with self._lock:
                item = self._frames.start()
                if item is not None or self._frames.closed:
                    return item

    def hand_over(self) -> bool:
        """The work is done; whether anyone still wants its result."""
        now_s = self._clock()
        with self._lock:
            return self._frames.hand_over(now_s)

    def fail(self) -> None:
        """The work raised, or the callback that had the result."""
        with self._lock:
            self._frames.fail()

    def abandon(self) -> bool:
        """Drop the frame in work, if there is one; whether there was."""
        with self._lock:
            return self._frames.abandon()

    def close(self, *, drop_waiting: bool = True) -> None:
        """Refuse new frames; wake the thread that takes them."""
        with self._lock:
            self._frames.close(drop_waiting=drop_waiting)
        self._bell.put(None)

    def release(self) -> None:
        """Let the taker close the mailbox.

        For finalisers: takes no lock, since the garbage collector may run while one is held.
        """
        self._released = True
        self._bell.put(None)

    @property
    def stats(self) -> LiveStats:
        """What became of the frames so far."""
        with self._lock:
            return self._frames.stats()
