"""The place of a worker in a cluster: who sits there, and what it has been given."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from pose_landmarker.batch.work import Done, Event, Failed, FileTask

#: A worker that cannot be started so many times in a row is given up.
_MOST_STARTS: Final = 5


class _Work(NamedTuple):
    task: FileTask
    answers: Any  # a generator of references, one for each list of events


class Seat:
    """A Ray actor, and the files that it has been given.

    Attributes:
        actor: The handle.
        ready: Whether it has answered since it was started.
        work: Files with their answers, in the order in which it works on them.
    """

    def __init__(self, actor: Any, settings: Any) -> None:
        self.actor = actor
        self._settings = settings  # a reference
        self.ready = False
        self.work: deque[_Work] = deque()
        self._starts = 1
        self._answer = self._greet()

    @property
    def waited_for(self) -> Any:
        """What will tell something next; None while it has nothing to do."""
        if not self.ready:
            return self._answer
        return self.work[0].answers if self.work else None

    def has_room(self) -> bool:
        """Whether it should be given a file: when it has none, or a picture and could begin another at once."""
        if not self.ready:
            return False
        return not self.work or (len(self.work) == 1 and not self.work[0].task.is_video)

    def give(self, task: FileTask) -> None:
        """Give it a file."""
        self.work.append(_Work(task, self.actor.work.remote(task)))

    def hear(self, get: Callable[[Any], Any]) -> list[Event]:
        """What it has told; nothing of a worker that has just started.

        Args:
            get: From a reference to what it stands for.

        Raises:
            Exception: What ``get`` raises: the worker is lost, or has failed.
        """
        if not self.ready:
            get(self._answer)
            self.ready = True
            return []
        events: list[Event] = get(next(self.work[0].answers))
        self._starts = 0
        if isinstance(events[-1], Done | Failed):
            self.work.popleft()
        return events

    def start_again(self) -> list[FileTask]:
        """Wait until Ray has started it again; gives back its files, the one in work first."""
        tasks = [work.task for work in self.work]
        self.work.clear()
        self.ready = False
        self._starts += 1
        self._answer = self._greet()
        return tasks

    def is_hopeless(self) -> bool:
        """Whether it was started too often without anything coming of it."""
        return self._starts > _MOST_STARTS

    def _greet(self) -> Any:
        # Answered when it has started, wherever and however often Ray has to try.
        return self.actor.begin.options(max_task_retries=-1).remote(self._settings)
