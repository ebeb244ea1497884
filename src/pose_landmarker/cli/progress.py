"""How far it is, where somebody is looking: a bar for what ends, a line for what does not."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, TextIO

from pose_landmarker.cli.inputs import Input, short_name
from pose_landmarker.cli.tally import Tally


class FramesBar:
    """A bar on standard error for the frames of all videos; none where that is no terminal.

    Args:
        videos: All of them, in order.
        expect: Tells about how many frames a video has that has not been begun, or None.
        quiet: No bar in any case.
    """

    def __init__(
        self, videos: Sequence[Input], expect: Callable[[Input], int | None], *, quiet: bool = False
    ) -> None:
        self._videos = videos
        self._expect = expect
        self._shown = not quiet and to_terminal(sys.stderr)
        self._bar: Any = None  # its clock starts with the first frame
        self._frames = [0] * len(videos)
        self._expected: dict[int, int | None] = {}
        self._over = 0

    def see(self, number: int, tally: Tally) -> None:
        """A video was opened, or there is another frame of it."""
        if self._shown:
            self._expected[number] = tally.expected
            self._advance(number, tally.frames)
            self._look_ahead()

    def end(self, number: int, tally: Tally | None) -> None:
        """A video is through, or failed."""
        self._over += 1
        if self._shown:
            self._advance(number, self._frames[number] if tally is None else tally.frames)
            self._expected[number] = self._frames[number]

    def close(self) -> None:
        """Leave no trace."""
        if self._bar is not None:
            self._bar.close()

    def lifted(self) -> AbstractContextManager[None]:
        """Makes place for what is printed meanwhile."""
        if self._bar is None:
            return nullcontext()
        from tqdm import tqdm

        lifted: AbstractContextManager[None] = tqdm.external_write_mode(file=sys.stdout)
        return lifted

    def _advance(self, number: int, frames: int) -> None:
        bar = self._bar = self._bar or self._make()
        bar.total = self._total()
        bar.set_description(self._description(), refresh=False)
        bar.update(frames - self._frames[number])
        self._frames[number] = frames

    def _make(self) -> Any:
        from tqdm import tqdm

        return tqdm(
            total=self._total(),
            desc=self._description(),
            unit="frame",
            dynamic_ncols=True,
            leave=False,
            smoothing=0.1,  # several videos make frames unevenly
        )

    def _description(self) -> str:
        count = len(self._videos)
        return short_name(self._videos[0].name) if count == 1 else f"{self._over}/{count} videos"

    def _total(self) -> int | None:
        """Frames of all videos; those of which nobody knows are taken to be like the others."""
        known = [frames for frames in self._expected.values() if frames is not None]
        return round(sum(known) / len(known) * len(self._videos)) if known else None

    def _look_ahead(self) -> None:
        """Ask for one of the videos to come; only files: addresses are slow, and cameras open once."""
        for number in range(len(self._expected), len(self._videos)):
            if number not in self._expected:
                video = self._videos[number]
                known = Path(video.source).is_file()
                self._expected[number] = self._expect(video) if known else None
                return


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
