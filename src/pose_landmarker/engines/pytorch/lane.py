"""Requests of many threads, worked on together by one.

Whoever asks waits for the answer. While the lane's thread works on a batch, the next one gathers; nobody
waits for a batch to fill up. The thread is a daemon and ends when its lane is forgotten.
"""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from traceback import clear_frames
from typing import Any, Generic, TypeVar

from pose_landmarker.engines.pytorch.gate import GATE
from pose_landmarker.errors import EngineError

_Request = TypeVar("_Request")
_Answer = TypeVar("_Answer")

#: Seconds between two looks whether the thread is still there, and those that an ending program waits for it.
_LOOK_S, _END_S = 1.0, 10.0

#: Works on a batch: as many answers as requests, in the same order.
Run = Callable[[Sequence[_Request]], Sequence[_Answer]]


class _Ticket(Generic[_Request, _Answer]):
    """A request, and its answer once that is there."""

    def __init__(self, request: _Request, size: int) -> None:
        self.request = request
        self.size = size
        self.answer: _Answer | None = None
        self.error: BaseException | None = None
        self.done = threading.Event()


class Lane(Generic[_Request, _Answer]):
    """Hands requests of all threads to a function, several of them together."""

    def __init__(self, run: Run[_Request, _Answer], most: int) -> None:
        """Take over a function that works on batches.

        Args:
            run: The function. Called by one thread only.
            most: Size of a batch that no further request is added to.
        """
        self._run = run
        self._most = most
        self._starting = threading.Lock()
        self._worker: _Worker[_Request, _Answer] | None = None

    def __call__(self, request: _Request, size: int) -> _Answer:
        """The answer to a request.

        Args:
            request: What the function takes.
            size: How much of a batch it is.

        Raises:
            EngineError: The function failed, for this request or one in the same batch; or the program is
                ending.
        """
        ticket = _Ticket[_Request, _Answer](request, size)
        with GATE:
            worker = self._at_work()
            worker.tickets.put(ticket)
        while not ticket.done.wait(_LOOK_S):
            if not worker.is_alive() and not ticket.done.is_set():
                raise EngineError("the network's thread has ended, and nobody knows why")
        if isinstance(ticket.error, EngineError):
            raise EngineError(str(ticket.error)) from ticket.error  # one each: several threads may raise it
        if ticket.error is not None:
            raise EngineError(f"PyTorch failed to run the network: {ticket.error}") from ticket.error
        assert ticket.answer is not None
        return ticket.answer

    def _at_work(self) -> _Worker[_Request, _Answer]:
        worker = self._worker
        if worker is not None and worker.pid == os.getpid():
            return worker
        if worker is not None:  # threads do not survive os.fork(), and a lock may be held by one of them
            self._starting, self._worker = threading.Lock(), None
        with self._starting:
            if self._worker is None:
                self._worker = self._started()
            return self._worker

    def _started(self) -> _Worker[_Request, _Answer]:
        worker = _Worker(self._run, self._most)
        try:
            worker.start()
        except RuntimeError as error:
            raise EngineError(f"the network's thread cannot be started: {error}") from error
        _workers.add(worker)
        weakref.finalize(self, worker.tickets.put, None).atexit = False
        return worker


class _Worker(threading.Thread, Generic[_Request, _Answer]):
    """The thread of a lane. None instead of a ticket ends it."""

    def __init__(self, run: Run[_Request, _Answer], most: int) -> None:
        super().__init__(name="pose-landmarker-lane", daemon=True)
        self.pid = os.getpid()
        # Can be put to from anywhere, even from what runs while garbage is collected inside of put().
        self.tickets: SimpleQueue[_Ticket[_Request, _Answer] | None] = SimpleQueue()
        self._work = run
        self._most = most

    def run(self) -> None:
        """Work until told to end."""
        taken: list[_Ticket[_Request, _Answer] | None] = []
        while True:
            first = taken.pop() if taken else self.tickets.get()
            if first is None:
                return
            batch, taken = self._gathered(first)
            self._answer(batch)
            del first, batch  # not to be held while waiting

    def _gathered(
        self, first: _Ticket[_Request, _Answer]
    ) -> tuple[list[_Ticket[_Request, _Answer]], list[_Ticket[_Request, _Answer] | None]]:
        """What waits and fits into a batch, and what was taken beyond that."""
        batch, size = [first], first.size
        while True:
            try:
                ticket = self.tickets.get_nowait()
            except Empty:
                return batch, []
            if ticket is None or size + ticket.size > self._most:
                return batch, [ticket]
            batch.append(ticket)
            size += ticket.size

    def _answer(self, batch: list[_Ticket[_Request, _Answer]]) -> None:
        try:
            answers = self._work([ticket.request for ticket in batch])
            for ticket, answer in zip(batch, answers, strict=True):
                ticket.answer = answer
        except BaseException as error:  # everybody who waits is told
            clear_frames(error.__traceback__)  # which hold what is on the device
            for ticket in batch:
                ticket.error = error
        finally:
            for ticket in batch:
                ticket.done.set()


_workers: weakref.WeakSet[_Worker[Any, Any]] = weakref.WeakSet()


@atexit.register
def _end() -> None:
    """Let all threads come out of PyTorch before the interpreter goes away."""
    GATE.close(_END_S)  # so that no ticket comes after those that end the threads
    workers = [worker for worker in _workers if worker.pid == os.getpid()]
    for worker in workers:
        worker.tickets.put(None)
    for worker in workers:
        with suppress(RuntimeError):
            worker.join(_END_S)
