"""The program of a worker process: takes files from standard input, tells on standard output."""

from __future__ import annotations

import os
import pickle
import shutil
import tempfile
import threading
from queue import SimpleQueue
from typing import Any, BinaryIO, NamedTuple

from pose_landmarker.batch.columns import worker_schema
from pose_landmarker.batch.work import Event, FileTask, Rows, Settings, Started
from pose_landmarker.errors import EngineError, ModelError
from pose_landmarker.export.arrow_tables import load_pyarrow


class Instructions(NamedTuple):
    """What a worker process is told first.

    Attributes:
        name: Its own.
        folder: Where it may put files, which are removed when it ends.
        settings: What is asked of it.
    """

    name: str
    folder: str
    settings: Settings


def main() -> None:
    """Work until there is nothing more on standard input, which is also so when the driver was killed."""
    source = os.fdopen(os.dup(0), "rb")
    target = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not come between the events
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123 - as a file descriptor
        os.dup2(nothing.fileno(), 0)
    instructions: Instructions = pickle.load(source)  # noqa: S301 - our own driver's
    tempfile.tempdir = instructions.folder
    tasks: SimpleQueue[FileTask] = SimpleQueue()
    listening = (source, tasks, instructions.folder)
    threading.Thread(target=_listen, args=listening, daemon=True).start()
    try:
        _work(instructions, tasks, target)
    except OSError:  # the driver has gone
        _end(instructions.folder)


def _listen(source: BinaryIO, tasks: SimpleQueue[FileTask], folder: str) -> None:
    while True:
        try:
            tasks.put(pickle.load(source))  # noqa: S301
        except (EOFError, OSError, pickle.UnpicklingError):
            _end(folder)


def _end(folder: str) -> None:
    """End at once, in whatever a network or a decoder is."""
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def _work(instructions: Instructions, tasks: SimpleQueue[FileTask], target: BinaryIO) -> None:
    from pose_landmarker.batch.worker import FileWorker
    from pose_landmarker.imaging import resample_on_one_thread

    resample_on_one_thread()  # the other workers have the other processors
    worker = FileWorker(instructions.settings)
    _tell(target, [])
    try:
        while True:
            task = tasks.get()
            started = Started(task.number, instructions.name)
            events = map(_packed, worker.work(task))
            if task.is_video:
                _tell(target, [started])
                for event in events:
                    _tell(target, [event])
            else:  # all about a picture is one message: there are many of them
                _tell(target, [started, *events])
    except (EngineError, ModelError) as error:
        _tell(target, error)


def _packed(event: Event) -> Event:
    """Rows as bytes; Arrow's own way into pickle takes the schema along each time."""
    return event._replace(batch=event.batch.serialize().to_pybytes()) if isinstance(event, Rows) else event


def unpacked(event: Event) -> Event:
    """An event as the worker told it."""
    if not isinstance(event, Rows):
        return event
    pa = load_pyarrow()
    return event._replace(batch=pa.ipc.read_record_batch(pa.py_buffer(event.batch), worker_schema()))


def _tell(target: BinaryIO, message: list[Any] | Exception) -> None:
    target.write(pickle.dumps(message, protocol=5))
    target.flush()
