"""A job: any number of files in, one dataset out; killed at any moment, it goes on where it stopped."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pose_landmarker.addresses import is_address, without_password
from pose_landmarker.batch.about import JOB_FILE, about_job, add_seconds, check_about
from pose_landmarker.batch.driver import Driver
from pose_landmarker.batch.local import LocalEngine
from pose_landmarker.batch.samples import MOST_SAMPLES
from pose_landmarker.batch.sources import find_files
from pose_landmarker.batch.store import Store, check_folder
from pose_landmarker.batch.summary import BatchSummary, Progress
from pose_landmarker.batch.work import Engine, Settings
from pose_landmarker.checks import check_choice, check_flag, check_integer
from pose_landmarker.engines.cpu import MAX_DEFAULT_THREADS, available_cpus
from pose_landmarker.errors import DatasetError, OptionError, OptionTypeError
from pose_landmarker.export.arrow_tables import load_pyarrow
from pose_landmarker.image_options import ImageProcessingOptions
from pose_landmarker.options import ENGINE_NAMES, FindingValues, PoseLandmarkerOptions
from pose_landmarker.processing import share_cpus

if TYPE_CHECKING:
    from typing_extensions import Unpack

#: Makes what runs the workers: of settings and how many there are to be, None for as many as are good.
EngineMaker = Callable[[Settings, "int | None"], Engine]

ENGINES: Final = ("local", "ray")

_NOT_HERE: Final = ("running_mode", "result_callback", "on_error", "output_segmentation_masks")
_LOCK: Final = ".lock"


def run_batch(
    sources: object,
    output: str | os.PathLike[str],
    model: str | os.PathLike[str] | bytes = "full",
    *,
    workers: int | None = None,
    engine: str | EngineMaker = "local",
    address: str | None = None,
    inference: str = "auto",
    retries: int = 2,
    retry_failed: bool = False,
    samples: int = MOST_SAMPLES,
    report: bool = True,
    image_processing_options: ImageProcessingOptions | None = None,
    progress: Callable[[Progress], object] | None = None,
    stop: Callable[[], bool] | None = None,
    **options: Unpack[FindingValues],
) -> BatchSummary:
    """Landmarks of an archive of pictures and videos, as a dataset of Parquet files.

        summary = run_batch("archive/", "found", model="lite", num_poses=2)
        poses = pandas.read_parquet("found/data")

    The same call goes on where an earlier one stopped, whatever stopped it, and leaves out what is done.
    docs/batch.md says what is in the folder, and what becomes of files that fail.

    Args:
        sources: Paths of pictures, videos and folders (with all below them), patterns such as
            ``"archive/**/*.mp4"``, and addresses such as ``"s3://bucket/clips"`` (through fsspec): one of
            them, or an iterable.
        output: The folder for results: none yet, empty, or that of an earlier run with the same options.
        model: As for :meth:`PoseLandmarker.create`.
        workers: How many files are worked on at the same time; by default as many as there are processors.
        engine: What runs the workers: ``"local"``, processes on this machine; ``"ray"``, a Ray cluster (see
            docs/cluster.md); or a function from :class:`~pose_landmarker.batch.work.Settings` and
            ``workers`` to an :class:`~pose_landmarker.batch.work.Engine`.
        address: Of the Ray cluster: ``"auto"`` or ``"host:port"``; by default the one that this process is
            connected to, else one on this machine that is started for the job.
        inference: Which inference engine the workers use, as ``engine`` of :meth:`PoseLandmarker.create`.
        retries: How often a file is tried again that failed for reasons that may pass; counted over all
            runs. Content that cannot be read is not tried again.
        retry_failed: Try again what has failed for good in earlier runs.
        samples: Of how many files frames are drawn for the report.
        report: Whether ``report.html`` is written.
        image_processing_options: As for :meth:`PoseLandmarker.detect`, for all files.
        progress: Called with how far it is, a few times a second.
        stop: Asked a few times a second whether to end now: what is done is kept, files in work are not.
        **options: As for :meth:`PoseLandmarker.create`, but for running mode, callbacks and masks, of which
            there are none here. ``threads`` are those of each worker.

    Returns:
        What came of it, with the files that failed.

    Raises:
        OptionError: An option is wrong, or ``output`` holds something else, or a job with other options.
        ModelError: The model is missing, damaged or cannot be fetched.
        EngineError: The engine cannot compile it, or no worker can work.
        MissingExtraError: pyarrow is not installed, or PyAV, fsspec or Ray where they are needed.
        DatasetError: What is in ``output`` is damaged.
        OSError: ``output`` cannot be written.
    """
    folder = _folder(output)
    settings = _settings(model, inference, image_processing_options, options)
    count = None if workers is None else check_integer("workers", workers, low=1)
    make = _maker(engine, address)
    retries = check_integer("retries", retries, low=0)
    samples = check_integer("samples", samples, low=0)
    check_flag("retry_failed", retry_failed)
    load_pyarrow(extra="batch")
    about = about_job(settings)
    check_folder(folder, JOB_FILE, _LOCK)
    with _alone(folder):
        check_about(about, folder)
        store = Store(folder, about.constants)
        files = list(find_files(sources, folder))
        driver = Driver(
            store,
            files,
            retries=retries,
            retry_failed=retry_failed,
            samples=samples,
            progress=progress or (lambda _: None),
            stop=stop or (lambda: False),
        )
        began = time.monotonic()
        try:
            summary = driver.run(
                lambda: make(settings, count) if make else _local(settings, count, len(files))
            )
        finally:
            with suppress(OSError, DatasetError):  # on a full disk; it is for the report only
                add_seconds(folder, time.monotonic() - began)
        if report:
            _write_report(folder)
        return summary


def _maker(engine: str | EngineMaker, address: str | None) -> EngineMaker | None:
    """What makes the workers; None for those on this machine."""
    if engine == "ray":
        from pose_landmarker.batch.cluster import RayEngine
        from pose_landmarker.batch.ray_session import load_ray

        load_ray()
        return partial(RayEngine, address=address)
    if address is not None:
        raise OptionError("address is that of a Ray cluster; it needs engine='ray'")
    if callable(engine):
        return engine
    check_choice("engine", engine, ENGINES)
    return None


def _folder(output: object) -> Path:
    if not isinstance(output, str | os.PathLike) or isinstance(os.fspath(output), bytes):
        raise OptionTypeError(f"output must be the path of a folder, not {type(output).__name__}")
    if not os.fspath(output):
        raise OptionError("output is empty, wanted the path of a folder")
    if is_address(os.fspath(output)):
        raise OptionError(
            f"output must be a folder on this machine, not {without_password(os.fspath(output))}; copy its "
            "data/ there when the job is done"
        )
    return Path(output)


def _settings(
    model: str | os.PathLike[str] | bytes,
    inference: str,
    processing: ImageProcessingOptions | None,
    options: FindingValues,
) -> Settings:
    if not isinstance(processing, ImageProcessingOptions | None):
        raise OptionTypeError(
            f"image_processing_options must be ImageProcessingOptions(...), not {type(processing).__name__}"
        )
    for name in _NOT_HERE:
        if name in options:
            raise OptionError(f"run_batch() has no {name}; leave it out")
    check_choice("inference", inference, ENGINE_NAMES)
    wanted = PoseLandmarkerOptions.of(model, {"engine": inference, **options})
    return Settings(options=wanted, processing=processing)


def _local(settings: Settings, workers: int | None, files: int) -> LocalEngine:
    """Workers on this machine, which share its processors."""
    options = settings.options
    wanted = workers or max(1, available_cpus() // (options.threads or 1))
    count, threads = share_cpus(wanted, options.threads, files)
    threads = options.threads or min(threads, MAX_DEFAULT_THREADS)
    decoders = None if count == 1 else threads
    shared = replace(settings, options=replace(options, threads=threads), decoders=decoders)
    return LocalEngine(shared, count)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keeps other jobs out of a folder.

    Raises:
        OptionError: There is one at work in it.
        OSError: The folder cannot be made or written to.
    """
    import filelock

    folder.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(folder / _LOCK, timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise OptionError(f"another job is at work in {folder}") from None
    try:
        yield
    finally:
        lock.release()


def _write_report(folder: Path) -> None:
    """The report; a job whose data are whole does not fail for it."""
    from pose_landmarker.batch.report import write_report

    try:
        write_report(folder)
    except Exception as error:
        log = logging.getLogger("pose_landmarker")
        log.warning("the report cannot be written: %s", error, exc_info=True)
