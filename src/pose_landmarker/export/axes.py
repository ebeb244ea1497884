"""Coordinate systems in three dimensions.

World landmarks are seen from the camera: x to the right of the picture, y down, z away from the camera, in
metres, the origin between the hips. Formats of motion want y up: x to the right, y up, z towards the camera,
both of them right-handed. Who faces the camera then faces +z and has the left hand at +x.
"""

from __future__ import annotations

from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

_SIGNS: Final = np.array([1.0, -1.0, -1.0], np.float32)

_Points = TypeVar("_Points", npt.NDArray[np.float32], npt.NDArray[np.float64])


def turned(points: _Points) -> _Points:
    """Points with y down as points with y up, and the other way round: half a turn about x.

    Args:
        points: (..., 3) in any unit.
    """
    # Adding 0 makes 0 of -0, which would be written with its sign.
    out: _Points = points * _SIGNS + points.dtype.type(0)
    return out
