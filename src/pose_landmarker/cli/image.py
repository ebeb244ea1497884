"""``pose-landmarker image``: pictures in; annotated pictures and JSON out."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pose_landmarker.cli.arguments import add_engine, add_found, make_landmarker, processing_options
from pose_landmarker.cli.inputs import Input, find_pictures
from pose_landmarker.cli.outputs import make_folder
from pose_landmarker.cli.report import count, failure, print_failures
from pose_landmarker.options import ImageProcessingOptions

if TYPE_CHECKING:
    from pose_landmarker.landmarker import PoseLandmarker
    from pose_landmarker.results import PoseLandmarkerResult

_EPILOG = """\
examples:
  pose-landmarker image photo.jpg
      writes poses/photo_pose.jpg (the picture with the skeleton) and poses/photo_pose.json
  pose-landmarker image team.jpg --num-poses 8 --masks --model heavy
      up to eight people, silhouettes tinted, the most accurate model
  pose-landmarker image holiday/ 'archive/*.png' -o found
      all pictures of a folder and below, and those that match; results in the folder found/
  pose-landmarker image photo.jpg --json | jq '.poses[0].landmarks[0]'
      for programs: one line of JSON a picture, nothing written

A picture that cannot be read is named at the end, and the exit status is 1; the others are done.
Left and right are the person's own: orange is left, blue is right, faint is hidden.
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add this command."""
    parser = commands.add_parser(
        "image",
        help="find bodies in pictures",
        description="Find bodies in pictures; write the pictures with skeletons, and the landmarks as JSON.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "photos", nargs="+", metavar="PHOTO", help="a picture, a folder, or a pattern like '*.jpg'"
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="folder for the results (default: poses)"
    )
    parser.add_argument(
        "--json",
        action="store_true",
        help="print one JSON object a picture; files are written only where -o is given too",
    )
    add_found(parser)
    add_engine(parser)
    parser.set_defaults(run=run)
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Run this command; 0, or 1 where a picture failed."""
    processing = processing_options(arguments)
    folder = arguments.output
    if folder is None and not arguments.json:
        folder = Path("poses")
    pictures, failures = find_pictures(arguments.photos, folder)
    if folder is not None and pictures:
        make_folder(folder)
    counts: list[int] = []
    try:
        if pictures:
            with make_landmarker(arguments) as landmarker:
                for picture, found in _results(landmarker, pictures, processing, folder):
                    if isinstance(found, Exception):
                        failures.append(failure(picture.source, found))
                    else:
                        counts.append(len(found))
                        _print(picture, found, folder if len(pictures) == 1 else None, arguments.json)
    finally:  # also when interrupted: what is done is done, and is told
        _summarise(len(pictures), counts, failures, None if arguments.json else folder)
    return 1 if failures else 0


def _results(
    landmarker: PoseLandmarker,
    pictures: list[Input],
    processing: ImageProcessingOptions,
    folder: Path | None,
) -> Iterator[tuple[Input, PoseLandmarkerResult | Exception]]:
    """Every picture with what was found in it, or with what went wrong; a progress bar meanwhile."""
    from tqdm import tqdm

    bar = tqdm(pictures, unit="picture", disable=None if len(pictures) > 1 else True, leave=False)
    for picture in bar:
        found: PoseLandmarkerResult | Exception
        try:
            found = _process(landmarker, picture, processing, folder)
        except Exception as error:  # whatever it is, one bad picture spoils no other
            found = error
        with bar.external_write_mode(file=sys.stdout):
            yield picture, found


def _process(
    landmarker: PoseLandmarker, picture: Input, processing: ImageProcessingOptions, folder: Path | None
) -> PoseLandmarkerResult:
    from pose_landmarker.cache import write_atomically
    from pose_landmarker.draw import annotate
    from pose_landmarker.media import encode_image, read_image

    image = read_image(picture.source)
    result = landmarker.detect(image, processing)
    if folder is not None:
        drawing, record = _targets(picture, folder)
        # The record first: it marks the drawing as ours, should we be killed in between.
        write_atomically(record, json.dumps(_record(picture, result), indent=1).encode() + b"\n")
        write_atomically(drawing, encode_image(annotate(image, result), drawing.suffix))
    return result


def _targets(picture: Input, folder: Path) -> tuple[Path, Path]:
    drawing = folder / picture.output
    return drawing, drawing.with_suffix(".json")


def _record(picture: Input, result: PoseLandmarkerResult) -> dict[str, Any]:
    from pose_landmarker.export import result_to_dict

    return {"image": picture.source, **result_to_dict(result)}


def _print(picture: Input, result: PoseLandmarkerResult, folder: Path | None, as_json: bool) -> None:
    if as_json:
        print(json.dumps(_record(picture, result)))
        return
    width, height = result.image_size
    people = {0: "nobody found", 1: "1 person"}.get(len(result), f"{len(result)} people")
    print(f"{picture.source}  {width}x{height}  {people}")
    for number, pose in enumerate(result.poses, start=1):
        box = pose.box
        print(
            f"  {number}  score {pose.score:.2f}  box {box.width:.0f}x{box.height:.0f} at "
            f"({box.x:.0f}, {box.y:.0f})  {pose.visible.sum()} of 33 landmarks visible"
        )
    if folder is not None:
        print(*(f"  -> {path}" for path in _targets(picture, folder)), sep="\n")


def _summarise(wanted: int, counts: list[int], failures: list[str], folder: Path | None) -> None:
    if wanted > 1 and folder is not None:
        pictures, poses = count(len(counts), "picture"), count(sum(counts), "pose")
        print(f"{pictures}, {sum(map(bool, counts))} with people, {poses} -> {folder}")
    print_failures(failures, len(counts))
