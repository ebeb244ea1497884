"""Where the time of one frame goes, from the file to the annotated file: every stage by itself.

    python -m benchmarks.overhead [CLIP] [--model lite] [--sizes 720 1080 2160] [--chart FILE.svg]

The clip (by default a slow pan over scikit-image's astronaut) is written anew at every size, read, looked at
in VIDEO mode, drawn and written. Decoder and encoder have one thread, so that their time is seen; otherwise
they work beside the networks. What is left when networks and resampling are taken from the time of one call
is the Python side: decoding landmarks, tracking, smoothing, results. Its target is half a millisecond.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from pose_landmarker import PoseLandmarker, RunningMode, detector, landmark_net, tracker
from pose_landmarker.arrays import RgbImage
from pose_landmarker.draw import annotate
from pose_landmarker.engines import regions
from pose_landmarker.media import VideoReader, VideoWriter
from pose_landmarker.media.pixels import RgbConverter

#: Stages in the order of a frame's way, and their colours: what reads and writes, what is resampled, the
#: networks, and the Python side.
STAGES = {
    "decode": "#b8c4d6",
    "to RGB": "#8fa3bf",
    "resample": "#f0b45a",
    "networks": "#2f6f9f",
    "landmarks": "#c8553d",
    "smoothing": "#dd8b76",
    "tracking": "#e9b3a4",
    "result": "#f4d8d0",
    "draw": "#9fb58f",
    "encode": "#cfdac6",
}
PYTHON_SIDE = ("landmarks", "smoothing", "tracking", "result")
_FIRST = 20  # frames that warm up


class Clock:
    """Milliseconds of every stage of the frame that is being worked on."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)

    def wrap(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, timed."""

        def timed(*args: Any, **options: Any) -> Any:
            with self.running(stage):
                return function(*args, **options)

        return timed

    @contextmanager
    def running(self, stage: str) -> Iterator[None]:
        """Adds the time of the block to a stage."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.spent[stage] += (time.perf_counter() - started) * 1e3


@contextmanager
def timed_stages(clock: Clock) -> Iterator[None]:
    """Clocks around the functions that the stages consist of."""
    places: list[tuple[str, Any, str]] = [
        ("to RGB", RgbConverter, "__call__"),
        ("resample", regions, "crop"),
        ("networks", detector, "run_on_regions"),
        ("networks", landmark_net, "run_on_regions"),
        ("landmarks", detector, "decode_detections"),
        ("landmarks", landmark_net, "decode_landmarks"),
        ("landmarks", landmark_net, "to_image"),
        ("landmarks", landmark_net, "to_world"),
        ("smoothing", tracker, "smooth"),
        ("result", tracker, "pose_of"),
    ]
    before = [(owner, name, getattr(owner, name)) for _, owner, name in places]
    for stage, owner, name in places:
        setattr(owner, name, clock.wrap(stage, getattr(owner, name)))
    try:
        yield
    finally:
        for owner, name, function in before:
            setattr(owner, name, function)


def frames_of(clip: Path | None, count: int) -> list[RgbImage]:
    """So many frames of a clip, or of a pan over a photo."""
    if clip is not None:
        with VideoReader(clip) as reader:
            return [frame.image for frame in islice(reader, count)]
    from skimage import data

    photo = np.asarray(data.astronaut())  # type: ignore[no-untyped-call]
    wide = cv2.copyMakeBorder(photo, 104, 104, 434, 434, cv2.BORDER_REPLICATE)
    shifts = 40 * np.sin(np.arange(count) / 20)
    return [np.roll(wide, round(float(shift)), axis=1)[:, 50:-50].astype(np.uint8) for shift in shifts]


def write_clip(frames: list[RgbImage], height: int, path: Path) -> None:
    """The same frames as a video of another size."""
    width = round(frames[0].shape[1] * height / frames[0].shape[0] / 2) * 2
    with VideoWriter(path) as writer:
        for number, frame in enumerate(frames):
            writer.write(cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA), number / 30)


def measure(clip: Path, landmarker: PoseLandmarker, annotated: Path) -> dict[str, float]:
    """Median milliseconds of every stage, and of the Python side, of the frames of a clip."""
    clock, rows = Clock(), []
    landmarker.reset()
    with (
        timed_stages(clock),
        VideoReader(clip, threads=1) as reader,
        VideoWriter(annotated, threads=1) as writer,
    ):
        frames = iter(reader)
        while True:
            clock.spent.clear()
            with clock.running("decode"):
                frame = next(frames, None)
            if frame is None:
                break
            clock.spent["decode"] -= clock.spent["to RGB"]
            with clock.running("tracking"):
                result = landmarker.detect_for_video(frame.image, frame.timestamp_ms)
            inside = ("resample", "networks", "landmarks", "smoothing", "result")
            clock.spent["tracking"] -= sum(clock.spent[stage] for stage in inside)
            with clock.running("draw"):
                drawn = annotate(frame.image, result)
            with clock.running("encode"):
                writer.write(drawn, frame.time)
            row = {stage: clock.spent[stage] for stage in STAGES}
            rows.append(row | {"python side": sum(row[stage] for stage in PYTHON_SIDE)})
    return {name: statistics.median(row[name] for row in rows[_FIRST:]) for name in rows[0]}


def table(measured: dict[str, dict[str, float]]) -> str:
    """Milliseconds of every stage as a Markdown table."""
    lines = [f"| ms | {' | '.join(measured)} |", "|---" * (len(measured) + 1) + "|"]
    for stage in (*STAGES, "python side"):
        lines.append(f"| {stage} | " + " | ".join(f"{row[stage]:.2f}" for row in measured.values()) + " |")
    return "\n".join(lines)


def draw_chart(measured: dict[str, dict[str, float]], title: str, path: Path) -> None:
    """One bar for each size, made of its stages."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(9, 1.4 + 0.7 * len(measured)), layout="constrained")
    names = list(measured)[::-1]
    left = np.zeros(len(names))
    for stage, color in STAGES.items():
        widths = np.array([measured[name][stage] for name in names])
        bars = axes.barh(names, widths, left=left, color=color, label=stage, edgecolor="white", linewidth=0.8)
        wide_enough = 0.035 * max(sum(row[s] for s in STAGES) for row in measured.values())
        labels = [f"{width:.1f}" if width > wide_enough else "" for width in widths]
        dark = stage in ("networks", "landmarks")
        axes.bar_label(bars, labels, label_type="center", color="white" if dark else "#222", fontsize=8)
        left += widths
    axes.set_xlabel("milliseconds of one frame")
    axes.set_title(title, loc="left", fontsize=10)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False)
    figure.legend(loc="outside lower center", ncols=5, frameon=False, fontsize=8)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    plt.close(figure)


def main() -> None:
    """Measure, print, draw."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("clip", type=Path, nargs="?", help="a video of one person")
    parser.add_argument("--model", default="lite")
    parser.add_argument("--engine", default="litert")
    parser.add_argument("--threads", type=int, help="of the networks")
    parser.add_argument("--sizes", type=int, nargs="+", default=[720, 1080, 2160], help="heights, pixels")
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--chart", type=Path, help="also draw one (needs matplotlib)")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    arguments = parser.parse_args()
    with VideoReader(arguments.clip) if arguments.clip else _nothing() as reader:
        count = min(arguments.frames, (reader and reader.num_frames) or arguments.frames)
    frames = frames_of(arguments.clip, count)
    frames = list(islice(cycle(frames), arguments.frames))
    measured = {}
    with (
        PoseLandmarker.create(
            arguments.model,
            engine=arguments.engine,
            threads=arguments.threads,
            running_mode=RunningMode.VIDEO,
        ) as landmarker,
        tempfile.TemporaryDirectory() as folder,
    ):
        for height in arguments.sizes:
            clip = Path(folder) / f"{height}.mp4"
            write_clip(frames, height, clip)
            measured[f"{height}p"] = measure(clip, landmarker, Path(folder) / "annotated.mp4")
    model = Path(arguments.model).stem
    print(f"{model}, {landmarker.engine}, {landmarker.threads} threads, {len(frames)} frames\n")
    print(table(measured))
    if arguments.json:
        arguments.json.write_text(json.dumps(measured, indent=2) + "\n")
    if arguments.chart:
        title = f"One tracked frame, {model}, {landmarker.threads} threads for the networks"
        draw_chart(measured, title, arguments.chart)


@contextmanager
def _nothing() -> Iterator[None]:
    yield None


if __name__ == "__main__":
    main()
