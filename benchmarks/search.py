"""What a close search costs: one 1080p photo, and a 1080p video, beside ``search="whole"``, taking turns.

    python -m benchmarks.search MODEL.task PHOTO VIDEO [--rounds 9]

Frames of the video are scaled to 1920x1080 beforehand.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from itertools import islice

import cv2
import numpy as np

from pose_landmarker import PoseLandmarker, RunningMode
from pose_landmarker.arrays import RgbImage
from pose_landmarker.media import VideoReader
from pose_landmarker.media.images import read_image

_FRAMES = 90
_FRAME_MS = 33


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("photo")
    parser.add_argument("video")
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    photo = _hd(read_image(arguments.photo))
    with VideoReader(arguments.video) as reader:
        frames = [_hd(frame.image) for frame in islice(reader, _FRAMES)]
    for name, measure, material in (("photo", _photo, [photo]), ("video", _video, frames)):
        seconds: dict[str, list[float]] = {"whole": [], "wide": []}
        found = {}
        for _ in range(arguments.rounds):
            for search, row in seconds.items():
                elapsed, found[search] = measure(arguments.model, search, material)
                row.append(elapsed)
        whole, wide = (statistics.median(row) for row in seconds.values())
        ratio = statistics.median(b / a for a, b in zip(*seconds.values(), strict=True))
        print(f"{name}: whole {1000 * whole:.1f} ms, wide {1000 * wide:.1f} ms, {ratio:.2f} times")
        print(f"    people found: {found}")


def _photo(model: str, search: str, material: list[RgbImage]) -> tuple[float, float]:
    with PoseLandmarker.create(model, num_poses=20, search=search) as landmarker:
        return _timed(lambda: len(landmarker.detect(material[0])), 7)


def _video(model: str, search: str, material: list[RgbImage]) -> tuple[float, float]:
    mode = RunningMode.VIDEO
    with PoseLandmarker.create(model, running_mode=mode, num_poses=20, search=search) as landmarker:
        counts, seconds = [], []
        for i, frame in enumerate(material):
            start = time.perf_counter()
            counts.append(len(landmarker.detect_for_video(frame, i * _FRAME_MS)))
            seconds.append(time.perf_counter() - start)
        return statistics.fmean(seconds[5:]), round(statistics.fmean(counts), 2)


def _timed(work: Callable[[], int], times: int) -> tuple[float, float]:
    found = work()
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), found


def _hd(image: RgbImage) -> RgbImage:
    scaled: RgbImage = np.ascontiguousarray(cv2.resize(image, (1920, 1080), interpolation=cv2.INTER_AREA))
    return scaled


if __name__ == "__main__":
    main()
