"""float32 in the few decimal digits that bring back each number."""

from __future__ import annotations

from typing import Final

import numpy as np

from pose_landmarker.arrays import DoubleArray, FloatArray

#: Writes what :func:`shortest` gives with all of its digits, and no more.
NUMBER: Final = "%.9g"
_EXPONENTS: Final = 256
# 10 to the places behind the point that tell apart the float32 of an exponent: their distance is 2^(e - 150).
_SCALES: Final = 10.0 ** np.ceil((150 - np.arange(_EXPONENTS)) * np.log10(2.0))


def shortest(values: FloatArray) -> DoubleArray:
    """The decimal numbers of few digits that are the same in float32.

    Args:
        values: (...) float32; what is not finite stays as it is.

    Returns:
        (...) float64, to be written with ``"%.9g"``: 0.9, where the float32 is 0.89999998.
    """
    scales = _SCALES[values.view(np.uint32) >> 23 & (_EXPONENTS - 1)]
    with np.errstate(invalid="ignore", over="ignore"):
        found: DoubleArray = values.astype(np.float64)
        for scale in (scales, scales / 10):
            rounded = np.rint(found * scale) / scale
            found = np.where(rounded.astype(np.float32) == values, rounded, found)
    return found
