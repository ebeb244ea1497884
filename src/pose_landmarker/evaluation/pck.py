"""Share of correct keypoints: joints that are nearer to their label than a part of the body's size."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import DoubleArray
from pose_landmarker.errors import OptionError
from pose_landmarker.evaluation.joints import LIMB_LANDMARKS
from pose_landmarker.evaluation.similarity import as_points
from pose_landmarker.topology import PoseLandmark

#: Of the torso (Yang and Ramanan, PAMI 2013; usual for LSP).
PCK_SHARE = 0.2
#: Of the head (Andriluka et al., CVPR 2014; usual for MPII).
PCKH_SHARE = 0.5

_DIAGONALS = (
    (PoseLandmark.LEFT_SHOULDER, PoseLandmark.RIGHT_HIP),
    (PoseLandmark.RIGHT_SHOULDER, PoseLandmark.LEFT_HIP),
)


def pck(
    found: npt.ArrayLike, labelled: npt.ArrayLike, ruler: npt.ArrayLike, share: float = PCK_SHARE
) -> DoubleArray:
    """Which of the twelve joints of arms and legs are right; ``np.nanmean`` of it is the PCK.

    Args:
        found: (P, 33, 2) the pose of each person, image pixels; NaN where nobody was found, whose
            joints are all wrong.
        labelled: (P, 33, 2) the labels, image pixels; NaN where there is none.
        ruler: (P,) what distances are compared with, image pixels, such as :func:`torso_length`; people
            for whom it is NaN are not judged.
        share: A joint is right up to this part of the ruler.

    Returns:
        (P, 12) in the order of ``LIMB_JOINTS``: 1 right, 0 wrong, NaN not judged.

    Raises:
        OptionError: A shape is wrong.
    """
    poses, people = as_points("found", found, 2), as_points("labelled", labelled, 2)
    sizes = np.asarray(ruler, dtype=float)
    if poses.shape != people.shape or sizes.shape != people.shape[:1]:
        raise OptionError(
            f"pck needs one pose, label and ruler for each person, not {len(poses)}, {len(people)} and "
            f"{sizes.size}"
        )
    poses, people = poses[:, LIMB_LANDMARKS], people[:, LIMB_LANDMARKS]
    apart = np.linalg.norm(poses - people, axis=-1)
    right = (apart <= share * sizes[:, None]).astype(float)
    judged = np.isfinite(people).all(axis=-1) & np.isfinite(sizes)[:, None]
    return np.where(judged, right, np.nan)


def torso_length(labelled: npt.ArrayLike) -> DoubleArray:
    """The longer diagonal of each torso: left shoulder to right hip, or right shoulder to left hip.

    One of them alone is too short for people who are turned away. All four joints must be labelled.

    Args:
        labelled: (P, 33, 2) joints, image pixels; NaN where there is no label.

    Returns:
        (P,) image pixels; NaN for people without the four joints, or whose torso has no length.
    """
    people = as_points("labelled", labelled, 2)
    both = np.stack([np.linalg.norm(people[:, a] - people[:, b], axis=-1) for a, b in _DIAGONALS])
    longer = both.max(axis=0)  # NaN where one of them is
    return np.where(longer > 0, longer, np.nan)
