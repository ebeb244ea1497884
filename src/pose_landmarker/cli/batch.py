"""``pose-landmarker batch``: an archive of pictures and videos in, one dataset out."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pose_landmarker.cli.arguments import add_engine, add_found, landmarker_options, processing_options
from pose_landmarker.cli.files_bar import FilesBar
from pose_landmarker.cli.interruption import Interruption
from pose_landmarker.cli.report import count
from pose_landmarker.errors import OptionError
from pose_landmarker.options import RunningMode

if TYPE_CHECKING:
    from pose_landmarker.batch.summary import BatchSummary

#: Files that failed; all of them are in a table of their own.
_MOST_SHOWN = 50
_EPILOG = """\
examples:
  pose-landmarker batch archive/ -o found
      all pictures and videos of a folder and below: found/data/ has their landmarks as Parquet files,
      found/files.parquet a row for each of them, found/report.html tells of it
  pose-landmarker batch 'clips/**/*.mp4' photos/ -o found -m lite --num-poses 3 --workers 8
      what matches a pattern, and a folder; up to three people; eight files at the same time
  pose-landmarker batch @list.txt s3://bucket/clips -o found
      the files that a text names, one on each line (@- reads them from standard input), and those of
      an address (pip install 'pose-landmarker[batch]' s3fs)
  pose-landmarker batch s3://bucket/clips -o found --engine ray --address auto
      on the Ray cluster that this machine belongs to (pip install 'pose-landmarker[cluster]')
  pose-landmarker batch archive/ -o found --retry-failed
      once more what has failed for good

  import pandas; pandas.read_parquet("found/data")
  import polars; polars.read_parquet("found/data/*.parquet")
  duckdb -c "from 'found/data/*.parquet'"

The same command goes on where it was stopped, by Ctrl-C, a kill or a power cut, and leaves out what is
done, known by content and options. Files that fail are listed with reasons, at the end and in
found/failures.csv; the others are done. The exit status is 0, 1 where a file failed, or 130 after Ctrl-C,
which keeps what is done (not the files in work); a second one aborts.
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add this command."""
    parser = commands.add_parser(
        "batch",
        help="find bodies in thousands of files, as one dataset",
        description="Find and follow bodies in any number of pictures and videos; write their landmarks as "
        "one dataset of Parquet files. Can be stopped at any moment, and goes on there.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "sources",
        nargs="+",
        metavar="SOURCE",
        help="a picture, a video, a folder, a pattern like '*.mp4', an address like s3://…, or @FILE with "
        "one of those on each line",
    )
    _add_results(parser)
    add_found(parser, over_time=True, drawn=False)
    how = add_engine(parser, many=True, option="--inference")
    how.add_argument(
        "--engine",
        choices=("local", "ray"),
        default="local",
        help="what runs the workers: processes on this machine, or a Ray cluster (default: %(default)s)",
    )
    how.add_argument(
        "--address",
        metavar="HOST:PORT",
        help="of the Ray cluster, or auto; without it one on this machine is started for the job",
    )
    parser.set_defaults(run=run)
    return parser


def _add_results(parser: argparse.ArgumentParser) -> None:
    results = parser.add_argument_group("results")
    results.add_argument("-o", "--output", metavar="OUT", required=True, help="folder for the dataset")
    results.add_argument("--json", action="store_true", help="print one JSON object about what was done")
    results.add_argument("-q", "--quiet", action="store_true", help="no progress, no summary; only failures")
    results.add_argument("--no-report", action="store_true", help="do not write report.html")
    results.add_argument(
        "--samples",
        type=int,
        default=24,
        metavar="N",
        help="of how many files frames are drawn for the report (default: %(default)s)",
    )
    again = parser.add_argument_group("what failed")
    again.add_argument(
        "--retries",
        type=int,
        default=2,
        metavar="N",
        help="how often a file is tried again that failed for reasons that may pass (default: %(default)s)",
    )
    again.add_argument(
        "--retry-failed", action="store_true", help="also those that have failed for good in earlier runs"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run this command."""
    from pose_landmarker.batch.job import run_batch

    with Interruption() as interruption, closing(FilesBar(quiet=arguments.quiet)) as bar:
        summary = run_batch(
            list(_sources(arguments.sources)),
            arguments.output,
            arguments.model,
            workers=arguments.workers,
            engine=arguments.engine,
            address=arguments.address,
            inference=arguments.inference,
            retries=arguments.retries,
            retry_failed=arguments.retry_failed,
            samples=arguments.samples,
            report=not arguments.no_report,
            image_processing_options=processing_options(arguments),
            progress=bar.see,
            stop=lambda: interruption.wanted,
            **_options(arguments),
        )
    if arguments.json:
        print(json.dumps(summary.as_dict()))
    elif not arguments.quiet:
        print(_sentence(summary))
    _tell_failures(summary)
    if interruption.wanted:
        print(_interruption(summary), file=sys.stderr)
        return interruption.status
    return 1 if summary.failed or not summary.complete else 0


def _options(arguments: argparse.Namespace) -> dict[str, Any]:
    """The options of the landmarkers."""
    named = argparse.Namespace(**{**vars(arguments), "engine": arguments.inference})
    options: dict[str, Any] = {**landmarker_options(named, RunningMode.VIDEO)}
    del options["engine"], options["output_segmentation_masks"]
    return options


def _sources(arguments: Sequence[str]) -> Iterator[str]:
    """What was typed, with the lines of files in the place of their names."""
    for argument in arguments:
        if not argument.startswith("@") or Path(argument).exists():
            yield argument
        elif argument == "@-":
            yield from _lines(sys.stdin.buffer)
        else:
            try:
                with Path(argument[1:]).open("rb") as file:
                    yield from _lines(file)
            except OSError as error:
                raise OptionError(f"{argument}: the list cannot be read: {error.strerror or error}") from None


def _lines(file: Iterable[bytes]) -> Iterator[str]:
    for line in file:
        if name := line.rstrip(b"\r\n"):
            yield name.decode("utf-8", "surrogateescape")  # as names of files that are no text


def _sentence(summary: BatchSummary) -> str:
    counts = [f"{summary.done} done"]
    for number, words in (
        (summary.before, "known from before"),
        (summary.same, "the same as another one"),
        (summary.failed, "failed"),
        (summary.waiting, "not looked at"),
    ):
        if number:
            counts.append(f"{number} {words}")
    speed = f"{count(summary.frames, 'frame')} in {summary.seconds:.1f} s"
    rate = f" ({summary.frames_per_second:.0f} a second)" if summary.frames else ""
    poses = f", {count(summary.poses, 'pose')}" if summary.frames else ""
    return f"{count(summary.files, 'file')}: {', '.join(counts)}; {speed}{rate}{poses}\n  -> {summary.output}"


def _tell_failures(summary: BatchSummary) -> None:
    """The table of what failed, on standard error, where it is not overlooked."""
    from pose_landmarker.batch.report_words import visible
    from pose_landmarker.markdown import table

    if summary.failures:
        shown = summary.failures[:_MOST_SHOWN]
        rows = [(visible(one.file), one.cause, visible(one.reason), str(one.attempts)) for one in shown]
        print(f"{summary.failed} of {count(summary.files, 'file')} failed:", file=sys.stderr)
        print(table(("file", "cause", "reason", "tries"), rows), file=sys.stderr)
        if len(shown) < summary.failed:
            more = summary.failed - len(shown)
            print(f"... and {more} more, in {summary.output / 'failures.csv'}", file=sys.stderr)
    if not summary.complete:
        print(
            f"rows of files that are done wait in {summary.output / 'journal'}, since they could not be "
            "written into the dataset; the same command brings them there when there is space",
            file=sys.stderr,
        )


def _interruption(summary: BatchSummary) -> str:
    left = f"{count(summary.waiting, 'file')} left" if summary.waiting else "nothing left"
    return f"interrupted, {left}; the same command goes on"
