"""Where the time of one ``detect`` goes: networks, resampling, and everything else.

    python benchmarks/overhead.py [--model full] [--image photo.jpg] [--calls 300]

Everything else (decoding, projection, results, Python itself) is the overhead; the target is 1 ms.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from pose_landmarker import PoseLandmarker, detector, landmark_net
from pose_landmarker.media import as_rgb


class Clock:
    """Adds up the time spent in functions that it has wrapped."""

    def __init__(self) -> None:
        self.spent = 0.0

    def wrap(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, timed."""

        def timed(*args: Any, **options: Any) -> Any:
            started = time.perf_counter()
            try:
                return function(*args, **options)
            finally:
                self.spent += time.perf_counter() - started

        return timed


def main() -> None:
    """Measure and print."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--model", default="full")
    parser.add_argument("--image", help="a photo of one person (default: scikit-image's astronaut)")
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--engine", default="litert")
    arguments = parser.parse_args()
    image = as_rgb(arguments.image) if arguments.image else _astronaut()

    networks, resampling = Clock(), Clock()
    with PoseLandmarker.create(arguments.model, engine=arguments.engine) as landmarker:
        pipeline = landmarker._open().pipeline
        for stage in (pipeline.detector, pipeline.landmark_net):
            stage._network = networks.wrap(stage._network)
        for module in (detector, landmark_net):
            module.crop = resampling.wrap(module.crop)  # type: ignore[attr-defined]
        rows = []
        for _ in range(arguments.calls):
            networks.spent = resampling.spent = 0.0
            started = time.perf_counter()
            poses = len(landmarker.detect(image))
            total = time.perf_counter() - started
            rows.append((total, networks.spent, resampling.spent, total - networks.spent - resampling.spent))
    medians = [statistics.median(column) * 1e3 for column in zip(*rows[10:], strict=True)]
    height, width = image.shape[:2]
    picture = f"{width}x{height}, {poses} pose"
    print(f"{arguments.model}, {arguments.engine}, {picture}, median ms of {len(rows) - 10} calls")
    for name, value in zip(("total", "networks", "resampling", "everything else"), medians, strict=True):
        print(f"  {name:<16}{value:7.2f}")


def _astronaut() -> np.ndarray:
    from skimage import data

    return np.asarray(data.astronaut())  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    main()
