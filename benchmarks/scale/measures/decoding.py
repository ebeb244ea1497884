"""CPU time of reading a frame: decoding and conversion to RGB, one thread."""

from __future__ import annotations

import tempfile
from collections import deque
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.scale.measures.clock import cpu_s
from benchmarks.scale.measures.footage import FORMATS, FPS, frames_of, write
from pose_landmarker.media import VideoReader


def read_all(clip: Path) -> None:
    """Every frame of a clip as RGB, with a decoder of one thread."""
    with VideoReader(clip, threads=1) as reader:
        deque(reader, maxlen=0)


def decoding(clip: Path) -> dict[str, Any]:
    """By format: milliseconds of CPU a frame, and megabits a second that the file really has."""
    found = {}
    frames = frames_of(clip)
    with tempfile.TemporaryDirectory() as folder:
        for wanted in FORMATS:
            path = Path(folder) / f"{wanted.height}{wanted.codec}.mp4"
            write(frames[: wanted.frames], wanted, path)
            found[wanted.name] = {
                "height": wanted.height,
                "codec": wanted.codec,
                "mbit_s": round(path.stat().st_size * 8 * FPS / wanted.frames / 1e6, 2),
                "cpu_ms_a_frame": round(cpu_s(partial(read_all, path)) * 1e3 / wanted.frames, 3),
            }
            path.unlink()
            print(wanted.name, found[wanted.name], flush=True)
    return found
