"""What a close search costs beside ``search="whole"``, and what it finds for that: a photo and videos.

    python -m benchmarks.search MODEL.task --photos FOLDER ... --person VIDEO --arrivals VIDEO
        --clips VIDEO VIDEO ... [--rounds 5] [--json FILE] [--plot FILE]
    python -m benchmarks.search --from FILE --plot FILE

``photos``: cut to 16:9, scaled to 1920x1080, those in which ``whole`` finds somebody.
``three``: the person of a video, cut out and laid side by side
three times on 1920x1080, so that both ways follow the same people. ``arrivals``: how soon small people are
found who come into view in a corner beside that person. ``clips``: people found and processor time, for
several numbers of parts looked at in a second. A clip may be a folder of pictures. All take turns; medians of
the rounds.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from unittest import mock

import cv2
import numpy as np
import numpy.typing as npt

from pose_landmarker import PoseLandmarker, RunningMode, tracker
from pose_landmarker.arrays import RgbImage
from pose_landmarker.errors import ImageError
from pose_landmarker.media import VideoReader
from pose_landmarker.media.images import read_image
from pose_landmarker.patrol import Patrol
from pose_landmarker.results import Roi

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Measured: TypeAlias = tuple[float, float]
"""Seconds for a picture, people found in it."""

_FRAMES = 90
_FRAME_MS = 33
_WIDTH, _HEIGHT = 1920, 1080
#: The person fills so much of a third of the picture.
_FILLED = 0.9
#: Parts looked at in a second of the video.
_RATES, _USUAL_RATE = (5, 15, 30, 60), 15
#: Where the plot names them, points from theirs.
_LABEL_AT = {5: (-9, 4), 15: (-9, 9), 30: (1, 11), 60: (10, 4)}
_BLUE = "#0072b2"
#: Names of the ways to search.
WHOLE, WIDE, EVERY_FRAME = "whole", "wide", "wide, every frame by itself"
_WARM_UP = 5
#: How long people who come are waited for.
_ARRIVAL_FRAMES = 60
_GREY = 90


def main() -> None:
    """Measure, print, and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model", nargs="?")
    parser.add_argument("--photos", type=Path, nargs="*", default=[])
    parser.add_argument("--person", type=Path)
    parser.add_argument("--clips", type=Path, nargs="*", default=[])
    parser.add_argument("--arrivals", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--from", type=Path, dest="figures")
    parser.add_argument("--plot", type=Path)
    arguments = parser.parse_args()
    if arguments.figures is None:
        figures = measure(arguments)
    else:
        figures = json.loads(arguments.figures.read_text(encoding="utf-8"))
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    if arguments.plot is not None:
        plot(figures["clips"], arguments.plot)


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """All figures, also printed."""
    model, rounds = arguments.model, arguments.rounds
    figures: dict[str, Any] = {"rounds": rounds, "clips": {}}
    if arguments.photos:
        paths = sorted(path for folder in arguments.photos for path in folder.iterdir())
        figures["photos"] = _photos(model, paths, rounds)
        print("photos", figures["photos"])
    if arguments.person is not None:
        frames = three_of(model, list(islice(_frames(arguments.person), _FRAMES)))
        figures["three"] = _beside(lambda search: _video(model, search, frames, time.perf_counter), rounds)
        print("three people", figures["three"])
    if arguments.person is not None and arguments.arrivals is not None:
        still = three_of(model, [next(_frames(arguments.person))])[0]
        still[:, : _WIDTH // 3] = still[:, 2 * _WIDTH // 3 :] = _GREY
        figures["arrivals"] = _arrivals(model, still, list(_frames(arguments.arrivals)))
        print("arrivals", figures["arrivals"])
    for clip in arguments.clips:
        frames = list(islice(_frames(clip), _FRAMES))
        title = (clip.parent if clip.name == "frames" else clip).stem.replace("_", " ")
        figures["clips"][title] = rows = _trade_off(model, frames, rounds)
        for name, row in rows.items():
            print(title, name, row)
    return figures


def _beside(measured: Callable[[str], Measured], rounds: int) -> dict[str, float]:
    """Milliseconds and people of both ways to search, and how many times as long the wide one takes."""
    rows = _in_turns({search: partial(measured, search) for search in ("whole", "wide")}, rounds)
    figures = {
        "times": round(statistics.median(b[0] / a[0] for a, b in zip(*rows.values(), strict=True)), 2),
    }
    for search, row in rows.items():
        figures[f"{search}_ms"] = round(1000 * statistics.median(seconds for seconds, _ in row), 2)
        figures[f"{search}_found"] = round(row[0][1], 2)
    return figures


def _trade_off(model: str, frames: list[RgbImage], rounds: int) -> dict[str, dict[str, float]]:
    """Processor time and people for every way to search."""
    cpu = time.process_time
    ways: dict[str, Callable[[], Measured]] = {WHOLE: lambda: _video(model, "whole", frames, cpu)}
    for rate in _RATES:
        ways[f"{WIDE} {rate}"] = partial(_at_rate, rate, lambda: _video(model, "wide", frames, cpu))
    ways[EVERY_FRAME] = lambda: _every_frame(model, frames)
    figures = {}
    for name, row in _in_turns(ways, rounds).items():
        seconds, found = statistics.median(seconds for seconds, _ in row), row[0][1]
        figures[name] = {
            "cpu_ms": round(1000 * seconds, 2),
            "found": round(found, 3),
            "found_per_cpu_s": round(found / seconds, 1),
        }
    return figures


class _InTurn:
    """What :class:`pose_landmarker.patrol.Patrol` is measured against: one part after the other."""

    def __init__(self) -> None:
        self._next = 0

    def choose(
        self, _image: RgbImage, parts: Sequence[Roi], _followed: Sequence[Roi], count: int
    ) -> list[int]:
        """Indices of the next parts."""
        self._next += count
        return [(self._next - count + i) % len(parts) for i in range(count)]


def _arrivals(model: str, still: RgbImage, corridor: list[RgbImage]) -> dict[str, dict[str, float]]:
    """How soon people are found who come into a still picture, small, in a corner, while another is followed.

    Before they come, the corners show the last frame of their video, in which nobody is.
    """
    figures = {}
    height, width = corridor[0].shape[:2]
    cases = [
        (slice(y, y + height), slice(x, x + width), start)
        for x in (0, _WIDTH - width)
        for y in (0, _HEIGHT - 80 - height)
        for start in range(40, len(corridor) - _ARRIVAL_FRAMES, len(corridor) // 6)
    ]
    for name, patrol in (("in turn", _InTurn), ("where something moved", Patrol)):
        with mock.patch.object(tracker, "Patrol", patrol):
            waits = [_wait(model, still, corridor, *case) for case in cases]
        figures[name] = {
            "cases": len(cases),
            "found": sum(wait < _ARRIVAL_FRAMES for wait in waits),
            "mean_frames": round(statistics.fmean(waits), 1),
        }
    return figures


def _wait(
    model: str, still: RgbImage, corridor: list[RgbImage], rows: slice, columns: slice, start: int
) -> int:
    """Frames until more people are found than before; all there are if that does not happen."""
    mode, before = RunningMode.VIDEO, 0
    with PoseLandmarker.create(model, running_mode=mode, num_poses=20, search="wide") as landmarker:
        for i in range(-_WARM_UP, _ARRIVAL_FRAMES):
            frame = still.copy()
            frame[rows, columns] = corridor[-1] if i < 0 else corridor[start + i]
            found = len(landmarker.detect_for_video(frame, (i + _WARM_UP) * _FRAME_MS))
            if i < 0:
                before = found
            elif found > before:
                return i
    return _ARRIVAL_FRAMES


def _in_turns(ways: Mapping[str, Callable[[], Measured]], rounds: int) -> dict[str, list[Measured]]:
    rows: dict[str, list[Measured]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, measured in ways.items():
            rows[name].append(measured())
    return rows


def _photos(model: str, paths: list[Path], rounds: int) -> dict[str, float]:
    """Milliseconds and people of both ways, means over photos, and how many times as long is wide."""
    rows = []
    with (
        PoseLandmarker.create(model, num_poses=20) as whole,
        PoseLandmarker.create(model, num_poses=20, search="wide") as wide,
    ):
        for path in paths:
            try:
                photo = _hd(read_image(path))
            except ImageError:
                continue
            found = [len(landmarker.detect(photo)) for landmarker in (whole, wide)]
            if found[0]:
                ways = {name: partial(_timed, each, photo) for name, each in (("a", whole), ("b", wide))}
                times = _in_turns(ways, rounds).values()
                rows.append([*found, *(statistics.median(seconds for seconds, _ in row) for row in times)])
    columns = list(zip(*rows, strict=True))
    ratios = [slow / quick for _, _, quick, slow in rows]
    return {
        "photos": len(rows),
        "times_median": round(statistics.median(ratios), 2),
        "times_in_all": round(sum(columns[3]) / sum(columns[2]), 2),
        "whole_ms": round(1000 * statistics.fmean(columns[2]), 2),
        "wide_ms": round(1000 * statistics.fmean(columns[3]), 2),
        "whole_found": round(statistics.fmean(columns[0]), 2),
        "wide_found": round(statistics.fmean(columns[1]), 2),
    }


def _timed(landmarker: PoseLandmarker, photo: RgbImage) -> Measured:
    start = time.perf_counter()
    found = len(landmarker.detect(photo))
    return time.perf_counter() - start, found


def _video(model: str, search: str, frames: list[RgbImage], clock: Callable[[], float]) -> Measured:
    """All frames but the first few, in which networks warm up and the first search is made."""
    mode = RunningMode.VIDEO
    with PoseLandmarker.create(model, running_mode=mode, num_poses=20, search=search) as landmarker:
        return _mean(lambda i: landmarker.detect_for_video(frames[i], i * _FRAME_MS), len(frames), clock)


def _every_frame(model: str, frames: list[RgbImage]) -> Measured:
    with PoseLandmarker.create(model, num_poses=20, search="wide") as landmarker:
        return _mean(lambda i: landmarker.detect(frames[i]), len(frames), time.process_time)


def _mean(look: Callable[[int], Sized], count: int, clock: Callable[[], float]) -> Measured:
    found, start = 0, 0.0
    for i in range(count):
        if i == _WARM_UP:
            found, start = 0, clock()
        found += len(look(i))
    return (clock() - start) / (count - _WARM_UP), found / (count - _WARM_UP)


def _at_rate(rate: float, measured: Callable[[], Measured]) -> Measured:
    with mock.patch.object(tracker, "_PARTS_PER_S", rate):
        return measured()


def _frames(clip: Path) -> Iterator[RgbImage]:
    if clip.is_dir():
        yield from (read_image(path) for path in sorted(clip.iterdir()))
        return
    with VideoReader(clip) as reader:
        yield from (frame.image for frame in reader)


def three_of(model: str, frames: list[RgbImage]) -> list[RgbImage]:
    """(1080, 1920, 3) frames with the person of a clip three times side by side.

    The cut is the same in all frames: the smallest upright one of that shape around all landmarks.
    """
    mode = RunningMode.VIDEO
    with PoseLandmarker.create(model, running_mode=mode) as landmarker:
        results = [landmarker.detect_for_video(frame, i * _FRAME_MS) for i, frame in enumerate(frames)]
    points = np.concatenate([pose.pixels[:, :2] for result in results for pose in result])
    low, high = points.min(axis=0), points.max(axis=0)
    third = np.array([_WIDTH // 3, _HEIGHT])
    side = third * float(np.max((high - low) / third)) / _FILLED
    left, top = np.round((low + high - side) / 2).astype(int).tolist()
    width, height = np.round(side).astype(int).tolist()
    return [np.hstack([_cut(frame, left, top, width, height, third)] * 3) for frame in frames]


def _cut(
    frame: RgbImage, left: int, top: int, width: int, height: int, size: npt.NDArray[np.int64]
) -> RgbImage:
    """A part of a frame, scaled; outside the frame its borders go on."""
    margin = max(-left, -top, left + width - frame.shape[1], top + height - frame.shape[0], 0)
    wider = cv2.copyMakeBorder(frame, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    part = wider[top + margin : top + margin + height, left + margin : left + margin + width]
    return np.asarray(cv2.resize(part, size.tolist(), interpolation=cv2.INTER_AREA), np.uint8)


def _hd(image: RgbImage) -> RgbImage:
    """The middle of a picture, 16:9."""
    height, width = image.shape[:2]
    part_width = min(width, round(height * _WIDTH / _HEIGHT))
    part_height = min(height, round(width * _HEIGHT / _WIDTH))
    left, top = (width - part_width) // 2, (height - part_height) // 2
    part = image[top : top + part_height, left : left + part_width]
    return np.asarray(cv2.resize(part, (_WIDTH, _HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)


def plot(clips: dict[str, dict[str, dict[str, float]]], path: Path) -> None:
    """People found over processor time, a panel a clip; on diagonals as many are found for a second of it."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.8, 3.7), dpi=180, facecolor="white", layout="constrained")
    panels = figure.subplots(1, len(clips), squeeze=False, sharey=True)[0]
    everything = [row for rows in clips.values() for row in rows.values()]
    x, y = (np.array([row[key] for row in everything]) for key in ("cpu_ms", "found"))
    limits = (0.7 * x.min(), 1.5 * x.max(), 0.7 * y.min(), 1.4 * y.max())
    for axes, (clip, rows) in zip(panels, clips.items(), strict=True):
        axes.set(xscale="log", yscale="log", xlim=limits[:2], ylim=limits[2:])
        _diagonals(axes, limits)
        _points(axes, rows)
        axes.set_title(clip, fontsize=10)
        axes.set_xlabel("processor time for a frame, ms", fontsize=9)
        for axis, ticks in ((axes.xaxis, (10, 20, 50, 100, 200)), (axes.yaxis, (0.5, 1, 2, 3, 4, 5))):
            low, high = axis.get_view_interval()
            shown = [tick for tick in ticks if low <= tick <= high]
            axis.set_ticks(shown, [f"{tick:g}" for tick in shown], fontsize=8.5)
            axis.set_ticks([], minor=True)
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("people found in a frame", fontsize=9)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3, frameon=False, fontsize=9)
    figure.savefig(path)


def _diagonals(axes: Axes, limits: tuple[float, float, float, float]) -> None:
    left, right, low, high = limits
    for per_s in (10, 20, 50, 100, 200):
        axes.plot(
            [left, right], [left * per_s / 1000, right * per_s / 1000], color="#e2e2e2", lw=0.9, zorder=0
        )
        at = min(right, 1000 * high / per_s) / 1.06, min(high, right * per_s / 1000) / 1.06
        if left < at[0] and low < at[1]:
            axes.text(*at, f"{per_s}/s", fontsize=7, color="#8f8f8f", ha="right", va="center")


def _points(axes: Axes, rows: dict[str, dict[str, float]]) -> None:
    for name, color, marker in ((WHOLE, "#7a7a7a", "s"), (EVERY_FRAME, "#d55e00", "D")):
        axes.plot(rows[name]["cpu_ms"], rows[name]["found"], marker, color=color, markersize=7, label=name)
    wide = [rows[f"{WIDE} {rate}"] for rate in _RATES]
    x, y = ([row[key] for row in wide] for key in ("cpu_ms", "found"))
    label = f"{WIDE}, at most so many parts a second"
    axes.plot(x, y, "o-", color=_BLUE, markersize=4.5, linewidth=1.4, label=label)
    for rate, row in zip(_RATES, wide, strict=True):
        usual = rate == _USUAL_RATE
        if usual:
            axes.plot(row["cpu_ms"], row["found"], "o", color=_BLUE, markersize=8)
        axes.annotate(
            str(rate),
            (row["cpu_ms"], row["found"]),
            xytext=_LABEL_AT[rate],
            textcoords="offset points",
            fontsize=8,
            color=_BLUE,
            ha="center",
            va="center",
            fontweight="bold" if usual else "normal",
        )


if __name__ == "__main__":
    main()
