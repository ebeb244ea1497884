"""Who is evaluated: this package in some configuration, or the poses of another program."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from typing import Any, Protocol

from pose_landmarker.engines.cpu import MAX_DEFAULT_THREADS
from pose_landmarker.errors import DatasetError, EngineError, PoseLandmarkerError
from pose_landmarker.evaluation.configuration import Configuration
from pose_landmarker.evaluation.found import FoundPoses, found_poses
from pose_landmarker.evaluation.labelled import LabelledPicture
from pose_landmarker.landmarker import PoseLandmarker
from pose_landmarker.media import read_image
from pose_landmarker.parallel import parallel
from pose_landmarker.processing import share_cpus

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
    """

    scored = True

    def __init__(self, configuration: Configuration) -> None:
        self.name = configuration.name
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
        with ExitStack() as stack:
            crew = [stack.enter_context(PoseLandmarker(options)) for _ in range(count)]
            found = parallel(_work, pictures, workers=crew, room=_ROOM)
            yield from stack.enter_context(closing(found))  # type: ignore[type-var]


def _work(landmarker: PoseLandmarker, picture: LabelledPicture) -> Iterator[FoundPoses | Exception]:
    try:
        result = landmarker.detect(read_image(picture.path))
        if picture.size is not None and result.image_size != picture.size:
            theirs, ours = ("{}x{}".format(*size) for size in (picture.size, result.image_size))
            raise DatasetError(f"{picture.path} has {ours} pixels, but its labels are for {theirs}")
    except EngineError:  # nor would the next picture fare better
        raise
    except (PoseLandmarkerError, OSError, MemoryError) as error:
        yield error
        return
    yield found_poses(result)
