"""Where the time of one ``detect``, or of one frame of a video, goes: networks, resampling, everything else.

    python benchmarks/overhead.py [--model full] [--image photo.jpg | --clip video.mp4] [--calls 300]

Everything else (decoding, projection, results, Python itself) is the overhead; the target is 1 ms.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from pose_landmarker import PoseLandmarker, RunningMode, detector, landmark_net
from pose_landmarker.arrays import RgbImage
from pose_landmarker.media import VideoReader, as_rgb


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


def _pictures(arguments: argparse.Namespace) -> list[RgbImage]:
    if arguments.clip:
        with VideoReader(arguments.clip) as reader:
            return [frame.image for frame, _ in zip(reader, range(150), strict=False)]
    return [as_rgb(arguments.image) if arguments.image else _astronaut()]


def main() -> None:
    """Measure and print."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--model", default="full")
    parser.add_argument("--image", help="a photo of one person (default: scikit-image's astronaut)")
    parser.add_argument("--clip", help="a video of one person, for VIDEO mode")
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--engine", default="litert")
    arguments = parser.parse_args()
    pictures = _pictures(arguments)
    mode = RunningMode.VIDEO if arguments.clip else RunningMode.IMAGE

    networks, resampling = Clock(), Clock()
    with PoseLandmarker.create(arguments.model, engine=arguments.engine, running_mode=mode) as landmarker:
        pipeline = landmarker._open(mode).pipeline
        for stage in (pipeline.detector, pipeline.landmark_net):
            stage._network = networks.wrap(stage._network)
        for module in (detector, landmark_net):
            module.crop = resampling.wrap(module.crop)  # type: ignore[attr-defined]
        rows = []
        for number in range(arguments.calls):
            image = pictures[number % len(pictures)].copy()  # as if it had just been decoded
            networks.spent = resampling.spent = 0.0
            started = time.perf_counter()
            found = (
                landmarker.detect_for_video(image, 33 * number)
                if arguments.clip
                else landmarker.detect(image)
            )
            poses = len(found)
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
