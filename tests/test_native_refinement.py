"""Landmarks moved to their heat maps, by the kernel and by numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pose_landmarker.arrays import FloatArray
from pose_landmarker.decoding import refine, refine_by_numpy
from tests.conftest import needs_native

pytestmark = needs_native


def _refined_alike(points: FloatArray, heatmaps: FloatArray) -> FloatArray:
    """The landmarks, moved by the kernel; numpy must agree."""
    before, (found, peaks) = points.copy(), refine(points, heatmaps)
    by_numpy, peaks_by_numpy = refine_by_numpy(points, heatmaps)
    np.testing.assert_allclose(found, by_numpy, rtol=0, atol=2e-6)
    np.testing.assert_array_equal(peaks, peaks_by_numpy)
    np.testing.assert_array_equal(points, before)
    assert found.dtype == np.float32
    return found


class TestRefinement:
    # Sides are powers of two: with others, a point on the edge of a cell may be rounded into the next one.
    @pytest.mark.parametrize(("height", "width"), [(64, 64), (32, 64), (4, 8), (1, 1), (2, 64)])
    @pytest.mark.parametrize(("landmarks", "depth"), [(1, 1), (35, 39), (35, 48)])
    def test_random_maps(self, height: int, width: int, landmarks: int, depth: int) -> None:
        random = np.random.default_rng(height + depth)
        heatmaps = random.normal(-2, 3, (3, height, width, depth)).astype(np.float32)
        points = random.uniform(-0.3, 1.3, (3, landmarks, 2)).astype(np.float32)
        found = _refined_alike(points, heatmaps)
        outside = ((points < -1) | (points >= 1)).any(axis=2)
        np.testing.assert_array_equal(found[outside], points[outside])
        assert landmarks == 1 or (found != points).any()

    def test_what_the_padding_holds_is_of_no_meaning(self) -> None:
        random = np.random.default_rng(4)
        heatmaps = random.normal(-2, 3, (2, 64, 64, 48)).astype(np.float32)
        points = random.uniform(0, 1, (2, 35, 2)).astype(np.float32)
        found = _refined_alike(points, heatmaps)
        heatmaps[..., 35:] = np.nan
        np.testing.assert_array_equal(_refined_alike(points, heatmaps), found)

    @pytest.mark.parametrize(
        "place",
        [
            *[(np.nan, 0.5), (0.5, np.nan), (np.inf, 0.5), (-np.inf, 0.5), (0.5, np.inf), (3e38, -3e38)],
            *[(1.0, 0.5), (0.5, 1.0), (-1 / 64, 0.5), (0.5, -1.0), (1.0 + 1e-7, 0.5)],
        ],
    )
    def test_points_outside_stay(self, place: tuple[float, float]) -> None:
        points = np.array([[place, (0.5, 0.5)]], np.float32)
        found = _refined_alike(points, np.full((1, 64, 64, 2), 3, np.float32))
        np.testing.assert_array_equal(found[0, 0], points[0, 0])
        assert found[0, 1] == pytest.approx([32 / 64, 32 / 64])

    @pytest.mark.parametrize("place", [(-0.015, 0.5), (0.5, -0.015), (0.0, 0.0), (0.99999994, 0.99999994)])
    def test_points_just_inside_move(self, place: tuple[float, float]) -> None:
        points = np.array([[place]], np.float32)
        found = _refined_alike(points, np.full((1, 64, 64, 1), 3, np.float32))
        assert (found != points).any()

    def test_certain_and_impossible_cells(self) -> None:
        heatmaps = np.full((1, 64, 64, 1), -np.inf, np.float32)
        points = np.array([[[0.5, 0.5]]], np.float32)
        np.testing.assert_array_equal(_refined_alike(points, heatmaps), points)
        heatmaps[0, 34, 30] = np.inf
        np.testing.assert_array_equal(_refined_alike(points, heatmaps), [[[30 / 64, 34 / 64]]])
        heatmaps[0, 34, 34] = 88.0
        np.testing.assert_array_equal(_refined_alike(points, heatmaps), [[[32 / 64, 34 / 64]]])

    def test_doubles_and_strange_layouts(self) -> None:
        random = np.random.default_rng(6)
        heatmaps = random.normal(-2, 3, (2, 39, 64, 64)).astype(np.float32).transpose(0, 2, 3, 1)
        points = random.uniform(0, 1, (2, 39, 3))[..., :2]
        wanted = refine_by_numpy(points.astype(np.float32), heatmaps)[0]
        np.testing.assert_allclose(refine(points.astype(np.float32), heatmaps)[0], wanted, atol=2e-6)
        in_order = np.ascontiguousarray(heatmaps)
        np.testing.assert_allclose(
            refine(points.astype(np.float32)[:, ::-1], in_order[..., ::-1])[0], wanted[:, ::-1], atol=2e-6
        )
        np.testing.assert_allclose(refine(points.astype(np.float32), in_order)[0], wanted, atol=2e-6)

    @given(
        st.lists(st.tuples(st.floats(width=32), st.floats(width=32)), min_size=3, max_size=3),
        st.integers(0, 99),
    )
    @settings(derandomize=True, max_examples=60, deadline=None)
    def test_any_point(self, places: list[tuple[float, float]], seed: int) -> None:
        heatmaps = np.random.default_rng(seed).normal(-2, 3, (1, 64, 64, 3)).astype(np.float32)
        _refined_alike(np.array([places], np.float32), heatmaps)
