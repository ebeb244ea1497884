"""A set of points on a body: their names in order, the lines between them, and which mirrors which."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import dataclass

from pose_landmarker.errors import OptionError, OptionTypeError


@dataclass(frozen=True, slots=True)
class Topology:
    """Which points, in which order.

    A name stands for the same place on the body in every topology. Names with ``left`` or ``right`` are of
    the person's own side.

    Attributes:
        name: What it is called.
        points: The names of the points, in the order of the arrays.
        lines: Pairs of indexes, to be drawn.

    Raises:
        OptionError: There is no point, a name occurs twice, or a line leads to a point that is not there.
        OptionTypeError: Names are not strings, or lines are not pairs of numbers.
    """

    name: str
    points: tuple[str, ...]
    lines: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        points: object = self.points
        if not isinstance(points, (tuple, list)) or not all(isinstance(point, str) for point in points):
            raise OptionTypeError("Topology.points must be a tuple of names")
        if not points:
            raise OptionError(f"{self.name}: there must be a point")
        try:
            lines = tuple((operator.index(a), operator.index(b)) for a, b in self.lines)
        except (TypeError, ValueError):
            raise OptionTypeError("Topology.lines must be pairs of indexes of points") from None
        object.__setattr__(self, "points", tuple(self.points))
        object.__setattr__(self, "lines", lines)
        twice = sorted({point for point in self.points if self.points.count(point) > 1})
        if twice:
            raise OptionError(f"{self.name}: the point {twice[0]!r} occurs twice; names must differ")
        for line in lines:
            if not all(0 <= end < len(self.points) for end in line):
                raise OptionError(
                    f"{self.name}: the line {line} leads to no point; wanted 0 to {len(self) - 1}"
                )

    @property
    def left(self) -> tuple[int, ...]:
        """Indexes of the points on the person's left side."""
        return tuple(i for i, point in enumerate(self.points) if "left" in point)

    @property
    def right(self) -> tuple[int, ...]:
        """Indexes of the points on the person's right side."""
        return tuple(i for i, point in enumerate(self.points) if "right" in point)

    @property
    def mirror(self) -> tuple[int, ...]:
        """For each point the index of that on the other side; those in the middle are their own.

        ``points[list(topology.mirror)]`` gives a mirrored body its sides back.
        """
        places = {point: i for i, point in enumerate(self.points)}
        return tuple(places.get(_mirrored(point), i) for i, point in enumerate(self.points))

    def index(self, name: str) -> int:
        """Index of a point given by its name, in any case.

        Raises:
            OptionError: There is no such point.
            OptionTypeError: ``name`` is no string.
        """
        if not isinstance(name, str):
            raise OptionTypeError(f"name must be a string, not {type(name).__name__}")
        try:
            return self.points.index(name.strip().lower())
        except ValueError:
            known = ", ".join(self.points)
            raise OptionError(f"{self.name} has no point {name!r}; it has {known}") from None

    def __len__(self) -> int:
        """How many points."""
        return len(self.points)

    def __iter__(self) -> Iterator[str]:
        """The names of the points."""
        return iter(self.points)

    def __repr__(self) -> str:
        return f"<Topology {self.name}, {len(self)} points>"


def _mirrored(point: str) -> str:
    return point.replace("left", "?").replace("right", "left").replace("?", "right")
