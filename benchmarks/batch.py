"""Jobs: their frame rate beside that of process(), and what thousands of small files cost.

    python -m benchmarks.batch rate CLIP… [--model full] [--workers 2] [--rounds 3] [--ray]
    python -m benchmarks.batch small [--files 10000] [--model lite] [--workers 2]

``rate`` looks at the clips with ``process()``, in a job and, where asked, in one on a Ray cluster of this
machine that has been started before, turn by turn, and tells the frames a second of each, with all that is
around them: starting workers, loading the model, writing the dataset. The processor time of a frame says the
same where others are at work on the machine, too.

``small`` makes so many little pictures of scikit-image's astronaut, and tells how much longer a job takes
than ``process()``, which keeps no books, how much of the time the workers had no file, the driver's
share of the processor time, its memory on the way, and how long the start of a job takes that has nothing
left to do.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as parquet
from PIL import Image

from pose_landmarker import process
from pose_landmarker.batch import Progress, run_batch

_SIDE = 112  # as many shifts as squares: 12,544 different pictures
#: Per cent of the files at which the memory is looked at.
_SHARES = (10, 25, 50, 75, 100)


def rate(clips: list[str], model: str, workers: int, rounds: int, *, with_ray: bool) -> dict[str, Any]:
    """Frames a second, processor time of a frame but for Ray's, and the ratios to process()."""
    runs: dict[str, Callable[[str], int]] = {
        "process": lambda _: _processed(clips, model, workers),
        "job": lambda out: run_batch(clips, out, model, workers=workers, threads=1).frames,
    }
    if with_ray:
        runs["ray"] = lambda out: (
            run_batch(clips, out, model, workers=workers, threads=1, engine="ray").frames
        )
        _start_ray(workers)
    figures: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            with tempfile.TemporaryDirectory() as folder:
                began, cpu = time.perf_counter(), _cpu_s()
                frames = run(str(Path(folder, "out")))
                used = (time.perf_counter() - began, _cpu_s() - cpu)
            figures[name].append((frames / used[0], frames / used[1]))
            print(f"{name}: {figures[name][-1][0]:.1f} frames a second", flush=True)
    result: dict[str, Any] = {"frames": frames, "rounds": rounds}
    for name, measured in figures.items():
        ratios = [ours[0] / theirs[0] for ours, theirs in zip(measured, figures["process"], strict=True)]
        of_cpu = [ours[1] / theirs[1] for ours, theirs in zip(measured, figures["process"], strict=True)]
        result[name] = {
            "fps": round(statistics.median(fps for fps, _ in measured), 2),
            "ratio": round(statistics.median(ratios), 4),
        }
        if name != "ray":  # whose workers are nobody's children
            result[name]["ratio_of_processor_time"] = round(statistics.median(of_cpu), 4)
    return result


def _processed(clips: list[str], model: str, workers: int) -> int:
    results = process(clips, model, workers=workers, threads=1, in_order=False)
    return sum(done.error is None for done in results)


def _start_ray(workers: int) -> None:
    """A cluster is there already when somebody gives it a job."""
    from pose_landmarker.batch.ray_session import load_ray

    load_ray().init(num_cpus=workers, include_dashboard=False, log_to_driver=False, logging_level="ERROR")


def small(count: int, model: str, workers: int) -> dict[str, Any]:
    """What many small files cost."""
    with tempfile.TemporaryDirectory() as folder:
        archive, output = Path(folder, "archive"), Path(folder, "out")
        _make_pictures(archive, count)
        memory: list[tuple[int, float]] = []

        def see(progress: Progress) -> None:
            memory.append((progress.counts.over, _memory_mb()))

        began = time.perf_counter()
        assert sum(1 for _ in process(archive, model, workers=workers, threads=1, in_order=False)) == count
        plain = time.perf_counter() - began
        began, cpu, all_cpu = time.perf_counter(), time.process_time(), _cpu_s()
        summary = run_batch(archive, output, model, workers=workers, threads=1, samples=0, progress=see)
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        all_cpu = _cpu_s() - all_cpu
        table = parquet.read_table(output / "files.parquet", columns=["seconds"])
        at_work = sum(table["seconds"].to_pylist())
        began = time.perf_counter()
        again = run_batch(archive, output, model, workers=workers, threads=1)
        resume = time.perf_counter() - began
        size = sum(path.stat().st_size for path in (output / "data").iterdir())
    assert summary.done == again.before == count
    return {
        "files": count,
        "seconds": round(seconds, 1),
        "longer_than_process": round(seconds / plain - 1, 4),
        "files_per_second": round(count / seconds, 1),
        "workers_idle_share": round(1 - at_work / (seconds * workers), 4),
        "driver_share_of_processor_time": round(cpu / all_cpu, 4),
        "memory_mb": {
            f"{share} %": round(_at(memory, count * share / 100)) for share in (10, 25, 50, 75, 100)
        },
        "resume_s": round(resume, 2),
        "dataset_mb": round(size / 1e6, 1),
    }


def _make_pictures(folder: Path, count: int) -> None:
    from skimage import data

    folder.mkdir()
    photo = Image.fromarray(data.astronaut()).resize((_SIDE, _SIDE))  # type: ignore[no-untyped-call]
    pixels = np.asarray(photo)
    for number in range(count):
        shifted = np.roll(pixels, (number % _SIDE, number // _SIDE), axis=(0, 1))
        Image.fromarray(shifted).save(folder / f"{number:06}.jpg", quality=85)


def _cpu_s() -> float:
    """Processor time of this process and of those of its children that have ended, seconds."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def _memory_mb() -> float:
    """Of this process, resident, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def _at(memory: list[tuple[int, float]], over: float) -> float:
    return next((mb for files, mb in memory if files >= over), memory[-1][1])


def main() -> None:
    """Measure what the command line says."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    modes = parser.add_subparsers(dest="mode", required=True)
    for name in ("rate", "small"):
        mode = modes.add_parser(name)
        mode.add_argument("--model", default="full" if name == "rate" else "lite")
        mode.add_argument("--workers", type=int, default=2)
        if name == "rate":
            mode.add_argument("clips", nargs="+")
            mode.add_argument("--rounds", type=int, default=3)
            mode.add_argument("--ray", action="store_true")
        else:
            mode.add_argument("--files", type=int, default=10_000)
    given = parser.parse_args()
    if given.mode == "rate":
        result = rate(given.clips, given.model, given.workers, given.rounds, with_ray=given.ray)
    else:
        result = small(given.files, given.model, given.workers)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
