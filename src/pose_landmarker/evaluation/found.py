"""What was found in a picture, by whomever."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import DoubleArray
from pose_landmarker.results import PoseLandmarkerResult
from pose_landmarker.topology import NUM_LANDMARKS

#: A pixel belongs to a person with more than this.
MASK_THRESHOLD = 0.5


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FoundPoses:
    """All poses of a picture.

    Attributes:
        points: (N, 33, 2) landmarks, image pixels; NaN where only masks are known.
        world: (N, 33, 3) landmarks, metres.
        scores: (N,) the network's confidence; NaN where it is not known.
        presence: (N,) mean presence of the landmarks.
        silhouette: (H, W) where some mask has more than one half, or None without masks.
    """

    points: DoubleArray
    world: DoubleArray
    scores: DoubleArray
    presence: DoubleArray
    silhouette: npt.NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        return len(self.points)

    @property
    def with_landmarks(self) -> bool:
        """Whether it is known where landmarks are, not only masks."""
        return not len(self) or not np.isnan(self.points).all()


def found_poses(result: PoseLandmarkerResult) -> FoundPoses:
    """What a landmarker has found."""
    silhouette = None
    if result.with_masks:
        silhouette = np.zeros(result.image_size[::-1], dtype=bool)
        for pose in result.poses:
            if pose.mask is not None:
                silhouette |= pose.mask > MASK_THRESHOLD
    return FoundPoses(
        points=np.array([pose.pixels for pose in result.poses], float).reshape(-1, NUM_LANDMARKS, 2),
        world=np.array([pose.world_landmarks for pose in result.poses], float).reshape(-1, NUM_LANDMARKS, 3),
        scores=np.array([pose.score for pose in result.poses], float),
        presence=np.array([pose.presence.mean() for pose in result.poses], float),
        silhouette=silhouette,
    )
