"""``pose-landmarker image``: pictures in; annotated pictures and JSON out."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pose_landmarker.cli.arguments import add_engine, add_found, add_processes, processing_options
from pose_landmarker.cli.crew import Worker, crew
from pose_landmarker.cli.inputs import Input, find_pictures
from pose_landmarker.cli.interruption import Interruption
from pose_landmarker.cli.outputs import make_folder
from pose_landmarker.cli.report import count, failure, print_failures
from pose_landmarker.image_options import ImageProcessingOptions
from pose_landmarker.options import RunningMode

if TYPE_CHECKING:
    from pose_landmarker.arrays import RgbImage
    from pose_landmarker.landmarker import PoseLandmarker
    from pose_landmarker.results import PoseLandmarkerResult
    from pose_landmarker.worker_process import ProcessWorker

    #: Reads a picture and looks at it; the pixels, where they are wanted, and what was found.
    _Look = Callable[[Input], tuple[RgbImage | None, PoseLandmarkerResult]]

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

Several pictures are worked on at the same time, one for each processor; results come in their order.
Ctrl-C finishes those that were begun, and ends with exit status 130; a second one aborts.
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
    add_processes(add_engine(parser, many=True))
    parser.set_defaults(run=run)
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Run this command; 0, 1 where a picture failed, 130 where it was interrupted."""
    folder = arguments.output
    if folder is None and not arguments.json:
        folder = Path("poses")
    plan = _Plan(processing_options(arguments), folder, arguments.json)
    pictures, failures = find_pictures(arguments.photos, folder)
    if folder is not None and pictures:
        make_folder(folder)
    interruption = Interruption()
    counts: list[int] = []
    waiting = len(pictures)
    try:
        if pictures:
            with closing(_all_done(arguments, pictures, plan, interruption)) as all_done:
                for done in all_done:
                    waiting -= 1
                    if done.failure is not None:
                        failures.append(done.failure)
                    else:
                        counts.append(done.poses)
                        print(done.text)
    finally:  # also when aborted: what is done is done, and is told
        _summarise(len(pictures), counts, failures, None if arguments.json else folder)
    if interruption.wanted:
        _tell_interruption(waiting)
        return interruption.status
    return 1 if failures else 0


class _Plan(NamedTuple):
    """What is to be done with every picture.

    Attributes:
        processing: Turn and region.
        folder: Where results go, if anywhere.
        as_json: Whether JSON is printed.
    """

    processing: ImageProcessingOptions
    folder: Path | None
    as_json: bool


class _Done(NamedTuple):
    """What became of a picture.

    Attributes:
        poses: How many people were found.
        text: What is printed about it.
        failure: Why there is nothing to print.
    """

    poses: int = 0
    text: str = ""
    failure: str | None = None


def _all_done(
    arguments: argparse.Namespace, pictures: list[Input], plan: _Plan, interruption: Interruption
) -> Generator[_Done, None, None]:
    """What became of every picture, in order, until interrupted; a progress bar meanwhile."""
    from tqdm import tqdm

    from pose_landmarker.parallel import parallel

    def work(worker: Worker, picture: Input) -> Iterator[_Done]:
        return _work(worker, picture, plan, one=len(pictures) == 1)

    with ExitStack() as stack:
        processes, images = arguments.processes, plan.folder is not None
        workers = stack.enter_context(
            crew(arguments, RunningMode.IMAGE, len(pictures), processes=processes, images=images)
        )
        stack.enter_context(interruption)  # not before: a model that is being fetched can be left at once
        tasks = takewhile(lambda _: not interruption.wanted, pictures)
        results = parallel(work, tasks, workers=workers)
        hidden = None if len(pictures) > 1 else True  # None: where that is no terminal
        bar = stack.enter_context(
            tqdm(total=len(pictures), unit="picture", dynamic_ncols=True, disable=hidden, leave=False)
        )
        for done in stack.enter_context(closing(results)):  # type: ignore[type-var]
            bar.update()
            with bar.external_write_mode(file=sys.stdout):
                yield done


def _work(worker: Worker, picture: Input, plan: _Plan, one: bool) -> Iterator[_Done]:
    look = _by_process(worker.process) if worker.process is not None else _by_thread(worker.landmarker, plan)
    try:
        result = _process(look, picture, plan)
    except Exception as error:  # whatever it is, one bad picture spoils no other
        yield _Done(failure=failure(picture.source, error))
        return
    if plan.as_json:
        text = json.dumps(_record(picture, result))
    else:
        text = _text(picture, result, plan.folder if one else None)
    # Only the words wait for their turn: masks and pictures would need much memory.
    yield _Done(len(result), text)


def _by_thread(landmarker: PoseLandmarker, plan: _Plan) -> _Look:
    from pose_landmarker.media import read_image

    def look(picture: Input) -> tuple[RgbImage | None, PoseLandmarkerResult]:
        image = read_image(picture.source)
        return image, landmarker.detect(image, plan.processing)

    return look


def _by_process(worker: ProcessWorker) -> _Look:
    from pose_landmarker.tasks import Task

    def look(picture: Input) -> tuple[RgbImage | None, PoseLandmarkerResult]:
        (step,) = worker.work(Task(0, picture.source, picture.source))
        if step.done.result is None:
            raise step.done.error or AssertionError(step)
        return step.done.image, step.done.result

    return look


def _process(look: _Look, picture: Input, plan: _Plan) -> PoseLandmarkerResult:
    from pose_landmarker.cache import write_atomically
    from pose_landmarker.draw import annotate
    from pose_landmarker.media import encode_image

    image, result = look(picture)
    if plan.folder is not None and image is not None:
        drawing, record = _targets(picture, plan.folder)
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


def _text(picture: Input, result: PoseLandmarkerResult, folder: Path | None) -> str:
    width, height = result.image_size
    people = {0: "nobody found", 1: "1 person"}.get(len(result), f"{len(result)} people")
    lines = [f"{picture.source}  {width}x{height}  {people}"]
    for number, pose in enumerate(result.poses, start=1):
        box = pose.box
        lines.append(
            f"  {number}  score {pose.score:.2f}  box {box.width:.0f}x{box.height:.0f} at "
            f"({box.x:.0f}, {box.y:.0f})  {pose.visible.sum()} of 33 landmarks visible"
        )
    if folder is not None:
        lines += [f"  -> {path}" for path in _targets(picture, folder)]
    return "\n".join(lines)


def _summarise(wanted: int, counts: list[int], failures: list[str], folder: Path | None) -> None:
    if wanted > 1 and folder is not None:
        pictures, poses = count(len(counts), "picture"), count(sum(counts), "pose")
        print(f"{pictures}, {sum(map(bool, counts))} with people, {poses} -> {folder}")
    print_failures(failures, len(counts))


def _tell_interruption(waiting: int) -> None:
    print("interrupted", file=sys.stderr)
    if waiting > 0:
        print(f"{count(waiting, 'picture')} not begun", file=sys.stderr)
