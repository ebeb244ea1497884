"""CPU seconds of a new worker: a fresh interpreter, the imports, the networks, the first picture."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
from pathlib import Path

_PROGRAM = """
import sys, numpy as np, pyarrow
from pose_landmarker import PoseLandmarker
with PoseLandmarker.create(sys.argv[1], threads=1, engine="native") as landmarker:
    landmarker.detect(np.zeros((720, 1280, 3), np.uint8))
"""


def starting(models: Path, rounds: int = 3) -> dict[str, float]:
    """By model."""
    return {
        name: round(
            statistics.median(_start_s(models / f"pose_landmarker_{name}.task") for _ in range(rounds)), 3
        )
        for name in ("lite", "full", "heavy")
    }


def _start_s(model: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", _PROGRAM, str(model)], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
