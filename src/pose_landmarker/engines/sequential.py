"""What the engines for processors have in common: images of a batch one by one, calls in turn."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from pose_landmarker.arrays import FloatArray, RgbImage


class SequentialNetwork:
    """A network that runs one image at a time (see :class:`pose_landmarker.engines.Network`).

    Real batches gain nothing on a processor: their activations leave its cache.
    """

    def __init__(self, run: Callable[[RgbImage], tuple[FloatArray, ...]]) -> None:
        """Take over a function from (H, W, 3) pixels to outputs (1, ...) that the caller owns."""
        self._run = run
        self._turn = threading.Lock()

    def __call__(self, images: RgbImage) -> tuple[FloatArray, ...]:
        """Run on a batch."""
        rows = []
        for image in images:
            with self._turn:
                rows.append(self._run(image))
        if len(rows) == 1:
            return rows[0]
        return tuple(np.concatenate(column) for column in zip(*rows, strict=True))
