"""Nobody is inside PyTorch when the interpreter goes away: a daemon thread that is aborts the process."""

from __future__ import annotations

import os
import threading

from pose_landmarker.errors import EngineError


class Gate:
    """Lets threads in until it is closed. To be used in a ``with``, for moments."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget who is inside: in a new process its threads are gone."""
        self._change = threading.Condition()
        self._inside = 0
        self._closed = False

    def __enter__(self) -> None:
        with self._change:
            if self._closed:
                raise EngineError("the program is ending, no network runs any more")
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._change:
            self._inside -= 1
            self._change.notify_all()

    def close(self, timeout_s: float) -> None:
        """Let nobody in any more, and wait for those who are inside."""
        with self._change:
            self._closed = True
            self._change.wait_for(lambda: not self._inside, timeout_s)


#: The one of this process.
GATE = Gate()

if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=GATE.reset)
