"""Names and numbers of a report as people read them; names are of strangers and harm nothing."""

from __future__ import annotations

import html
import math
import unicodedata
from typing import Final

#: Longer texts lose their middle: the beginning tells where a file is, the end which it is.
_LONGEST: Final = 110
#: What would end or turn a line, be invisible or be no character at all: it is written as an escape.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINER: Final = "\u200d"  # of emoji
_SIZES: Final = ("B", "kB", "MB", "GB", "TB", "PB")


def visible(text: str) -> str:
    """A text with escapes, as of a string in Python, in place of what cannot be seen."""
    return "".join(c if c == _JOINER or unicodedata.category(c) not in _UNSEEN else _escape(c) for c in text)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def escaped(text: object) -> str:
    """Any text as HTML, for elements and for attributes."""
    return html.escape(visible(str(text)))


def shortened(text: str, longest: int = _LONGEST) -> str:
    """A text, without its middle if it is long."""
    if len(text) <= longest:
        return text
    first = longest // 3
    return f"{text[:first]}…{text[first + 1 - longest :]}"


def name(text: object, longest: int = _LONGEST) -> str:
    """The name of a file as HTML; all of it shows when it is pointed at."""
    whole = str(text)
    short = shortened(whole, longest)
    title = "" if short == whole else f' title="{escaped(shortened(whole, 4096))}"'
    shown = escaped(short) if short.strip() else '<span class="soft">(no name)</span>'
    return f'<bdi dir="ltr" class="name"{title}>{shown}</bdi>'


def prose(text: object, longest: int = 400) -> str:
    """A sentence that may be of any length and content, as HTML."""
    return f'<bdi dir="ltr" class="prose">{escaped(shortened(str(text), longest))}</bdi>'


def count(number: float) -> str:
    """``12,345``."""
    return f"{number:,.0f}"


def counted(number: int, one: str, many: str | None = None) -> str:
    """``1 file``, ``12,345 files``."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def short_count(number: float) -> str:
    """``950``, ``12k``, ``3.4M``: for axes."""
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= limit:
            return f"{number / limit:.3g}{unit}"
    return f"{number:.3g}"


def percent(part: float, whole: float) -> str:
    """``12.3 %``; never a round 0 or 100 where it is not."""
    if not whole:
        return "–"
    share = 100.0 * part / whole
    if 0.0 < share < 0.1:
        return "< 0.1 %"
    if 99.9 < share < 100.0:
        return "> 99.9 %"
    return f"{share:.0f} %" if share in (0.0, 100.0) or share >= 99.95 else f"{share:.1f} %"


def size(number: float) -> str:
    """``1.4 GB``."""
    for unit in _SIZES:
        if number < 999.5 or unit == _SIZES[-1]:
            break
        number /= 1000
    return f"{number:.0f} {unit}" if unit == "B" or number >= 99.5 else f"{number:.1f} {unit}"


def duration(seconds: float) -> str:
    """``2 d 3 h``, ``3 h 12 min``, ``4 min 5 s``, ``3.2 s``."""
    if not math.isfinite(seconds):
        return "–"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{count(hours // 24)} d {hours % 24} h"


def rate(number: float) -> str:
    """``0.52``, ``12.5``, ``1,234``."""
    if number >= 99.5:
        return count(number)
    return f"{number:.1f}" if number >= 10 else f"{number:.2f}"
