"""People of a few pixels and of thousands, and numbers that nobody has in mind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pose_landmarker.arrays import DoubleArray, RgbImage
from pose_landmarker.draw import DEFAULT_STYLE, Body, DrawStyle, annotate, draw_angle, plots
from pose_landmarker.topology import LEFT_LANDMARKS, POSE_CONNECTIONS, RIGHT_LANDMARKS
from tests.recordings import walking

GREY = 120


def _points(height: float, left: float = 20.0, top: float = 20.0) -> DoubleArray:
    """(33, 2) of somebody who stands upright and faces the camera."""
    x = np.array([0.3 if i in LEFT_LANDMARKS else 0.1 if i in RIGHT_LANDMARKS else 0.2 for i in range(33)])
    return np.stack([x, np.linspace(0, 1, 33)], axis=1) * height + (left, top)


def _changed(height: float, side: int, **body: Any) -> np.ndarray[Any, np.dtype[np.bool_]]:
    canvas: RgbImage = np.full((side, side, 3), GREY, np.uint8)
    drawn = annotate(canvas, [Body(_points(height), **body)])
    changed: np.ndarray[Any, np.dtype[np.bool_]] = (np.abs(drawn.astype(int) - GREY) > 20).any(axis=2)
    return changed


class TestSize:
    @pytest.mark.parametrize("side", [60, 600, 2000])
    def test_of_eight_pixels_is_hardly_larger_drawn_than_is(self, side: int) -> None:
        rows, columns = np.nonzero(_changed(8, side))
        assert 4 <= np.ptp(rows) <= 11
        assert np.ptp(columns) <= 7

    def test_of_four_thousand_pixels_has_lines_that_are_seen(self) -> None:
        changed = _changed(3900, 4000)
        assert 0.005 < changed.mean() < 0.2

    def test_small_bodies_are_coloured_and_not_black(self) -> None:
        for height in (20, 60, 100):
            canvas: RgbImage = np.full((140, 140, 3), GREY, np.uint8)
            drawn = annotate(canvas, [Body(_points(height))]).astype(int)
            dark = (drawn.max(axis=2) < 60).sum()
            colored = (np.ptp(drawn, axis=2) > 60).sum()
            assert colored > dark

    def test_tags_of_small_bodies_in_large_pictures_are_small(self) -> None:
        with_tag = _changed(60, 4000, track_id=1)
        assert with_tag.sum() < 3500


#: Anything that a file may hold.
_NUMBERS = st.one_of(st.floats(width=64), st.floats(-50, 150))


@settings(max_examples=30, deadline=None)
@given(
    values=st.lists(_NUMBERS, min_size=66, max_size=66),
    confidence=st.lists(st.floats(width=32), min_size=33, max_size=33),
    track_id=st.one_of(st.none(), st.integers(-(10**12), 10**12)),
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    dtype=st.sampled_from(["uint8", "uint16", "float32", "float64", "float16"]),
    turned=st.booleans(),
)
def test_anything_can_be_drawn(
    values: list[float],
    confidence: list[float],
    track_id: int | None,
    size: tuple[int, int],
    dtype: str,
    turned: bool,
) -> None:
    picture = np.full((*size, 3), 0.4 if dtype.startswith("f") else 100).astype(dtype)
    picture = picture[::-1, ::-1] if turned else picture
    picture.setflags(write=False)
    body = Body(np.reshape(values, (33, 2)), np.array(confidence), track_id=track_id, score=0.5)
    style = DrawStyle(boxes=True, scores=True, angles=("left_knee", "right_hip"), alpha=0.7)
    for channels in ("rgb", "bgr"):
        drawn = annotate(picture, [body, body], style, channels=channels)
        assert (drawn.shape, drawn.dtype) == (picture.shape, picture.dtype)
    assert draw_angle(picture, body, "left_elbow").shape == picture.shape


def test_pictures_with_numbers_that_are_not_finite() -> None:
    picture = np.full((60, 60, 3), 0.5, np.float32)
    picture[20:40] = np.nan
    picture[0, 0] = np.inf
    drawn = annotate(picture, [Body(_points(30))])
    assert np.isfinite(drawn[25:35]).any()
    assert np.isinf(drawn[0, 0]).all()
    assert np.isnan(drawn[30, 5]).all()


class TestFigures:
    def test_left_is_orange_and_right_is_blue_and_joints_differ_by_dashes(self) -> None:
        joints = ("left_knee", "right_knee", "left_hip", "right_hip")
        (axes,) = plots.angle_figure(walking(20, 1), joints).axes
        colors = [line.get_color() for line in axes.lines]
        dashes = [line.get_linestyle() for line in axes.lines]
        assert (colors[0], colors[1]) == (colors[2], colors[3])
        assert (dashes[0], dashes[2]) == (dashes[1], dashes[3])
        assert len(set(colors)) == len(set(dashes)) == 2

    def test_landmarks_without_a_side_have_a_third_colour(self) -> None:
        figure = plots.landmark_figure(walking(20, 1), ("nose", "mouth_left", "mouth_right"))
        colors = [line.get_color() for line in figure.axes[0].lines]
        assert len(set(colors)) == 3

    def test_what_is_nearer_lies_over_what_is_farther(self) -> None:
        world = np.zeros((33, 3))
        world[:, 1] = np.linspace(-0.8, 0.8, 33)
        world[sorted(LEFT_LANDMARKS), 0], world[sorted(RIGHT_LANDMARKS), 0] = 0.2, -0.2
        front, from_left, _ = plots.pose_figure(world).axes
        order = [line.get_color() for line in from_left.lines]
        left, right = ("#{:02x}{:02x}{:02x}".format(*c) for c in (DEFAULT_STYLE.left, DEFAULT_STYLE.right))
        assert len(front.lines) == len(order) == len(POSE_CONNECTIONS)
        assert max(i for i, color in enumerate(order) if color == right) < order.index(left)
