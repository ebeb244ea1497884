"""How long drawing takes: ``python -m benchmarks.drawing``.

Frames of 1920x1080 with people of a usual size, who have masks or not; medians of many frames. With
``--against FOLDER``, the ``src`` folder of another version, both are measured in turns, each in a process
of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from pose_landmarker.results import Pose, PoseLandmarkerResult, Roi

_WIDTH, _HEIGHT = 1920, 1080
_FRAMES = 40
_ROUNDS = 5


def _person(place: int, *, masked: bool) -> Pose:
    rng = np.random.default_rng(place)
    landmarks = rng.uniform(0.15, 0.85, (33, 3)).astype(np.float32)
    landmarks[:, 0] = 0.25 * landmarks[:, 0] + 0.3 * place
    mask = None
    if masked:
        mask = np.zeros((_HEIGHT, _WIDTH), np.float32)
        mask[150:950, 100 + 570 * place : 500 + 570 * place] = 1
    return Pose(
        landmarks=landmarks,
        world_landmarks=rng.normal(0, 0.4, (33, 3)).astype(np.float32),
        visibility=np.linspace(0, 1, 33, dtype=np.float32),
        presence=np.ones(33, np.float32),
        presence_score=1.0,
        roi=Roi(960, 540, 900, 0),
        image_size=(_WIDTH, _HEIGHT),
        mask=mask,
        track_id=place + 1,
    )


def _result(people: int, *, masked: bool, tracked: bool = True) -> PoseLandmarkerResult:
    poses = tuple(_person(i, masked=masked) for i in range(people))
    if not tracked:
        poses = tuple(replace(pose, track_id=None) for pose in poses)
    return PoseLandmarkerResult(poses=poses, image_size=(_WIDTH, _HEIGHT), timestamp_ms=0)


def _median_ms(draw: Callable[[], object]) -> float:
    times = []
    for _ in range(_FRAMES):
        start = time.perf_counter()
        draw()
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def measure() -> dict[str, float]:
    """Milliseconds a frame, of every kind of drawing that both versions have."""
    from pose_landmarker.draw import annotate

    frame = np.random.default_rng(0).integers(0, 256, (_HEIGHT, _WIDTH, 3), np.uint8)
    cases = {
        "one person": _result(1, masked=False),
        "three people": _result(3, masked=False),
        "three people, not followed": _result(3, masked=False, tracked=False),
        "three people with masks": _result(3, masked=True),
    }
    return {name: _median_ms(partial(annotate, frame, result)) for name, result in cases.items()}


def measure_new() -> dict[str, float]:
    """Milliseconds a picture, of what is new."""
    from pose_landmarker.draw import DrawStyle, annotate, world_view

    result = _result(3, masked=False)
    frame = np.random.default_rng(0).random((_HEIGHT, _WIDTH, 3), np.float32)
    everything = DrawStyle(boxes=True, scores=True, angles=("left_knee", "right_knee", "left_elbow"))
    bytes_ = (255 * frame).astype(np.uint8)
    return {
        "three people, boxes, scores, angles": _median_ms(lambda: annotate(bytes_, result, everything)),
        "three people on float32": _median_ms(lambda: annotate(frame, result)),
        "three people in space, 640x640": _median_ms(lambda: world_view(result)),
    }


def _in_a_process(source: Path) -> dict[str, float]:
    environment = {**os.environ, "PYTHONPATH": str(source)}
    command = [sys.executable, __file__, "--json"]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    figures: dict[str, float] = json.loads(ran.stdout)
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="the src folder of another version")
    parser.add_argument("--json", action="store_true", help="one measurement as JSON")
    arguments = parser.parse_args()
    if arguments.json:
        print(json.dumps(measure()))
        return
    if arguments.against is None:
        for name, ms in {**measure(), **measure_new()}.items():
            print(f"{name:<40} {ms:6.2f} ms")
        return
    ours = Path(__file__).parents[1] / "src"
    rounds = [(_in_a_process(ours), _in_a_process(arguments.against)) for _ in range(_ROUNDS)]
    for name in rounds[0][0]:
        mine, theirs = (statistics.median(pair[i][name] for pair in rounds) for i in (0, 1))
        print(f"{name:<40} {mine:6.2f} ms, the other {theirs:6.2f} ms: {theirs / mine:.2f} times as fast")


if __name__ == "__main__":
    main()
