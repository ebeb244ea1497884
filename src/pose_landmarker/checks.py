"""Checks of single values: the value in its plain type, or an error that says what is wanted."""

from __future__ import annotations

import math
import operator
import re

import numpy as np

from pose_landmarker.errors import OptionError, OptionTypeError


def check_integer(name: str, value: object, *, low: int, high: int | None = None) -> int:
    """``value`` as an ``int`` in [low, high], or an error that names the option."""
    wanted = f"a whole number ≥ {low}" if high is None else f"a whole number from {low} to {high}"
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = None
    if number is None or isinstance(value, bool):
        raise OptionTypeError(f"{name} must be {wanted}, not {value!r} ({type(value).__name__})")
    if number < low or (high is not None and number > high):
        raise OptionError(f"{name} must be {wanted}, not {number}")
    return number


def check_fraction(name: str, value: object) -> float:
    """``value`` as a ``float`` in [0, 1], or an error that names the option."""
    if isinstance(value, (bool, str, bytes)) or not hasattr(value, "__float__"):
        raise OptionTypeError(f"{name} must be a number from 0 to 1, not {value!r} ({type(value).__name__})")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):  # an array, say
        raise OptionTypeError(f"{name} must be a number from 0 to 1, not {value!r}") from None
    if not 0.0 <= number <= 1.0:
        raise OptionError(f"{name} must be a number from 0 to 1, not {number}")
    return number


def check_positive(name: str, value: object, *, zero: bool = False) -> float:
    """``value`` as a finite ``float`` above 0 (or of 0 and more), or an error that names the option."""
    wanted = f"a number {'≥' if zero else '>'} 0"
    if isinstance(value, (bool, str, bytes)) or not hasattr(value, "__float__"):
        raise OptionTypeError(f"{name} must be {wanted}, not {value!r} ({type(value).__name__})")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):  # an array, say
        raise OptionTypeError(f"{name} must be {wanted}, not {value!r}") from None
    if not math.isfinite(number) or number < 0.0 or (number == 0.0 and not zero):
        raise OptionError(f"{name} must be {wanted}, not {number}")
    return number


def check_flag(name: str, value: object) -> bool:
    """``value`` if it is a ``bool``, or an error that names the option."""
    if not isinstance(value, (bool, np.bool_)):
        raise OptionTypeError(f"{name} must be True or False, not {value!r} ({type(value).__name__})")
    return bool(value)


def check_choice(name: str, value: object, choices: tuple[str, ...]) -> str:
    """``value`` if it is one of ``choices``, or an error that lists them."""
    wanted = " or ".join((", ".join(map(repr, choices[:-1])), repr(choices[-1])))
    if not isinstance(value, str):
        raise OptionTypeError(f"{name} must be {wanted}, not {value!r} ({type(value).__name__})")
    if value not in choices:
        raise OptionError(f"{name} must be {wanted}, not {value!r}")
    return value


def check_device(value: object) -> str:
    """``value`` if it names a device that a network may run on, or an error that says what does."""
    wanted = "'cpu', 'cuda' or a numbered one such as 'cuda:1'"
    if not isinstance(value, str):
        raise OptionTypeError(f"device must be {wanted}, not {value!r} ({type(value).__name__})")
    if not re.fullmatch("cpu|cuda(:(0|[1-9][0-9]?))?", value, re.ASCII):
        raise OptionError(f"device must be {wanted}, not {value!r}")
    return value
