"""``pose-landmarker evaluate``: how good poses are, measured with labels."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pose_landmarker.checks import check_integer
from pose_landmarker.cli.arguments import add_processes
from pose_landmarker.cli.outputs import make_folder
from pose_landmarker.cli.report import print_failures
from pose_landmarker.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pose_landmarker.evaluation import Contestant, Evaluation, LabelledPicture

#: The same as pose_landmarker.evaluation.FORMATS, which need not be imported to show the help.
_FORMATS = ("auto", "labels", "coco", "lsp", "labels3d", "masks", "negatives")
_RECORD = "evaluation.json"
_EPILOG = """\
examples:
  pose-landmarker evaluate person_keypoints_val2017.json --images val2017 --config full,num_poses=20
      COCO's AP and AR, recall by height, PCK
  pose-landmarker evaluate labels.json --config full --config heavy -o results
      two models side by side; results/ gets evaluation.json, table.md and charts
  pose-landmarker evaluate labels.json --dataset coco --masks masks/ --negatives empty/ \\
      --config lax=heavy,num_poses=20,min_pose_presence_confidence=0.3
      silhouettes too, false positives too; the table calls the configuration lax
  pose-landmarker evaluate labels.json --config full --dump mediapipe=outputs.npz
      beside what MediaPipe has found, on the pictures that both have

DATASET is a JSON file in COCO's format for keypoints, a labels.json (or its folder), a labels3d.json, a
folder of frames/ and masks/, or, with --format negatives, a folder of pictures without people.
docs/evaluation.md says what is measured how, and describes the formats.
A picture that cannot be used is left out for all and named at the end, and the exit status is 1.
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add this command."""
    parser = commands.add_parser(
        "evaluate",
        help="measure how good poses are, with labelled pictures",
        description="Measure how good poses are, with labelled pictures; configurations side by side.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("datasets", nargs="+", type=Path, metavar="DATASET", help="labels, or a folder")
    _add_what(parser.add_argument_group("on what"))
    _add_who(parser.add_argument_group("who is measured"))
    results = parser.add_argument_group("results")
    results.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="folder for evaluation.json, table.md and charts"
    )
    results.add_argument("--json", action="store_true", help="print everything as JSON instead of tables")
    parser.set_defaults(run=run)
    return parser


def _add_what(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--format", choices=_FORMATS, default="auto", help="of DATASET (default: what it looks like)"
    )
    group.add_argument(
        "--images", type=Path, metavar="DIR", help="folder of the pictures (default: that of the labels)"
    )
    group.add_argument(
        "--dataset",
        action="append",
        default=[],
        metavar="NAME",
        help="only this one of the data sets in a file; may be given several times",
    )
    group.add_argument(
        "--masks", type=Path, metavar="DIR", help="silhouettes, named like the pictures (255 person, 0 not)"
    )
    group.add_argument(
        "--negatives", type=Path, metavar="DIR", help="also a folder of pictures without people"
    )
    group.add_argument("--every", type=int, default=1, metavar="N", help="only every N-th picture")


def _add_who(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "-c",
        "--config",
        action="append",
        default=[],
        metavar="[LABEL=]MODEL[,OPTION=VALUE...]",
        help="lite, full, heavy or a .task file, and options of PoseLandmarkerOptions; may be given several "
        "times (default: full, unless there is a dump)",
    )
    group.add_argument(
        "--dump",
        action="append",
        default=[],
        metavar="[LABEL=]FILE.npz",
        help="poses that were found by another program; may be given several times",
    )
    group.add_argument(
        "--all-pictures",
        action="store_true",
        help="measure everybody on all pictures that a dump covers, not on those that all cover",
    )
    group.add_argument(
        "--workers", type=int, metavar="N", help="pictures at the same time (default: one a processor)"
    )
    add_processes(group)


def run(arguments: argparse.Namespace) -> int:
    """Run this command; 0, or 1 where a picture could not be used."""
    from pose_landmarker.evaluation import evaluate

    check_integer("--every", arguments.every, low=1)
    if arguments.workers is not None:
        check_integer("--workers", arguments.workers, low=1)
    contestants = _contestants(arguments)
    _prepare(arguments.output)
    pictures = _pictures(arguments)
    with _Bar(len(pictures) * len(contestants)) as watch:
        evaluation = evaluate(
            pictures,
            contestants,
            common=not arguments.all_pictures,
            workers=arguments.workers,
            watch=watch,
        )
    _tell(evaluation, arguments)
    failures = [_sentence(path, why) for path, why in evaluation.failures.items()]
    print_failures(failures, max(map(len, evaluation.observed.values())))
    return 1 if failures else 0


def _sentence(path: str, why: str) -> str:
    return why if why.startswith(path) else f"{path}: {why}"


def _contestants(arguments: argparse.Namespace) -> list[Contestant]:
    from pose_landmarker.evaluation import Dump, Landmarker, parse_configuration

    texts = arguments.config or ([] if arguments.dump else ["full"])
    contestants: list[Contestant] = [
        Landmarker(parse_configuration(text), processes=arguments.processes) for text in texts
    ]
    for text in arguments.dump:
        label, _, file = text.rpartition("=")
        contestants.append(Dump(label or Path(file).stem, Path(file)))
    return contestants


def _pictures(arguments: argparse.Namespace) -> Sequence[LabelledPicture]:
    from pose_landmarker.evaluation import chosen, read_dataset, read_negatives, with_masks

    pictures: list[LabelledPicture] = []
    for path in arguments.datasets:
        pictures += read_dataset(path, arguments.format, images=arguments.images)
    pictures = chosen(pictures, arguments.dataset)
    if arguments.masks is not None:
        pictures = with_masks(pictures, arguments.masks)
    if arguments.negatives is not None:
        pictures += read_negatives(arguments.negatives)
    return pictures[:: arguments.every]


def _prepare(folder: Path | None) -> None:
    """See before the work that results can be written after it; earlier results stay what they are."""
    if folder is None:
        return
    from pose_landmarker.evaluation.plots import require_matplotlib

    require_matplotlib()
    if (folder / _RECORD).exists():
        raise OptionError(f"{folder / _RECORD} is there already; name another folder with -o")
    make_folder(folder)


def _tell(evaluation: Evaluation, arguments: argparse.Namespace) -> None:
    from pose_landmarker.evaluation.report import report

    if arguments.json:
        print(json.dumps(evaluation.as_dict(), allow_nan=False))
    elif evaluation.figures:
        print(report(evaluation, failures=False), end="")
    if arguments.output is None:
        return
    from pose_landmarker.cache import write_atomically
    from pose_landmarker.evaluation.plots import draw_plots

    record = json.dumps(evaluation.as_dict(), indent=1, allow_nan=False).encode() + b"\n"
    files = {_RECORD: record, "table.md": report(evaluation).encode(), **draw_plots(evaluation)}
    for name, content in files.items():
        write_atomically(arguments.output / name, content)
    told = sys.stderr if arguments.json else sys.stdout
    print("", *(f"  -> {arguments.output / name}" for name in files), sep="\n", file=told)


class _Bar(AbstractContextManager["Callable[[str], None]"]):
    """A bar on standard error where that is a terminal."""

    def __init__(self, steps: int) -> None:
        from tqdm import tqdm

        self._bar: Any = tqdm(total=steps, unit="picture", dynamic_ncols=True, leave=False, disable=None)

    def __enter__(self) -> Callable[[str], None]:
        return self._show

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def _show(self, name: str) -> None:
        self._bar.set_description_str(name, refresh=False)
        self._bar.update()
