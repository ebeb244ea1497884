"""Which poses no body can have: collapsed, exploded, a statue of noise."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import DoubleArray, FloatArray
from pose_landmarker.topology import PoseLandmark as Point

#: Lengths in space, metres: least and greatest. Well beyond those of nearly all right poses in labelled
#: photos (docs/confidence.md); the network knows grown-ups only and makes children as tall.
_LENGTHS = (
    (Point.LEFT_SHOULDER, Point.LEFT_ELBOW, 0.025, 0.42),
    (Point.RIGHT_SHOULDER, Point.RIGHT_ELBOW, 0.025, 0.42),
    (Point.LEFT_ELBOW, Point.LEFT_WRIST, 0.02, 0.4),
    (Point.RIGHT_ELBOW, Point.RIGHT_WRIST, 0.02, 0.4),
    (Point.LEFT_SHOULDER, Point.RIGHT_SHOULDER, 0.09, 0.47),
    (Point.LEFT_HIP, Point.RIGHT_HIP, 0.045, 0.33),
    (Point.LEFT_SHOULDER, Point.LEFT_HIP, 0.26, 0.7),
    (Point.RIGHT_SHOULDER, Point.RIGHT_HIP, 0.26, 0.7),
    (Point.LEFT_HIP, Point.LEFT_KNEE, 0.05, 0.56),
    (Point.RIGHT_HIP, Point.RIGHT_KNEE, 0.05, 0.56),
    (Point.LEFT_KNEE, Point.LEFT_ANKLE, 0.065, 0.54),
    (Point.RIGHT_KNEE, Point.RIGHT_ANKLE, 0.065, 0.54),
    (Point.NOSE, Point.LEFT_SHOULDER, 0.04, 0.5),
    (Point.NOSE, Point.RIGHT_SHOULDER, 0.04, 0.5),
)
_STARTS, _ENDS = ([int(length[i]) for length in _LENGTHS] for i in (0, 1))
_LEAST, _GREATEST = (np.array([length[i] for length in _LENGTHS]) for i in (2, 3))
#: Root of the mean squared distance of these landmarks from their middle, in sides of the region: the same.
_SPREAD = (0.077, 0.32)
_BODY = sorted({*_STARTS, *_ENDS})


def are_plausible(
    points: DoubleArray | FloatArray, world: DoubleArray | FloatArray, sizes: DoubleArray
) -> npt.NDArray[np.bool_]:
    """Whether bodies could be those of people.

    Args:
        points: (N, 33 or more, 2 or 3) image pixels.
        world: (N, 33 or more, 3) metres.
        sizes: (N,) sides of their regions, pixels.

    Returns:
        (N,); False too where a number is not finite.
    """
    with np.errstate(all="ignore"):  # numbers that are not finite fail every comparison
        lengths = np.linalg.norm(world[:, _STARTS] - world[:, _ENDS], axis=-1)
        body = points[:, _BODY, :2]
        away = body - body.mean(axis=1, keepdims=True)
        spread = np.sqrt((away**2).sum(axis=-1).mean(axis=1)) / sizes
        good = ((lengths >= _LEAST) & (lengths <= _GREATEST)).all(axis=1)
    plausible: npt.NDArray[np.bool_] = good & (spread >= _SPREAD[0]) & (spread <= _SPREAD[1])
    return plausible
