"""How many poses the check for impossible bodies rejects, right ones and wrong ones.

    python -m benchmarks.plausibility MODEL.task ... --labels FILE IMAGES --negatives FOLDER

Every pose that a wide search finds counts, however unlikely. Right ones fit a labelled person (OKS above
0.5); wrong ones are in pictures without people, or near nobody who is labelled.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from unittest.mock import patch

import numpy as np

from benchmarks.calibration import is_right
from pose_landmarker import PoseLandmarker
from pose_landmarker.errors import ImageError
from pose_landmarker.evaluation import LabelledPicture, read_dataset, read_negatives


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--labels", nargs=2, action="append", metavar=("FILE", "IMAGES"), default=[])
    parser.add_argument("--negatives", type=Path, action="append", default=[])
    arguments = parser.parse_args()
    pictures = [p for folder in arguments.negatives for p in read_negatives(folder)]
    pictures += [p for file, images in arguments.labels for p in read_dataset(file, images=images)]
    # The search itself must not reject them.
    refinement = "pose_landmarker.refinement.are_plausible"
    with patch(refinement, lambda points, *_: np.ones(len(points), bool)):
        _count(arguments.models, pictures)


def _count(models: list[str], pictures: list[LabelledPicture]) -> None:
    for model in models:
        counts = {True: [0, 0], False: [0, 0]}
        with PoseLandmarker.create(model, search="wide", num_poses=20, min_pose_score=0.0) as landmarker:
            for picture in pictures:
                try:
                    poses = landmarker.detect(picture.path).poses
                except (ImageError, OSError):
                    continue
                for pose in poses:
                    right = is_right(pose, picture)
                    if right is not None:
                        counts[right][0] += 1
                        counts[right][1] += not pose.is_plausible
        for right, (poses_there, rejected) in counts.items():
            print(
                f"{Path(model).name}: {'right' if right else 'wrong'}: {rejected} of {poses_there} rejected"
            )


if __name__ == "__main__":
    main()
