"""The threads that share the work on many inputs, each with a landmarker or a process of its own."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from pose_landmarker.checks import check_integer
from pose_landmarker.cli.arguments import landmarker_options, make_landmarker, processing_options
from pose_landmarker.options import PoseLandmarkerOptions, RunningMode

if TYPE_CHECKING:
    from pose_landmarker.landmarker import PoseLandmarker
    from pose_landmarker.worker_process import ProcessWorker


class Worker:
    """What a thread needs.

    Attributes:
        threads: Of its networks.
        alone: Whether there is no other worker.
        process: What reads and finds, where that is not done by the thread.
    """

    process: ProcessWorker | None = None

    def __init__(self, arguments: argparse.Namespace, mode: RunningMode, threads: int, alone: bool) -> None:
        self.threads = threads
        self.alone = alone
        self._make = partial(make_landmarker, arguments, mode, threads=threads)
        self._landmarker: PoseLandmarker | None = None

    @property
    def landmarker(self) -> PoseLandmarker:
        """Made when it is needed, so that all workers make theirs at the same time.

        Raises:
            PoseLandmarkerError: An option is wrong, or model or engine are not to be had.
        """
        if self._landmarker is None:
            self._landmarker = self._make()
        return self._landmarker

    def close(self) -> None:
        """Free the networks."""
        if self._landmarker is not None:
            self._landmarker.close()
        if self.process is not None:
            self.process.close()


def check_workers(arguments: argparse.Namespace) -> int | None:
    """What ``--workers`` means.

    Raises:
        OptionError: It is no number of workers.
    """
    return None if arguments.workers is None else check_integer("--workers", arguments.workers, low=1)


@contextmanager
def crew(
    arguments: argparse.Namespace,
    mode: RunningMode,
    tasks: int,
    *,
    processes: bool = False,
    images: bool = False,
) -> Iterator[list[Worker]]:
    """As many workers as ``--workers`` and ``--threads`` say, or as the machine has room for.

    The first landmarker is made at once: what is wrong with options or model is found before the work.

    Args:
        arguments: With those of :func:`add_found` and :func:`add_engine`.
        mode: Running mode.
        tasks: How many inputs there are.
        processes: Whether processes read and find, instead of landmarkers.
        images: Whether their results carry pictures.

    Raises:
        PoseLandmarkerError: An option is wrong, or model or engine are not to be had.
    """
    from pose_landmarker.engines.cpu import MAX_DEFAULT_THREADS
    from pose_landmarker.processing import share_cpus

    count, threads = share_cpus(check_workers(arguments), arguments.threads, tasks)
    threads = arguments.threads or min(threads, MAX_DEFAULT_THREADS)
    workers = [Worker(arguments, mode, threads, alone=count == 1) for _ in range(count)]
    with ExitStack() as stack:
        for worker in workers:
            stack.callback(worker.close)
        if processes:
            _add_processes(workers, arguments, mode, images)
        else:
            _ = workers[0].landmarker
        if count > 1:
            stack.enter_context(single_threaded_opencv())
        yield workers


def _add_processes(
    workers: list[Worker], arguments: argparse.Namespace, mode: RunningMode, images: bool
) -> None:
    from pose_landmarker.worker_process import process_workers

    values = landmarker_options(arguments, mode)
    values["threads"] = workers[0].threads
    options = PoseLandmarkerOptions.of(arguments.model, values)
    decoders = None if len(workers) == 1 else workers[0].threads
    made = process_workers(options, len(workers), decoders, images, processing_options(arguments))
    for worker, process in zip(workers, made, strict=True):
        worker.process = process


@contextmanager
def single_threaded_opencv() -> Iterator[None]:
    """For many workers: each resamples and draws on its own thread, and OpenCV's would take their cores."""
    import cv2

    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
