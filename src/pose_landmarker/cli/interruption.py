"""Ctrl-C as a wish to end in good order; the second one ends at once."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

#: Ctrl-C, a request to terminate, and (not on Windows) a terminal that is closed.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))


class Interruption:
    """While entered, the first Ctrl-C (or request to terminate) is only remembered.

    The second one is a KeyboardInterrupt. Signals that are ignored stay so; outside the main thread,
    which alone may handle signals, nothing changes.

    Attributes:
        wanted: Whether the user wants to end.
        status: The exit status that tells so: 128 and the signal's number.
    """

    def __init__(self) -> None:
        self.wanted = False
        self.status = 128 + signal.SIGINT
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._remember)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def _remember(self, number: int, _frame: FrameType | None) -> None:
        if self.wanted:
            raise KeyboardInterrupt
        self.wanted = True
        self.status = 128 + number
