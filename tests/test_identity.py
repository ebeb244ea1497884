"""Overlap, pairs, colours, exchanges: with literal arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pose_landmarker.appearance import Appearance, blend, difference, look_at
from pose_landmarker.association import body_distance, match, newest_win, region_overlap
from pose_landmarker.identity import Sighting, doubtful, exchanged, without_doubles
from pose_landmarker.landmark_net import Bodies
from pose_landmarker.results import Roi
from pose_landmarker.roi import steady_roi
from pose_landmarker.track import Track
from tests.people import skeleton

BLACK, WHITE = (10.0, 0.0, 0.0), (120.0, 0.0, 0.0)


def clothes(color: tuple[float, float, float]) -> Appearance:
    return Appearance(np.tile(np.array(color, np.float32), (5, 1)), np.ones(5, np.float32))


def track_at(number: int, x: float, color: tuple[float, float, float] = BLACK) -> Track:
    roi = Roi(x, 300.0, 200.0, 0.0)
    return Track(number, roi, 0, x, 300.0, 200.0, 0, appearance=clothes(color))


def sightings(
    *people: tuple[float, tuple[float, float, float], Track | None], size: float = 200.0
) -> list[Sighting]:
    rois = [Roi(x, 300.0, size, 0.0) for x, _, _ in people]
    ones = np.ones((len(people), 35), np.float32)
    bodies = Bodies(
        np.stack([skeleton(roi) for roi in rois]),
        np.zeros((len(people), 35, 3)),
        ones,
        ones,
        ones,
        ones[:, 0],
        None,
        rois,
    )
    return [
        Sighting(bodies, i, roi, roi, clothes(color), track, 0.9)
        for i, (roi, (_, color, track)) in enumerate(zip(rois, people, strict=True))
    ]


class TestAssociation:
    def test_overlap_of_regions(self) -> None:
        a = [Roi(50, 50, 100, 0.0), Roi(150, 50, 100, 1.0)]
        b = [Roi(50, 50, 100, 0.7), Roi(100, 50, 100, 0.0), Roi(500, 500, 10, 0.0)]
        np.testing.assert_allclose(region_overlap(a, b), [[1, 1 / 3, 0], [0, 1 / 3, 0]], atol=1e-12)
        assert region_overlap([], b).shape == (0, 3)

    def test_the_newest_region_wins(self) -> None:
        rois = [Roi(50, 50, 100, 0), Roi(500, 50, 100, 0), Roi(60, 50, 100, 0), Roi(55, 50, 100, 0)]
        assert newest_win(rois, 0.5) == [[1], [3, 2, 0]]
        assert newest_win(rois, 1.0) == [[0], [1], [2], [3]]

    def test_the_cheapest_pairs_first(self) -> None:
        costs = np.array([[0.2, 0.1], [0.3, np.inf]])
        assert match(costs) == [(0, 1), (1, 0)]
        assert match(costs, limit=0.15) == [(0, 1)]
        assert match(np.empty((0, 3))) == []
        assert match(np.array([[np.nan]])) == []

    @given(st.lists(st.lists(st.floats(0, 2), min_size=3, max_size=3), min_size=1, max_size=5))
    def test_nobody_is_matched_twice(self, costs: list[list[float]]) -> None:
        pairs = match(np.array(costs))
        assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
        assert all(costs[row][column] <= 1 for row, column in pairs)

    def test_distance_of_bodies(self) -> None:
        here, there = skeleton(Roi(100, 300, 200, 0)), skeleton(Roi(120, 300, 200, 0))
        assert body_distance(here, here, 200) == 0
        assert body_distance(here, there, 200) == pytest.approx(0.1)


class TestAppearance:
    def test_colours_of_a_body(self) -> None:
        image = np.zeros((600, 400, 3), np.uint8)
        image[:, :200], image[:, 200:] = (200, 0, 0), (0, 0, 200)
        visible = np.ones(33, np.float32)
        red, blue = (look_at(image, skeleton(Roi(x, 300, 200, 0))[:33, :2], visible) for x in (100.0, 300.0))
        assert difference(red, red) == 0
        assert difference(red, blue) == pytest.approx(difference(blue, red) or 0)
        assert (difference(red, blue) or 0) > 100

    def test_what_cannot_be_seen_says_nothing(self) -> None:
        image = np.zeros((100, 100, 3), np.uint8)
        outside = look_at(image, np.full((33, 2), 500.0), np.ones(33, np.float32))
        hidden = look_at(image, np.full((33, 2), 50.0), np.zeros(33, np.float32))
        nowhere = look_at(image, np.full((33, 2), np.nan), np.ones(33, np.float32))
        for nothing in (outside, hidden, nowhere):
            assert nothing.weights.sum() == 0
            assert difference(nothing, clothes(WHITE)) is None

    def test_blending(self) -> None:
        half = blend(clothes(BLACK), clothes(WHITE), 0.5)
        np.testing.assert_allclose(half.colors[:, 0], 65)


class TestIdentity:
    def test_a_body_found_twice_belongs_to_whom_it_fits(self) -> None:
        one, other = track_at(1, 300, BLACK), track_at(2, 310, WHITE)
        left = without_doubles(sightings((300, WHITE, one), (301, WHITE, other)), 33)
        assert [s.track for s in left] == [other]
        assert one.roi is None
        assert one.hidden_by == 2

    def test_two_bodies_are_two(self) -> None:
        one, other = track_at(1, 300), track_at(2, 330)
        assert len(without_doubles(sightings((300, BLACK, one), (330, BLACK, other)), 33)) == 2

    def test_doubts(self) -> None:
        track = track_at(1, 300, BLACK)
        (same,), (else_,) = sightings((300, BLACK, track)), sightings((300, WHITE, track))
        assert not doubtful(track, same)
        assert doubtful(track, else_)
        assert not doubtful(track, else_._replace(near=True)), "those colours may be a neighbour's"

    def test_who_took_the_others_number_gives_it_back(self) -> None:
        hider, hidden = track_at(1, 300, BLACK), track_at(2, 300, WHITE)
        hidden.lose(hidden_by=1)
        here, there = sightings((300, WHITE, hider), (500, BLACK, None))
        assert exchanged([(hider, here), (hidden, there)]) == [(hidden, here), (hider, there)]
        fitting = sightings((300, BLACK, hider), (500, WHITE, None))
        assert [t for t, _ in exchanged([(hider, fitting[0]), (hidden, fitting[1])])] == [hider, hidden]
        assert exchanged([(hider, here)]) == [(hider, here)]


class TestSteadyRegions:
    def test_hold_still_until_left_clearly(self) -> None:
        first = steady_roi(Roi(500.2, 300.1, 400.0, 0.03), None)
        pitch = first.size / 24
        near = Roi(first.center_x + 0.7 * pitch, first.center_y, first.size, first.rotation)
        far = Roi(first.center_x + 0.9 * pitch, first.center_y, first.size, first.rotation)
        assert steady_roi(near, first) == first
        assert steady_roi(far, first).center_x == pytest.approx(first.center_x + pitch)

    @given(st.floats(-2000, 2000), st.floats(-2000, 2000), st.floats(1, 5000), st.floats(-3.14, 3.14))
    def test_are_near(self, x: float, y: float, size: float, rotation: float) -> None:
        roi = Roi(x, y, size, rotation)
        steady = steady_roi(roi, None)
        assert abs(steady.center_x - x) <= steady.size / 24
        assert abs(steady.center_y - y) <= steady.size / 24
        assert abs(np.log2(steady.size / size)) <= 1 / 12
        assert steady_roi(steady, steady) == steady
        assert abs(np.angle(np.exp(1j * (steady.rotation - rotation)))) <= np.radians(4)
