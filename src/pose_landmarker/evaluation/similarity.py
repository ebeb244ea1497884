"""Object keypoint similarity (OKS): how well a pose fits a labelled person, 0 to 1."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import DoubleArray
from pose_landmarker.errors import OptionError
from pose_landmarker.evaluation.joints import COCO_LANDMARKS, COCO_SIGMAS
from pose_landmarker.topology import NUM_LANDMARKS


def oks(found: npt.ArrayLike, labelled: npt.ArrayLike, area: npt.ArrayLike) -> DoubleArray:
    """COCO's similarity of every labelled person with every pose, from the 17 joints that COCO labels.

    For each labelled joint ``exp(-d² / (2 · area · (2σ)²))``, averaged over the labelled joints.

    Args:
        found: (N, 33, 2) landmarks of poses, image pixels.
        labelled: (P, 33, 2) joints of people, image pixels; NaN where there is no label.
        area: (P,) of the people's silhouettes, square pixels, > 0.

    Returns:
        (P, N) in [0, 1]; 0 for people without labelled joints.

    Raises:
        OptionError: A shape is wrong, or an area is not above 0.
    """
    poses, people = as_points("found", found, 2), as_points("labelled", labelled, 2)
    areas = np.asarray(area, dtype=float)
    if areas.shape != people.shape[:1] or not np.all(np.isfinite(areas) & (areas > 0)):
        raise OptionError(f"area must be {len(people)} numbers > 0, one for each labelled person")
    poses, people = poses[:, COCO_LANDMARKS], people[:, COCO_LANDMARKS]
    squared = ((people[:, None] - poses[None]) ** 2).sum(axis=-1)
    squared[np.isnan(squared)] = np.inf  # a landmark that is no number is nowhere near
    spread = 2 * areas[:, None, None] * (2 * COCO_SIGMAS) ** 2
    judged: npt.NDArray[np.bool_] = np.asarray(np.isfinite(people).all(axis=-1))
    near: DoubleArray = np.where(judged[:, None], np.exp(-squared / spread), 0.0)
    counts: DoubleArray = np.maximum(judged.sum(axis=-1, keepdims=True), 1)
    similarity: DoubleArray = near.sum(axis=-1) / counts
    return similarity


def as_points(name: str, value: npt.ArrayLike, axes: int) -> DoubleArray:
    """``value`` as an (N, 33, axes) array.

    Raises:
        OptionError: It has another shape, or holds something else than numbers.
    """
    wanted = f"{name} must be numbers of shape (N, {NUM_LANDMARKS}, {axes})"
    try:
        points: DoubleArray = np.asarray(value, dtype=float)
    except (TypeError, ValueError) as error:
        raise OptionError(f"{wanted}: {error}") from None
    if points.size == 0 and points.ndim <= 1:
        return np.zeros((0, NUM_LANDMARKS, axes))
    if points.ndim != 3 or points.shape[1:] != (NUM_LANDMARKS, axes):
        raise OptionError(f"{wanted}, not {points.shape}")
    return points
