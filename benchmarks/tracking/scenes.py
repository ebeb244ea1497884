"""The composed scenes, by name.

How long somebody is hidden is measured on the composed pictures, not planned: a recipe has one knob (for
how long two people stay together, or how wide a pillar is), which is turned until somebody is hidden for
the wanted number of frames.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from benchmarks.tracking import choreography as moves
from benchmarks.tracking.actors import Cutter
from benchmarks.tracking.compose import Person, Scene, Stage, backdrop
from benchmarks.tracking.score import hidden_run

_KNOB_END = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a scene is made.

    Attributes:
        says: What it shows.
        build: From the knob to the scene.
        hidden: For how many frames A must be hidden; None: the knob stays at 0.
        num_poses: How many people to look for.
    """

    says: str
    build: Callable[[int], Scene]
    hidden: int | None = None
    num_poses: int = 2


def load_stage(name: str, cutter: Cutter, size: tuple[int, int] = (960, 540)) -> Stage:
    """A scene by its name."""
    recipe = RECIPES[name]
    actors = {part.actor for part in recipe.build(0).parts if isinstance(part, Person)}
    sprites = {actor: cutter.sprites(actor) for actor in sorted(actors)}
    ground = backdrop(cutter.media)

    def stage(knob: int) -> Stage:
        return Stage(replace(recipe.build(knob), size=size), sprites, ground)

    def hidden(knob: int) -> int:
        return hidden_run(stage(knob).truths(128 / size[0]), "A")

    return stage(0 if recipe.hidden is None else bisect_left(range(_KNOB_END), recipe.hidden, key=hidden))


def _person(name: str, actor: str, stature: float = 360, ground: float = 500, start: int = 0) -> Person:
    return Person(name=name, actor=actor, path=(), stature=stature, ground=ground, start=start)


def _far(actor: str, start: int = 0) -> Person:
    return _person("A", actor, 330, 455, start)


def _near(actor: str, stature: float, start: int = 0) -> Person:
    return _person("B", actor, stature, stature + 45, start)


def _hiding(frames: Sequence[int], name: str, says: str, build: Callable[[int], Scene]) -> dict[str, Recipe]:
    """The same scene with several durations."""
    return {
        f"{name}-{count}": Recipe(says=f"{says}, hidden for {count} frames", build=build, hidden=count)
        for count in frames
    }


def _once(says: str, scene: Scene, num_poses: int = 2) -> Recipe:
    return Recipe(says=says, build=lambda _: scene, num_poses=num_poses)


def _meeting(
    move: Callable[[Person, Person, int, float], Scene], back: Person, front: Person, shift: float = 0
) -> Callable[[int], Scene]:
    return lambda together: move(back, front, together, shift)


_TRIO = (_person("A", "walker", 330, 455), _person("B", "jumper", 350, 490), _person("C", "runner", 380, 525))
_RED_NEAR = _near("jumper", 780)
_BLACK, _BLACK_NEAR = _far("walker"), _near("walker2", 860, start=17)

RECIPES: dict[str, Recipe] = {
    "cross": _once(
        "one size, one speed, clothes differ", moves.cross(_person("A", "walker"), _person("B", "jumper"))
    ),
    "cross-fast": _once(
        "a runner passes somebody who walks slowly",
        moves.on_paths(
            ([(0, 620), (90, 340)], [(0, 100), (90, 880)]),
            (_person("A", "walker2"), _person("B", "runner", 380, 520)),
        ),
    ),
    "cross-stander": _once(
        "somebody walks past a person who stands",
        moves.on_paths(
            ([(0, 500), (100, 500)], [(0, 60), (100, 900)]),
            (_person("A", "drinker"), _person("B", "walker", 400, 525)),
        ),
    ),
    "cross-squatter": _once(
        "somebody walks past a person who does squats",
        moves.on_paths(
            ([(0, 500), (100, 500)], [(0, 60), (100, 900)]),
            (_person("A", "squatter"), _person("B", "walker", 400, 525)),
        ),
    ),
    **_hiding((5, 10, 15, 25), "hidden", "clothes differ", _meeting(moves.cross, _BLACK, _RED_NEAR)),
    **_hiding(
        (10, 25),
        "hidden-drinker",
        "clothes differ a little",
        _meeting(moves.cross, _far("drinker"), _near("walker2", 560), 20),
    ),
    **_hiding(
        (10, 25),
        "overtaken",
        "clothes differ a little",
        _meeting(moves.overtake, _BLACK, _near("drinker", 700), -20),
    ),
    **_hiding((10, 25), "turn-back", "clothes differ", _meeting(moves.turn_back, _BLACK, _RED_NEAR)),
    "alike-cross": _once(
        "different people, both in black",
        moves.cross(_person("A", "dancer"), _person("B", "walker2", 380, 520)),
    ),
    **_hiding(
        (10,),
        "alike",
        "different people, both in black",
        _meeting(moves.cross, _far("dancer", start=45), _near("walker2", 780)),
    ),
    "similar-cross": _once(
        "the same person twice, one size", moves.cross(_person("A", "walker"), _person("B", "walker2"))
    ),
    **_hiding((10, 25), "similar", "the same person twice", _meeting(moves.cross, _BLACK, _BLACK_NEAR, 15)),
    **_hiding(
        (10, 25),
        "similar-jumpers",
        "the same person twice",
        _meeting(moves.cross, _far("jumper"), _near("jumper", 780, start=9), 10),
    ),
    **_hiding(
        (10, 25),
        "similar-turn-back",
        "the same person twice",
        _meeting(moves.turn_back, _BLACK, _BLACK_NEAR, 15),
    ),
    **_hiding((5, 10, 25), "pillar", "walking", partial(moves.walk_behind_pillar, _person("A", "walker"))),
    **_hiding(
        (5, 10, 25), "pillar-sweeps", "standing", partial(moves.pillar_sweeps, _person("A", "drinker"))
    ),
    "three-meet": _once(
        "two cross behind a third, who stands",
        moves.on_paths(([(0, 60), (110, 900)], [(0, 900), (110, 60)], [(0, 480), (110, 480)]), _TRIO),
        3,
    ),
    "three-chain": _once(
        "three cross one after the other",
        moves.on_paths(([(0, 60), (120, 880)], [(0, 560), (120, 220)], [(0, 900), (120, 90)]), _TRIO),
        3,
    ),
    "leave-other": _once(
        "one leaves at the left, 1.5 s later somebody else enters there",
        moves.leave_and_enter(_person("B", "drinker"), _person("A", "walker"), _person("C", "jumper"), 45),
    ),
    "leave-return": _once(
        "one leaves at the left and returns there after 1 s",
        moves.leave_and_enter(_person("B", "jumper"), _person("A", "walker"), _person("A'", "walker"), 30),
    ),
    "newcomer": _once(
        "somebody enters while another is tracked",
        moves.newcomer(_person("A", "jumper"), _person("B", "walker")),
    ),
}
