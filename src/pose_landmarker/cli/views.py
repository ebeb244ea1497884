"""Where the results of a live session go: lines, a window, a recording."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from pose_landmarker.cli.arguments import draw_style, trail_maker
from pose_landmarker.cli.inputs import short_name
from pose_landmarker.cli.lines import Lines, LinesFile, StandardOutput, frame_line
from pose_landmarker.cli.outputs import STANDARD_OUTPUT, check_file, video_file
from pose_landmarker.cli.window import Window

if TYPE_CHECKING:
    from pose_landmarker.media import Frame, VideoWriter
    from pose_landmarker.results import PoseLandmarkerResult


class Views:
    """What ``--jsonl``, ``--window`` and ``--output`` ask for together.

    Attributes:
        printing: Whether landmarks are printed.

    Raises:
        OptionError: One of them means nothing, or would overwrite the source.
    """

    def __init__(self, arguments: argparse.Namespace, name: str) -> None:
        self._name = name
        self._style = draw_style(arguments)
        self._trails = trail_maker(arguments)()
        self._with_window = arguments.window
        self._window: Window | None = None
        self._recording = None if arguments.output is None else video_file(arguments.output)
        self._writer: VideoWriter | None = None
        self.printing = arguments.jsonl == STANDARD_OUTPUT
        self._lines_file = Path(arguments.jsonl) if arguments.jsonl and not self.printing else None
        self._lines: Lines | None = StandardOutput() if self.printing else None
        for option, file in (("--output", self._recording), ("--jsonl", self._lines_file)):
            if file is not None:
                check_file(option, file, arguments.source)

    def open(self, stack: ExitStack) -> None:
        """See that there are a screen and a place for files.

        Raises:
            PoseLandmarkerError: There is none.
            OSError: A file cannot be written.
        """
        if self._with_window:
            self._window = stack.enter_context(Window(f"pose-landmarker: {short_name(self._name)}"))
        if self._lines_file is not None:
            self._lines = stack.enter_context(LinesFile(self._lines_file))

    def show(self, frame: Frame, result: PoseLandmarkerResult, stack: ExitStack) -> None:
        """Give a result to everybody who wants it.

        Args:
            frame: The frame.
            result: What was found in it.
            stack: Finishes what is begun here.

        Raises:
            PoseLandmarkerError: It cannot be shown or recorded.
            OSError: It cannot be written.
        """
        if self._lines is not None:
            self._lines.write(frame_line(self._name, frame.index, frame.time, result))
        if self._window is None and self._recording is None:
            return
        from pose_landmarker.draw import annotate

        drawn = annotate(frame.image, result, self._style, self._trails)
        if self._recording is not None:
            if self._writer is None:  # a recording of nothing would be an error
                self._writer = self._begin(self._recording, stack)
            self._writer.write(drawn, frame.time)
        if self._window is not None:
            self._window.show(drawn)

    def closed(self) -> bool:
        """Whether the user has closed the window. To be asked all the time: it keeps the window alive."""
        return self._window is not None and self._window.closed()

    def files(self) -> list[Path]:
        """The files that hold the results."""
        lines = self._lines.path if isinstance(self._lines, LinesFile) and self._lines.count else None
        recording = self._recording if self._writer is not None else None
        return [path for path in (recording, lines) if path is not None]

    def _begin(self, recording: Path, stack: ExitStack) -> VideoWriter:
        from pose_landmarker.media import VideoWriter

        return stack.enter_context(VideoWriter(recording))
