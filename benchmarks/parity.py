"""How close the landmarks are to MediaPipe 1.2.2's, as a table.

    python -m benchmarks.parity SHARED

SHARED holds the evaluation media, models and reference outputs that the parity tests use; this
prints what those tests measure.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from tests.test_parity import Agreement, compare

from pose_landmarker import PoseLandmarker
from pose_landmarker.media import read_image


def measure(shared: Path, model: str, num_poses: int, engine: str) -> Agreement:
    """Compare one model with the reference's output for 141 photos."""
    golden = dict(np.load(shared / "reference" / f"images_{model}_poses{num_poses}.npz"))
    path = shared / "models" / f"pose_landmarker_{model}.task"
    with PoseLandmarker.create(path, num_poses=num_poses, engine=engine) as landmarker:
        return compare(golden, lambda key: landmarker.detect(read_image(shared / "media" / key)))


def main() -> None:
    """Measure and print."""
    columns = "same number | px median | px p95 of means | m median | confidence"
    print(f"| model | num_poses | engine | {columns} |")
    for engine in ("litert", "openvino"):
        for model in ("lite", "full", "heavy"):
            for num_poses in (1, 5):
                found = measure(Path(sys.argv[1]), model, num_poses, engine)
                print(
                    f"| {model} | {num_poses} | {engine} | {found.same_count} of {found.pictures} | "
                    f"{np.median(found.pixels):.4f} | {np.percentile(found.picture_means, 95):.3f} | "
                    f"{np.median(found.metres):.5f} | {np.median(found.confidence):.6f} |"
                )


if __name__ == "__main__":
    main()
