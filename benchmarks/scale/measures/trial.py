"""A small run with two workers, to hold the simulation against: files in a given order, wall time."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.scale.measures.real_clips import NUM_POSES
from pose_landmarker import process

_LOOK_S = 0.2


def trial(clips: Sequence[Path], model: Path, order: Sequence[int], workers: int) -> dict[str, Any]:
    """Seconds of wall and CPU time of the clips in this order.

    Where others use the machine, ``waited_share`` tells how much of it they took: of the time in which
    threads could have run, the part in which they had no processor (Linux).
    """
    sources = [clips[i] for i in order]
    threads: dict[str, tuple[float, float]] = {}
    before = _threads()
    wall, cpu, looked, frames = time.perf_counter(), time.process_time(), 0.0, 0
    for done in process(
        sources, model, workers=workers, threads=1, engine="native", num_poses=NUM_POSES, in_order=False
    ):
        assert done.error is None, done.error
        frames += 1
        if time.perf_counter() - looked > _LOOK_S:
            threads |= _threads()
            looked = time.perf_counter()
    ran, waited = (
        sum(now[i] - before.get(name, (0.0, 0.0))[i] for name, now in threads.items()) for i in (0, 1)
    )
    return {
        "workers": workers,
        "order": list(order),
        "frames": frames,
        "wall_s": round(time.perf_counter() - wall, 2),
        "cpu_s": round(time.process_time() - cpu, 2),
        "waited_share": round(waited / (ran + waited), 3),
    }


def _threads() -> dict[str, tuple[float, float]]:
    """Of every thread, seconds that it ran and that it waited for a processor."""
    found = {}
    for path in Path("/proc/self/task").glob("*/schedstat"):
        try:
            ran, waited, _ = path.read_text().split()
        except (OSError, ValueError):
            continue
        found[path.parent.name] = (int(ran) / 1e9, int(waited) / 1e9)
    return found
