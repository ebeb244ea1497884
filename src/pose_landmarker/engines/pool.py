"""Arrays that are used again once nobody holds them: getting new memory takes longer than filling it."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np

from pose_landmarker.arrays import FloatArray

#: So many are kept; who holds more gets new ones.
_MOST = 8


class Pool:
    """Arrays of one shape, float32. Calls must take turns."""

    def __init__(self, shape: Sequence[int]) -> None:
        self._shape = tuple(shape)
        self._arrays = [self._new()]
        # What the interpreter counts for an array that only this object holds, as it is asked below.
        (self._unused,) = (sys.getrefcount(array) for array, _ in self._arrays)

    def take(self) -> tuple[FloatArray, int]:
        """An array that nobody else holds, nor a view of it, and its address; it holds any numbers."""
        for array, address in self._arrays:
            if sys.getrefcount(array) <= self._unused:
                return array, address
        array, address = self._new()
        if len(self._arrays) < _MOST:
            self._arrays.append((array, address))
        return array, address  # another tuple: who holds it holds the array

    def _new(self) -> tuple[FloatArray, int]:
        array = np.empty(self._shape, np.float32)
        return array, array.ctypes.data
