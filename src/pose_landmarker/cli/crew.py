"""The threads that share the work on many inputs, each with a landmarker of its own."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from pose_landmarker.checks import check_integer
from pose_landmarker.cli.arguments import make_landmarker
from pose_landmarker.options import RunningMode

if TYPE_CHECKING:
    from pose_landmarker.landmarker import PoseLandmarker


class Worker:
    """What a thread needs.

    Attributes:
        threads: Of its networks.
        alone: Whether there is no other worker.
    """

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


def check_workers(arguments: argparse.Namespace) -> int | None:
    """What ``--workers`` means.

    Raises:
        OptionError: It is no number of workers.
    """
    return None if arguments.workers is None else check_integer("--workers", arguments.workers, low=1)


@contextmanager
def crew(arguments: argparse.Namespace, mode: RunningMode, tasks: int) -> Iterator[list[Worker]]:
    """As many workers as ``--workers`` and ``--threads`` say, or as the machine has room for.

    The first landmarker is made at once: what is wrong with options or model is found before the work.

    Args:
        arguments: With those of :func:`add_found` and :func:`add_engine`.
        mode: Running mode.
        tasks: How many inputs there are.

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
        _ = workers[0].landmarker
        if count > 1:
            stack.enter_context(single_threaded_opencv())
        yield workers


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
