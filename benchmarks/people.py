"""What a frame costs with more people in view: VIDEO mode, per frame and per person.

    python -m benchmarks.people [--model lite] [--people 1 2 3 5 10]

The frames show scikit-image's astronaut so many times, in rows, swaying; everybody has a part of the picture
of the same size, so that regions are as large with ten people as with one. So that the detector finds all,
it looks at one part after the other at first. The settings take turns; figures are medians.
"""

from __future__ import annotations

import argparse
import statistics
import time
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pose_landmarker import ImageProcessingOptions, PoseLandmarker, RunningMode
from pose_landmarker.arrays import RgbImage
from pose_landmarker.bench.material import made_clip
from pose_landmarker.options import OptionValues

if TYPE_CHECKING:
    from typing_extensions import Unpack

#: Of one person's part of the picture; the most people in a row; frames of the clip.
_PART, _IN_A_ROW, _FRAMES = (384, 432), 5, 60
_ROUNDS, _EACH = 12, 10
#: Frames until somebody should have been found.
_PATIENCE = 100


def frames_with(people: int) -> list[RgbImage]:
    """The clip as often as told, each at another moment."""
    alone = list(made_clip(_PART, 1, _FRAMES))
    columns = min(people, _IN_A_ROW)
    rows = -(-people // columns)
    blank = np.full_like(alone[0], 90)
    frames = []
    for number in range(_FRAMES):
        parts = [alone[(number + 7 * i) % _FRAMES] if i < people else blank for i in range(rows * columns)]
        lines = [np.concatenate(parts[i : i + columns], axis=1) for i in range(0, len(parts), columns)]
        frames.append(np.concatenate(lines))
    return frames


class Runner:
    """A landmarker that follows so many people, and the time that its frames take."""

    def __init__(self, model: str | Path, people: int, **options: Unpack[OptionValues]) -> None:
        options = {**options, "running_mode": RunningMode.VIDEO, "num_poses": people}
        self._landmarker = PoseLandmarker.create(model, **options)
        self._frames = cycle(frames_with(people))
        self._time_ms = 0
        self.people = people
        self.found = 0
        self.ms: list[float] = []

    def until_all_are_there(self) -> None:
        """Look at one part of the picture after the other until everybody is followed."""
        columns = min(self.people, _IN_A_ROW)
        rows = -(-self.people // columns)
        for i in range(self.people):
            y, x = divmod(i, columns)
            part = (x / columns, y / rows, (x + 1) / columns, (y + 1) / rows)
            for _ in range(_PATIENCE):
                self.found = self._step(ImageProcessingOptions(region_of_interest=part))
                if self.found > i:
                    break

    def run(self, frames: int = _EACH) -> None:
        """Some frames, timed."""
        self._step()
        for _ in range(frames):
            started = time.perf_counter()
            self.found = self._step()
            self.ms.append((time.perf_counter() - started) * 1e3)

    def _step(self, processing: ImageProcessingOptions | None = None) -> int:
        self._time_ms += 33
        return len(self._landmarker.detect_for_video(next(self._frames), self._time_ms, processing))


def main() -> None:
    """Measure and print."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("--model", default="lite")
    parser.add_argument("--people", type=int, nargs="+", default=[1, 2, 3, 5, 10])
    arguments = parser.parse_args()
    runners = [Runner(arguments.model, people) for people in arguments.people]
    for runner in runners:
        runner.until_all_are_there()
    for _ in range(_ROUNDS):
        for runner in runners:
            runner.run()
    print("| people | found | ms a frame | ms a person |\n|---|---|---|---|")
    for runner in runners:
        median = statistics.median(runner.ms)
        print(f"| {runner.people} | {runner.found} | {median:.2f} | {median / max(1, runner.found):.2f} |")


if __name__ == "__main__":
    main()
