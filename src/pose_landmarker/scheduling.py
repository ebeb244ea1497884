"""Which frame of a live stream is next: one in work, one waiting, the newest wins.

The rules only: no thread, no lock, no clock. :mod:`pose_landmarker.mailbox` puts a lock around them.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

from pose_landmarker.errors import ClosedError, TimestampError

ItemT = TypeVar("ItemT")

#: Latencies are those of so many frames, half a minute at 30 per second: memory stays flat.
LATENCIES_KEPT = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveStats:
    """What became of the frames of a live stream.

    At any time ``received == processed + dropped + in_work + waiting``; after ``close()`` nothing is in
    work or waiting, so ``received == processed + dropped``.

    Attributes:
        received: Frames accepted.
        processed: Frames taken to an end: the result was handed over, or the work failed. A frame whose
            callback is running counts already.
        dropped: Frames that a newer one replaced, or that ``close()`` did not wait for.
        errors: How often the work or the callback raised.
        in_work: Frames being worked on, 0 or 1.
        waiting: Frames that are next, 0 or 1.
        latency_median_ms: Milliseconds from the arrival of a frame to the moment its result was handed
            over, the median of the latest 1024; ``None`` before the first.
        latency_p95_ms: The same, 95 % of the frames were faster or as fast.
    """

    received: int = 0
    processed: int = 0
    dropped: int = 0
    errors: int = 0
    in_work: int = 0
    waiting: int = 0
    latency_median_ms: float | None = None
    latency_p95_ms: float | None = None

    def __str__(self) -> str:
        counts = ", ".join(
            f"{name} {getattr(self, name)}" for name in ("received", "processed", "dropped", "errors")
        )
        if self.latency_median_ms is None or self.latency_p95_ms is None:
            return counts
        return f"{counts}; latency {self.latency_median_ms:.0f} ms median, {self.latency_p95_ms:.0f} ms p95"


@dataclass(frozen=True, slots=True, eq=False)
class _Arrival(Generic[ItemT]):
    item: ItemT
    time_s: float


class LatestFrame(Generic[ItemT]):
    """One frame in work, one waiting: a newer one takes the place of the waiting one.

    The worker calls :meth:`start`, then :meth:`hand_over` or :meth:`fail`. Times are seconds of any clock
    that does not go backwards.

    Attributes:
        closed: Whether frames are refused.
    """

    def __init__(self) -> None:
        self.closed = False
        self._waiting: _Arrival[ItemT] | None = None
        self._in_work: _Arrival[ItemT] | None = None
        self._received = self._processed = self._dropped = self._errors = 0
        self._last_timestamp_ms: int | None = None
        self._latencies_ms: deque[float] = deque(maxlen=LATENCIES_KEPT)

    def submit(self, item: ItemT, timestamp_ms: int, now_s: float) -> None:
        """Let a frame wait, in place of the one that waits.

        Raises:
            ClosedError: After :meth:`close`.
            TimestampError: The time is not after that of the frame submitted before.
        """
        if self.closed:
            raise ClosedError("this live stream is closed; create a new one")
        last = self._last_timestamp_ms
        if last is not None and timestamp_ms <= last:
            raise TimestampError(f"timestamp_ms must increase: got {timestamp_ms} after {last}")
        self._last_timestamp_ms = timestamp_ms
        self._received += 1
        self._drop_waiting()
        self._waiting = _Arrival(item, now_s)

    def start(self) -> ItemT | None:
        """Take the waiting frame into work; ``None`` if none waits or one is in work."""
        if self._in_work is not None or self._waiting is None:
            return None
        self._in_work, self._waiting = self._waiting, None
        return self._in_work.item

    def hand_over(self, now_s: float) -> bool:
        """The work is done; whether anyone still wants its result, which is not so after :meth:`abandon`."""
        if self._in_work is None:
            return False
        self._latencies_ms.append((now_s - self._in_work.time_s) * 1e3)
        self._processed += 1
        self._in_work = None
        return True

    def fail(self) -> None:
        """The work raised, or the callback that had the result."""
        self._errors += 1
        if self._in_work is not None:
            self._processed += 1
            self._in_work = None

    def abandon(self) -> bool:
        """Drop the frame in work, if there is one; whether there was."""
        if self._in_work is None:
            return False
        self._in_work = None
        self._dropped += 1
        return True

    def close(self, *, drop_waiting: bool = True) -> None:
        """Refuse new frames and drop the waiting one, unless that shall still be worked on."""
        self.closed = True
        if drop_waiting:
            self._drop_waiting()

    def stats(self) -> LiveStats:
        """What became of the frames so far."""
        latencies = sorted(self._latencies_ms)
        return LiveStats(
            received=self._received,
            processed=self._processed,
            dropped=self._dropped,
            errors=self._errors,
            in_work=int(self._in_work is not None),
            waiting=int(self._waiting is not None),
            latency_median_ms=_median(latencies) if latencies else None,
            latency_p95_ms=latencies[math.ceil(0.95 * len(latencies)) - 1] if latencies else None,
        )

    def _drop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting = None
            self._dropped += 1


def _median(ascending: list[float]) -> float:
    # The module statistics takes longer to import than all of this package that is needed at first.
    middle = len(ascending) // 2
    return (ascending[middle] + ascending[-middle - 1]) / 2
