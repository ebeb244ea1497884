"""Several threads that each work on a task of their own, and one place where their results come together."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from typing import Generic, TypeVar, cast

W = TypeVar("W")
T = TypeVar("T")
R = TypeVar("R")


def parallel(
    work: Callable[[W, T], Iterable[R]],
    tasks: Iterable[T],
    *,
    workers: Sequence[W],
    in_order: bool = True,
    room: int = 64,
    size: Callable[[R], int] = lambda _: 1,
    interrupt: Callable[[W], object] | None = None,
) -> Iterator[R]:
    """The results of many tasks, worked on at the same time by one thread for each worker.

    Tasks are taken one after the other, when a worker is free, so they may come from an endless
    generator. Results wait until they are asked for, and work waits when there are too many of them:
    memory is bounded. Nothing runs before the first result is asked for. Leaving the iterator, by an
    exception too, ends the threads, each after the result that it is working on.

    Args:
        work: From a worker and a task to any number of results, in their order. It runs in several
            threads at once, each with a worker of its own.
        tasks: Read by one thread at a time.
        workers: Whatever a thread needs for itself.
        in_order: Whether all results of a task come before those of the next one. Else they come as
            they are made; those of one task are in order all the same.
        room: For results that wait, in units of ``size``. One always fits.
        size: Of a result.
        interrupt: Called with each worker when no further results are wanted, while its thread may be
            waiting for something.

    Raises:
        Exception: Whatever ``tasks`` or ``work`` raised; in order, after the results before it.
    """
    with closing(_Gathering(work, tasks, in_order, room, size, interrupt)) as gathering:
        gathering.start(workers)
        yield from gathering


#: Stands for a task where there is none.
_NO_MORE = object()


class _EndedError(Exception):
    """Nobody wants any further results."""


class _Gathering(Generic[W, T, R]):
    """What the threads of one call share. Everything is guarded by one condition."""

    def __init__(
        self,
        work: Callable[[W, T], Iterable[R]],
        tasks: Iterable[T],
        in_order: bool,
        room: int,
        size: Callable[[R], int],
        interrupt: Callable[[W], object] | None,
    ) -> None:
        self._work, self._tasks = work, iter(tasks)
        self._in_order, self._room, self._size = in_order, room, size
        self._taking = threading.Lock()  # for taking tasks, which may take long
        self._taken = 0
        self._changed = threading.Condition()
        self._waiting: dict[int, deque[tuple[R, int]]] = {0: deque()}
        self._done: set[int] = set()
        self._errors: dict[int, BaseException] = {}
        self._current = 0  # the task whose results are due; without order, all are put there
        self._used = 0
        self._running = 0
        self._ended = False
        self._interrupt = interrupt
        self._workers: Sequence[W] = ()
        self._threads: list[threading.Thread] = []

    def start(self, workers: Sequence[W]) -> None:
        self._running = len(workers)
        self._workers = workers
        for number, worker in enumerate(workers):
            name = f"pose-landmarker-worker-{number}"
            self._threads.append(threading.Thread(target=self._run, args=(worker,), name=name, daemon=True))
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        if self._interrupt is not None:
            for worker in self._workers:
                self._interrupt(worker)
        for thread in self._threads:
            thread.join()

    def __iter__(self) -> Iterator[R]:
        while True:
            with self._changed:
                while not (self._due() or self._is_over()):
                    self._changed.wait()
                if not self._due():
                    self._raise_first()
                    return
                result, size = self._due().popleft()
                self._used -= size
                self._changed.notify_all()
            yield result

    def _due(self) -> deque[tuple[R, int]]:
        """The results that may be given out now; skips tasks that are through."""
        while not self._waiting.setdefault(self._current, deque()) and self._current in self._done:
            del self._waiting[self._current]
            self._done.remove(self._current)
            self._current += 1
            self._changed.notify_all()
        return self._waiting[self._current]

    def _is_over(self) -> bool:
        failed = self._current in self._errors if self._in_order else bool(self._errors)
        return failed or self._running == 0

    def _raise_first(self) -> None:
        if self._errors:
            raise self._errors[min(self._errors)]

    def _run(self, worker: W) -> None:
        number = 0
        try:
            while True:
                with self._taking:
                    if self._ended or self._errors:
                        break
                    number = self._taken  # also of an error of the tasks themselves: it comes last
                    task = next(self._tasks, _NO_MORE)
                    self._taken += 1
                if task is _NO_MORE:
                    break
                for result in self._work(worker, cast("T", task)):
                    self._put(number, result)
                self._finish(number)
        except _EndedError:
            pass
        except BaseException as error:  # it is raised where the results are asked for
            self._errors[number] = error
        with self._changed:
            self._running -= 1
            self._changed.notify_all()

    def _put(self, number: int, result: R) -> None:
        size = self._size(result)
        place = number if self._in_order else 0
        with self._changed:
            waiting = self._waiting.setdefault(place, deque())
            # What is due next always finds a place, or the others would wait for it, and it for them.
            while not self._ended and self._used + size > self._room and self._used:
                if place == self._current and not waiting:
                    break
                self._changed.wait()
            if self._ended:
                raise _EndedError
            waiting.append((result, size))
            self._used += size
            self._changed.notify_all()

    def _finish(self, number: int) -> None:
        with self._changed:
            if self._in_order:
                self._done.add(number)
            self._changed.notify_all()
