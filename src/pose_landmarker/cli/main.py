"""The command line's entry: commands, and errors as one sentence instead of a traceback."""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any

from pose_landmarker._version import __version__
from pose_landmarker.addresses import without_password
from pose_landmarker.cli import batch, bench, convert, evaluate, image, info, live, models, port, video
from pose_landmarker.errors import OptionError, PoseLandmarkerError

_DESCRIPTION = """\
Find human bodies in pictures, videos and in front of cameras: 33 landmarks each, in the image and in
metres, and the same number for the same person over time.

  pose-landmarker image photo.jpg          the picture with its skeletons, and the landmarks as JSON
  pose-landmarker image photos/ -o found   a whole folder
  pose-landmarker video dance.mp4          the video with skeletons, and the landmarks as JSON lines
  pose-landmarker live --window            what a camera sees, with skeletons
  pose-landmarker batch archive/ -o found  thousands of files, as one dataset; goes on after a kill
  pose-landmarker convert dance.jsonl dance.csv     landmarks in another format: TRC, BVH, COCO, ...
  pose-landmarker port scripts/            what to change in scripts written for MediaPipe
  pose-landmarker models                   which models are on this machine
  pose-landmarker info                     versions and hardware, for bug reports
  pose-landmarker bench                    how fast this is on this machine, beside MediaPipe
  pose-landmarker evaluate labels.json     how good it is on labelled pictures
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: Without the program's name; those of the process by default.

    Returns:
        The exit status: 0, 1 where something failed, 2 where the command was not understood,
        130 where it was interrupted.
    """
    _calm_streams()
    parsed = _parser().parse_args(arguments)
    if parsed.verbose:
        logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
        logging.getLogger("pose_landmarker").setLevel(logging.DEBUG)
    try:
        status: int = parsed.run(parsed)
        if sys.stdout is not None:
            sys.stdout.flush()
    except OptionError as error:
        return _fail(error, 2)
    except PoseLandmarkerError as error:
        return _fail(error, 1)
    except BrokenPipeError:  # the reader of our output has gone, such as `| head`
        _forget_output()
        return 1
    except OSError as error:
        _forget_output()
        return _fail(error, 1)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return status


def _forget_output() -> None:
    """What is still held back would fail again when the interpreter ends."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _calm_streams() -> None:
    """File names may hold characters that the terminal has no code for; warnings are for developers."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if not sys.warnoptions:
        warnings.filterwarnings("ignore", module="PIL")  # oddities in pictures' metadata


def _fail(error: Exception, status: int) -> int:
    print(f"pose-landmarker: error: {without_password(str(error))}", file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="pose-landmarker",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    more: dict[str, Any] = {"action": "store_true", "help": "say more on standard error"}
    parser.add_argument("-v", "--verbose", **more)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (image, video, live, batch, convert, port, models, info, bench, evaluate):
        # Accepted behind the command too; SUPPRESS keeps it from undoing what stood before it.
        command.add_parser(commands).add_argument("-v", "--verbose", default=argparse.SUPPRESS, **more)
    return parser


if __name__ == "__main__":
    sys.exit(main())
