"""A worker process as the driver sees it: started, given files, heard, ended."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from pose_landmarker.batch.local_worker import Instructions
from pose_landmarker.batch.work import FileTask, Settings
from pose_landmarker.errors import EngineError

#: Pictures that a worker has, the one in work too: so many are through before the driver has answered.
_MOST_GIVEN: Final = 4
_PROGRAM: Final = (
    "import sys; sys.path[:] = {path!r}; from pose_landmarker.batch.local_worker import main; main()"
)


class Ended(NamedTuple):
    """A worker process is no more.

    Attributes:
        reason: A sentence.
    """

    reason: str


class Child:
    """A worker process, and what it was given.

    Attributes:
        name: Its own.
        given: The files that it has and has not finished, the one in work first.
        ready: Whether it can work, so that it is at work on the first of them.
    """

    def __init__(
        self, name: str, settings: Settings, folder: str, hear: Callable[[Child, Any], None]
    ) -> None:
        """Start a process.

        Args:
            name: Its name.
            settings: What is asked of it.
            folder: Where it may put files.
            hear: Called in a thread of its own with this and whatever is told: lists of events, the first
                of them empty and as soon as it is ready; an error that no worker can work with; and
                :class:`Ended` as the last.

        Raises:
            EngineError: It cannot be started.
        """
        self.name = name
        self.given: deque[FileTask] = deque()
        self.ready = False
        self._hear = hear
        folder = tempfile.mkdtemp(dir=folder)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM.format(path=sys.path)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is for the driver, which ends its workers itself
            )
        except OSError as error:
            raise EngineError(f"a worker cannot be started: {error.strerror or error}") from error
        self._send(Instructions(name, folder, settings))
        self._thread = threading.Thread(target=self._listen, daemon=True, name=f"pose-landmarker-{name}")
        self._thread.start()

    @property
    def has_room(self) -> bool:
        """Whether it should get another file: pictures are so quick that others must be there."""
        return not self.given or (len(self.given) < _MOST_GIVEN and not self.given[-1].is_video)

    def give(self, task: FileTask) -> None:
        """Give it a file."""
        self.given.append(task)
        self._send(task)

    def kill(self) -> None:
        """End it, whatever it is doing."""
        self._process.kill()

    def join(self) -> None:
        """Wait until it has ended."""
        self._thread.join()

    def _send(self, message: Any) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):  # it has ended, which the thread will tell
            self._process.stdin.write(pickle.dumps(message, protocol=5))
            self._process.stdin.flush()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        assert self._process.stdin is not None
        try:
            while True:
                self._hear(self, pickle.load(self._process.stdout))  # noqa: S301 - our own worker's
        except Exception:  # the end, or in the middle of something: pickle raises all sorts of errors
            self._process.kill()
        status = self._process.wait()
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._process.stdout.close()
        self._hear(self, Ended(_reason(status)))


def _reason(status: int) -> str:
    if status >= 0:
        return f"the worker ended with status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = "of unknown name"
    hint = "; out of memory?" if name == "SIGKILL" and os.name == "posix" else ""
    return f"the worker was killed by signal {-status} ({name}{hint})"
