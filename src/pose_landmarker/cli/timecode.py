"""Times and rates as people write them, exactly: 12.5, 1:02.5, 1:00:00; 25 and 30000/1001."""

from __future__ import annotations

import re
from fractions import Fraction

from pose_landmarker.errors import OptionError

_TIME = re.compile(r"(?:(?:(\d{1,6}):)?(\d{1,6}):)?(\d{1,9}(?:\.\d{0,12})?|\.\d{1,12})", re.ASCII)

_MOST_FPS = 1000


def parse_time(name: str, text: str) -> Fraction:
    """Seconds that a text such as ``12.5``, ``1:02.5`` or ``1:00:00`` means.

    Args:
        name: Of the option, for the error.
        text: As typed.

    Raises:
        OptionError: It is no time.
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise OptionError(f"{name} must be a time like 12.5, 1:02.5 or 1:00:00, not {text!r}")
    hours, minutes, seconds = match.groups()
    if (minutes and Fraction(seconds) >= 60) or (hours and int(minutes) >= 60):
        raise OptionError(f"{name} {text} has a minute or an hour of 60 and more")
    return 3600 * int(hours or 0) + 60 * int(minutes or 0) + Fraction(seconds)


def parse_rate(name: str, text: str) -> Fraction:
    """Pictures a second that a text such as ``25`` or ``30000/1001`` means.

    Raises:
        OptionError: It is no rate.
    """
    try:
        rate = Fraction(text)
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not 0 < rate <= _MOST_FPS:
        raise OptionError(f"{name} must be a rate such as 25 or 30000/1001, not {text!r}")
    return rate


def format_time(seconds: float | Fraction) -> str:
    """``0:12.3`` or ``1:00:00.0``; rounded down, so that it never names a time not yet reached."""
    tenths = int(seconds * 10)
    minutes, tenths = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours}:{minutes:02}" if hours else f"{minutes}"
    return f"{clock}:{tenths // 10:02}.{tenths % 10}"


def format_duration(seconds: float) -> str:
    """``40 s``, ``12 min`` or ``3.5 h``: about how long something takes."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
