"""The filters, against an independent implementation of the published algorithm, number by number."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pose_landmarker.filters import REFERENCE_SMOOTHING, Smoothing
from pose_landmarker.one_euro import OneEuro, OneEuroState, one_euro
from pose_landmarker.smoothing import SmoothingState, smooth


class PublishedOneEuro:
    """One number at a time, written after the paper and the reference's description; for comparison."""

    def __init__(
        self, min_cutoff: float, beta: float, derivative_cutoff: float, *, zero_unknown: bool
    ) -> None:
        self.min_cutoff, self.beta, self.d_cutoff = min_cutoff, beta, derivative_cutoff
        self.zero_unknown = zero_unknown
        self.last: tuple[float, float, float, float] | None = None  # time, raw, filtered, derivative

    def __call__(self, t: float, x: float, scale: float) -> float:
        if self.last is None:
            self.last = (t, x, x, 0.0)
            return x
        t0, raw, filtered, derivative = self.last
        frequency = 30.0 if self.zero_unknown and t0 == 0 else 1 / (t - t0)
        d_alpha = self.alpha(self.d_cutoff, frequency)
        derivative = d_alpha * ((x - raw) * frequency / scale) + (1 - d_alpha) * derivative
        alpha = self.alpha(self.min_cutoff + self.beta * abs(derivative), frequency)
        filtered = alpha * x + (1 - alpha) * filtered
        self.last = (t, x, filtered, derivative)
        return filtered

    @staticmethod
    def alpha(cutoff: float, frequency: float) -> float:
        return 1 / (1 + frequency / (2 * math.pi * cutoff))


def run(constants: Smoothing, times_ms: list[int], points: Any, sizes: Any) -> list[SmoothingState]:
    states: list[SmoothingState] = []
    for t, p, size in zip(times_ms, points, sizes, strict=True):
        states.append(
            smooth(
                constants,
                states[-1] if states else None,
                points=p,
                world=p / 300,
                visibility=np.abs(np.sin(p[:, 0])).astype(np.float32),
                size=float(size),
                time_ms=t,
            )
        )
    return states


TIMES = {
    "15 fps": [round(i * 1000 / 15) for i in range(40)],
    "30 fps": [round(i * 1000 / 30) for i in range(60)],
    "60 fps": [7 + round(i * 1000 / 60) for i in range(60)],
    "irregular": [0, 3, 50, 51, 400, 433, 470, 1000, 9000, 9033],
}


@pytest.mark.parametrize("constants", [REFERENCE_SMOOTHING, Smoothing(), Smoothing(min_cutoff=1.5, beta=0.0)])
@pytest.mark.parametrize("name", TIMES)
def test_equals_an_independent_implementation(name: str, constants: Smoothing) -> None:
    times_ms = TIMES[name]
    rng = np.random.default_rng(3)
    points = 500 + np.cumsum(rng.normal(0, 6, (len(times_ms), 33, 3)), axis=0)
    sizes = rng.uniform(200, 400, len(times_ms))
    states = run(constants, times_ms, points, sizes)
    for j, axis in ((0, 0), (15, 1), (32, 2)):
        image = PublishedOneEuro(
            constants.min_cutoff, constants.beta, 1.0, zero_unknown=constants.zero_is_unknown
        )
        world = PublishedOneEuro(
            constants.world_min_cutoff, constants.world_beta, 1.0, zero_unknown=constants.zero_is_unknown
        )
        visibility: float | None = None
        for t, p, size, state in zip(times_ms, points, sizes, states, strict=True):
            assert state.image.smoothed[j, axis] == pytest.approx(image(t / 1000, p[j, axis], size), abs=1e-9)
            assert state.world.smoothed[j, axis] == pytest.approx(
                world(t / 1000, p[j, axis] / 300, 1.0), abs=1e-9
            )
            now = float(np.float32(abs(math.sin(p[j, 0]))))
            visibility = now if visibility is None else 0.1 * now + 0.9 * visibility
            assert state.visibility[j] == pytest.approx(visibility, abs=1e-5)


def test_the_first_value_passes() -> None:
    value = np.array([[1.0, 2.0, 3.0]])
    state = one_euro(OneEuro(0.05, 80.0), None, value, interval_s=1 / 30)
    np.testing.assert_array_equal(state.smoothed, value)


def test_a_time_of_zero_is_known_unless_parity_asks() -> None:
    """The reference takes a first timestamp of 0 for none and assumes 30 Hz."""
    points = np.zeros((2, 33, 3))
    points[1] = 10.0
    late, early = ([100, 140], [0, 40])

    def second(constants: Smoothing, times_ms: list[int]) -> float:
        return float(run(constants, times_ms, points, [300.0, 300.0])[1].image.smoothed[0, 0])

    assert second(Smoothing(), early) == second(Smoothing(), late)
    assert second(REFERENCE_SMOOTHING, late) == second(Smoothing(), late)
    assert second(REFERENCE_SMOOTHING, early) != second(Smoothing(), early)
    assert second(REFERENCE_SMOOTHING, early) == pytest.approx(second(Smoothing(), [100, 133]), abs=0.02)


def half_way(fps: int) -> float:
    """Where a filter is in the middle of a movement that takes a second."""
    state: OneEuroState | None = None
    for i in range(fps + 1):
        value = np.array([float(np.clip(i / fps - 0.5, 0, 1))])
        state = one_euro(OneEuro(0.5, 1.0), state, value, interval_s=1 / fps)
    assert state is not None
    return float(state.smoothed[0])


@pytest.mark.parametrize("fps", [15, 30, 60])
def test_the_same_movement_at_any_rate(fps: int) -> None:
    """Durations count, not frames."""
    assert 0.2 < half_way(240) < 0.45
    assert half_way(fps) == pytest.approx(half_way(240), abs=0.03)


@given(
    st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=30),
    st.lists(st.integers(1, 5000), min_size=30, max_size=30),
)
@settings(deadline=None)
def test_never_leaves_the_range_of_its_values(values: list[float], gaps: list[int]) -> None:
    state: OneEuroState | None = None
    for value, gap in zip(values, gaps, strict=False):
        state = one_euro(OneEuro(0.05, 80.0), state, np.array([value]), interval_s=gap / 1000, size=300.0)
    assert state is not None
    assert min(values) - 1e-6 <= state.smoothed[0] <= max(values) + 1e-6
    assert np.isfinite(state.speed).all()


def test_inputs_are_not_written_to() -> None:
    value = np.ones((33, 3))
    value.setflags(write=False)
    state = one_euro(OneEuro(0.05, 80.0), None, value, interval_s=0.1)
    before = state.smoothed.copy()
    one_euro(OneEuro(0.05, 80.0), state, value + 1, interval_s=0.1)
    np.testing.assert_array_equal(state.smoothed, before)
