"""The engine of jobs on one machine: processes, each with networks of its own."""

from __future__ import annotations

import queue
import shutil
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Final

from pose_landmarker.batch.child import Child, Ended
from pose_landmarker.batch.local_worker import unpacked
from pose_landmarker.batch.work import Done, Event, Failed, FileTask, Settings, Waiting
from pose_landmarker.errors import EngineError

#: Messages of workers that may wait.
_ROOM: Final = 32
#: Seconds without a message after which the driver may look around.
_SILENCE_S: Final = 0.5
#: Workers that end one after the other without beginning a file: then there is no hope.
_MOST_USELESS: Final = 5


class LocalEngine:
    """Runs worker processes on this machine; see :class:`~pose_landmarker.batch.work.Engine`.

    A worker that is killed costs the file it works on a try, and another one takes its place.

    Args:
        settings: What every worker needs to know.
        workers: How many there are.
    """

    def __init__(self, settings: Settings, workers: int) -> None:
        self._settings = settings
        self._count = workers
        self._folder = tempfile.mkdtemp(prefix="pose_landmarker_")
        self._children: dict[str, Child] = {}
        self._heard: queue.SimpleQueue[tuple[Child, Any]] = queue.SimpleQueue()
        self._room = threading.Semaphore(_ROOM)  # with a SimpleQueue half the price of a Queue with a size
        self._back: deque[FileTask] = deque()  # taken, but no worker has it
        self._useless = 0
        self._closed = False

    def events(self, take: Callable[[], FileTask | None]) -> Iterator[Event]:
        """Everything that happens, until there is no file left and none in work."""
        try:
            while True:
                self._feed(take)
                if not any(child.given for child in self._children.values()):
                    return
                try:
                    child, message = self._heard.get(timeout=_SILENCE_S)
                except queue.Empty:
                    where = f"{self._count} worker{'' if self._count == 1 else 's'} on this machine"
                    yield Waiting(self._count, where)
                    continue
                self._room.release()
                yield from self._events_of(child, message)
        finally:
            self.close()

    def close(self) -> None:
        """End all workers. Twice is fine."""
        self._closed = True
        for child in self._children.values():
            child.kill()
        for child in self._children.values():
            child.join()
        self._children = {}
        shutil.rmtree(self._folder, ignore_errors=True)

    def _feed(self, take: Callable[[], FileTask | None]) -> None:
        """Give files to all workers that want one; first to those that have none."""
        while len(self._children) < self._count and (task := self._next(take)) is not None:
            self._begin().give(task)
        for child in sorted(self._children.values(), key=lambda child: len(child.given)):
            if not child.has_room:
                continue
            task = self._next(take)
            if task is None:
                return
            if child.given and task.is_video:  # it may be long, and another worker idle soon
                self._back.appendleft(task)
                return
            child.give(task)

    def _next(self, take: Callable[[], FileTask | None]) -> FileTask | None:
        return self._back.popleft() if self._back else take()

    def _begin(self) -> Child:
        taken = {child.name for child in self._children.values()}
        name = next(f"worker {i}" for i in range(1, self._count + 1) if f"worker {i}" not in taken)
        child = Child(name, self._settings, self._folder, self._hear)
        self._children[name] = child
        return child

    def _events_of(self, child: Child, message: Any) -> Iterator[Event]:
        if isinstance(message, Exception):  # of the model or of the engine: nobody can work
            raise message
        if isinstance(message, Ended):
            yield from self._lost(child, message)
            return
        child.ready = True
        self._useless = 0
        for event in message:
            if isinstance(event, Done | Failed):
                child.given.popleft()
            yield unpacked(event)

    def _lost(self, child: Child, ended: Ended) -> Iterator[Event]:
        """A worker has ended: its file has failed, and what it has not begun is for another one."""
        del self._children[child.name]
        failed = child.given.popleft() if child.ready and child.given else None
        self._back.extendleft(reversed(child.given))
        if failed is not None:
            yield Failed(failed.number, "killed", ended.reason)
        elif not child.ready:
            self._useless += 1
            if self._useless >= _MOST_USELESS:
                raise EngineError(f"workers end before they begin: {ended.reason}")

    def _hear(self, child: Child, message: Any) -> None:
        while not self._closed:
            if self._room.acquire(timeout=0.2):
                self._heard.put((child, message))
                return
