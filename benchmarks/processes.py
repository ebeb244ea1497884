"""Workers that are threads beside workers that are processes: frames a second, and who spends the time.

    python -m benchmarks.processes CLIP... [--model lite] [--workers 2] [--rounds 3] [--engines native free]

Engine ``free`` answers with what the native engine said first, at no cost, like a device that is never the
bottleneck. What this process spends on a frame then is what bounds it: with processes it is all that is left
for the interpreter here, whatever the number of cores. Both kinds take turns, round by round; medians,
counted from the first result on.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import threading
import time
from collections.abc import Sequence
from multiprocessing import active_children
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from pose_landmarker import process, worker_process
from pose_landmarker.arrays import DoubleArray, FloatArray, RgbImage
from pose_landmarker.bench.machine import describe, sentence
from pose_landmarker.engines import load_engine
from pose_landmarker.engines.messages import Outputs, Run
from pose_landmarker.engines.serving import Networks, Server
from pose_landmarker.parcel import Parcel

_TICKS = os.sysconf("SC_CLK_TCK")
_COLUMNS = {
    "frames_per_s": "frames/s",
    "start_s": "s to the first",
    "here_ms": "CPU ms a frame, here",
    "there_ms": "in the others",
    "share": "share of here",
}


class FreeNetwork:
    """Runs a network once for every number of regions, and repeats its answer ever after."""

    def __init__(self, network: Any) -> None:
        self._network = network
        self._turn = threading.Lock()
        self._said: dict[int, tuple[FloatArray, ...]] = {}

    def __call__(self, images: RgbImage) -> tuple[FloatArray, ...]:
        """Outputs for a batch."""
        return self._answer(len(images), lambda: self._network(images))

    def regions(
        self, image: RgbImage, matrices: Sequence[DoubleArray], *, replicate: bool
    ) -> tuple[FloatArray, ...]:
        """Outputs for regions."""
        run = self._network.regions
        return self._answer(len(matrices), lambda: run(image, matrices, replicate=replicate))

    def _answer(self, count: int, run: Any) -> tuple[FloatArray, ...]:
        with self._turn:
            if count not in self._said:
                self._said[count] = run()
        return tuple(output.copy() for output in self._said[count])


def free(model: bytes, *, scale: float, offset: float, threads: int) -> FreeNetwork:
    """An engine that costs nothing."""
    _, engine = load_engine("native")
    return FreeNetwork(engine(model, scale=scale, offset=offset, threads=threads))


class Traffic:
    """Bytes that go from one process to another."""

    def __init__(self) -> None:
        self.pictures = self.outputs = self.results = 0

    def watch(self) -> None:
        """Count from now on."""
        traffic = self

        class Watched(Server):
            def __init__(self, networks: Networks) -> None:
                super().__init__(networks)
                self.picture_is_there = False

            def answer(self, request: Any) -> Any:
                answer = super().answer(request)
                if isinstance(request, Run) and not self.picture_is_there:
                    traffic.pictures += int(np.prod(request.shape))
                    self.picture_is_there = True
                if isinstance(answer, Outputs):
                    traffic.outputs += sum(4 * int(np.prod(shape)) for shape in answer.shapes)
                return answer

        unpacked = worker_process._Child._unpacked

        def watched(child: Any, parcel: Parcel) -> Any:
            traffic.results += len(parcel.data) + sum(parcel.sizes)
            child._server.picture_is_there = False
            return unpacked(child, parcel)

        patch.object(worker_process, "Server", Watched).start()
        patch.object(worker_process._Child, "_unpacked", watched).start()


def measure(
    clips: Sequence[Path], model: str, engine: Any, workers: int, processes: bool
) -> dict[str, float]:
    """One run over all clips."""
    began, frames = time.perf_counter(), 0
    results = process(clips, model, engine=engine, workers=workers, processes=processes, in_order=False)
    for done in results:
        assert done.error is None, done.error
        if not frames:  # networks are compiled, processes started
            first, here, there = time.perf_counter(), time.process_time(), _others_s()
        frames += 1
    spent_here, spent_there = time.process_time() - here, _others_s() - there
    return {
        "frames": frames,
        "frames_per_s": (frames - 1) / (time.perf_counter() - first),
        "start_s": first - began,
        "here_ms": 1e3 * spent_here / (frames - 1),
        "there_ms": 1e3 * spent_there / (frames - 1),
        "share": spent_here / (spent_here + spent_there),
    }


def main() -> None:
    """Measure and print."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--model", default="lite")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engines", nargs="+", default=["native", "free"])
    parser.add_argument("--json", type=Path, help="also write all figures to this file")
    arguments = parser.parse_args()
    traffic = Traffic()
    traffic.watch()
    print(sentence(describe()))
    runs: dict[str, list[dict[str, float]]] = {}
    for _ in range(arguments.rounds):
        for name in arguments.engines:
            engine = free if name == "free" else name
            for kind in ("threads", "processes"):
                figures = measure(
                    arguments.clips, arguments.model, engine, arguments.workers, kind == "processes"
                )
                runs.setdefault(f"{name}, {kind}", []).append(figures)
    print(f"| {arguments.workers} workers | " + " | ".join(_COLUMNS.values()) + " |")
    print("|---" * (1 + len(_COLUMNS)) + "|")
    for name, several in runs.items():
        medians = [statistics.median(run[column] for run in several) for column in _COLUMNS]
        print(f"| {name} | " + " | ".join(f"{value:.2f}" for value in medians) + " |")
    total = sum(run["frames"] for name, several in runs.items() if "processes" in name for run in several)
    for what in ("pictures", "outputs", "results"):
        print(f"{what}: {getattr(traffic, what) / total / 1e3:.1f} kB a frame between processes")
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": describe(), "runs": runs}, indent=2) + "\n")


def _others_s() -> float:
    """Processor seconds of processes that were started here; of those that have not ended, on Linux only."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = used.ru_utime + used.ru_stime
    for child in active_children():
        stat = Path(f"/proc/{child.pid}/stat")
        if stat.exists():
            seconds += sum(map(int, stat.read_text().rsplit(")", 1)[1].split()[11:13])) / _TICKS
    return seconds


if __name__ == "__main__":
    main()
