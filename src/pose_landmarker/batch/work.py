"""What is asked of an engine of jobs, and what it tells: everything between the driver and its workers.

The driver lists files, knows what is done, and alone writes into the output folder. An engine runs workers,
wherever they are, and passes on what they tell. Everything here can be pickled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

from pose_landmarker.image_options import ImageProcessingOptions
from pose_landmarker.options import PoseLandmarkerOptions


class FileTask(NamedTuple):
    """A file to look at.

    Attributes:
        number: Its place in the order of the sources, from 0; not given out twice in a run, except when a
            file is tried again.
        source: Path or address.
        is_video: Whether it is a video; else a picture.
        size: Bytes, when it was listed.
        sample: Whether some of its frames are wanted for the report.
    """

    number: int
    source: str
    is_video: bool
    size: int
    sample: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What every worker needs to know.

    Attributes:
        options: Of the landmarkers; the running mode is chosen by the kind of file.
        processing: How pictures are to be looked at; None for as they are.
        decoders: Threads of each worker's video decoder; None for as many as are good for one.
    """

    options: PoseLandmarkerOptions
    processing: ImageProcessingOptions | None = None
    decoders: int | None = 1


class Started(NamedTuple):
    """A worker begins a file, from its first frame; what was told of it on an earlier try is void."""

    number: int
    worker: str


class Rows(NamedTuple):
    """Frames of a file, in order.

    Attributes:
        number: Of the file.
        batch: A ``pyarrow.RecordBatch`` of :func:`pose_landmarker.batch.columns.worker_schema`.
        frames: How many frames it is about.
        content: SHA-256 of the file's bytes, hexadecimal.
    """

    number: int
    batch: Any
    frames: int
    content: str = ""


class Sample(NamedTuple):
    """A frame with what was found drawn on it, for the report.

    Attributes:
        number: Of the file.
        frame: Of a video, which one; 0 of a picture.
        time_s: Of a video, seconds; else None.
        poses: How many people are in it.
        jpeg: At most 480 pixels wide and high.
    """

    number: int
    frame: int
    time_s: float | None
    poses: int
    jpeg: bytes


class Done(NamedTuple):
    """A file is through.

    Attributes:
        number: Of the file.
        content: SHA-256 of its bytes, hexadecimal.
        size: Bytes.
        width: Pixels, of its last frame; 0 where there was none.
        height: Pixels.
        frames: How many.
        poses: In all frames.
        people: How many different people (tracks); of a picture as many as poses.
        duration_s: Of a video, from its first frame to the end of its last one; else None.
        seconds: That it took.
        problems: What was found broken in it; the reading went on.
    """

    number: int
    content: str
    size: int
    width: int
    height: int
    frames: int
    poses: int
    people: int
    duration_s: float | None
    seconds: float
    problems: tuple[str, ...] = ()


#: Why a file failed: what it is (``content``: the same bytes would fail again), where it is (``access``: no
#: such file, no permission, a network), that it changed while it was read (``changed``), that its worker
#: ended (``killed``), that memory was short (``memory``), or that results could not be written (``write``).
Cause = Literal["content", "access", "changed", "killed", "memory", "write"]


class Failed(NamedTuple):
    """A file has failed, this time.

    Attributes:
        number: Of the file.
        cause: What kind of reason.
        reason: A sentence.
        content: SHA-256 of its bytes, where that is known.
        seconds: That were spent on it.
    """

    number: int
    cause: Cause
    reason: str
    content: str | None = None
    seconds: float = 0.0


class Waiting(NamedTuple):
    """Nothing has happened for a while; the driver may look around.

    Attributes:
        workers: How many there are, at work or idle.
        where: In words, such as "4 workers on 2 nodes".
    """

    workers: int
    where: str


Event = Started | Rows | Sample | Done | Failed | Waiting


class Engine(Protocol):
    """Runs workers on files."""

    def events(self, take: Callable[[], FileTask | None]) -> Iterator[Event]:
        """Everything that happens, until all tasks are done or have failed.

        Every task taken ends in one ``Done`` or one ``Failed``. Events of a file come in order; those of
        several are mixed. At most some MiB of rows wait to be taken. Leaving the iterator ends all workers.

        Args:
            take: The next file, asked for in the thread that reads the events, when a worker is free, so
                that there may be millions; None where there is none just now. It is asked again after every
                ``Done`` and ``Failed``, so that the driver can put a file in again; the events end when there
                is none and nothing is in work.

        Raises:
            EngineError: No worker can work at all.
            ModelError: The model is missing, damaged or cannot be fetched.
        """

    def close(self) -> None:
        """End all workers. Twice is fine."""
