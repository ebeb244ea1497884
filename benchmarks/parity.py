"""How close the landmarks are to MediaPipe 1.2.2's, as a table.

    python -m benchmarks.parity SHARED

SHARED holds the evaluation media, models and reference outputs that the parity tests use; this
prints what those tests measure.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from tests import test_parity_video
from tests.test_parity import Agreement, compare

from pose_landmarker import PoseLandmarker
from pose_landmarker.media import read_image


def measure(shared: Path, model: str, num_poses: int, engine: str) -> Agreement:
    """Compare one model with the reference's output for 141 photos."""
    golden = dict(np.load(shared / "reference" / f"images_{model}_poses{num_poses}.npz"))
    path = shared / "models" / f"pose_landmarker_{model}.task"
    with PoseLandmarker.create(path, num_poses=num_poses, engine=engine) as landmarker:
        return compare(golden, lambda key: landmarker.detect(read_image(shared / "media" / key)))


def print_videos(shared: Path) -> None:
    """Compare over time with the reference's output for five clips."""
    columns = "same number | first frames, px | px | of its release noise"
    print(f"\n| clip | model | num_poses | engine | {columns} |")
    for clip in test_parity_video.CLIPS:
        for model, num_poses in (("lite", 1), ("full", 1), ("heavy", 1), ("full", 3)):
            options = {"smoothing": "none", "detection_interval": 0} if num_poses > 1 else {}
            found = test_parity_video.compare(shared, clip, model, num_poses, "native", **options)
            print(
                f"| {clip} | {model} | {num_poses} | native | {found.same_count} of {found.frames} | "
                f"{np.median(found.first_pixels):.3f} | {found.typical:.3f} | {found.ratio:.2f} |"
            )


def main() -> None:
    """Measure and print."""
    print_images(Path(sys.argv[1]))
    print_videos(Path(sys.argv[1]))


def print_images(shared: Path) -> None:
    """Compare with the reference's output for photos."""
    columns = "same number | px median | px p95 of means | m median | confidence"
    print(f"| model | num_poses | engine | {columns} |")
    for engine in ("native", "litert", "openvino"):
        for model in ("lite", "full", "heavy"):
            for num_poses in (1, 5):
                found = measure(shared, model, num_poses, engine)
                print(
                    f"| {model} | {num_poses} | {engine} | {found.same_count} of {found.pictures} | "
                    f"{np.median(found.pixels):.4f} | {np.percentile(found.picture_means, 95):.3f} | "
                    f"{np.median(found.metres):.5f} | {np.median(found.confidence):.6f} |"
                )


if __name__ == "__main__":
    main()
