"""Recordings for tests: plain ones, any one that there can be, and whether two are the same."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from pose_landmarker.recording import NO_TRACK, Recording

#: Text that is hard to write: commas, quotes, line ends, what begins a formula, other scripts, and nothing.
HARD_NAMES = (
    "a,b.jpg",
    'say "hi"',
    "two\nlines",
    "\r\n",
    "=1+1",
    "Zoë 日本 🤸.png",
    " spaced ",
    "",
    "NaN",
    "'",
)

_WIDTH, _HEIGHT = 1280, 720


def walking(frames: int = 30, people: int = 2, *, fps: float = 30.0, seed: int = 0) -> Recording:
    """``people`` who stand and sway in every frame of a video: numbers that bodies can have."""
    rng = np.random.default_rng(seed)
    count = frames * people
    frame = np.repeat(np.arange(frames), people)
    track = np.tile(np.arange(1, people + 1), frames)
    body = rng.uniform(-0.8, 0.8, (people, 33, 3))
    sway = 0.1 * np.sin(frame / 7 + track)[:, None, None]
    world = body[track - 1] + sway + rng.normal(0, 0.004, (count, 33, 3))
    place = np.stack([track / (people + 1), np.full(count, 0.5), np.zeros(count)], axis=-1)
    landmarks = place[:, None] + world * [0.3, 0.3 * _WIDTH / _HEIGHT, 0.3]
    return Recording(
        times_s=np.arange(frames) / fps,
        image_sizes=np.tile(np.array([_WIDTH, _HEIGHT]), (frames, 1)),
        frames=frame,
        track_ids=track,
        scores=rng.uniform(0.5, 1, count).astype(np.float32),
        landmarks=landmarks.astype(np.float32),
        world_landmarks=world.astype(np.float32),
        visibility=rng.uniform(0, 1, (count, 33)).astype(np.float32),
        presence=rng.uniform(0, 1, (count, 33)).astype(np.float32),
    )


def scene() -> Recording:
    """A video of 6 frames: two people, one leaves, then nobody for a while, then somebody without an id."""
    whole = walking(6, 2)
    shown = np.array([0, 1, 2, 3, 4, 10])
    rows: dict[str, Any] = {
        name: getattr(whole, name)[shown]
        for name in (
            "frames",
            "track_ids",
            "scores",
            "landmarks",
            "world_landmarks",
            "visibility",
            "presence",
        )
    }
    rows["track_ids"][-1] = NO_TRACK
    return Recording(times_s=whole.times_s, image_sizes=whole.image_sizes, **rows)


def pictures() -> Recording:
    """Pictures with names that are hard to write, of different sizes; there are people in every other one."""
    count = len(HARD_NAMES)
    people = walking((count + 1) // 2, 1, seed=3)
    return Recording(
        times_s=np.full(count, np.nan),
        image_sizes=np.arange(2 * count).reshape(count, 2) + 100,
        frames=people.frames * 2,
        track_ids=np.full(len(people.frames), NO_TRACK),
        scores=people.scores,
        landmarks=people.landmarks,
        world_landmarks=people.world_landmarks,
        visibility=people.visibility,
        presence=people.presence,
        names=HARD_NAMES,
    )


def nobody(frames: int = 0) -> Recording:
    """So many frames in which there is nobody."""
    return walking(frames, 0)


def assert_same(
    found: Recording, wanted: Recording, *, but: tuple[str, ...] = (), rtol: float = 0.0, atol: float = 0.0
) -> None:
    """Every field is the same, to the last bit where no tolerance is given; NaN equals NaN.

    Args:
        found: What came out.
        wanted: What went in.
        but: Fields that the format has no place for.
        rtol: Relative tolerance of landmarks, scores, visibility and presence.
        atol: Absolute tolerance of them.
    """
    for field in fields(Recording):
        a, b = getattr(found, field.name), getattr(wanted, field.name)
        if field.name in but:
            continue
        if field.name == "names":
            assert a == b
        elif b.dtype.kind == "f":
            np.testing.assert_allclose(a, b, rtol, atol, equal_nan=True, err_msg=field.name)
        else:
            np.testing.assert_array_equal(a, b, field.name)


#: Every float32, and NaN, which stands for what is not known; most of them as landmarks have them.
NUMBERS = st.one_of(
    st.floats(-2, 2, width=32),
    st.sampled_from(
        [0.0, -0.0, 1.0, 0.1, 0.3333333, 1e-7, 9.9999e-8, 9.999999, 10.0, -12345.678, 1e-45, 3e38]
    ),
    st.floats(width=32, allow_infinity=False),
    st.just(float("nan")),
)


@st.composite
def recordings(
    draw: st.DrawFn,
    *,
    max_frames: int = 5,
    max_people: int = 3,
    tracked: bool | None = None,
    named: bool | None = None,
    numbers: st.SearchStrategy[float] = NUMBERS,
) -> Recording:
    """Any recording that there can be.

    Args:
        draw: Hypothesis' own.
        max_frames: At most so many frames; there may be none.
        max_people: At most so many in a frame; there may be none.
        tracked: Whether everybody has an id, or nobody; None: either of them, or some. No id occurs twice
            in a frame.
        named: Whether frames are pictures with names and without times; None: either.
        numbers: What landmarks, scores and so on are drawn from.
    """
    count = draw(st.integers(0, max_frames))
    people = [draw(st.lists(_ids(tracked), max_size=max_people).filter(_differ)) for _ in range(count)]
    poses = sum(map(len, people))
    as_pictures = count > 0 and (draw(st.booleans()) if named is None else named)
    steps = [0.0] if as_pictures or not count else draw(st.lists(_STEPS, min_size=count, max_size=count))
    arrays = {
        name: _array(draw, numbers, (poses, *shape))
        for name, shape in (
            ("scores", ()),
            ("landmarks", (33, 3)),
            ("world_landmarks", (33, 3)),
            ("visibility", (33,)),
            ("presence", (33,)),
        )
    }
    sizes = st.sampled_from([(640, 480), (1, 1), (0, 0), (100_000, 3)])
    return Recording(
        times_s=np.full(count, np.nan) if as_pictures else np.cumsum(steps[:count]),
        image_sizes=np.array([draw(sizes) for _ in range(count)], np.int64).reshape(count, 2),
        frames=np.repeat(np.arange(count), [len(ids) for ids in people]).astype(np.int64),
        track_ids=np.array([i for ids in people for i in ids], np.int64),
        names=tuple(draw(_NAMES) for _ in range(count)) if as_pictures else None,
        **arrays,
    )


_STEPS = st.one_of(st.just(1 / 30), st.floats(0, 1e4))
_NAMES = st.one_of(
    st.sampled_from(HARD_NAMES),
    st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=8),
)


def _ids(tracked: bool | None) -> st.SearchStrategy[int]:
    ids = st.one_of(st.integers(1, 9), st.just(2**53 + 1))
    if tracked is None:
        return st.one_of(ids, st.just(NO_TRACK))
    return ids if tracked else st.just(NO_TRACK)


def _differ(ids: list[int]) -> bool:
    known = [i for i in ids if i != NO_TRACK]
    return len(set(known)) == len(known)


def _array(
    draw: st.DrawFn, numbers: st.SearchStrategy[float], shape: tuple[int, ...]
) -> npt.NDArray[np.float32]:
    """Some of the drawn numbers, in places that a seed says: a draw of every number would take long."""
    some = np.array(draw(st.lists(numbers, min_size=1, max_size=20)), np.float32)
    seed = draw(st.integers(0, 2**32 - 1))
    places = np.random.default_rng(seed).integers(0, len(some), shape)
    return some[places]
