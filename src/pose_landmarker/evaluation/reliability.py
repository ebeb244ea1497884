"""What a score is worth: of poses with about this score, how many are right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: At most, and with at least as many poses in each.
MAX_BINS, MIN_POSES = 8, 12


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


def reliability(scores: npt.ArrayLike, matched: npt.ArrayLike) -> tuple[ScoreBin, ...]:
    """Put poses into bins of as many poses each, by rising score.

    Bins of equal width would be empty: most scores are close to 1.

    Args:
        scores: (N,) of poses.
        matched: (N,) whether each of them matches a labelled person.

    Returns:
        One bin for every twelve poses, eight at most; none without poses.
    """
    values, right = np.asarray(scores, dtype=float), np.asarray(matched, dtype=bool)
    bins = min(MAX_BINS, max(1, len(values) // MIN_POSES))
    return tuple(
        ScoreBin(
            float(values[part].min()),
            float(values[part].max()),
            float(values[part].mean()),
            len(part),
            int(right[part].sum()),
        )
        for part in np.array_split(np.argsort(values, kind="stable"), bins)
        if len(part)
    )
