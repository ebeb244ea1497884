"""A small run with two workers, to hold the simulation against: files in a given order, wall time."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.scale.measures.real_clips import NUM_POSES
from pose_landmarker import process


def trial(clips: Sequence[Path], model: Path, order: Sequence[int], workers: int) -> dict[str, Any]:
    """Seconds of wall and CPU time of the clips in this order."""
    sources = [clips[i] for i in order]
    before_load, wall, cpu = os.getloadavg()[0], time.perf_counter(), time.process_time()
    frames = 0
    for done in process(
        sources, model, workers=workers, threads=1, engine="native", num_poses=NUM_POSES, in_order=False
    ):
        assert done.error is None, done.error
        frames += 1
    return {
        "workers": workers,
        "order": list(order),
        "frames": frames,
        "wall_s": round(time.perf_counter() - wall, 2),
        "cpu_s": round(time.process_time() - cpu, 2),
        "load_before": round(before_load, 2),
    }
