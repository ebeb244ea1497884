"""Jitter, lag and dependence on the engine, with and without steady regions.

    python -m benchmarks.steadiness SHARED [--model full]

SHARED is the folder with evaluation media and models. Needs the extras 'video' and 'openvino'.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from pose_landmarker import PoseLandmarker, RunningMode
from pose_landmarker.arrays import DoubleArray, RgbImage
from pose_landmarker.media import VideoReader
from pose_landmarker.topology import PoseLandmark

#: Who holds still, then who moves.
CLIPS = ("gym_plank", "ntu_drink_single", "gym_biceps_curls", "home_squat_dark", "gym_jumping_jacks")
FRAMES = 150
#: What moves fastest.
LIMBS = [
    landmark for landmark in PoseLandmark if landmark.name.endswith(("_WRIST", "_ELBOW", "_KNEE", "_ANKLE"))
]


def follow(
    model: Path, frames: list[RgbImage], engine: str, *, steady: bool, smoothing: str = "reference"
) -> DoubleArray:
    """(N, 33, 2) pixels of the person in each frame at 30 a second; NaN where nobody was found."""
    found = np.full((len(frames), 33, 2), np.nan)
    with PoseLandmarker.create(
        model, running_mode=RunningMode.VIDEO, engine=engine, steady=steady, smoothing=smoothing
    ) as landmarker:
        for i, frame in enumerate(frames):
            for pose in landmarker.detect_for_video(frame, round(i * 1000 / 30) + 1):
                found[i] = pose.pixels
    return found


def by_itself(model: Path, frames: list[RgbImage]) -> DoubleArray:
    """The same without memory."""
    found = np.full((len(frames), 33, 2), np.nan)
    with PoseLandmarker.create(model, engine="litert") as landmarker:
        for i, frame in enumerate(frames):
            for pose in landmarker.detect(frame):
                found[i] = pose.pixels
    return found


def jitter(track: DoubleArray) -> float:
    """Median second difference, pixels."""
    return float(np.nanmedian(np.linalg.norm(track[2:] - 2 * track[1:-1] + track[:-2], axis=-1)))


def lag(track: DoubleArray, truth: DoubleArray) -> float:
    """Frames by which the limbs of ``track`` are behind."""
    number = np.arange(len(track))
    shifts = np.arange(-1, 3.01, 0.05)
    errors = np.zeros(len(shifts))
    for limb in LIMBS:
        for axis in range(2):
            seen = np.isfinite(truth[:, limb, axis])
            for i, shift in enumerate(shifts):
                moved = np.interp(number - shift, number[seen], truth[seen, limb, axis])
                errors[i] += float(np.nanmean((track[5:-5, limb, axis] - moved[5:-5]) ** 2))
    return float(shifts[errors.argmin()])


def main() -> None:
    """Measure and print."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--model", default="full")
    arguments = parser.parse_args()
    model = arguments.shared / "models" / f"pose_landmarker_{arguments.model}.task"
    print("| clip | steady | LiteRT to OpenVINO, median (95 %) | jitter | jitter, unsmoothed | lag |")
    print("|---|---|---|---|---|---|")
    for clip in CLIPS:
        (path,) = (arguments.shared / "media" / "videos").glob(f"{clip}.*")
        with VideoReader(path) as reader:
            frames = [frame.image for frame, _ in zip(reader, range(FRAMES), strict=False)]
        truth = by_itself(model, frames)
        for steady in (False, True):
            ours = follow(model, frames, "litert", steady=steady)
            other = follow(model, frames, "openvino", steady=steady)
            rough = follow(model, frames, "litert", steady=steady, smoothing="none")
            apart = np.linalg.norm(ours - other, axis=-1)
            print(
                f"| {clip} | {'yes' if steady else 'no'} | {np.nanmedian(apart):.3f} px "
                f"({np.nanpercentile(apart, 95):.2f}) | {jitter(ours):.2f} px | {jitter(rough):.2f} px | "
                f"{lag(ours, truth):.2f} frames |"
            )


if __name__ == "__main__":
    main()
