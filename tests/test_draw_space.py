"""Bodies in space: up is up, left is left from every side, and what cannot be shown is said."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from pose_landmarker import OptionError, OptionTypeError
from pose_landmarker.arrays import RgbImage
from pose_landmarker.draw import DEFAULT_STYLE, Body, DrawStyle, world_view
from pose_landmarker.topology import LEFT_LANDMARKS, RIGHT_LANDMARKS
from tests.poses import make_pose


def standing() -> npt.NDArray[np.float32]:
    """Somebody who faces the camera: the person's left is at the picture's right."""
    world = np.zeros((33, 3), np.float32)
    world[:, 1] = np.linspace(-0.8, 0.8, 33)
    for i in range(33):
        world[i, 0] = 0.3 if i in LEFT_LANDMARKS else -0.3 if i in RIGHT_LANDMARKS else 0
    return world


def middle(drawn: RgbImage, color: tuple[int, int, int]) -> tuple[float, float]:
    """x and y of the pixels of a colour."""
    rows, columns = np.nonzero(np.abs(drawn.astype(int) - color).max(axis=2) < 12)
    assert rows.size > 100
    return float(columns.mean()), float(rows.mean())


@pytest.mark.parametrize(("azimuth", "left_is_right"), [(0, True), (180, False), (-180, False), (360, True)])
def test_sides_change_places_behind_somebody(azimuth: float, left_is_right: bool) -> None:
    drawn = world_view(standing(), azimuth=azimuth)
    assert (middle(drawn, DEFAULT_STYLE.left)[0] > middle(drawn, DEFAULT_STYLE.right)[0]) == left_is_right


def test_walking_to_the_right_shows_the_persons_left_side() -> None:
    """At azimuth 90 the left side, at x = 0.3, is in front: it covers the right one."""
    drawn = world_view(standing(), azimuth=90, elevation=0)
    left = (np.abs(drawn.astype(int) - DEFAULT_STYLE.left).max(axis=2) < 12).sum()
    right = (np.abs(drawn.astype(int) - DEFAULT_STYLE.right).max(axis=2) < 12).sum()
    assert left > 3 * right


def test_up_is_up() -> None:
    world = standing()
    world[11:] = np.nan  # a head above the floor
    world[31] = (0, 0.8, 0)
    drawn = world_view(world, elevation=0, azimuth=0)
    assert middle(drawn, DEFAULT_STYLE.left)[1] < 500


def test_several_stand_side_by_side() -> None:
    two = world_view(np.stack([standing(), standing()]), size=(800, 400), azimuth=0)
    columns = np.nonzero((np.abs(two.astype(int) - DEFAULT_STYLE.left).max(axis=2) < 12).any(axis=0))[0]
    assert np.diff(columns).max() > 40


def test_backgrounds_sizes_and_styles() -> None:
    drawn = world_view(
        make_pose(), size=(300, 200), background=(10, 20, 30), style=DrawStyle(left=(1, 255, 1))
    )
    assert drawn.shape == (200, 300, 3)
    assert drawn[0, 0].tolist() == [10, 20, 30]
    assert middle(drawn, (1, 255, 1))


@pytest.mark.parametrize("size", [(1, 1), (3, 2000), (20, 20)])
def test_any_size(size: tuple[int, int]) -> None:
    assert world_view(standing(), size=size).shape == (size[1], size[0], 3)


def test_nobody_leaves_the_floor() -> None:
    for found in (np.zeros((0, 33, 3)), np.full((33, 3), np.nan), np.full((33, 3), 1e30)):
        drawn = world_view(found)
        assert (drawn != 255).any()


@pytest.mark.parametrize("elevation", [-90, 0, 90])
def test_from_above_and_below(elevation: float) -> None:
    assert (world_view(standing(), elevation=elevation) != 255).any()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"found": np.zeros((17, 3))}, OptionError, r"\(17, 3\), wanted \(33, 3\)"),
        ({"found": Body(np.zeros((33, 2)))}, OptionError, "no landmarks in metres"),
        ({"found": 3}, OptionTypeError, "cannot be drawn"),
        ({"size": (0, 5)}, OptionError, "size must be"),
        ({"size": 5}, OptionTypeError, "size must be"),
        ({"azimuth": "left"}, OptionTypeError, "azimuth must be a number"),
        ({"azimuth": float("nan")}, OptionError, "azimuth must be from"),
        ({"elevation": 91}, OptionError, "elevation must be from -90 to 90"),
        ({"background": (1, 2)}, OptionTypeError, "background"),
        ({"style": "blue"}, OptionTypeError, "style must be DrawStyle"),
    ],
)
def test_wrong_values_are_named(arguments: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        world_view(**{"found": standing(), **arguments})
