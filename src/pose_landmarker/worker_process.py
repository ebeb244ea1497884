"""A worker whose work is done by a process of its own, which this one runs the networks for."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import weakref
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing.context import SpawnProcess
from multiprocessing.process import BaseProcess
from typing import Any

from pose_landmarker.decoding_process import Job, Over, decode
from pose_landmarker.engines import choose_engine, rough_engine
from pose_landmarker.engines.serving import Networks, Server
from pose_landmarker.engines.shared_block import places
from pose_landmarker.errors import OptionError, PoseLandmarkerError, WorkerError
from pose_landmarker.image_options import ImageProcessingOptions
from pose_landmarker.imaging import import_opencv
from pose_landmarker.media.images import as_rgb
from pose_landmarker.models.store import load_bundle
from pose_landmarker.options import PoseLandmarkerOptions
from pose_landmarker.parcel import Parcel, unpack
from pose_landmarker.tasks import Task
from pose_landmarker.worker import Processed, Step

_NAME = "pose-landmarker-worker"
#: Exit status of a process that was to begin but found itself in a script that would start further ones.
_UNGUARDED = 87
#: Engines for processors: calls take turns, so each worker has networks of its own, as threads do. Others are
#: shared: they may join what is asked for at the same time.
_IN_TURN = ("native", "litert", "openvino")
#: A process whose end of the pipe is closed has so many seconds to be gone.
_PATIENCE_S = 5.0
#: Python's list of processes is not made for several threads. The garbage collector may bury, too.
_births_and_deaths = threading.RLock()


def process_workers(
    options: PoseLandmarkerOptions,
    count: int,
    decoders: int | None,
    images: bool,
    processing: ImageProcessingOptions | None,
) -> list[ProcessWorker]:
    """Workers around one engine, which is in this process.

    Args:
        options: Of the landmarkers.
        count: How many workers.
        decoders: Threads for decoding; None: by the machine.
        images: Whether results carry their pictures.
        processing: For all pictures.

    Raises:
        ModelError: The model is missing, damaged or cannot be fetched.
        MissingExtraError: The engine is not installed.
        OptionError: This process may not start others.
    """
    check_startable()
    device = options.base_options.device
    name, engine, _ = choose_engine(options.engine, options.precision, device)
    rough = rough_engine(name, engine) if options.search != "whole" else None
    import_opencv()  # which no thread may do while another one starts a process
    load_bundle(options.base_options)  # once before all processes want it
    shared = None if name in _IN_TURN else Networks(engine, rough)
    job = Job(options, decoders, images, processing)
    return [ProcessWorker(shared or Networks(engine, rough), job, number) for number in range(count)]


class ProcessWorker:
    """Does what :class:`~pose_landmarker.worker.Worker` does, in a process that is started when it is needed.

    The thread that calls :meth:`work` runs the networks. While nobody takes its results, it runs none, and
    the process waits.
    """

    def __init__(self, networks: Networks, job: Job, number: int) -> None:
        self._networks = networks
        self._job = job._replace(options=_without_engine(job.options), has_rough=networks.has_rough)
        self._name = f"{_NAME}-{number}"
        self._child: _Child | None = None
        self._turn = threading.Lock()
        self._ended = False

    def work(self, task: Task) -> Generator[Step, None, None]:
        """Everything that comes of a task.

        A process that dies over it costs the rest of this task.

        Raises:
            EngineError: An engine failed.
            WorkerError: No process can be started.
        """
        task = _sendable(task)
        done = Processed(number=task.number, source=task.source, error=task.error)
        if task.error is not None:
            yield Step(task, done)
            return
        child = self._started()
        if child is None:
            return
        gone = False
        try:
            for step in child.work(task):
                yield Step(task, step)
        except _GoneError:
            gone = True
        finally:
            if child.in_work and not gone and self._gives_up(child):  # we were left in the midst of it
                child.bury()
        if gone and self._gives_up(child):
            yield Step(task, replace(done, error=child.epitaph(task)))

    def interrupt(self) -> None:
        """Nobody wants anything any more: what is being done may be left undone."""
        with self._turn:
            self._ended = True
            if self._child is not None:
                self._child.kill()

    def close(self) -> None:
        """End the process and free its memory; nobody may be in :meth:`work`."""
        self.interrupt()
        if self._child is not None:
            self._child.bury()
            self._child = None

    def _gives_up(self, child: _Child) -> bool:
        """Whether a child is done with: it was in use, and may be buried now."""
        with self._turn:
            if self._ended or self._child is not child:
                return False
            self._child = None
            return True

    def _started(self) -> _Child | None:
        with self._turn:
            if self._child is None and not self._ended:
                self._child = _Child(Server(self._networks), self._job, self._name)
            return None if self._ended else self._child


class _GoneError(Exception):
    """The process is not there any more."""


class _Child:
    """A process, the pipe to it and the memory shared with it.

    Attributes:
        in_work: Whether it is in the midst of a task.
    """

    def __init__(self, server: Server, job: Job, name: str) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would copy the locks of other threads
        self._server = server
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=decode, args=(theirs, job), name=name, daemon=True)
        self._ready = False
        self.in_work = False
        with theirs, _births_and_deaths, _without_interruption():
            try:
                self._process.start()
            except OSError as error:
                raise WorkerError(
                    f"no further process can be started: {error}; take fewer workers"
                ) from error
        self._end = weakref.finalize(self, _bury, self._process, server, os.getpid())

    def work(self, task: Task) -> Iterator[Processed]:
        """What comes of a task, while networks are run for it.

        Raises:
            _GoneError: The process has ended.
            Exception: What no other task would fare better with.
        """
        if not self._ready:
            self._receive()
            self._ready = True
        self.in_work = True
        self._server.error = None
        self._send(task)
        while True:
            message = self._receive()
            if isinstance(message, Over):
                self.in_work = False
                if message.error is not None:
                    raise self._server.error or message.error  # the one that has its own traceback
                return
            if isinstance(message, Parcel):
                yield self._unpacked(message)
            else:
                self._send(self._server.answer(message))

    def kill(self) -> None:
        """End it, whatever it does."""
        with suppress(ValueError):  # the program ends, and it was buried already
            self._process.kill()

    def bury(self) -> None:
        """See that it has ended, and free what it needed."""
        self._end()
        self._connection.close()

    def epitaph(self, task: Task) -> WorkerError:
        """What it died of, after it was buried.

        Raises:
            WorkerError: It never lived.
        """
        code = _exit_code(self._process)
        self.bury()
        if not self._ready and (code is None or code >= 0):
            raise WorkerError(_stillborn(code))
        what = task.source or f"array {task.number}"
        return WorkerError(f"{what}: the decoding process {_cause(code)} while it worked on this")

    def _unpacked(self, parcel: Parcel) -> Processed:
        offsets, _ = places(parcel.sizes)
        arrays = [
            self._server.inbox.view((size,), "u1", offset)
            for size, offset in zip(parcel.sizes, offsets, strict=True)
        ]
        done: Processed = unpack(parcel, arrays)
        if arrays:
            self._send(None)
        return done

    def _send(self, message: object) -> None:
        try:
            self._connection.send(message)
        except OSError as error:
            raise _GoneError from error

    def _receive(self) -> Any:
        try:
            return self._connection.recv()
        except (EOFError, OSError) as error:
            raise _GoneError from error


def _without_engine(options: PoseLandmarkerOptions) -> PoseLandmarkerOptions:
    """The same options for a process that runs no networks: engines may not be sendable."""
    base = replace(options.base_options, device="cpu")
    return replace(options, base_options=base, engine="auto", precision="exact")


def check_startable() -> None:
    """Whether this process may start others.

    Raises:
        OptionError: It may not.
        SystemExit: It is one that :class:`ProcessWorker` has just started, which imports a script that would
            start further ones. The first process tells about it.
    """
    this = multiprocessing.current_process()
    if this.name.startswith(_NAME):
        raise SystemExit(_UNGUARDED)
    if this.daemon:
        raise OptionError(
            "processes=True cannot be had here: this is a daemonic process, such as a worker of "
            "multiprocessing.Pool, and those may not start others"
        )


def _sendable(task: Task) -> Task:
    """With an array for a picture that is no path, or with what is wrong with it."""
    if task.error is not None or task.picture is None or isinstance(task.picture, (str, os.PathLike)):
        return task
    try:
        return task._replace(picture=as_rgb(task.picture))
    except (PoseLandmarkerError, OSError, MemoryError) as error:
        return task._replace(picture=None, error=error)


@contextmanager
def _without_interruption() -> Iterator[None]:
    """A process that is started meanwhile does not hear Ctrl-C, not even before it can say so itself."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # else it is started too, and lets signals through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _exit_code(process: BaseProcess) -> int | None:
    with _births_and_deaths:
        process.join(_PATIENCE_S)
        return process.exitcode


def _bury(process: SpawnProcess, server: Server, owner: int) -> None:
    if os.getpid() != owner:  # a fork of the process that started it
        return
    process.kill()
    with _births_and_deaths:
        process.join()
        process.close()
    server.close()


def _cause(code: int | None) -> str:
    if code is None:
        return "stopped talking"
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"was ended by {name}" + (" (is there too little memory?)" if name == "SIGKILL" else "")


def _stillborn(code: int | None) -> str:
    if code == _UNGUARDED:
        return (
            "process(..., processes=True) starts processes, each of which imports this script once more, and "
            "would start processes in its turn: put what is to run only once below `if __name__ == "
            '"__main__":`'
        )
    return (
        f"a decoding process {_cause(code)} before it began to work; why may stand on standard error. Each "
        "imports the script that was started once more, so that has to be possible"
    )
