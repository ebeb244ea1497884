"""Which parts are looked at next: where something moved, and all in turn."""

from __future__ import annotations

import time

import numpy as np
import pytest

from pose_landmarker.arrays import RgbImage
from pose_landmarker.patrol import Patrol
from pose_landmarker.results import Roi
from pose_landmarker.search import parts_of

_WIDTH, _HEIGHT = 1920, 1080
_PARTS = parts_of(_WIDTH, _HEIGHT)


def _still() -> RgbImage:
    return np.full((_HEIGHT, _WIDTH, 3), 100, np.uint8)


def _with_somebody(x: int, y: int) -> RgbImage:
    image = _still()
    image[y - 90 : y + 90, x - 40 : x + 40] = 220
    return image


def _holds(part: Roi, x: float, y: float) -> bool:
    return max(abs(part.center_x - x), abs(part.center_y - y)) < part.size / 2


def test_where_something_moved_comes_first() -> None:
    for x, y in ((100, 900), (1800, 200), (960, 540)):
        patrol = Patrol()
        patrol.choose(_still(), _PARTS, [], 0)
        (first,) = patrol.choose(_with_somebody(x, y), _PARTS, [], 1)
        assert _holds(_PARTS[first], x, y)


def test_what_was_looked_at_is_no_news() -> None:
    patrol = Patrol()
    patrol.choose(_still(), _PARTS, [], 0)
    image = _with_somebody(100, 900)
    looked = [i for _ in range(40) for i in patrol.choose(image, _PARTS, [], 1)]
    there = [i for i, part in enumerate(_PARTS) if _holds(part, 100, 900)]
    assert set(there) <= set(looked[:6])
    assert len(looked) < 30


def test_where_nothing_moves_half_the_looks_are_saved() -> None:
    patrol = Patrol()
    looked = [i for _ in range(2 * len(_PARTS)) for i in patrol.choose(_still(), _PARTS, [], 1)]
    assert looked == list(range(len(_PARTS)))


@pytest.mark.parametrize("count", [1, 2, 4])
def test_nobody_starves(count: int) -> None:
    random, patrol = np.random.default_rng(count), Patrol()
    looked = set()
    for _ in range(2 * len(_PARTS)):
        noise = _still()
        noise[:540, :960] = random.integers(0, 256, (540, 960, 1))  # there is always something to see
        looked |= set(patrol.choose(noise, _PARTS, [], count))
    assert looked == set(range(len(_PARTS)))


def test_people_who_are_followed_are_no_news() -> None:
    patrol = Patrol()
    patrol.choose(_still(), _PARTS, [], 0)
    assert patrol.choose(_with_somebody(100, 900), _PARTS, [Roi(100, 900, 300, 0)], 1) == []


def test_no_part_is_chosen_twice_at_once() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (_HEIGHT, _WIDTH, 3), np.uint8)
    patrol = Patrol()
    patrol.choose(_still(), _PARTS, [], 0)
    assert sorted(patrol.choose(noise, _PARTS, [], 99)) == list(range(len(_PARTS)))


def test_another_size_starts_anew() -> None:
    patrol = Patrol()
    patrol.choose(_still(), _PARTS, [], 4)
    for width, height in ((640, 480), (1, 1), (3, 2000)):
        image = np.zeros((height, width, 3), np.uint8)
        parts = parts_of(width, height)
        chosen = patrol.choose(image, parts, [Roi(-50, 2, 7, 0)], 2)
        assert all(0 <= i < len(parts) for i in chosen)


def test_is_quick() -> None:
    image, patrol, seconds = _still(), Patrol(), []
    for _ in range(20):
        start = time.perf_counter()
        patrol.choose(image, _PARTS, [Roi(960, 540, 500, 0)], 1)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.003  # 0.06 ms where nobody else is at work
