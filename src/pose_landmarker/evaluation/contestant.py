"""Who is evaluated: this package in some configuration, or the poses of another program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import Any, Protocol

from pose_landmarker.checks import check_flag
from pose_landmarker.engines.cpu import MAX_DEFAULT_THREADS
from pose_landmarker.errors import DatasetError, EngineError, PoseLandmarkerError
from pose_landmarker.evaluation.configuration import Configuration
from pose_landmarker.evaluation.found import FoundPoses, found_poses
from pose_landmarker.evaluation.labelled import LabelledPicture
from pose_landmarker.landmarker import PoseLandmarker
from pose_landmarker.media import read_image
from pose_landmarker.options import PoseLandmarkerOptions
from pose_landmarker.parallel import parallel
from pose_landmarker.processing import Processed, share_cpus
from pose_landmarker.results import PoseLandmarkerResult
from pose_landmarker.tasks import Task

#: Results that may wait for being taken; a silhouette of a large picture takes megabytes.
_ROOM = 8


class Contestant(Protocol):
    """Finds poses in pictures.

    Attributes:
        name: For tables.
        scored: Whether its poses have scores.
    """

    name: str
    scored: bool

    def settings(self) -> dict[str, Any]:
        """What it works with, ready for JSON."""
        ...

    def covers(self, picture: LabelledPicture) -> bool:
        """Whether it can say anything about a picture."""
        ...

    def find(
        self, pictures: Sequence[LabelledPicture], workers: int | None = None
    ) -> Iterator[FoundPoses | Exception]:
        """What was found in each of the pictures, in their order, or why that is not known."""
        ...


class Landmarker:
    """This package, in IMAGE mode.

    Args:
        configuration: Model and options.
        processes: Whether processes read the pictures, as for :func:`pose_landmarker.process`.
    """

    scored = True

    def __init__(self, configuration: Configuration, *, processes: bool = False) -> None:
        self.name = configuration.name
        self._processes = check_flag("processes", processes)
        self._configuration = configuration

    def settings(self) -> dict[str, Any]:
        """Model and options that are not the default, ready for JSON."""
        return self._configuration.settings()

    def covers(self, _picture: LabelledPicture) -> bool:
        """Any picture."""
        return True

    def find(
        self, pictures: Sequence[LabelledPicture], workers: int | None = None
    ) -> Iterator[FoundPoses | Exception]:
        """What is found in each of the pictures; masks are made if one of them has a labelled mask.

        Raises:
            ModelError: The model is missing or damaged, or cannot be fetched.
            EngineError: The engine cannot compile it, or failed.
        """
        options = self._configuration.options
        count, threads = share_cpus(workers, options.threads, len(pictures))
        options = replace(
            options,
            threads=options.threads or min(threads, MAX_DEFAULT_THREADS),
            output_segmentation_masks=any(picture.mask is not None for picture in pictures),
        )
        if self._processes:
            yield from _by_processes(pictures, options, count)
            return
        with ExitStack() as stack:
            crew = [stack.enter_context(PoseLandmarker(options)) for _ in range(count)]
            found = parallel(_work, pictures, workers=crew, room=_ROOM)
            yield from stack.enter_context(closing(found))  # type: ignore[type-var]


def _work(landmarker: PoseLandmarker, picture: LabelledPicture) -> Iterator[FoundPoses | Exception]:
    try:
        result = _checked(picture, landmarker.detect(read_image(picture.path)))
    except EngineError:  # nor would the next picture fare better
        raise
    except (PoseLandmarkerError, OSError, MemoryError) as error:
        yield error
        return
    yield found_poses(result)


def _by_processes(
    pictures: Sequence[LabelledPicture], options: PoseLandmarkerOptions, count: int
) -> Iterator[FoundPoses | Exception]:
    from pose_landmarker.worker_process import ProcessWorker, process_workers

    def work(worker: ProcessWorker, picture: LabelledPicture) -> Iterator[FoundPoses | Exception]:
        path = str(picture.path)
        for step in worker.work(Task(0, path, path)):
            yield _found(picture, step.done)

    with ExitStack() as stack:
        crew = process_workers(options, count, 1, False, None)
        for worker in crew:
            stack.callback(worker.close)
        found = parallel(work, pictures, workers=crew, room=_ROOM, interrupt=ProcessWorker.interrupt)
        yield from stack.enter_context(closing(found))  # type: ignore[type-var]


def _found(picture: LabelledPicture, done: Processed) -> FoundPoses | Exception:
    if done.result is None:
        return done.error or AssertionError(done)
    try:
        return found_poses(_checked(picture, done.result))
    except DatasetError as error:
        return error


def _checked(picture: LabelledPicture, result: PoseLandmarkerResult) -> PoseLandmarkerResult:
    """The result, if it is of the picture that was labelled."""
    if picture.size is not None and result.image_size != picture.size:
        theirs, ours = ("{}x{}".format(*size) for size in (picture.size, result.image_size))
        raise DatasetError(f"{picture.path} has {ours} pixels, but its labels are for {theirs}")
    return result
