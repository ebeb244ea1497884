"""Which points of a body are joined by lines, and on which side they are."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pose_landmarker.errors import OptionError, OptionTypeError
from pose_landmarker.topology import LEFT_LANDMARKS, POSE_CONNECTIONS, RIGHT_LANDMARKS, PoseLandmark

Side: TypeAlias = Literal["left", "right", "middle"]


@dataclass(frozen=True, slots=True)
class Anatomy:
    """Lines and sides of the points of a body.

    Attributes:
        lines: Pairs of indexes of points.
        left: Indexes of points on the person's left side.
        right: Indexes of points on the person's right side.
        head: Indexes of points of the head; labels stand above it. It is drawn finer.
        hands: Indexes of points of the hands, which are drawn finer.

    Raises:
        OptionError: A point is on both sides, or an index is below 0.
        OptionTypeError: Something is no index.
    """

    lines: tuple[tuple[int, int], ...] = ()
    left: frozenset[int] = frozenset()
    right: frozenset[int] = frozenset()
    head: frozenset[int] = frozenset()
    hands: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        for name in ("left", "right", "head", "hands"):
            object.__setattr__(self, name, _indexes(name, getattr(self, name)))
        object.__setattr__(self, "lines", _pairs(self.lines))
        both = self.left & self.right
        if both:
            raise OptionError(f"point {min(both)} cannot be on the left and on the right")

    def side(self, a: int, b: int) -> Side:
        """Of a line, or of a point where both its ends are the same."""
        if a in self.left and b in self.left:
            return "left"
        if a in self.right and b in self.right:
            return "right"
        return "middle"

    @property
    def least_points(self) -> int:
        """How many points a body of this kind has at least."""
        used = {end for line in self.lines for end in line}
        return 1 + max(used | self.left | self.right | self.head | self.hands, default=-1)


def _pairs(lines: object) -> tuple[tuple[int, int], ...]:
    try:
        pairs = tuple((operator.index(a), operator.index(b)) for a, b in lines)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        raise OptionTypeError("lines must be pairs of indexes of points, such as ((0, 1), (1, 2))") from None
    _indexes("lines", (end for pair in pairs for end in pair))
    return pairs


def _indexes(name: str, given: Iterable[object]) -> frozenset[int]:
    try:
        indexes = frozenset(operator.index(index) for index in given)  # type: ignore[arg-type]
    except TypeError:
        raise OptionTypeError(f"{name} must hold indexes of points, not {given!r}") from None
    if indexes and min(indexes) < 0:
        raise OptionError(f"{name} must hold indexes of points from 0 on, not {min(indexes)}")
    return indexes


#: The 33 landmarks.
BLAZEPOSE = Anatomy(
    lines=POSE_CONNECTIONS,
    left=LEFT_LANDMARKS,
    right=RIGHT_LANDMARKS,
    head=frozenset(range(PoseLandmark.LEFT_SHOULDER)),
    hands=frozenset(range(PoseLandmark.LEFT_PINKY, PoseLandmark.LEFT_HIP)),
)
