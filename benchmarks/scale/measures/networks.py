"""CPU time of looking at a frame, from pixels to landmarks: one thread, native engine."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np

from benchmarks.people import Runner
from benchmarks.scale.measures.clock import cpu_s
from pose_landmarker import PoseLandmarker

Precision = Literal["exact", "fast"]
MODELS = ("lite", "full", "heavy")
PRECISIONS: tuple[Precision, ...] = ("exact", "fast")
_PEOPLE = (1, 3)
_FRAMES = 40


def networks(models: Path) -> dict[str, Any]:
    """By model and precision: milliseconds a frame without anybody, and of every person who is followed."""
    return {
        f"{model} {precision}": _of(models / f"pose_landmarker_{model}.task", precision)
        for model in MODELS
        for precision in PRECISIONS
    }


def _of(model: Path, precision: Precision) -> dict[str, float]:
    followed = {people: _tracked(model, precision, people) for people in _PEOPLE}
    (few, one), (many, more) = followed.items()
    a_person = (more - one) / (many - few)
    return {
        "detection_ms": round(_detection(model, precision), 3),
        "frame_ms": round(max(0.0, one - few * a_person), 3),
        "person_ms": round(a_person, 3),
    }


def _detection(model: Path, precision: Precision) -> float:
    """The detector alone: a picture with nobody in it."""
    blank = np.random.default_rng(1).integers(90, 110, (720, 1280, 3), dtype=np.uint8)
    with PoseLandmarker.create(model, threads=1, engine="native", precision=precision) as landmarker:
        assert not len(landmarker.detect(blank))
        return cpu_s(lambda: [landmarker.detect(blank) for _ in range(_FRAMES)], 5) / _FRAMES * 1e3


def _tracked(model: Path, precision: Precision, people: int) -> float:
    """Milliseconds a frame with so many people, all found before the clock runs."""
    runner = Runner(model, people, threads=1, engine="native", precision=precision)
    runner.until_all_are_there()
    runner.run()
    assert runner.found == people, f"{runner.found} of {people} people were found"
    return cpu_s(lambda: runner.run(_FRAMES - 1), 5) / _FRAMES * 1e3
