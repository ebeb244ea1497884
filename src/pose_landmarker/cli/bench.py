"""``pose-landmarker bench``: this package beside MediaPipe on this machine; and two results side by side."""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pose_landmarker.checks import check_integer
from pose_landmarker.cli.outputs import make_folder
from pose_landmarker.cli.report import count
from pose_landmarker.errors import OptionError
from pose_landmarker.options import MODEL_NAMES

if TYPE_CHECKING:
    from pose_landmarker.bench.matrix import Selection
    from pose_landmarker.bench.results import Results
    from pose_landmarker.bench.suite import Plan, Suite

_MODES = ("image", "video", "start", "pictures", "videos")
_SIZES = ("480p", "720p", "1080p", "4k", "native")
_EPILOG = """\
examples:
  pose-landmarker bench
      some minutes: IMAGE, VIDEO and start, all models, 720p, one person, every engine that is installed
  pose-landmarker bench --clip dance.mp4 --models full --modes video --num-poses 1 2 --masks no yes
      what you care about, on your own video
  pose-landmarker bench --modes pictures videos --models lite
      many files: from files to results, MediaPipe in as many processes as there are processors
  pose-landmarker bench --without-reference --rounds 5
      nothing is installed or fetched but models
  pose-landmarker bench --full -o thorough
      the whole matrix: hours
  pose-landmarker bench compare old/results.json new/results.json
      what became worse, beyond the spread of the rounds; exit status 1 if anything did

All take turns on the same frames, so that a machine whose speed drifts slows all. MediaPipe is installed
into an environment of its own, once. Results: results.json with all raw numbers, table.md, and charts
where matplotlib is installed. Ctrl-C ends it; what was measured is kept.
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add this command."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = commands.add_parser(
        "bench",
        help="measure speed beside MediaPipe, compare results",
        description="Measure this package beside MediaPipe on this machine.",
        epilog=_EPILOG,
        formatter_class=raw,
    )
    _add_what(parser.add_argument_group("what is measured"))
    _add_with(parser.add_argument_group("with what"))
    _add_results(parser.add_argument_group("results"))
    parser.set_defaults(run=run)
    actions = parser.add_subparsers(title="actions", metavar="ACTION")
    text = "Set two results against each other; exit status 1 where something became worse."
    sub = actions.add_parser("compare", help="what became worse between two results", description=text)
    sub.add_argument("old", type=Path, help="results.json of before")
    sub.add_argument("new", type=Path, help="results.json of after")
    sub.add_argument(
        "--tolerance",
        type=float,
        default=0.05,
        metavar="SHARE",
        help="changes up to this are none (default: %(default)s)",
    )
    sub.add_argument("--json", action="store_true", help="print everything as JSON")
    sub.set_defaults(run=run_compare)
    return parser


def _add_what(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--full", action="store_true", help="everything, instead of the usual conditions")
    group.add_argument("--modes", nargs="+", choices=_MODES, help="default: image, video, start")
    group.add_argument("--models", nargs="+", choices=MODEL_NAMES, help="default: all")
    group.add_argument(
        "--engines",
        nargs="+",
        choices=("native", "litert", "openvino", "torch"),
        help="on the processor (default: the installed, but for torch, which is for graphics cards)",
    )
    group.add_argument(
        "--precisions", nargs="+", choices=("exact", "fast"), help="default: all that this machine has"
    )
    group.add_argument("--num-poses", nargs="+", type=int, metavar="N", help="people at most (default: 1)")
    group.add_argument("--masks", nargs="+", choices=("no", "yes"), help="silhouettes (default: no)")
    group.add_argument("--sizes", nargs="+", choices=_SIZES, help="of pictures (default: 720p)")
    group.add_argument("--threads", nargs="+", metavar="N", help="numbers, 'all' or 'default' (the default)")
    group.add_argument(
        "--rounds", type=int, default=12, metavar="N", help="turns of each contestant (default: %(default)s)"
    )


def _add_with(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--clip", type=Path, metavar="FILE", help="a video of people (default: one is made)")
    group.add_argument(
        "--side-by-side",
        type=int,
        default=1,
        metavar="N",
        help="the middle of the clip so often in each frame, at other times (default: %(default)s)",
    )
    group.add_argument(
        "--picture", type=Path, nargs="+", default=[], metavar="FILE", help="default: frames of the clip"
    )
    group.add_argument(
        "--frames", type=int, default=60, metavar="N", help="of the clip at most (default: %(default)s)"
    )
    group.add_argument(
        "--num-videos", type=int, default=8, metavar="N", help="files in mode videos (default: %(default)s)"
    )
    group.add_argument(
        "--num-pictures", type=int, default=64, metavar="N", help="in mode pictures (default: %(default)s)"
    )
    group.add_argument(
        "--bundles", type=Path, metavar="DIR", help="folder of the official .task files (default: fetched)"
    )
    group.add_argument("--without-reference", action="store_true", help="only this package")
    group.add_argument(
        "--environments", type=Path, metavar="DIR", help="where MediaPipe is installed (default: the cache)"
    )
    group.add_argument(
        "--python", metavar="FILE", help="interpreter whose pose-landmarker is measured (default: this one)"
    )


def _add_results(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="folder for results (default: benchmark-TIME)"
    )
    group.add_argument(
        "--json", action="store_true", help="print the results as JSON; files only where -o is given too"
    )
    group.add_argument(
        "--charts",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="default: where matplotlib is installed",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run this command; 0, 1 where something failed, 130 where it was interrupted."""
    plan = _plan(arguments)
    folder = _folder(arguments)
    try:
        return _run(arguments, plan, folder)
    finally:
        if folder is not None and arguments.output is None:
            with contextlib.suppress(OSError):  # it is kept unless it is empty
                folder.rmdir()


def _run(arguments: argparse.Namespace, plan: Plan, folder: Path | None) -> int:
    from pose_landmarker.bench.report import report
    from pose_landmarker.bench.results import dumps

    with tempfile.TemporaryDirectory(prefix="pose-landmarker-", ignore_cleanup_errors=True) as temporary:
        results, interrupted = _measure(arguments, plan, folder, Path(temporary))
    if arguments.json:
        print(dumps(results))
    elif results.cells:
        print(report(results), end="")
    if folder is not None and results.cells:
        _write(results, folder, arguments)
    _tell_failures(results)
    if interrupted:
        print(f"interrupted after {count(len(results.cells), 'measurement')}", file=sys.stderr)
        return 130
    return 1 if results.failures else 0


def run_compare(arguments: argparse.Namespace) -> int:
    """Compare two results; 1 where something became worse."""
    from pose_landmarker.bench.compare import compare, report
    from pose_landmarker.bench.results import load

    if not (math.isfinite(arguments.tolerance) and 0 <= arguments.tolerance < 10):
        raise OptionError(f"--tolerance must be a share such as 0.05, not {arguments.tolerance}")
    found = compare(load(arguments.old), load(arguments.new), arguments.tolerance)
    print(json.dumps(found.as_dict(), indent=2) if arguments.json else report(found))
    return 1 if found.regressions else 0


def _measure(
    arguments: argparse.Namespace, plan: Plan, folder: Path | None, temporary: Path
) -> tuple[Results, bool]:
    """What was measured, and whether the user ended it."""
    from pose_landmarker.bench.material import Material
    from pose_landmarker.bench.results import save
    from pose_landmarker.bench.suite import Suite

    material = Material(
        folder=temporary,
        clip=arguments.clip,
        pictures=arguments.picture,
        side_by_side=check_integer("--side-by-side", arguments.side_by_side, low=1, high=64),
        most_frames=check_integer("--frames", arguments.frames, low=1, high=100_000),
        num_videos=check_integer("--num-videos", arguments.num_videos, low=1, high=1000),
        num_pictures=check_integer("--num-pictures", arguments.num_pictures, low=1, high=100_000),
    )

    def keep(results: Results) -> None:
        if folder is not None and results.cells:  # after every race: nothing is lost, whatever happens
            save(results, folder / "results.json")

    with _Bar(plan.turns()) as watch:
        suite: Suite = Suite(plan, material, watch, keep)
        try:
            suite.run()
        except KeyboardInterrupt:
            return suite.results, True
    return suite.results, False


def _plan(arguments: argparse.Namespace) -> Plan:
    from pose_landmarker.bench.environments import default_folder, own_python
    from pose_landmarker.bench.matrix import FULL, PRECISIONS, QUICK, own_engines, select
    from pose_landmarker.bench.setting import check_threads
    from pose_landmarker.bench.suite import Plan

    presets: tuple[Selection, ...] = FULL if arguments.full else QUICK
    for number in arguments.num_poses or ():
        check_integer("--num-poses", number, low=1)
    chosen = {
        "modes": arguments.modes,
        "models": arguments.models,
        "sizes": arguments.sizes,
        "num_poses": arguments.num_poses,
        "masks": [text == "yes" for text in arguments.masks or ()],
        "threads": [check_threads(text) for text in arguments.threads or ()],
    }
    installed = [name for name in own_engines() if _is_installed(name)]
    environments = None if arguments.without_reference else arguments.environments or default_folder()
    if arguments.charts:
        from pose_landmarker.bench.charts import require_matplotlib

        require_matplotlib()
    return Plan(
        conditions=select(presets, chosen),
        engines=arguments.engines or installed,
        precisions=arguments.precisions or PRECISIONS,
        rounds=check_integer("--rounds", arguments.rounds, low=1, high=10_000),
        python=arguments.python or own_python(),
        environments=environments,
        bundles=arguments.bundles,
    )


def _is_installed(engine: str) -> bool:
    if engine == "torch":  # slow on a processor: only when it is asked for
        return False
    if engine == "native":
        from pose_landmarker.native.library import library_or_none

        return library_or_none() is not None
    return engine == "litert" or find_spec(engine) is not None


def _folder(arguments: argparse.Namespace) -> Path | None:
    """Where files go; earlier results stay what they are."""
    folder: Path | None = arguments.output
    if folder is None:
        if arguments.json:
            return None
        folder = Path(f"benchmark-{datetime.now():%Y%m%d-%H%M%S}")
    if (folder / "results.json").exists():
        raise OptionError(f"{folder / 'results.json'} is there already; name another folder with -o")
    make_folder(folder)
    return folder


def _write(results: Results, folder: Path, arguments: argparse.Namespace) -> None:
    from pose_landmarker.bench.charts import draw_charts
    from pose_landmarker.bench.report import report
    from pose_landmarker.bench.results import save
    from pose_landmarker.cache import write_atomically

    save(results, folder / "results.json")
    files = {"table.md": report(results).encode()}
    if arguments.charts or (arguments.charts is None and find_spec("matplotlib") is not None):
        files |= draw_charts(results)
    elif arguments.charts is None:
        print("no charts: pip install 'pose-landmarker[bench]'", file=sys.stderr)
    for name, content in files.items():
        write_atomically(folder / name, content)
    told = sys.stderr if arguments.json else sys.stdout
    print("", *(f"  -> {folder / name}" for name in ("results.json", *files)), sep="\n", file=told)


def _tell_failures(results: Results) -> None:
    from pose_landmarker.bench.report import by_reason

    if results.failures:
        print(
            f"{len(results.failures)} of {len(results.failures) + len(results.cells)} failed:",
            file=sys.stderr,
        )
        for line in by_reason(results.failures):
            print(f"  {line}", file=sys.stderr)


class _Bar(AbstractContextManager["Callable[[str, int, int], None]"]):
    """A bar with the time left, on standard error where that is a terminal."""

    def __init__(self, turns: int) -> None:
        from tqdm import tqdm

        self._bar: Any = tqdm(total=turns, unit="turn", dynamic_ncols=True, leave=False, disable=None)

    def __enter__(self) -> Callable[[str, int, int], None]:
        return self._show

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def _show(self, label: str, done: int, _turns: int) -> None:
        self._bar.set_description_str(label, refresh=False)
        self._bar.update(done - self._bar.n)
        self._bar.refresh()
