"""Poses for tests that need one, not a real one; and a photo of a real person."""

from __future__ import annotations

import numpy as np

from pose_landmarker.arrays import FloatArray, RgbImage
from pose_landmarker.results import Pose, Roi


def make_pose(
    *,
    image_size: tuple[int, int] = (160, 120),
    mask: FloatArray | None = None,
    track_id: int | None = None,
    seed: int = 0,
) -> Pose:
    rng = np.random.default_rng(seed)
    return Pose(
        landmarks=rng.uniform(0.2, 0.8, (33, 3)).astype(np.float32),
        world_landmarks=rng.uniform(-1, 1, (33, 3)).astype(np.float32),
        visibility=rng.uniform(0.5, 1, 33).astype(np.float32),
        presence=rng.uniform(0.5, 1, 33).astype(np.float32),
        presence_score=0.9,
        detection_score=0.8,
        roi=Roi(80.0, 60.0, 100.0, 0.1),
        image_size=image_size,
        mask=mask,
        track_id=track_id,
    )


def astronaut_photo() -> RgbImage:
    """(512, 512, 3): the photo of Eileen Collins that scikit-image carries."""
    from skimage import data

    photo: RgbImage = np.ascontiguousarray(data.astronaut())  # type: ignore[no-untyped-call]
    return photo


#: In a region of the photo that shows her; in one that shows nobody much.
HER, NOBODY = Roi(256, 250, 480, 0.05), Roi(60, 400, 100, -0.4)
