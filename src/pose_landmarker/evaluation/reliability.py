"""What a score is worth: of poses with about this score, how many are right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Bins hold as many poses each: most scores are close to 1, and bins of equal width would be empty.
NUM_BINS = 8


@dataclass(frozen=True, slots=True)
class ScoreBin:
    """Poses of about the same score.

    Attributes:
        low: Least score.
        high: Greatest score.
        score: Mean score.
        poses: How many there are.
        matched: How many of them match a labelled person.
    """

    low: float
    high: float
    score: float
    poses: int
    matched: int

    @property
    def share(self) -> float:
        """Of poses that match."""
        return self.matched / self.poses


def reliability(scores: npt.ArrayLike, matched: npt.ArrayLike, bins: int = NUM_BINS) -> tuple[ScoreBin, ...]:
    """Put poses into bins of as many poses each, by rising score.

    Args:
        scores: (N,) of poses.
        matched: (N,) whether each of them matches a labelled person.
        bins: How many bins at most.

    Returns:
        Bins with one pose at least.
    """
    values, right = np.asarray(scores, dtype=float), np.asarray(matched, dtype=bool)
    order = np.argsort(values, kind="stable")
    return tuple(
        ScoreBin(
            float(values[part].min()),
            float(values[part].max()),
            float(values[part].mean()),
            len(part),
            int(right[part].sum()),
        )
        for part in np.array_split(order, bins)
        if len(part)
    )
