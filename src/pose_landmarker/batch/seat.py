"""The place of a worker in a cluster: who sits there, and what it has been given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from pose_landmarker.batch.work import Done, Event, Failed, FileTask

#: A worker that cannot be started so many times in a row is given up.
_MOST_STARTS: Final = 5


class Seat:
    """A Ray actor, and the files that it has been given.

    Args:
        actor: The handle.
        settings: A reference to what the worker needs to know.
        streams: How many files it works on at the same time.

    Attributes:
        actor: The handle.
        ready: Whether it has answered since it was started.
        node: Where it was when it answered last.
    """

    def __init__(self, actor: Any, settings: Any, streams: int) -> None:
        self.actor = actor
        self.ready = False
        self.node = ""
        self._settings = settings
        self._streams = streams
        self._alone = False
        self._work: list[tuple[FileTask, Any]] = []  # with generators of references, in order
        self._starts = 0
        self._greet()

    @property
    def busy(self) -> bool:
        """Whether it has files."""
        return bool(self._work)

    @property
    def waited_for(self) -> list[Any]:
        """What will tell something: its files, or that it has started."""
        return [answers for _, answers in self._work] if self.ready else [self._greeting]

    def has_room(self) -> bool:
        """Whether it should be given a file: to begin now, or right after a picture, which is soon over."""
        if not self.ready or (self._alone and self._work):
            return False
        ahead = 0 if any(task.is_video for task, _ in self._work) else 1
        return len(self._work) < self._streams + ahead

    def give(self, task: FileTask, *, alone: bool = False) -> None:
        """Give it a file; with nothing beside it if that could be lost with it."""
        self._alone = alone
        self._work.append((task, self.actor.work.remote(task)))

    def hear(self, waited_for: Any, get: Callable[[Any], Any]) -> list[Event]:
        """What it has told; nothing of a worker that has just started.

        Args:
            waited_for: One of those.
            get: From a reference to what it stands for.

        Raises:
            Exception: What ``get`` raises: the worker is lost, or has failed.
        """
        if not self.ready:
            self.node = get(waited_for)
            self.ready = True
            self._starts = 0
            return []
        events: list[Event] = get(next(waited_for))
        if isinstance(events[-1], Done | Failed):
            self._work = [work for work in self._work if work[1] is not waited_for]
        return events

    def start_again(self) -> tuple[list[FileTask], list[FileTask]]:
        """Wait until Ray has started it again.

        Returns:
            The files that it worked on, and those that it had not begun.
        """
        tasks = [task for task, _ in self._work]
        begun = self._streams if self.ready else 0
        self._work = []
        self.ready = False
        self._greet()
        return tasks[:begun], tasks[begun:]

    def is_hopeless(self) -> bool:
        """Whether it was started too often without anything coming of it."""
        return self._starts > _MOST_STARTS

    def _greet(self) -> None:
        self._starts += 1
        # Answered when it has started, wherever and however often Ray has to try.
        self._greeting = self.actor.begin.options(max_task_retries=-1).remote(self._settings)
