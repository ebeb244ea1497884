"""Memory over many frames and many landmarkers: it must stay flat.

    python -m benchmarks.memory [--frames 20000] [--cycles 200] [--hour]

Prints the resident memory (MiB) along the way, for VIDEO, for LIVE_STREAM, and over cycles of creating and
closing; with ``--hour`` instead for an hour of video, file to landmarks with ``process()``, whole and in
pieces, and the time that every tenth of it took. Exits with status 1 where it grows by more than 5 MB after
the first tenth, or threads are left.
Linux only. The frames are scikit-image's astronaut, moving.
"""

from __future__ import annotations

import argparse
import gc
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from pose_landmarker import PoseLandmarker, RunningMode, process
from pose_landmarker.arrays import RgbImage
from pose_landmarker.media import VideoWriter, as_rgb

#: Growth that is allowed, MiB.
LIMIT_MIB = 5.0


def resident_mib() -> float:
    """Resident memory of this process."""
    line = next(s for s in Path("/proc/self/status").read_text().splitlines() if s.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def pictures() -> Iterator[RgbImage]:
    """The astronaut, moving to and fro, for ever."""
    from skimage import data

    photo = as_rgb(data.astronaut())  # type: ignore[no-untyped-call]
    moved = [np.roll(photo, shift, axis=1) for shift in (*range(0, 60, 4), *range(60, 0, -4))]
    while True:
        yield from moved


def video(model: str) -> Callable[[int], None]:
    """A step of VIDEO mode."""
    landmarker = PoseLandmarker.create(model, running_mode=RunningMode.VIDEO, num_poses=2)
    source = pictures()

    def step(i: int) -> None:
        landmarker.detect_for_video(next(source), 33 * i)

    return step


def live(model: str) -> Callable[[int], None]:
    """A step of LIVE_STREAM mode: waits until the frame is done, so that as many are processed."""
    done = threading.Semaphore(0)
    landmarker = PoseLandmarker.create(
        model,
        running_mode=RunningMode.LIVE_STREAM,
        result_callback=lambda *_: done.release(),
        num_poses=2,
    )
    source = pictures()

    def step(i: int) -> None:
        landmarker.detect_async(next(source), 33 * i)
        done.acquire()

    return step


def cycles(model: str) -> Callable[[int], None]:
    """A landmarker made, used and closed, in turn for VIDEO and LIVE_STREAM."""
    source = pictures()

    def step(i: int) -> None:
        if i % 2:
            with PoseLandmarker.create(model, running_mode=RunningMode.VIDEO) as landmarker:
                landmarker.detect_for_video(next(source), 0)
            return
        with PoseLandmarker.create(
            model, running_mode=RunningMode.LIVE_STREAM, result_callback=lambda *_: None
        ) as landmarker:
            landmarker.detect_async(next(source), 0)

    return step


def write_hour(path: Path) -> None:
    """An hour of video, 30 frames a second, small."""
    source = pictures()
    small = [np.ascontiguousarray(next(source)[::2, ::2]) for _ in range(30)]
    with VideoWriter(path, fps=30) as writer:
        for number in range(3600 * 30):
            writer.write(small[number % 30], Fraction(number, 30))


def watch_hour(model: str, path: Path, segment_s: float | None) -> bool:
    """Landmarks of an hour of video; whether memory stayed flat and time linear."""
    seen: list[float] = []
    took: list[float] = []
    started = time.perf_counter()
    tenth = 3600 * 30 // 10
    for number, done in enumerate(process(path, model, segment_s=segment_s), start=1):
        assert done.error is None, done.error
        if number % tenth == 0:
            gc.collect()
            seen.append(resident_mib())
            took.append(time.perf_counter() - started)
            started = time.perf_counter()
    growth = seen[-1] - seen[0]
    print(f"{'whole' if segment_s is None else f'{segment_s:g} s pieces':<12} {number:>6} frames")
    print(f"  MiB at every tenth: {' '.join(f'{mib:.0f}' for mib in seen)}  growth {growth:+.1f}")
    print(f"  seconds for it:     {' '.join(f'{seconds:.0f}' for seconds in took)}", flush=True)
    return growth * 2**20 / 1e6 <= LIMIT_MIB


def watch(name: str, step: Callable[[int], None], count: int) -> bool:
    """Do it so many times, print the memory at every tenth, and say whether it stayed flat."""
    seen = []
    for i in range(count):
        step(i)
        if (i + 1) % (count // 10) == 0:
            gc.collect()
            seen.append(resident_mib())
    growth = seen[-1] - seen[0]
    print(f"{name:<12} {count:>6}  {' '.join(f'{mib:.1f}' for mib in seen)}  growth {growth:+.1f} MiB")
    return growth * 2**20 / 1e6 <= LIMIT_MIB


def main() -> int:
    """Measure and print."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--model", default="lite")
    parser.add_argument("--frames", type=int, default=20_000)
    parser.add_argument("--cycles", type=int, default=200)
    parser.add_argument("--hour", action="store_true", help="an hour of video instead")
    arguments = parser.parse_args()
    if arguments.hour:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "hour.mp4"
            write_hour(path)
            flat = [watch_hour(arguments.model, path, length) for length in (None, 30.0)]
        return 0 if all(flat) else 1
    flat = [
        watch(name, make(arguments.model), count)
        for name, make, count in (
            ("VIDEO", video, arguments.frames),
            ("LIVE_STREAM", live, arguments.frames),
            ("cycles", cycles, arguments.cycles),
        )
    ]
    gc.collect()
    threads = [thread.name for thread in threading.enumerate() if thread.name.startswith("pose-landmarker")]
    print(f"threads left: {threads or 'none'}")
    return 0 if all(flat) and not threads else 1


if __name__ == "__main__":
    sys.exit(main())
