"""How well masks cover people."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pose_landmarker.errors import OptionError


def mask_iou(found: npt.ArrayLike, labelled: npt.ArrayLike, ignore: npt.ArrayLike | None = None) -> float:
    """Intersection over union of two masks of the same picture.

    Args:
        found: (H, W) true or not 0 where a person was found.
        labelled: (H, W) the same of the labels.
        ignore: (H, W) where nobody can tell, such as crowds; left out.

    Returns:
        0 to 1; 1 where both masks are empty.

    Raises:
        OptionError: The shapes differ.
    """
    ours, theirs = np.asarray(found) != 0, np.asarray(labelled) != 0
    counted = np.ones_like(theirs) if ignore is None else np.asarray(ignore) == 0
    if not ours.ndim == 2 or not ours.shape == theirs.shape == counted.shape:
        raise OptionError(
            f"masks must be (H, W) and alike, not {ours.shape}, {theirs.shape} and {counted.shape}"
        )
    union = int(((ours | theirs) & counted).sum())
    return int((ours & theirs & counted).sum()) / union if union else 1.0
