"""People who cross, hide each other, leave and return: how well they keep their numbers.

    python -m benchmarks.tracking [--tracker naive] [--only hidden] [--draw FOLDER]

Most scenes are composed of people cut out of the evaluation media, so that the truth is known in every
frame; some are clips of several people, labelled by eye. Scoring needs py-motmetrics (pip install
motmetrics), reading clips the extra 'video'.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from benchmarks.tracking.actors import Cutter
from benchmarks.tracking.clips import ClipFootage, load_clips
from benchmarks.tracking.draw import draw, sheet
from benchmarks.tracking.scenes import RECIPES, load_stage
from benchmarks.tracking.score import Score, score
from benchmarks.tracking.trackers import TRACKERS, Footage, Tracked, follow
from pose_landmarker.arrays import RgbImage
from pose_landmarker.media import encode_image

SHARED = Path(__file__).resolve().parents[3] / "shared"
CLIPS = load_clips()
_COLUMNS = (
    "scene",
    "frames",
    "persons",
    "hidden",
    "MOTA",
    "IDF1",
    "switches",
    "lasting",
    "shared",
    "kept",
    "fragments",
    "precision",
    "recall",
    "found ms",
    "back ms",
    "numbers",
)


def open_footage(name: str, arguments: argparse.Namespace) -> tuple[Footage, int]:
    """A scene and how many people to look for in it."""
    if name in CLIPS:
        return ClipFootage(CLIPS[name], arguments.media), CLIPS[name].num_poses
    cutter = Cutter(arguments.media, arguments.models / "pose_landmarker_full.task", arguments.work)
    return load_stage(name, cutter), RECIPES[name].num_poses


def measure(name: str, arguments: argparse.Namespace) -> Score:
    """Run one scene."""
    footage, num_poses = open_footage(name, arguments)
    truths = footage.truths()
    model = arguments.models / f"pose_landmarker_{arguments.model}.task"
    track = TRACKERS[arguments.tracker](model, arguments.num_poses or num_poses, arguments.engine)
    every = max(1, -(-len(truths) // arguments.tiles))
    tiles: list[RgbImage] = []

    def watch(frame: int, image: RgbImage, found: list[Tracked]) -> None:
        if arguments.draw and frame % every == 0:
            tiles.append(draw(image, truths[frame], found, frame))

    times, answers = follow(footage, track, watch)
    if tiles:
        arguments.draw.mkdir(parents=True, exist_ok=True)
        path = arguments.draw / f"{name}_{arguments.tracker}.png"
        path.write_bytes(encode_image(sheet(tiles), ".png"))
    return score(truths[: len(answers)], answers, times)


def row(name: str, found: Score) -> str:
    """One line of the table."""
    numbers = " ".join(f"{who}:{','.join(map(str, ids)) or '-'}" for who, ids in sorted(found.ids.items()))
    cells = (
        name,
        found.frames,
        found.persons,
        found.hidden,
        f"{found.mota:.3f}",
        f"{found.idf1:.3f}",
        found.switches,
        found.lasting,
        found.shared,
        {None: "", True: "yes", False: "no"}[found.kept],
        found.fragments,
        f"{found.precision:.3f}",
        f"{found.recall:.3f}",
        *("never" if ms is None else f"{ms:.0f}" for ms in (found.found_ms, found.back_ms)),
        numbers,
    )
    return f"| {' | '.join(map(str, cells))} |"


def _arguments() -> argparse.Namespace:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="benchmarks.tracking", description=__doc__, formatter_class=raw)
    add = parser.add_argument
    work = Path(tempfile.gettempdir()) / "pose-landmarker-tracking"
    add("--media", type=Path, default=SHARED / "media", help="evaluation media (default: beside the project)")
    add("--models", type=Path, help="folder of .task files (default: beside the media)")
    add("--work", type=Path, default=work, help="where people that were cut out are kept")
    add("--tracker", default="ours", choices=sorted(TRACKERS))
    add("--model", default="full", choices=("lite", "full", "heavy"))
    add("--engine", default="litert", choices=("litert", "openvino"))
    add("--num-poses", type=int, help="(default: as many as the scene has at a time)")
    add("--only", default="", metavar="SCENE", help="scenes whose name begins with this")
    add("--draw", type=Path, metavar="FOLDER", help="write a contact sheet of every scene")
    add("--tiles", type=int, default=40, help="frames on a contact sheet (default: %(default)s)")
    add("--json", type=Path, help="also write the figures to this file")
    add("--list", action="store_true", help="say what scenes there are, and do nothing")
    arguments = parser.parse_args()
    arguments.models = arguments.models or arguments.media.parent / "models"
    return arguments


def main() -> None:
    """Measure and print."""
    arguments = _arguments()
    says = {name: recipe.says for name, recipe in RECIPES.items()}
    says |= {name: clip.says for name, clip in CLIPS.items()}
    names = [name for name in says if name.startswith(arguments.only)]
    if arguments.list:
        print("\n".join(f"{name:22} {says[name]}" for name in names))
        return
    print(f"| {' | '.join(_COLUMNS)} |\n|{'---|' * len(_COLUMNS)}")
    figures = {}
    for name in names:
        started = time.perf_counter()
        found = measure(name, arguments)
        figures[name] = asdict(found)
        print(row(name, found), flush=True)
        print(f"{name}: {time.perf_counter() - started:.1f} s", file=sys.stderr)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
