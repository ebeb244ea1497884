"""How far a job over many files is, where somebody is looking."""

from __future__ import annotations

import sys
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from pose_landmarker.cli.progress import to_terminal
from pose_landmarker.cli.timecode import format_duration

if TYPE_CHECKING:
    from pose_landmarker.batch.summary import Progress

#: Seconds that the rate of frames is that of.
_LATELY_S: Final = 15.0


class FilesBar:
    """A bar on standard error for files, with frames, their rate and the time left; none on no terminal.

    Args:
        quiet: No bar in any case.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._shown = not quiet and to_terminal(sys.stderr)
        self._bar: Any = None
        self._lately: deque[tuple[float, int]] = deque()

    def see(self, progress: Progress) -> None:
        """It has come so far."""
        if not self._shown:
            return
        counts = progress.counts
        bar = self._bar = self._bar or self._make(counts.files)
        bar.set_postfix_str(self._words(progress), refresh=False)
        bar.update(counts.over - bar.n)
        bar.refresh()

    def close(self) -> None:
        """Leave no trace."""
        if self._bar is not None:
            self._bar.close()

    def _make(self, files: int) -> Any:
        from tqdm import tqdm

        form = "{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} files{postfix}"
        return tqdm(total=files, bar_format=form, dynamic_ncols=True, leave=False, mininterval=0.2)

    def _words(self, progress: Progress) -> str:
        counts = progress.counts
        words = [f"{counts.frames} frames, {self._rate(progress):.0f} a second"]
        if progress.left_s is not None:
            words.append(f"{format_duration(progress.left_s)} left")
        if counts.failed:
            words.append(f"{counts.failed} failed")
        if progress.where:
            words.append(progress.where)
        return ", ".join(words)

    def _rate(self, progress: Progress) -> float:
        """Frames a second, lately."""
        lately = self._lately
        lately.append((progress.seconds, progress.counts.frames))
        while len(lately) > 2 and lately[-1][0] - lately[0][0] > _LATELY_S:
            lately.popleft()
        seconds = lately[-1][0] - lately[0][0]
        return max(0, lately[-1][1] - lately[0][1]) / seconds if seconds > 0 else 0.0
