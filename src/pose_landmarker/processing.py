"""Many pictures and videos at once: every core has work of its own, and memory stays bounded."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from pose_landmarker.checks import check_flag, check_integer
from pose_landmarker.engines import settled_device
from pose_landmarker.engines.cpu import MAX_DEFAULT_THREADS, available_cpus
from pose_landmarker.errors import OptionError, OptionTypeError
from pose_landmarker.image_options import ImageProcessingOptions
from pose_landmarker.media.seconds import as_seconds
from pose_landmarker.options import OptionValues, PoseLandmarkerOptions
from pose_landmarker.parallel import parallel
from pose_landmarker.recording import Recording
from pose_landmarker.segments import Joints
from pose_landmarker.tasks import Task, counted, find_tasks
from pose_landmarker.worker import Processed, Step, Worker

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from pose_landmarker.worker_process import ProcessWorker

__all__ = ["Processed", "process", "record", "share_cpus"]

#: Bytes of results that may wait for being taken.
_ROOM = 64 << 20
#: What a result without pictures takes: measured 3 to 4 kB a pose.
_RESULT_BYTES, _POSE_BYTES = 1000, 4000
#: More threads of Python hinder each other: a twentieth of a frame's time is spent in the interpreter.
_MAX_WORKERS = 16
#: Of processes, each of which costs 60 MB of memory and more.
_MAX_PROCESSES = 64
#: Shorter pieces would spend too much of their time on warming up.
_MIN_SEGMENT_S = 5
_NOT_HERE = ("running_mode", "result_callback", "on_error")


def process(
    sources: object,
    model: str | os.PathLike[str] | bytes = "full",
    *,
    workers: int | None = None,
    in_order: bool = True,
    segment_s: float | None = None,
    images: bool = False,
    processes: bool = False,
    image_processing_options: ImageProcessingOptions | None = None,
    **options: Unpack[OptionValues],
) -> Iterator[Processed]:
    """Landmarks of many pictures and videos, as fast as this machine can.

        for done in process(["photos/", "dance.mp4"], model="lite", num_poses=2):
            print(done.source, done.frame, done.error or len(done.result))

    Every worker is a thread with networks of its own, which reads, resamples and looks at one picture or
    one video after the other. Every picture is looked at for itself; every video from its first frame to
    its last, like :meth:`PoseLandmarker.detect_for_video`, with the same numbers. A source that cannot be
    read is one :class:`Processed` with an error; the others are done.

    Memory stays bounded: sources are taken when a worker is free, and at most 64 MiB of results wait.
    With ``in_order``, a second video waits where the first one is not through by then; ``in_order=False``,
    or ``segment_s``, keeps all workers busy.

    Args:
        sources: Paths of pictures, videos and folders (with all below them), patterns such as
            ``"*.jpg"``, addresses of videos, and arrays as for :meth:`PoseLandmarker.detect`: one of
            them, or an iterable of any number, such as a generator.
        model: As for :meth:`PoseLandmarker.create`.
        workers: How many pictures or videos are worked on at the same time. As many as there are
            processors by default, 16 at most, and no more than sources.
        in_order: Whether results come in the order of the sources, else as they are made. The frames of
            a video come in order always.
        segment_s: Cut videos into pieces of so many seconds, 5 at least, that are worked on at the same
            time; the same people keep their numbers across the joints. Numbers differ a little from
            those of one go (see docs/throughput.md). Needs ``in_order``, and leaves files whole that
            cannot be read from the middle.
        images: Whether results carry their pictures.
        processes: Whether workers are processes instead of threads. They do everything but run networks,
            which are in this process: for engines that one process of Python cannot keep busy. A script
            needs ``if __name__ == "__main__":`` then (see docs/throughput.md).
        image_processing_options: As for :meth:`PoseLandmarker.detect`, for all sources.
        **options: As for :meth:`PoseLandmarker.create`, but for running mode and callbacks. ``threads``
            are those of each worker; by default all workers together have as many as there are
            processors.

    Returns:
        An iterator. Leaving it ends the work.

    Raises:
        OptionError: An option is wrong.
        ModelError: The model is missing, damaged or cannot be fetched; when the first result is asked for.
        EngineError: The engine cannot compile it, or failed; or there is no such device.
        MissingExtraError: PyTorch is not installed, which ``device`` needs.
        WorkerError: With ``processes``, none can be started.
        Exception: Whatever the iterable raised, after the results of what it gave before.
    """
    for name in _NOT_HERE:
        if name in options:
            raise OptionError(f"process() chooses {name} itself; leave it out")
    count = None if workers is None else check_integer("workers", workers, low=1)
    length = _segment_length(segment_s, in_order, options)
    if not isinstance(image_processing_options, ImageProcessingOptions | None):
        raise OptionTypeError(
            "image_processing_options must be ImageProcessingOptions(...), not "
            f"{type(image_processing_options).__name__}"
        )
    if check_flag("processes", processes):
        from pose_landmarker.worker_process import check_startable

        check_startable()
    wanted = PoseLandmarkerOptions.of(model, options)  # checked now, not in a thread
    base = wanted.base_options
    if base.device != "cpu":  # workers are other threads, which may have another current card
        wanted = replace(wanted, base_options=replace(base, device=settled_device(base.device)))
    tasks = find_tasks(sources, length)
    return _run(tasks, count, wanted, in_order, images, image_processing_options, processes)


def record(
    source: object,
    model: str | os.PathLike[str] | bytes = "full",
    **options: Unpack[OptionValues],
) -> Recording:
    """All poses of one video, or of many pictures, as arrays.

        recording = record("dance.mp4", num_poses=2)
        knees = recording.select(track_id=1).world_landmarks[:, PoseLandmark.LEFT_KNEE]

    Args:
        source: One video, or pictures and folders of them, as for :func:`process`.
        model: As for :meth:`PoseLandmarker.create`.
        **options: As for :func:`process`. Masks are left out.

    Returns:
        One frame per frame of the video, with exact times; or one per picture, with the pictures' names.

    Raises:
        OptionError: An option is wrong, or there are several videos, or videos and pictures.
        ImageError: A picture cannot be read or used.
        VideoError: The video cannot be read to its end.
        ModelError: The model is missing, damaged or cannot be fetched.
        FileNotFoundError: There is no such file.
    """
    if options.get("output_segmentation_masks"):
        options = {**options, "output_segmentation_masks": False}
    results, times, names = [], [], []
    number, is_video = 0, False
    for done in process(source, model, **options):
        if done.error is not None:
            raise done.error
        if done.number != number and (is_video or done.time is not None):
            raise OptionError("record() takes one video or any number of pictures; process() takes more")
        number, is_video = done.number, done.time is not None
        results.append(done.result)
        times.append(math.nan if done.time is None else float(done.time))
        names.append(done.source or f"{done.number}")
    found = [result for result in results if result is not None]
    return Recording.from_results(found, times_s=times, names=None if is_video else names)


def share_cpus(
    workers: int | None, threads: int | None, tasks: int, *, most: int = _MAX_WORKERS
) -> tuple[int, int]:
    """How many workers there are and how many threads each of them has, for all processors together.

    Args:
        workers: As asked for.
        threads: Of each worker, as asked for.
        tasks: How many there are at most that can be worked on at the same time.
        most: So many workers at most, if nobody says how many.
    """
    cpus = available_cpus()
    if workers is None:
        workers = min(most, max(1, cpus // (threads or 1)))
    workers = max(1, min(workers, tasks))
    if threads is None:
        threads = max(1, cpus // workers)
    if workers * threads > cpus and workers > 1:
        logging.getLogger("pose_landmarker").warning(
            "%d workers with %d threads each are more than the %d processors there are",
            workers,
            threads,
            cpus,
        )
    return workers, threads


def _segment_length(segment_s: float | None, in_order: bool, options: OptionValues) -> Fraction | None:
    if segment_s is None:
        return None
    length = as_seconds("segment_s", segment_s)
    if length < _MIN_SEGMENT_S:
        raise OptionError(f"segment_s must be {_MIN_SEGMENT_S} or more, not {segment_s}")
    if not in_order:
        raise OptionError("segment_s needs in_order=True: pieces are joined one after the other")
    if options.get("subject") is not None:
        raise OptionError("segment_s cannot follow a subject: every piece would choose one anew")
    return length


def _run(
    tasks: Iterator[Task],
    workers: int | None,
    options: PoseLandmarkerOptions,
    in_order: bool,
    images: bool,
    processing: ImageProcessingOptions | None,
    processes: bool,
) -> Iterator[Processed]:
    most = _MAX_PROCESSES if processes else _MAX_WORKERS
    at_once, tasks = counted(tasks, workers or most)
    count, threads = share_cpus(workers, options.threads, at_once, most=most)
    # One thread for each worker's networks and one for its decoder, which take turns.
    threads = options.threads or min(threads, MAX_DEFAULT_THREADS)
    options = replace(options, threads=threads)
    decoders = None if count == 1 else threads
    crew: Sequence[Worker | ProcessWorker]
    if processes:
        from pose_landmarker.worker_process import process_workers

        crew = process_workers(options, count, decoders, images, processing)
    else:
        crew = [Worker(options, decoders, images, processing) for _ in range(count)]
    steps = parallel(
        _work, tasks, workers=crew, in_order=in_order, room=_ROOM, size=_size, interrupt=_interrupt
    )
    try:
        yield from _joined(steps)
    finally:
        steps.close()  # type: ignore[attr-defined]
        for worker in crew:
            worker.close()


def _work(worker: Worker | ProcessWorker, task: Task) -> Iterator[Step]:
    return worker.work(task)


def _interrupt(worker: Worker | ProcessWorker) -> None:
    worker.interrupt()


def _joined(steps: Iterable[Step]) -> Iterator[Processed]:
    """The results, with pieces of videos put together."""
    joints, number = Joints(), -1
    piece: Task | None = None
    for task, done in steps:
        part = task.segment
        if part is None:
            yield done
            continue
        if task is not piece:
            if task.number != number:
                joints, number = Joints(), task.number
            joints.begin()
            piece = task
        if done.result is None or done.frame is None or done.time is None:
            yield done
        elif done.time < part.start:
            joints.warm_up(done.frame, done.result)
        else:
            yield replace(done, result=joints.join(done.frame, done.time, done.result))


def _size(step: Step) -> int:
    size = _RESULT_BYTES
    if step.done.image is not None:
        size += step.done.image.nbytes
    if step.done.result is not None:
        for pose in step.done.result.poses:
            size += _POSE_BYTES + (0 if pose.mask is None else pose.mask.nbytes)
    return size
