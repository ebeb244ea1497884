"""The 1€ filter: little lag where things move, little jitter where they hold still.

G. Casiez, N. Roussel, D. Vogel: 1€ Filter: A Simple Speed-based Low-pass Filter for Noisy Input in
Interactive Systems, CHI 2012. As in the reference (one_euro_filter.cc), the speed comes from raw
values and may be divided by the size of what moves. State in, state out; any shape at once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pose_landmarker.arrays import DoubleArray

#: Sampling rate in Hz that the reference assumes until it knows two times
#: (landmarks_smoothing_calculator.proto: frequency).
DEFAULT_FREQUENCY = 30.0


@dataclass(frozen=True, slots=True)
class OneEuro:
    """Constants of a filter.

    Attributes:
        min_cutoff: Cutoff frequency of what holds still, Hz.
        beta: How much faster things move that pass with less lag: Hz for one unit (or one size of
            the object) a second.
        derivative_cutoff: Cutoff frequency of the speed, Hz.
    """

    min_cutoff: float
    beta: float
    derivative_cutoff: float = 1.0


class OneEuroState(NamedTuple):
    """What a filter remembers."""

    raw: DoubleArray
    """The last value given."""
    smoothed: DoubleArray
    """The last value returned."""
    speed: DoubleArray
    """Smoothed speed, units (or sizes of the object) a second."""


def one_euro(
    constants: OneEuro,
    state: OneEuroState | None,
    value: DoubleArray,
    *,
    interval_s: float,
    size: float = 1.0,
) -> OneEuroState:
    """Filter one more value.

    Args:
        constants: The filter's.
        state: What the last call returned, or None at the start: the first value passes as it is.
        value: Any shape.
        interval_s: Seconds since the last value.
        size: Of the object that moves, in the units of ``value``.

    Returns:
        The new state; its ``smoothed`` is the answer.
    """
    if state is None:
        return OneEuroState(value, value, np.zeros_like(value))
    speed = (value - state.raw) / (interval_s * size)
    speed = state.speed + smoothing_factor(constants.derivative_cutoff, interval_s) * (speed - state.speed)
    cutoff = constants.min_cutoff + constants.beta * np.abs(speed)
    factor = 1.0 / (1.0 + 1.0 / (2 * math.pi * interval_s * cutoff))
    return OneEuroState(value, state.smoothed + factor * (value - state.smoothed), speed)


def smoothing_factor(cutoff: float, interval_s: float) -> float:
    """Weight of a new value in an exponential filter with that cutoff frequency (Hz)."""
    return 1.0 / (1.0 + 1.0 / (2 * math.pi * cutoff * interval_s))
