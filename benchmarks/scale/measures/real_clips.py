"""Real clips through ``process()``: how long they are, who is in them, and what their frames cost."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.scale.measures.clock import cpu_s
from benchmarks.scale.measures.decoding import read_all
from pose_landmarker import process

SUFFIXES = (".mp4", ".avi", ".mpg", ".gif", ".mov", ".mkv")
NUM_POSES = 4


def clips_in(folder: Path) -> list[Path]:
    """The videos of a folder, by name."""
    return [path for path in sorted(folder.iterdir()) if path.suffix in SUFFIXES]


def real_clips(clips: Sequence[Path], models: dict[str, Path]) -> list[dict[str, Any]]:
    """Of every clip its numbers, without its name."""
    return [_of(clip, models) for clip in clips]


def _of(clip: Path, models: dict[str, Path]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "bytes": clip.stat().st_size,
        "read_cpu_s": round(cpu_s(lambda: read_all(clip)), 3),
    }
    for name, model in models.items():
        started = time.process_time()
        done = list(process([clip], model, workers=1, threads=1, engine="native", num_poses=NUM_POSES))
        row[f"{name}_cpu_s"] = round(time.process_time() - started, 3)
    results = [one.result for one in done if one.result is not None]
    times = [float(one.time or 0) for one in done if one.result is not None]
    width, height = results[0].image_size
    gap_s = (times[-1] - times[0]) / max(1, len(times) - 1)
    return row | {
        "width": width,
        "height": height,
        "frames": len(results),
        "duration_s": round(times[-1] - times[0] + gap_s, 3),
        "poses": sum(map(len, results)),
    }
