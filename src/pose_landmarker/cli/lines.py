"""Landmarks as JSON lines, written while frames come: whole lines only, whatever happens."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Protocol

from pose_landmarker.export.files import GrowingFile
from pose_landmarker.export.jsonlines import frame_line

__all__ = ["Lines", "LinesFile", "StandardOutput", "frame_line"]


class Lines(Protocol):
    """Takes one line after the other."""

    def write(self, line: str) -> None:
        """Write a line; the end of the line is added."""


class StandardOutput:
    """Lines for the next program in a pipe, each as soon as it is there."""

    def write(self, line: str) -> None:
        """Write a line; the end of the line is added."""
        print(line, flush=True)


class LinesFile(GrowingFile):
    """Lines in a file that has its name only when it is whole.

    Until then they are in a file ``NAME.….part`` beside it, which holds whole lines even if this
    program is killed or the disk is full. Leaving ``with`` by an exception, or without a line, leaves
    nothing. Pipes and devices are written to as they are; links are followed.

    Attributes:
        path: Its name.
        count: How many lines it has.

    Raises:
        OSError: The file cannot be written; ``filename`` is its name.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, content="lines")
        self.count = 0

    def write(self, line: str) -> None:
        """Write a line; the end of the line is added."""
        self.append(line.encode() + b"\n")
        self.count += 1

    def __enter__(self) -> LinesFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None and self.count:
            self.close()
        else:
            self.discard()
