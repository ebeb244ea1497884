"""Joints between two limbs, and their angles."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import DoubleArray
from pose_landmarker.errors import OptionError, OptionTypeError
from pose_landmarker.topology import PoseLandmark

#: The ends of the two limbs, and the landmarks of the joints between them.
_LIMBS = {
    "shoulder": ("elbow", "hip"),
    "elbow": ("shoulder", "wrist"),
    "wrist": ("elbow", "index"),
    "hip": ("shoulder", "knee"),
    "knee": ("hip", "ankle"),
    "ankle": ("knee", "foot_index"),
}
#: Indexes of one limb's end, the joint and the other limb's end, by the joint's name.
JOINTS: dict[str, tuple[int, int, int]] = {
    f"{side}_{joint}": (
        PoseLandmark[f"{side}_{first}".upper()],
        PoseLandmark[f"{side}_{joint}".upper()],
        PoseLandmark[f"{side}_{second}".upper()],
    )
    for joint, (first, second) in _LIMBS.items()
    for side in ("left", "right")
}


def joint_angles(points: npt.ArrayLike, joint: tuple[int, int, int]) -> DoubleArray:
    """Angles at a joint, degrees from 0 (folded) to 180 (straight).

    Args:
        points: (..., N, 2 or 3) in any unit that is the same along all axes: pixels or metres, but not
            normalised coordinates.
        joint: Indexes of one limb's end, the joint and the other limb's end.

    Returns:
        (...); NaN where a point is not finite or a limb has no length.
    """
    array = np.asarray(points, np.float64)
    first, middle, second = (array[..., index, :] for index in joint)
    with np.errstate(all="ignore"):  # numbers that are not finite end as NaN
        a, b = _unit(first - middle), _unit(second - middle)
        # More exact than the arc cosine near 0 and 180.
        near, far = np.linalg.norm(a - b, axis=-1), np.linalg.norm(a + b, axis=-1)
        angles: DoubleArray = np.degrees(2 * np.arctan2(near, far))
    return angles


def check_joint(name: str, joint: object) -> str:
    """``joint`` if it is the name of one, or an error that lists them."""
    if not isinstance(joint, str):
        raise OptionTypeError(f"{name} must name joints such as 'left_knee', not {joint!r}")
    if joint not in JOINTS:
        raise OptionError(f"{name}: no joint is called {joint!r}; there are {', '.join(JOINTS)}")
    return joint


def _unit(vectors: DoubleArray) -> DoubleArray:
    unit: DoubleArray = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return unit
