"""A slow callback behind a fast camera: does LIVE_STREAM stay fresh, small and quick to close?

    python -m benchmarks.live [--model full] [--callback-ms 100] [--fps 60] [--seconds 30] [--json live.json]

scikit-image's astronaut is handed over at a steady pace to a landmarker whose callback sleeps. Exits
with status 1 unless the median latency is at most twice the callback's time, memory stays flat, no
frame is lost and close() returns within a second.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pose_landmarker import PoseLandmarker, PoseLandmarkerResult, RunningMode
from pose_landmarker.arrays import RgbImage
from pose_landmarker.bench.worker import memory_mib

#: Memory may grow by so much after the first fifth of the time.
_FLAT_MB = 5.0


class Viewer:
    """Takes its time over every result, and notes how old it was when it came."""

    def __init__(self, callback_s: float) -> None:
        self.callback_s = callback_s
        self.submitted_s: dict[int, float] = {}
        self.times_ms: list[int] = []
        self.ages_ms: list[float] = []

    def show(self, _result: PoseLandmarkerResult, _image: RgbImage, timestamp_ms: int) -> None:
        """The callback."""
        self.ages_ms.append((time.perf_counter() - self.submitted_s[timestamp_ms]) * 1e3)
        self.times_ms.append(timestamp_ms)
        time.sleep(self.callback_s)


def feed(
    landmarker: PoseLandmarker, viewer: Viewer, image: RgbImage, fps: float, seconds: float
) -> tuple[list[float], list[float]]:
    """Milliseconds that every ``detect_async`` took, and memory after each."""
    calls_ms, memory = [], []
    started_s = time.perf_counter()
    for number in range(round(fps * seconds)):
        time.sleep(max(0.0, started_s + number / fps - time.perf_counter()))
        timestamp_ms = round(number * 1000 / fps)
        before_s = viewer.submitted_s[timestamp_ms] = time.perf_counter()
        landmarker.detect_async(image, timestamp_ms)
        calls_ms.append((time.perf_counter() - before_s) * 1e3)
        memory.append(memory_mib() or float("nan"))
    return calls_ms, memory


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """All figures."""
    viewer = Viewer(arguments.callback_ms / 1e3)
    landmarker = PoseLandmarker.create(
        arguments.model,
        engine=arguments.engine,
        running_mode=RunningMode.LIVE_STREAM,
        result_callback=viewer.show,
    )
    calls_ms, memory = feed(landmarker, viewer, _astronaut(), arguments.fps, arguments.seconds)
    started_s = time.perf_counter()
    landmarker.close()
    close_ms = (time.perf_counter() - started_s) * 1e3
    stats = landmarker.stats
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}",
        "model": arguments.model,
        "engine": landmarker.engine,
        "fps": arguments.fps,
        "seconds": arguments.seconds,
        "callback_ms": arguments.callback_ms,
        "received": stats.received,
        "processed": stats.processed,
        "dropped": stats.dropped,
        "errors": stats.errors,
        "callbacks": len(viewer.times_ms),
        "in_order": viewer.times_ms == sorted(set(viewer.times_ms)),
        "latency_median_ms": statistics.median(viewer.ages_ms),
        "latency_p95_ms": _p95(viewer.ages_ms),
        "detect_async_median_ms": statistics.median(calls_ms),
        "detect_async_p95_ms": _p95(calls_ms),
        "close_ms": close_ms,
        "memory_mb": memory[-1],
        "memory_growth_mb": memory[-1] - memory[len(memory) // 5],
    }


def judge(figures: dict[str, Any]) -> dict[str, bool]:
    """Whether each target is met."""
    return {
        "latency at the median ≤ 2 × callback": figures["latency_median_ms"] <= 2 * figures["callback_ms"],
        f"memory grows ≤ {_FLAT_MB:.0f} MB": not figures["memory_growth_mb"] > _FLAT_MB,
        "close() < 1 s": figures["close_ms"] < 1000,
        "received = processed + dropped": figures["received"] == figures["processed"] + figures["dropped"],
        "one callback for each processed frame, in order": figures["in_order"]
        and figures["callbacks"] == figures["processed"]
        and not figures["errors"],
    }


def report(figures: dict[str, Any]) -> str:
    """The figures as a table."""
    said = (
        f"{figures['machine']}; {figures['model']}, {figures['engine']}; "
        f"{figures['fps']:g} fps for {figures['seconds']:g} s, callback {figures['callback_ms']:g} ms"
    )
    latency = f"{figures['latency_median_ms']:.0f} ms median, {figures['latency_p95_ms']:.0f} ms p95"
    call = f"{figures['detect_async_median_ms']:.2f} ms median, {figures['detect_async_p95_ms']:.2f} ms p95"
    memory = f"{figures['memory_mb']:.0f} MB at most, {figures['memory_growth_mb']:+.1f} MB since a fifth"
    rows = {
        "frames": ", ".join(f"{name} {figures[name]}" for name in ("received", "processed", "dropped")),
        "latency": latency,
        "detect_async": call,
        "close": f"{figures['close_ms']:.0f} ms",
        "memory": memory,
    }
    lines = [said, *(f"  {name:<14}{value}" for name, value in rows.items())]
    lines += [f"  {'met' if met else 'MISSED':<8}{target}" for target, met in judge(figures).items()]
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--model", default="full")
    parser.add_argument("--engine", default="litert")
    parser.add_argument("--callback-ms", type=float, default=100)
    parser.add_argument("--fps", type=float, default=60)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    arguments = parser.parse_args()
    figures = measure(arguments)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
    print(report(figures))
    if not all(judge(figures).values()):
        sys.exit(1)


def _p95(values: Sequence[float]) -> float:
    return float(np.percentile(values, 95))


def _astronaut() -> RgbImage:
    from skimage import data

    return np.asarray(data.astronaut())  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
