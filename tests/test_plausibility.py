"""Bodies that cannot be."""

from __future__ import annotations

import numpy as np
import pytest

from pose_landmarker.arrays import DoubleArray
from pose_landmarker.plausibility import are_plausible
from pose_landmarker.results import Roi
from tests.people import skeleton

_SIZE = 400.0


def _body() -> tuple[DoubleArray, DoubleArray]:
    """Somebody who stands, in pixels and in metres."""
    points = skeleton(Roi(300, 300, _SIZE, 0))
    world = np.zeros((len(points), 3))
    world[:, :2] = (points[:, :2] - points[23:25, :2].mean(axis=0)) / _SIZE * 2.2
    world[23:25, 0] /= 2  # the skeleton's hips are as wide as its shoulders
    return points, world


def _plausible(points: DoubleArray, world: DoubleArray) -> bool:
    return bool(are_plausible(points[None], world[None], np.array([_SIZE]))[0])


def test_somebody_who_stands_is() -> None:
    assert _plausible(*_body())


@pytest.mark.parametrize("scale", [0.0, 0.1, 0.3, 3.0])
def test_collapsed_and_exploded_bodies_are_not(scale: float) -> None:
    points, world = _body()
    middle = points.mean(axis=0)
    assert not _plausible(points, world * scale)
    assert not _plausible(middle + (points - middle) * scale, world)


def test_noise_is_not() -> None:
    points, world = _body()
    random = np.random.default_rng(3)
    noise = [
        _plausible(random.uniform(100, 500, points.shape), random.uniform(-1, 1, world.shape))
        for _ in range(50)
    ]
    assert not any(noise)


def test_what_is_no_number_is_not() -> None:
    points, world = _body()
    for value in (np.nan, np.inf):
        world[23:27] = value
        assert not _plausible(points, world)
    assert not are_plausible(points[None], _body()[1][None], np.zeros(1))[0]
    assert are_plausible(points[None][:0], world[None][:0], np.zeros(0)).shape == (0,)
