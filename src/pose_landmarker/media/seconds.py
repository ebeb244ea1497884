"""Times and rates as exact fractions."""

from __future__ import annotations

import math
import numbers
from fractions import Fraction

from pose_landmarker.errors import OptionError, OptionTypeError

#: A century; more is a slip, and does not fit the clocks of video files.
MAX_SECONDS = 100 * 366 * 24 * 3600
#: Pictures a second; cameras for science reach a tenth of it.
MAX_RATE = 1_000_000
#: Video files keep both terms of a rate in 31 bits.
_LARGEST_TERM = (1 << 31) - 1


def as_seconds(name: str, value: object, *, wanted: str = "a number of seconds") -> Fraction:
    """``value`` as a fraction, or an error that names the option.

    Raises:
        OptionError: It is not finite.
        OptionTypeError: It is no number.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise OptionTypeError(f"{name} must be {wanted}, not {value!r} ({type(value).__name__})")
    if isinstance(value, numbers.Rational):
        return Fraction(int(value.numerator), int(value.denominator))
    if not math.isfinite(value):
        raise OptionError(f"{name} must be {wanted}, not {value}")
    return Fraction(float(value))


def as_bound(name: str, value: object) -> Fraction | None:
    """``value`` as a bound of times; None stays None.

    A float stands for all fractions that round to it, so that 0.1 does not leave out what happens at
    1/10, nor ``frame.time_s`` its own frame.

    Raises:
        OptionError: It is not finite.
        OptionTypeError: It is no number.
    """
    if value is None:
        return None
    seconds = as_seconds(name, value)
    if abs(seconds) > MAX_SECONDS:
        raise OptionError(f"{name} must be a number of seconds up to {MAX_SECONDS}, not {value}")
    if isinstance(value, numbers.Rational):
        return seconds
    return seconds - Fraction(math.ulp(float(seconds))) / 2


def as_rate(name: str, value: object) -> Fraction:
    """``value`` as pictures a second: 29.97 means 30000/1001, as everybody means it.

    Fractions stay as they are, as long as video files have room for them.

    Raises:
        OptionError: It is not finite or not above 0.
        OptionTypeError: It is no number.
    """
    wanted = "a number of pictures a second > 0"
    rate = as_seconds(name, value, wanted=wanted)
    if not 0 < rate <= MAX_RATE:
        raise OptionError(f"{name} must be {wanted} and ≤ {MAX_RATE}, not {value}")
    if isinstance(value, numbers.Rational) and max(rate.numerator, rate.denominator) <= _LARGEST_TERM:
        return rate
    ntsc = Fraction(math.ceil(rate) * 1000, 1001)
    if abs(rate - ntsc) < Fraction(1, 2000):
        return ntsc
    return max(rate.limit_denominator(1001), Fraction(1, 1001))
