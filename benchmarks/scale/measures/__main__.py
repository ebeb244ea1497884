"""Measures this machine and writes the numbers that the plan is made of.

    python -m benchmarks.scale.measures CLIPS MODELS [--footage CLIP] [--only rows files]

CLIPS is a folder of real videos, MODELS one with the three bundles. Only numbers are kept of either.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.scale.measures.decoding import decoding
from benchmarks.scale.measures.files import files
from benchmarks.scale.measures.machine import machine
from benchmarks.scale.measures.networks import networks
from benchmarks.scale.measures.real_clips import clips_in, real_clips
from benchmarks.scale.measures.rows import rows
from benchmarks.scale.measures.starting import starting
from benchmarks.scale.measures.trial import trial

PARTS = ("starting", "networks", "decoding", "files", "rows", "clips", "trials")
_TRIALS, _TRIAL_CLIPS = 4, 12


def main() -> None:
    """Measure what is asked for; the rest of the file stays."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("clips", type=Path)
    parser.add_argument("models", type=Path)
    parser.add_argument("--footage", type=Path, help="the clip that is written anew in other sizes")
    parser.add_argument("--json", type=Path, default=Path("benchmarks/figures_scale.json"))
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    arguments = parser.parse_args()
    figures = json.loads(arguments.json.read_text()) if arguments.json.exists() else {}
    figures["machine"] = machine()
    for part in PARTS:
        if part in arguments.only:
            figures.setdefault("load_average", {})[part] = round(os.getloadavg()[0], 1)
            figures |= measured(part, arguments.clips, arguments.models, arguments.footage)
            arguments.json.write_text(json.dumps(figures, indent=1) + "\n")
            print(part, json.dumps(figures.get(part))[:2000], flush=True)


def measured(part: str, folder: Path, models: Path, footage: Path | None) -> dict[str, Any]:
    """One part of the figures."""
    clips = clips_in(folder)
    if part == "networks":
        return {part: networks(models)}
    if part == "starting":
        return {part: starting(models)}
    if part == "decoding":
        return {part: decoding(footage or clips[0])}
    with tempfile.TemporaryDirectory() as place:
        if part == "files":
            return {part: files(Path(place))}
        if part == "clips":
            bundles = {name: models / f"pose_landmarker_{name}.task" for name in ("lite", "full")}
            return {part: real_clips(clips, bundles)}
        if part == "rows":
            return {part: rows(clips, models / "pose_landmarker_lite.task", Path(place))}
    return {part: _trials(clips, models / "pose_landmarker_lite.task")}


def _trials(clips: list[Path], model: Path) -> list[dict[str, Any]]:
    """The smaller clips in several orders, two workers; in the last one the longest comes last."""
    small = sorted(range(len(clips)), key=lambda i: clips[i].stat().st_size)[:_TRIAL_CLIPS]
    orders = [random.Random(seed).sample(small, len(small)) for seed in range(_TRIALS - 1)]
    return [trial(clips, model, order, 2) for order in (*orders, small)]


if __name__ == "__main__":
    main()
