"""Names for the kinds of array that travel through the package."""

from __future__ import annotations

from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

#: Any floating-point array; shapes are given where it is used.
FloatArray: TypeAlias = npt.NDArray[np.float32]
#: Double precision, for geometry in pixels.
DoubleArray: TypeAlias = npt.NDArray[np.float64]
#: (H, W, 3) uint8, red first.
RgbImage: TypeAlias = npt.NDArray[np.uint8]

_Array = TypeVar("_Array", bound=npt.NDArray[np.generic])


def frozen(array: _Array) -> _Array:
    """Make ``array`` read-only, in place, and return it."""
    array.setflags(write=False)
    return array
