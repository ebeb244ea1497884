"""How far it is, where somebody is looking: a bar for what ends, a line for what does not."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TYPE_CHECKING, Any, TextIO

from pose_landmarker.cli.inputs import short_name

if TYPE_CHECKING:
    from pose_landmarker.media import VideoReader


def progress_bar(reader: VideoReader, name: str, *, quiet: bool = False) -> Any:
    """A bar on standard error, to be updated after every frame; none where that is no terminal.

    Args:
        reader: The video.
        name: Stands before the bar.
        quiet: No bar in any case.
    """
    from tqdm import tqdm

    return tqdm(
        total=reader.num_frames,
        desc=short_name(name),
        unit="frame",
        dynamic_ncols=True,
        leave=False,
        disable=True if quiet else None,
    )


class StatusLine:
    """One line on standard error that is written again and again; nothing where that is no terminal.

    Args:
        quiet: Nothing in any case.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._shown = not quiet and to_terminal(sys.stderr)
        self._next_s = 0.0

    def due(self) -> bool:
        """Whether it is time for a new text; at most four times a second."""
        now_s = time.monotonic()
        if not self._shown or now_s < self._next_s:
            return False
        self._next_s = now_s + 0.25
        return True

    def write(self, text: str) -> None:
        """Take the place of what stands there."""
        columns = shutil.get_terminal_size().columns
        print(f"\r{text[: columns - 1]:<{columns - 1}}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Leave no trace, before something else is written."""
        if self._shown:
            self.write("")
            print("\r", end="", file=sys.stderr, flush=True)


def to_terminal(stream: TextIO | None) -> bool:
    """Whether somebody looks at what is written there."""
    return stream is not None and stream.isatty()
