"""The detector's anchors: the points that its answers are relative to."""

from __future__ import annotations

import numpy as np

from pose_landmarker.arrays import FloatArray, frozen

#: (cells along a side, anchors in a cell) of the reference's pose detector for a 224-pixel input:
#: strides 8, 16 and three times 32, two anchors a layer (pose_detection_cpu.pbtxt).
GRIDS = ((28, 2), (14, 2), (7, 6))


def anchor_centers() -> FloatArray:
    """(2254, 2) x, y of every anchor's centre, as fractions of the input; row by row, grid by grid."""
    return frozen(np.concatenate([_grid(cells, anchors) for cells, anchors in GRIDS]))


def _grid(cells: int, anchors: int) -> FloatArray:
    middle = (np.arange(cells, dtype=np.float32) + 0.5) / np.float32(cells)
    y, x = np.meshgrid(middle, middle, indexing="ij")
    return np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2), anchors, axis=0)
