"""``pose-landmarker live``: a camera or stream in; landmarks, a window, a recording out."""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

from pose_landmarker.addresses import without_password
from pose_landmarker.checks import check_positive
from pose_landmarker.cli.arguments import (
    add_engine,
    add_found,
    add_trail,
    make_landmarker,
    processing_options,
)
from pose_landmarker.cli.capture import Capture
from pose_landmarker.cli.inputs import short_name
from pose_landmarker.cli.interruption import Interruption
from pose_landmarker.cli.progress import StatusLine, to_terminal
from pose_landmarker.cli.timecode import parse_rate
from pose_landmarker.cli.views import Views
from pose_landmarker.options import RunningMode

if TYPE_CHECKING:
    from pose_landmarker.media import Frame

_EPILOG = """\
examples:
  pose-landmarker live
      the first camera: frames a second, people and delay in one line on the terminal
  pose-landmarker live --window --num-poses 2
      shows what it sees; Esc, q or the window's button end it
  pose-landmarker live rtsp://camera.local/stream --jsonl - | my-program
      a line of JSON for every frame worked on, as soon as it is there
  pose-landmarker live 1 -o me.mp4 --jsonl me.jsonl --seconds 30
      records the second camera with skeletons, and the landmarks, for half a minute

Only the newest frame is worked on: those that come meanwhile are dropped, so the delay stays short
however slow the machine is. A file is read at its own speed, as if it were a camera.

A session ends with Ctrl-C, with the window, after --seconds, or when the source does. All of these
are exit status 0, files are whole, and what was received, dropped and how late it was is told on
standard error. A camera that is missing, busy or lost is exit status 1.
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add this command."""
    parser = commands.add_parser(
        "live",
        help="find and follow bodies in front of a camera",
        description="Find and follow bodies in front of a camera or in a stream, as its frames come.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "source",
        nargs="?",
        default="0",
        metavar="CAMERA",
        help="number of a camera, its device, an address like rtsp://…, or a file (default: 0)",
    )
    results = parser.add_argument_group("results")
    results.add_argument("--jsonl", metavar="FILE", help="landmarks as JSON lines; - prints them")
    results.add_argument("--window", action="store_true", help="show what is seen (needs the extra 'window')")
    results.add_argument("-o", "--output", metavar="FILE", help="record it, annotated, such as me.mp4")
    add_trail(results)
    results.add_argument("--seconds", type=float, metavar="N", help="end after so long")
    results.add_argument("--fps", metavar="RATE", help="pictures a second to ask the camera for")
    add_found(parser, over_time=True)
    add_engine(parser)
    parser.set_defaults(run=run)
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Run this command; 0 however the user ended it."""
    session = Session(arguments)
    interruption = Interruption()
    error: Exception | None = None
    with ExitStack() as stack:
        session.open(stack)
        stack.enter_context(interruption)
        try:
            session.watch(stack, interruption)
        except Exception as caught:  # what was recorded until then is kept
            error = caught
    if not isinstance(error, BrokenPipeError):  # else nobody is interested any more
        session.tell()
    if error is not None:
        raise error
    return 0


class Session:
    """From the first frame to the end that somebody makes of it.

    Raises:
        OptionError: An argument means nothing.
    """

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments = arguments
        self._name = without_password(arguments.source)
        self._seconds = None if arguments.seconds is None else check_positive("--seconds", arguments.seconds)
        self._fps = None if arguments.fps is None else parse_rate("--fps", arguments.fps)
        self._processing = processing_options(arguments)
        self._views = Views(arguments, self._name)
        self._capture = Capture()
        self._results = 0
        self._began_s = self._ended_s = 0.0

    def open(self, stack: ExitStack) -> None:
        """Everything that can fail before the first frame.

        Raises:
            PoseLandmarkerError: There is no screen, no model or no camera.
        """
        from pose_landmarker.media import VideoReader

        self._views.open(stack)
        self._landmarker = stack.enter_context(
            make_landmarker(
                self._arguments,
                RunningMode.LIVE_STREAM,
                result_callback=self._capture.take_result,
                on_error=self._capture.take_error,
            )
        )
        source = self._arguments.source
        self._reader = VideoReader(int(source) if source.isdecimal() else source, fps=self._fps)

    def watch(self, stack: ExitStack, interruption: Interruption) -> None:
        """Take results until somebody or something ends the session.

        Raises:
            Exception: What went wrong with the source, the landmarker or a result.
        """
        stack.enter_context(self._capture)
        self._capture.start(self._reader, self._submit)
        status = StatusLine(quiet=self._views.printing and to_terminal(sys.stdout))
        self._began_s = time.monotonic()
        try:
            while not (interruption.wanted or self._late() or self._views.closed()):
                ending = self._capture.over and self._idle()
                found = self._capture.next_result()
                if found is not None:
                    self._results += 1
                    self._views.show(*found, stack)
                    if status.due():
                        status.write(self._status(len(found[1])))
                elif ending:
                    break
        finally:
            self._ended_s = time.monotonic()
            status.clear()

    def tell(self) -> None:
        """Say on standard error what became of the frames."""
        rate = self._results / max(self._ended_s - self._began_s, 1e-9)
        print(f"{self._name}: {self._landmarker.stats}; {rate:.1f} results a second", file=sys.stderr)
        for path in self._views.files():
            print(f"  -> {path}", file=sys.stderr)
        for problem in self._reader.problems:
            print(f"warning: {self._name}: {problem}", file=sys.stderr)

    def _submit(self, frame: Frame) -> None:
        self._landmarker.detect_async(frame.image, frame.timestamp_ms, self._processing)

    def _late(self) -> bool:
        return self._seconds is not None and time.monotonic() - self._began_s >= self._seconds

    def _idle(self) -> bool:
        stats = self._landmarker.stats
        return not (stats.in_work or stats.waiting)

    def _status(self, people: int) -> str:
        stats = self._landmarker.stats
        rate = self._results / max(time.monotonic() - self._began_s, 1e-9)
        found = {0: "nobody", 1: "1 person"}.get(people, f"{people} people")
        dropped = f"{stats.dropped} of {stats.received} dropped"
        late = f"{stats.latency_median_ms or 0:.0f} ms late"
        return f"{short_name(self._name)}  {rate:.1f} results a second  {found}  {late}  {dropped}"
