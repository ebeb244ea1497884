"""How long it takes to write and read a recording in every format, and how large it becomes.

    python -m benchmarks.export [--minutes 10] [--people 3] [--formats csv parquet ...]

People who stand and sway are made up, as noisy as real ones, since numbers that repeat would compress too
well. Each time is the best of three; a file that was just written is in the memory of the system.
"""

from __future__ import annotations

import argparse
import importlib
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pose_landmarker import Recording
from pose_landmarker.export import FORMAT_NAMES, FORMATS, frames, load, save
from pose_landmarker.markdown import table

FPS = 30
_SIZE = (1280, 720)
_REPEATS = 3
#: Choices besides the usual ones.
_CHOICES: dict[str, tuple[dict[str, Any], ...]] = {
    "csv": ({"layout": "wide"}, {"layout": "tidy"}),
    "parquet": ({"layout": "wide"}, {"layout": "tidy"}),
    "npz": ({"compressed": False}, {"compressed": True}),
}
_STREAMED = {"jsonlines": "x.jsonl", "csv": "x.csv", "parquet": "x.parquet", "arrow": "x.arrow"}


class Figures(NamedTuple):
    """Of one format.

    Attributes:
        what: Its name and choices.
        write_s: Seconds to write.
        read_s: Seconds to read.
        megabytes: Size; 0 of what is no file.
    """

    what: str
    write_s: float
    read_s: float
    megabytes: float

    @property
    def is_file(self) -> bool:
        """Whether it has a size."""
        return self.megabytes > 0


def people(minutes: float, count: int) -> Recording:
    """``count`` people in every frame of so many minutes."""
    rng = np.random.default_rng(0)
    number = round(minutes * 60 * FPS)
    frame, who = np.repeat(np.arange(number), count), np.tile(np.arange(count), number)
    body = rng.uniform(-0.8, 0.8, (count, 33, 3))
    sway = 0.1 * np.sin(frame / 20 + who)[:, None, None]
    world = body[who] + sway + rng.normal(0, 0.004, (number * count, 33, 3))
    place = np.stack([(who + 1) / (count + 1), np.full(len(who), 0.5), np.zeros(len(who))], axis=-1)
    return Recording(
        times_s=np.arange(number) / FPS,
        image_sizes=np.tile(np.array(_SIZE), (number, 1)),
        frames=frame,
        track_ids=who + 1,
        scores=rng.uniform(0.8, 1, len(who)).astype(np.float32),
        landmarks=(place[:, None] + world * 0.3).astype(np.float32),
        world_landmarks=world.astype(np.float32),
        visibility=rng.uniform(0, 1, (len(who), 33)).astype(np.float32),
        presence=rng.uniform(0.5, 1, (len(who), 33)).astype(np.float32),
    )


def best(call: Callable[[], object]) -> float:
    """Seconds of the fastest of a few calls."""
    times = []
    for _ in range(_REPEATS):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return min(times)


def measure(name: str, choices: dict[str, Any], recording: Recording, folder: Path) -> Figures:
    """Write and read a recording in a format."""
    suffixes = next(known.suffixes for known in FORMATS if known.name == name)
    target = folder / f"x{suffixes[0] if suffixes else ''}"
    written: tuple[Path, ...] = ()

    def write() -> None:
        nonlocal written
        written = save(recording, target, name, **choices)

    write_s = best(write)
    read_s = best(lambda: load(written[0], name))
    size = sum(
        path.stat().st_size for root in written for path in (root.rglob("*") if root.is_dir() else [root])
    )
    for path in written:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    what = " ".join([name, *(f"{key}={value}" for key, value in choices.items())])
    return Figures(what, write_s, read_s, size / 1e6)


def measure_library(name: str, recording: Recording) -> Figures:
    """Turn a recording into a table or dataset of a library, and back."""
    to, back = getattr(frames, f"to_{name}"), getattr(frames, f"from_{name}")
    made = to(recording)
    return Figures(name, best(lambda: to(recording)), best(lambda: back(made)), 0)


def measure_streaming(name: str, recording: Recording, folder: Path) -> tuple[str, float, float]:
    """Milliseconds per frame that is written by itself, and seconds of closing the file."""
    pieces = list(recording)
    with importlib.import_module(f"pose_landmarker.export.{name}").Writer(folder / _STREAMED[name]) as writer:
        started = time.perf_counter()
        for piece in pieces:
            writer.write(piece)
        written = time.perf_counter()
        writer.close()
    return name, (written - started) * 1000 / len(pieces), time.perf_counter() - written


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--people", type=int, default=3)
    parser.add_argument("--formats", nargs="*", choices=FORMAT_NAMES, default=FORMAT_NAMES)
    arguments = parser.parse_args()
    recording = people(arguments.minutes, arguments.people)
    print(f"{arguments.minutes:g} minutes, {FPS} frames per second, {arguments.people} people: {recording}\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [
            measure(known, choices, recording, folder)
            for known in arguments.formats
            for choices in _CHOICES.get(known, ({},))
        ]
        rows += [measure_library(library, recording) for library in ("pandas", "polars", "xarray")]
        cells = [
            [row.what, f"{row.write_s:.2f} s", f"{row.read_s:.2f} s", f"{row.megabytes:.0f} MB" * row.is_file]
            for row in rows
        ]
        print(table(["format", "write", "read", "size"], cells), "\n")
        streamed = [measure_streaming(known, recording, folder) for known in _STREAMED]
    print(
        table(["writer", "per frame", "close"], [[n, f"{ms:.2f} ms", f"{s:.1f} s"] for n, ms, s in streamed])
    )


if __name__ == "__main__":
    main()
