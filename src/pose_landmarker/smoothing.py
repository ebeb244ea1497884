"""Less jitter over time: one person's landmarks, filtered from frame to frame."""

from __future__ import annotations

from typing import NamedTuple

from pose_landmarker.arrays import DoubleArray, FloatArray
from pose_landmarker.filters import Smoothing
from pose_landmarker.one_euro import DEFAULT_FREQUENCY, OneEuro, OneEuroState, one_euro


class SmoothingState(NamedTuple):
    """What smoothing remembers of one person."""

    time_ms: int
    image: OneEuroState
    world: OneEuroState
    visibility: FloatArray


def smooth(
    constants: Smoothing,
    state: SmoothingState | None,
    *,
    points: DoubleArray,
    world: DoubleArray,
    visibility: FloatArray,
    size: float,
    time_ms: int,
) -> SmoothingState:
    """Filter one more frame of a person (pose_landmarks_detector_graph.cc: smoothing calculators).

    Args:
        constants: Of the filters.
        state: What the last call returned, or None at the first frame, which passes as it is.
        points: (N, 3) image pixels.
        world: (N, 3) metres.
        visibility: (N,) in [0, 1].
        size: Side of the person's region in the next frame, pixels: speeds are counted in it.
        time_ms: Of the frame, later than that of the last call.

    Returns:
        The new state, which holds the filtered arrays.
    """
    interval_s = _interval_s(constants, state, time_ms)
    return SmoothingState(
        time_ms,
        one_euro(
            OneEuro(constants.min_cutoff, constants.beta, constants.derivative_cutoff),
            None if state is None else state.image,
            points,
            interval_s=interval_s,
            size=size,
        ),
        one_euro(
            OneEuro(constants.world_min_cutoff, constants.world_beta, constants.derivative_cutoff),
            None if state is None else state.world,
            world,
            interval_s=interval_s,
        ),
        visibility
        if state is None
        else state.visibility + constants.visibility_alpha * (visibility - state.visibility),
    )


def _interval_s(constants: Smoothing, state: SmoothingState | None, time_ms: int) -> float:
    if state is None or (constants.zero_is_unknown and state.time_ms == 0):
        return 1.0 / DEFAULT_FREQUENCY
    return (time_ms - state.time_ms) / 1000.0
