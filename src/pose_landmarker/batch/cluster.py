"""Workers on a Ray cluster: one that is there, or one that is started on this machine.

Ray places the workers, notices those that are lost with their process or node, and starts them again where
there is room. A worker is an actor with warm networks. Files are given to whoever is free.
"""

from __future__ import annotations

import logging
import os
import shutil
import socket
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from pose_landmarker.batch.ray_session import RaySession, StartedAgainError, load_ray, lost_worker
from pose_landmarker.batch.seat import Seat
from pose_landmarker.batch.shape import Shape, cpu_shape, gpu_shape
from pose_landmarker.batch.work import Event, Failed, FileTask, Settings, Started, Waiting
from pose_landmarker.batch.worker import FileWorker
from pose_landmarker.errors import EngineError, OptionError
from pose_landmarker.imaging import resample_on_one_thread
from pose_landmarker.models.store import load_bundle, model_path
from pose_landmarker.options import BaseOptions, PoseLandmarkerOptions

#: Seconds between looks at the cluster while nothing else happens.
_TICK_S: Final = 1.0
#: Seconds between looks at it while much happens: nodes may have joined.
_LOOK_S: Final = 5.0
#: A worker tells what it has at least this often, and not much more often: every message costs the driver a
#: millisecond, and there may be a thousand workers.
_TELL_S: Final = 2.0
#: Ray knows that a node is lost within 5 checks of its health every 3 seconds. A worker whose node is there
#: then was lost alone, maybe because of its file.
_VERDICT_S: Final = 20.0
#: Seconds that workers have for tidying up when the job is over.
_FAREWELL_S: Final = 2.0
#: Messages of a worker that may wait; then it waits.
_MESSAGES_WAITING: Final = 8


class RayEngine:
    """An :class:`~pose_landmarker.batch.work.Engine` on a Ray cluster.

    Args:
        settings: Of the workers. The model's bytes are sent to them, so no node needs it.
        workers: How many; by default as many as the cluster has processors for, and more when nodes join.
        address: ``"auto"`` or ``"host:port"`` of a cluster; None for the one this process is connected to,
            else one on this machine, which ends with the job.

    Raises:
        MissingExtraError: Ray is not installed.
        EngineError: There is no such cluster, or it has no room for a worker.
        ModelError: The model is missing, damaged or cannot be fetched.
    """

    def __init__(
        self,
        settings: Settings,
        workers: int | None = None,
        *,
        address: str | None = None,
    ) -> None:
        options = with_model_bytes(settings.options)
        self._session = RaySession(address)
        self._workers = workers
        try:
            ray = self._session.ray
            self._shape = self._choose_shape(options)
            options = replace(options, threads=options.threads or 1)
            # Sent to a node once, however many workers it has.
            self._settings = ray.put(replace(settings, options=options))
            self._actor = ray.remote(_Actor).options(
                num_cpus=self._shape.cpus,
                num_gpus=self._shape.gpus,
                max_concurrency=self._shape.streams,
                max_restarts=-1,
                max_task_retries=0,  # rows of two tries would be mixed; the driver asks anew
            )
            self._seats: list[Seat] = []
            self._again: deque[FileTask] = deque()
            self._lost: list[_LostFile] = []
            self._suspects: set[int] = set()  # files of workers that were lost alone
            self._alone: deque[FileTask] = deque()
            self._next_look_s = 0.0
            self._grow()
        except BaseException:
            self._session.close()
            raise

    def events(self, take: Callable[[], FileTask | None]) -> Iterator[Event]:
        """See :class:`~pose_landmarker.batch.work.Engine`."""
        try:
            while not self._is_dry(take) or self._in_work():
                yield from self._next()
        finally:
            self.close()

    def close(self) -> None:
        """End all workers, and the cluster if it was started for this."""
        idle = [seat.actor.end.remote() for seat in self._seats if seat.ready and not seat.busy]
        self._session.wait(idle, _FAREWELL_S, every=True)
        for seat in self._seats:
            self._session.kill(seat.actor)
        self._seats = []
        self._session.close()

    def _choose_shape(self, options: PoseLandmarkerOptions) -> Shape:
        if options.base_options.device != "cpu":
            return gpu_shape(self._session.nodes().values())
        return cpu_shape(options.threads)

    def _grow(self) -> None:
        """Have as many workers as are wanted, or as there is room for."""
        room = self._shape.room(self._session.nodes().values())
        if not room and not self._seats:
            raise EngineError(
                f"no node of this Ray cluster has room for a worker, which takes {self._shape.cpus} "
                f"processors and {self._shape.gpus:g} GPUs; ask for fewer threads, or add nodes"
            )
        for _ in range((self._workers or room) - len(self._seats)):
            self._seats.append(Seat(self._actor.remote(), self._settings, self._shape.streams))

    def _is_dry(self, take: Callable[[], FileTask | None]) -> bool:
        """Give files to workers that have room for them; whether there were fewer files than room."""
        for seat in self._seats:
            while seat.has_room():
                if self._alone and not seat.busy:
                    seat.give(self._alone.popleft(), alone=True)
                    continue
                task = self._again.popleft() if self._again else take()
                if task is None:
                    return True
                if task.number in self._suspects and self._shape.streams > 1:
                    self._alone.append(task)  # else the files beside it might be lost with it once more
                else:
                    seat.give(task)
        return False

    def _in_work(self) -> bool:
        return bool(self._again or self._lost or self._alone) or any(seat.busy for seat in self._seats)

    def _next(self) -> Iterator[Event]:
        """What the workers have told; waits for something, but not for long."""
        due = {id(answer): (seat, answer) for seat in self._seats for answer in seat.waited_for}
        told = self._session.wait([answer for _, answer in due.values()], _TICK_S)
        for answer in told:
            yield from self._read(*due[id(answer)])
        if not told or time.monotonic() >= self._next_look_s:
            self._next_look_s = time.monotonic() + _LOOK_S
            self._grow()
            ready = sum(seat.ready for seat in self._seats)
            yield Waiting(ready, f"{ready} workers on {len(self._session.nodes())} nodes")
        if self._lost:
            yield from self._judge()

    def _read(self, seat: Seat, answer: Any) -> Iterator[Event]:
        if not any(answer is other for other in seat.waited_for):
            return  # it was lost meanwhile
        try:
            events = seat.hear(answer, self._session.ray.get)
        except Exception as error:
            self._lose(seat, error)
            return
        yield from events

    def _lose(self, seat: Seat, error: Exception) -> None:
        """A worker is gone: those of its files that it has not begun are for others."""
        reason = lost_worker(self._session.ray, error)
        until = time.monotonic() + _VERDICT_S
        begun, untouched = seat.start_again()
        self._again.extend(untouched)
        self._lost += [_LostFile(task, seat.node, reason, until) for task in begun]
        logging.getLogger("pose_landmarker").debug("a worker was lost: %s", reason)
        if seat.is_hopeless():
            self._session.kill(seat.actor)
            self._seats.remove(seat)
        if not self._seats:
            raise EngineError(f"no worker can be started on this Ray cluster: {reason}")

    def _judge(self) -> Iterator[Event]:
        """Files of lost nodes are for others; those of workers that were lost alone have failed."""
        alive, now = self._session.nodes(), time.monotonic()
        for lost in self._lost:
            if lost.node not in alive:
                self._again.append(lost.task)
            elif now >= lost.until_s:
                self._suspects.add(lost.task.number)
                yield Failed(lost.task.number, "killed", lost.reason)
        self._lost = [lost for lost in self._lost if lost.node in alive and now < lost.until_s]


class _LostFile(NamedTuple):
    """A file that was in the hands of a lost worker."""

    task: FileTask
    node: str
    reason: str
    until_s: float


def with_model_bytes(options: PoseLandmarkerOptions) -> PoseLandmarkerOptions:
    """The same options with the model's bytes in place of its name or path.

    Raises:
        ModelError: The model is missing, damaged or cannot be fetched.
        OptionError: Such options cannot be sent to another machine.
    """
    base = options.base_options
    if not isinstance(options.engine, str):
        raise OptionError("an engine of your own cannot be sent to a cluster; name one of ours")
    if base.model_asset_buffer is not None:
        return options
    load_bundle(base)  # fetched where it is missing, and known to be whole
    path = model_path(base.model) if base.model is not None else base.model_asset_path
    assert path is not None  # BaseOptions has exactly one of the three
    with open(path, "rb") as file:  # noqa: PTH123 - any kind of path
        return replace(options, base_options=BaseOptions(model_asset_buffer=file.read(), device=base.device))


class _Actor:
    """A worker as Ray runs it."""

    def __init__(self) -> None:
        self._settings: Settings | None = None
        self._idle: list[FileWorker] = []  # one for each stream
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._folder = Path(tempfile.gettempdir())

    def begin(self, settings: Settings) -> str:
        """Get ready to work; the answer is the node on which this is."""
        context = load_ray().get_runtime_context()
        self._folder /= f"pose_landmarker_{context.get_actor_id()}"
        shutil.rmtree(self._folder, ignore_errors=True)  # copies of files of the one that was lost here
        self._folder.mkdir(parents=True)
        tempfile.tempdir = str(self._folder)
        self._settings = settings
        resample_on_one_thread()  # the other workers have the other processors
        return str(context.get_node_id())

    def end(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def work(self, task: FileTask) -> Iterator[list[Event]]:
        """All events of a file, some at a time."""
        if self._settings is None:  # Ray has started this anew, and the driver does not know it yet
            raise StartedAgainError
        worker = self._idle.pop() if self._idle else FileWorker(self._settings)
        waiting: list[Event] = [Started(task.number, self._name)]
        if task.is_video:  # it may take long, and somebody watches
            yield waiting
            waiting = []
        told = time.monotonic()
        for event in worker.work(task):
            waiting.append(event)
            if time.monotonic() - told > _TELL_S:
                yield waiting
                waiting, told = [], time.monotonic()
        self._idle.append(worker)
        if waiting:
            yield waiting

    # Ray reads this when it makes an actor class of this one.
    work.__ray_generator_backpressure_num_objects__ = _MESSAGES_WAITING  # type: ignore[attr-defined]
