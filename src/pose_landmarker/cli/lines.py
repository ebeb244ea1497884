"""Landmarks as JSON lines, written while frames come: whole lines only, whatever happens."""

from __future__ import annotations

import contextlib
import json
import os
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pose_landmarker.results import PoseLandmarkerResult


class Lines(Protocol):
    """Takes one line after the other."""

    def write(self, line: str) -> None:
        """Write a line; the end of the line is added."""


def frame_line(video: str, index: int, time: Fraction, result: PoseLandmarkerResult) -> str:
    """What was found in a frame, as one line of JSON.

    Args:
        video: Name of the source; it comes first, so that every line tells where it is from.
        index: Number of the frame.
        time: Its time, seconds since the first frame of the source.
        result: What was found.
    """
    from pose_landmarker.export import result_to_dict

    start = {"video": video, "frame": index, "time": float(time)}
    return json.dumps({**start, **result_to_dict(result)}, separators=(",", ":"))


class StandardOutput:
    """Lines for the next program in a pipe, each as soon as it is there."""

    def write(self, line: str) -> None:
        """Write a line; the end of the line is added."""
        print(line, flush=True)


class LinesFile:
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
        self.path = path
        self.count = 0
        self._size = 0
        self._broken = False
        self._part: Path | None = None  # None: straight to a pipe or device
        if path.exists() and not path.is_file():
            self._file = path.open("wb", buffering=0)
            return
        self._real = path.resolve()
        self._part = self._real.with_name(f"{path.name[:60]}.{os.urandom(4).hex()}.part")
        self._real.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._part.open("xb", buffering=0)

    def write(self, line: str) -> None:
        """Write a line; the end of the line is added."""
        data = memoryview(line.encode() + b"\n")
        size = self._size + len(data)
        try:
            while data:
                data = data[self._file.write(data) :]
        except BrokenPipeError:
            raise
        except OSError as error:
            self._broken = True
            with contextlib.suppress(OSError):
                self._file.truncate(self._size)  # half a line, on a full disk
            kept = "" if self._part is None else f"; the lines before it are in {self._part.name}"
            raise OSError(error.errno, f"{error.strerror}{kept}", str(self.path)) from error
        self.count += 1
        self._size = size

    def close(self) -> None:
        """Give the file its name, if it is whole."""
        self._file.close()
        if self._part is not None and not self._broken:
            self._part.replace(self._real)

    def discard(self) -> None:
        """Leave nothing, or on a full disk what could be written, under the other name."""
        self._file.close()
        if self._part is not None and not self._broken:
            self._part.unlink(missing_ok=True)

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
