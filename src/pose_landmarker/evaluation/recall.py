"""Who was found, by how large they are in the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

#: Image pixels; each bin reaches from one up to but without the next.
HEIGHT_EDGES = (0.0, 32.0, 64.0, 96.0, 128.0, 192.0, 256.0, 384.0, float("inf"))


@dataclass(frozen=True, slots=True)
class HeightBin:
    """People of one size.

    Attributes:
        low: Least height of the person's box, image pixels.
        high: Height that is too much; infinite in the last bin.
        persons: How many there are.
        found: How many of them were found.
    """

    low: float
    high: float
    persons: int
    found: int

    @property
    def recall(self) -> float:
        """Share of people who were found; NaN where there are none."""
        return self.found / self.persons if self.persons else float("nan")


def recall_by_height(
    heights: npt.ArrayLike,
    similarity: npt.ArrayLike,
    threshold: float = 0.5,
    edges: Sequence[float] = HEIGHT_EDGES,
) -> tuple[HeightBin, ...]:
    """Count the people, and those of them whom some pose fits.

    Args:
        heights: (P,) of the people's boxes, image pixels.
        similarity: (P,) OKS of the pose that fits best, 0 where there is none.
        threshold: A person is found with more than this.
        edges: Ends of the bins, rising.

    Returns:
        A bin for each pair of neighbouring edges.
    """
    tall, fit = np.asarray(heights, dtype=float), np.asarray(similarity, dtype=float)
    bins = []
    for low, high in pairwise(edges):
        here = (tall >= low) & (tall < high)
        bins.append(HeightBin(low, high, int(here.sum()), int((fit[here] > threshold).sum())))
    return tuple(bins)
