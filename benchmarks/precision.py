"""What precision="fast" costs and what it gains, per model.

    python -m benchmarks.precision SHARED [--sides 7 16] [--json benchmarks/figures_precision.json]

SHARED is the folder with evaluation media and models. Needs the extra 'video', the native engine, and a
processor with bfloat16. ``--sides`` tries another arrangement: the least and the greatest side of the
feature maps that are computed in bfloat16; 1 256 is all of them. Times are medians of calls that take
turns (LiteRT exact; OpenVINO exact → fast), the rest does not depend on the machine's load.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pose_landmarker import ImageProcessingOptions, PoseLandmarker, PoseLandmarkerOptions, RunningMode
from pose_landmarker.arrays import DoubleArray, RgbImage
from pose_landmarker.engines import choose_engine
from pose_landmarker.engines.cpu import cpu_features, cpu_model
from pose_landmarker.engines.native import plan
from pose_landmarker.media import VideoReader, read_image
from pose_landmarker.models.bundle import read_bundle
from pose_landmarker.options import PRECISION_NAMES, Precision
from pose_landmarker.pipeline import Pipeline
from pose_landmarker.results import Detection, Pose, Roi
from pose_landmarker.topology import NUM_LANDMARKS, PoseLandmark

MODELS = ("lite", "full", "heavy")
#: People who stay where they are; the last three move their limbs.
CLIPS = (
    "gym_plank",
    "ntu_drink_single",
    "intel_head_male",
    "gym_lat_pulldown",
    "home_squat_dark",
    "gym_biceps_curls",
)
FRAMES = 150
NUM_POSES = 5
#: Sides of the networks' inputs, which distances are scaled to.
CROP, DETECTOR_CROP = 256, 224
#: Detections whose keypoints are further apart are two people, pixels of the detector's crop.
SAME_PERSON = 15.0
#: A person is only asked for with as many labelled joints.
MIN_JOINTS = 8
#: How widely people place a joint (COCO's keypoint evaluation).
SIGMAS = {
    "nose": 0.026,
    "eye": 0.025,
    "ear": 0.035,
    "shoulder": 0.079,
    "elbow": 0.072,
    "wrist": 0.062,
    "hip": 0.107,
    "knee": 0.087,
    "ankle": 0.089,
}
UPRIGHT = ImageProcessingOptions()


#: What is timed: engine and precision.
ENGINES: tuple[tuple[str, Precision], ...] = (
    ("litert", "exact"),
    ("native", "exact"),
    ("native", "fast"),
)


class Stages(NamedTuple):
    """The same pipeline twice."""

    exact: Pipeline
    fast: Pipeline


def build(path: Path, engine: str, precision: Precision, threads: int) -> Pipeline:
    """A pipeline for a model."""
    chosen = choose_engine(engine, precision)
    if chosen.precision != precision:
        raise SystemExit("this needs a processor with bfloat16")
    options = PoseLandmarkerOptions(num_poses=NUM_POSES)
    return Pipeline.build(read_bundle(path), chosen.compile, options, threads)


def photos(shared: Path, step: int) -> Iterator[tuple[RgbImage, list[dict[str, Any]]]]:
    """Pictures and the people labelled in them."""
    labels = json.loads((shared / "media" / "labels.json").read_text(encoding="utf-8"))
    for entry in labels["images"][::step]:
        yield read_image(shared / "media" / entry["image"]), entry["persons"]


def distances(stages: Stages, image: RgbImage, rois: list[Roi]) -> list[float]:
    """Between the landmarks of both in the same regions, where there is a body: pixels of the crop."""
    if not rois:
        return []
    exact, fast = (pipeline.landmark_net(image, rois) for pipeline in stages)
    apart = np.linalg.norm((exact.points - fast.points)[:, :NUM_LANDMARKS, :2], axis=-1)
    found = [
        apart[i] * CROP / roi.size for i, roi in enumerate(rois) if exact.scores[i] >= 0.5
    ]  # regions without a body have no landmarks to compare
    return [float(value) for row in found for value in row]


class Detections:
    """Who was detected by one and not by the other."""

    def __init__(self) -> None:
        self.both = self.missed = self.extra = 0
        self.pixels: list[float] = []

    def add(self, exact: list[Detection], fast: list[Detection], side: float) -> None:
        """Compare those of a picture; ``side`` is that of the square that the detector saw."""
        left = list(fast)
        for one in exact:
            apart = [
                float(np.linalg.norm(one.keypoints - other.keypoints, axis=-1).mean()) * DETECTOR_CROP / side
                for other in left
            ]
            if apart and min(apart) < SAME_PERSON:
                self.both += 1
                self.pixels.append(min(apart))
                del left[int(np.argmin(apart))]
            else:
                self.missed += 1
        self.extra += len(left)


class Labels:
    """Agreement with people's labels."""

    def __init__(self) -> None:
        self.joints = self.near = self.persons = self.found = 0

    def add(self, person: dict[str, Any], poses: Sequence[Pose]) -> None:
        """Compare one labelled person with the pose that fits best; nobody has no joint right."""
        names = [name for name in person["keypoints"] if name.upper() in PoseLandmark.__members__]
        if len(names) < MIN_JOINTS or person.get("iscrowd"):
            return
        wanted = np.array([person["keypoints"][name][:2] for name in names], float)
        where = [PoseLandmark[name.upper()] for name in names]
        width, height = person["bbox"][2:]
        area = person.get("area") or 0.53 * width * height
        sigma = np.array([SIGMAS[name.rpartition("_")[2]] for name in names])
        best, apart = 0.0, np.full(len(names), np.inf)
        for pose in poses:
            d = np.linalg.norm(pose.pixels[where] - wanted, axis=-1)
            oks = float(np.exp(-(d**2) / (2 * area * (2 * sigma) ** 2)).mean())
            if oks > best:
                best, apart = oks, d
        self.joints += len(names)
        self.near += int((apart < 0.05 * max(width, height)).sum())
        self.persons += 1
        self.found += best >= 0.5


def accuracy(stages: Stages, shared: Path, step: int) -> dict[str, Any]:
    """All that photos tell."""
    apart: list[float] = []
    detections, labels = Detections(), (Labels(), Labels())
    for image, persons in photos(shared, step):
        exact, fast = (pipeline.detect(image, UPRIGHT) for pipeline in stages)
        detections.add([d for d, _ in exact], [d for d, _ in fast], max(image.shape[:2]))
        apart += distances(stages, image, [roi for _, roi in exact[:NUM_POSES]])
        for pipeline, tally in zip(stages, labels, strict=True):
            poses = pipeline(image, UPRIGHT)
            for person in persons:
                tally.add(person, poses)
    return {
        "distance_px": {
            "mean": statistics.fmean(apart),
            "median": statistics.median(apart),
            "p95": float(np.percentile(apart, 95)),
        },
        "detector": {
            "both": detections.both,
            "missed": detections.missed,
            "extra": detections.extra,
            "mean_px": statistics.fmean(detections.pixels),
        },
        "persons": labels[0].persons,
        "pck": [tally.near / tally.joints for tally in labels],
        "oks_recall": [tally.found / tally.persons for tally in labels],
    }


def jitter(path: Path, frames: list[RgbImage], precision: Precision, smoothing: str) -> list[float]:
    """Mean second difference: of x and y in pixels of the crop, and of the world landmarks in mm."""
    pixels = np.full((len(frames), NUM_LANDMARKS, 2), np.nan)
    world = np.full((len(frames), NUM_LANDMARKS, 3), np.nan)
    size = np.full((len(frames), 1), np.nan)
    with PoseLandmarker.create(
        path, running_mode=RunningMode.VIDEO, engine="native", precision=precision, smoothing=smoothing
    ) as landmarker:
        for i, frame in enumerate(frames):
            for pose in landmarker.detect_for_video(frame, round(i * 1000 / 30) + 1):
                pixels[i], world[i], size[i] = pose.pixels, pose.world_landmarks * 1000, pose.roi.size
    return [float(np.nanmean(_bends(pixels) * CROP / size[1:-1])), float(np.nanmean(_bends(world)))]


def _bends(track: DoubleArray) -> DoubleArray:
    bends: DoubleArray = np.linalg.norm(track[2:] - 2 * track[1:-1] + track[:-2], axis=-1)
    return bends


def steadiness(shared: Path, path: Path) -> dict[str, Any]:
    """Jitter of every clip, exact and fast, for both smoothings."""
    found: dict[str, Any] = {}
    for clip in CLIPS:
        (video,) = (shared / "media" / "videos").glob(f"{clip}.*")
        with VideoReader(video) as reader:
            frames = [frame.image for frame, _ in zip(reader, range(FRAMES), strict=False)]
        for smoothing in ("none", "reference"):
            figures = [jitter(path, frames, precision, smoothing) for precision in PRECISION_NAMES]
            found.setdefault(smoothing, {})[clip] = figures
    return found


def ratio(clips: dict[str, list[list[float]]], which: int) -> float:
    """How many times the jitter fast has: the geometric mean over the clips."""
    return statistics.geometric_mean(fast[which] / exact[which] for exact, fast in clips.values())


def speed(path: Path, image: RgbImage, threads: int) -> dict[str, list[float]]:
    """Median milliseconds of each stage, for each of ENGINES."""
    pipelines = [build(path, *how, threads) for how in ENGINES]
    rois = [roi for _, roi in pipelines[0].detect(image, UPRIGHT)[:1]]
    return {
        "detector": _in_turns([partial(pipeline.detect, image, UPRIGHT) for pipeline in pipelines]),
        "landmarks": _in_turns([partial(pipeline.landmark_net, image, rois) for pipeline in pipelines]),
    }


def _in_turns(calls: Sequence[Callable[[], object]], rounds: int = 25, each: int = 8) -> list[float]:
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        for call, taken in zip(calls, times, strict=True):
            call()
            for _ in range(each):
                start = time.perf_counter()
                call()
                taken.append((time.perf_counter() - start) * 1000)
    return [statistics.median(taken) for taken in times]


def measure(shared: Path, models: Sequence[str], step: int) -> dict[str, Any]:
    """Everything, by model."""
    image = next(image for image, persons in photos(shared, 1) if persons[0]["num_keypoints"] >= MIN_JOINTS)
    found = {}
    for model in models:
        path = shared / "models" / f"pose_landmarker_{model}.task"
        stages = Stages(*(build(path, "native", precision, 2) for precision in PRECISION_NAMES))
        found[model] = {
            **accuracy(stages, shared, step),
            "jitter": steadiness(shared, path),
            "speed_ms": {str(threads): speed(path, image, threads) for threads in (1, 2)},
        }
    return found


def table(models: dict[str, Any]) -> str:
    """Markdown: one column for each model."""
    rows: dict[str, Callable[[dict[str, Any]], str]] = {
        "landmarks apart, mean (median, 95 %), px of the crop": lambda m: (
            "{mean:.2f} ({median:.2f}, {p95:.1f})".format(**m["distance_px"])
        ),
        "jitter, default smoothing: image, world": lambda m: _times(m["jitter"]["reference"]),
        "jitter, unsmoothed: image, world": lambda m: _times(m["jitter"]["none"]),
        "PCK@0.05, exact → fast": lambda m: "{:.3f} → {:.3f}".format(*m["pck"]),
        "found with OKS ≥ 0.5, exact → fast": lambda m: "{:.3f} → {:.3f}".format(*m["oks_recall"]),
        "people detected by both, missed, extra": lambda m: "{both}, {missed}, {extra}".format(
            **m["detector"]
        ),
    }
    for threads in ("1", "2"):
        for stage in ("landmarks", "detector"):
            rows[f"{stage}, {threads} thread{'s' * (threads == '2')}, ms"] = partial(_faster, threads, stage)
    lines = [["", *models], ["---"] * (len(models) + 1)]
    lines += [[name, *(text(figures) for figures in models.values())] for name, text in rows.items()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _times(clips: dict[str, list[list[float]]]) -> str:
    return f"×{ratio(clips, 0):.2f}, ×{ratio(clips, 1):.2f}"


def _faster(threads: str, stage: str, figures: dict[str, Any]) -> str:
    litert, exact, fast = figures["speed_ms"][threads][stage]
    return f"{litert:.1f}; {exact:.1f} → {fast:.1f} (×{exact / fast:.2f})"


def main() -> None:
    """Measure, print and keep."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--sides", type=int, nargs=2, metavar=("LEAST", "GREATEST"))
    parser.add_argument("--step", type=int, default=1, help="take every N-th photo only")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--models", nargs="+", default=MODELS, choices=MODELS)
    arguments = parser.parse_args()
    if arguments.sides:
        least, greatest = arguments.sides
        plan.MIDDLE = range(least, greatest + 1)
    models = measure(arguments.shared, arguments.models, arguments.step)
    if arguments.json:
        sides = [plan.MIDDLE.start, plan.MIDDLE.stop - 1]
        machine = {"processor": cpu_model(), "features": list(cpu_features())}
        figures = {"machine": machine, "sides": sides, "models": models}
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(table(models))


if __name__ == "__main__":
    main()
