"""What runs in a decoding process: everything that a worker does, but for the networks."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import replace
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from typing import NamedTuple

from pose_landmarker.engines.remote import Link, RemoteEngine
from pose_landmarker.engines.serving import portable
from pose_landmarker.image_options import ImageProcessingOptions
from pose_landmarker.imaging import resample_on_one_thread
from pose_landmarker.options import PoseLandmarkerOptions
from pose_landmarker.parcel import pack
from pose_landmarker.tasks import Task
from pose_landmarker.worker import Processed, Worker


class Job(NamedTuple):
    """What is to be done with every task.

    Attributes:
        options: Of the landmarker; their engine stays behind.
        decoders: Threads for decoding; None: by the machine.
        images: Whether results carry their pictures.
        processing: For all pictures.
        has_rough: Whether there is a quicker engine for rough looks.
    """

    options: PoseLandmarkerOptions
    decoders: int | None
    images: bool
    processing: ImageProcessingOptions | None
    has_rough: bool = False


class Ready(NamedTuple):
    """The process has begun."""


class Over(NamedTuple):
    """All results of a task were sent.

    Attributes:
        error: What no other task would fare better with, if anything.
    """

    error: Exception | None = None


def decode(connection: Connection, job: Job) -> None:
    """Work on one task after the other, as they come, until nobody is there who sends any.

    Args:
        connection: To the process that gives tasks, runs networks and takes results.
        job: What to do with tasks.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one
    threading.Thread(target=_end_with_parent, daemon=True).start()
    resample_on_one_thread()  # the other processes have the other cores
    link = Link(connection)
    engine = RemoteEngine(link, has_rough=job.has_rough)
    options = replace(job.options, engine=engine, precision="exact")  # the engine knows how exact it is
    worker = Worker(options, job.decoders, job.images, job.processing)
    connection.send(Ready())
    try:
        while True:
            task: Task = connection.recv()
            connection.send(_work(worker, task, link, connection))
    except (EOFError, ConnectionError):
        pass


def _work(worker: Worker, task: Task, link: Link, connection: Connection) -> Over:
    try:
        for step in worker.work(task):
            _send(step.done, link, connection)
    except (EOFError, ConnectionError):  # nobody is there any more
        raise
    except Exception as error:
        return Over(portable(error))
    return Over()


def _send(done: Processed, link: Link, connection: Connection) -> None:
    if done.error is not None:
        done = replace(done, error=portable(done.error))
    parcel, arrays = pack(done)
    link.forget()
    if arrays:
        link.put(arrays)
        link.ask(parcel)  # they may be overwritten when they have been taken
    else:
        connection.send(parcel)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
