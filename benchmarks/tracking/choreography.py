"""Who moves where: scenes of people whose looks are given. x in pixels of a 960x540 picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from benchmarks.tracking.compose import Path2, Person, Pillar, Scene

#: Outside the picture.
LEFT, RIGHT = -140.0, 1100.0
_EDGES = 50.0, 910.0


def cross(back: Person, front: Person, together: int = 0, shift: float = 0) -> Scene:
    """The first comes from the left behind the second, from the right; they meet for a while, then go on.

    ``shift`` is by how much the second stands further to the right while they are together.
    """
    meet, part, end = 45, 45 + together, 90 + together
    left, right = _EDGES
    return Scene(
        frames=end + 1,
        parts=[
            replace(back, path=[(0, left), (meet, 476), (part, 484), (end, right)]),
            replace(front, path=[(0, right), (meet, 484 + shift), (part, 476 + shift), (end, left)]),
        ],
    )


def overtake(back: Person, front: Person, together: int = 0, shift: float = 0) -> Scene:
    """Both walk to the right; the second catches up with the first, walks in front of it, and goes on."""
    meet, part, end = 50, 50 + together, 105 + together
    met, parted = 420.0, 420.0 + 3 * together
    return Scene(
        frames=end + 1,
        parts=[
            replace(back, path=[(0, met - 150), (meet, met), (part, parted), (end, parted + 165)]),
            replace(
                front,
                path=[
                    (0, met - 450),
                    (meet, met - 4 + shift),
                    (part, parted + 4 + shift),
                    (end, parted + 500),
                ],
            ),
        ],
    )


def turn_back(back: Person, front: Person, together: int = 0, shift: float = 0) -> Scene:
    """They meet for a while, and each returns to where they came from."""
    meet, part, end = 45, 45 + together, 90 + together
    left, right = _EDGES
    return Scene(
        frames=end + 1,
        parts=[
            replace(back, path=[(0, left), (meet, 476), (part, 476), (end, left)]),
            replace(front, path=[(0, right), (meet, 484 + shift), (part, 484 + shift), (end, right)]),
        ],
    )


def walk_behind_pillar(person: Person, wider: int = 0) -> Scene:
    """Somebody walks from left to right, and a pillar stands in the middle."""
    walker = replace(person, path=[(0, 90), (105, 870)])
    return Scene(frames=106, parts=[walker, Pillar(path=[(0, 480), (105, 480)], width=100 + 6 * wider)])


def pillar_sweeps(person: Person, wider: int = 0) -> Scene:
    """Somebody stands, and a pillar passes in front."""
    width = 100.0 + 6 * wider
    stander = replace(person, path=[(0, 480), (125, 480)])
    return Scene(frames=126, parts=[stander, Pillar(path=[(0, -width), (125, 960 + width)], width=width)])


def on_paths(paths: Sequence[Path2], people: Sequence[Person]) -> Scene:
    """Everybody on a path of their own, until the last one ends."""
    end = max(path[-1][0] for path in paths)
    parts = [replace(person, path=path) for person, path in zip(people, paths, strict=True)]
    return Scene(frames=int(end) + 1, parts=parts)


def leave_and_enter(bystander: Person, leaver: Person, enterer: Person, pause: int) -> Scene:
    """Somebody leaves at the left, and ``pause`` frames later somebody enters at the left."""
    enter = 60 + pause
    return Scene(
        frames=enter + 91,
        parts=[
            replace(bystander, path=[(0, 720), (enter + 90, 720)]),
            replace(leaver, path=[(0, 400), (60, LEFT)]),
            replace(enterer, path=[(enter, LEFT), (enter + 60, 400), (enter + 90, 430)]),
        ],
    )


def newcomer(bystander: Person, entering: Person) -> Scene:
    """Somebody stands; a second later somebody else walks in from the right."""
    return Scene(
        frames=121,
        parts=[
            replace(bystander, path=[(0, 300), (120, 300)]),
            replace(entering, path=[(30, RIGHT), (85, 640), (120, 640)]),
        ],
    )
