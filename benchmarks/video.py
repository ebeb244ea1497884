"""pose-landmarker beside MediaPipe in VIDEO mode, in one interleaved run: frames per second, CPU time.

    python -m benchmarks.video CLIP [--num-poses 2] [--masks] [--bundles FOLDER]

Decoding is left out: the frames are decoded beforehand. The two take turns, some frames each, so that a
machine whose speed drifts slows both. Environments are those of compare.py.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.compare import ENVIRONMENTS, MODELS, Worker, model_file, prepare
from pose_landmarker.media import VideoReader

WORKER = Path(__file__).with_name("video_worker.py")


def decode(clip: Path, folder: Path, most: int, copies: int) -> tuple[Path, float, str]:
    """The first frames of a clip as an array in a file, their rate, and a description.

    With several ``copies``, the middle of the picture stands that often side by side, each at another time.
    """
    with VideoReader(clip) as reader:
        fps = float(reader.fps or 30)
        frames = np.stack([frame.image for frame, _ in zip(reader, range(most), strict=False)])
    width = frames.shape[2] // copies
    left = (frames.shape[2] - width) // 2
    middle = frames[:, :, left : left + width]
    frames = np.concatenate([np.roll(middle, -17 * copy, axis=0) for copy in range(copies)], axis=2)
    path = folder / "frames.npy"
    np.save(path, frames)
    times = f" ({copies} side by side)" if copies > 1 else ""
    return path, fps, f"{clip.name}{times}, {frames.shape[2]}x{frames.shape[1]}, {len(frames)} frames"


def measure(
    kinds: Sequence[str], model: Path, frames: Path, fps: float, arguments: argparse.Namespace
) -> dict[str, dict[str, float]]:
    """Medians for every kind, the kinds taking turns."""
    masks, num_poses = str(arguments.masks), arguments.num_poses
    workers = {
        kind: Worker(kind, model, frames, fps, num_poses, masks, arguments.options, script=WORKER)
        for kind in kinds
    }
    answers: dict[str, list[dict[str, Any]]] = {kind: [] for kind in kinds}
    try:
        for worker in workers.values():
            worker.ask(15)  # warm up
        for _ in range(arguments.rounds):
            for kind, worker in workers.items():
                answers[kind].append(worker.ask(15))
    finally:
        for worker in workers.values():
            worker.close()
    # A round's mean, since frames differ: some are looked at by the detector, some are not.
    return {
        kind: {
            "wall_ms": statistics.median(statistics.mean(row["wall_ms"]) for row in rows),
            "cpu_ms": statistics.median(row["cpu_ms"] for row in rows),
            "poses": statistics.mean(row["poses"] for row in rows),
            "ratio": statistics.median(
                statistics.mean(theirs["wall_ms"]) / statistics.mean(row["wall_ms"])
                for theirs, row in zip(answers["mediapipe"], rows, strict=True)
            ),
        }
        for kind, rows in answers.items()
    }


def report(figures: dict[str, Any]) -> str:
    """The figures as a Markdown table."""
    masks = ", masks" if figures["masks"] else ""
    lines = [
        f"{figures['machine']}, {figures['clip']}, num_poses={figures['num_poses']}{masks}, default threads",
        "",
        "| model | | frames/s | × faster | CPU ms a frame | of the reference's | people |",
        "|---|---|---|---|---|---|---|",
    ]
    for model, rows in figures["models"].items():
        for kind, row in rows.items():
            cpu = row["cpu_ms"] / rows["mediapipe"]["cpu_ms"]
            lines.append(
                f"| {model} | {kind} | {1000 / row['wall_ms']:.0f} | {row['ratio']:.2f} | "
                f"{row['cpu_ms']:.1f} | {cpu:.2f} | {row['poses']:.2f} |"
            )
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("clip", type=Path, help="a video of people")
    parser.add_argument("--models", nargs="+", default=MODELS, choices=MODELS)
    parser.add_argument("--bundles", type=Path, help="folder of official .task files (default: fetched)")
    parser.add_argument("--num-poses", type=int, default=1)
    parser.add_argument("--side-by-side", type=int, default=1, metavar="N", help="the person so many times")
    parser.add_argument("--masks", action="store_true")
    parser.add_argument("--options", default="{}", help="further options of ours, as JSON")
    parser.add_argument("--frames", type=int, default=150, help="of the clip at most (default: %(default)s)")
    parser.add_argument("--without-openvino", action="store_true", help="only the core")
    parser.add_argument("--rounds", type=int, default=20, help="of 15 frames each (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    arguments = parser.parse_args()
    kinds = [kind for kind in ENVIRONMENTS if kind != "openvino" or not arguments.without_openvino]
    for kind in kinds:
        prepare(kind)
    with tempfile.TemporaryDirectory() as folder:
        frames, fps, description = decode(
            arguments.clip, Path(folder), arguments.frames, arguments.side_by_side
        )
        figures: dict[str, Any] = {
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}",
            "clip": description,
            "num_poses": arguments.num_poses,
            "masks": arguments.masks,
            "models": {},
        }
        for name in arguments.models:
            print(f"measuring {name} ...", file=sys.stderr)
            model = model_file(name, arguments.bundles)
            figures["models"][name] = measure(kinds, model, frames, fps, arguments)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
    print(report(figures))


if __name__ == "__main__":
    main()
