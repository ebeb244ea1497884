"""Charts as SVG: one small function each, colours from the page's style, texts escaped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from pose_landmarker.batch.report_words import count, escaped, percent, short_count

_WIDTH: Final = 360  # as wide as on a phone, so that texts keep their size
_LEFT: Final = 42
_RIGHT: Final = 8
_TOP: Final = 12
_PLOT: Final = 140
_ROW: Final = 22


class Spread(NamedTuple):
    """Some values in short.

    Attributes:
        first: Number of the first of them, from 0.
        last: Of the last one.
        low: A quarter of them is below.
        middle: Half of them is.
        high: A quarter is above.
    """

    first: int
    last: int
    low: float
    middle: float
    high: float


def columns(counts: Sequence[int], labels: Sequence[str], *, says: str, axis: str, every: int = 1) -> str:
    """Upright bars side by side.

    Args:
        counts: Of each bar.
        labels: Below them.
        says: The chart in a sentence, for those who cannot see it.
        axis: What the labels are.
        every: Only each so-many-th label is written.
    """
    top = nice(max(counts, default=0))
    step = (_WIDTH - _LEFT - _RIGHT) / max(1, len(counts))
    gap = min(4.0, 0.12 * step)
    whole, parts = sum(counts), _scale(top)
    for i, (number, label) in enumerate(zip(counts, labels, strict=True)):
        high = _PLOT * number / top
        high = max(high, 1.5) if number else 0.0  # the few are there as well
        x = _LEFT + i * step
        tip = f"{label}: {count(number)} ({percent(number, whole)})"
        parts.append(
            f'<rect class="bar" x="{x + gap / 2:.1f}" y="{_TOP + _PLOT - high:.1f}" '
            f'width="{step - gap:.1f}" height="{high:.1f}"><title>{escaped(tip)}</title></rect>'
        )
        if i % every == 0:
            parts.append(_text(x + step / 2, _TOP + _PLOT + 16, label, "middle"))
    parts.append(_text((_LEFT + _WIDTH) / 2, _TOP + _PLOT + 36, axis, "middle"))
    return _svg(_TOP + _PLOT + 42, says, parts)


def rows(counts: Sequence[int], labels: Sequence[str], *, says: str, labels_width: int = 92) -> str:
    """Bars one below the other, with their numbers."""
    top, whole, parts = max(counts, default=0) or 1, sum(counts), []
    room = _WIDTH - labels_width - 104
    for i, (number, label) in enumerate(zip(counts, labels, strict=True)):
        y, length = i * _ROW + 4, max(room * number / top, 1.5 if number else 0.0)
        parts.append(_text(labels_width - 8, y + 12, label, "end"))
        parts.append(
            f'<rect class="bar" x="{labels_width}" y="{y}" width="{length:.1f}" height="{_ROW - 6}"/>'
        )
        said = f"{count(number)} · {percent(number, whole)}" if number else "0"
        parts.append(_text(labels_width + length + 6, y + 12, said, "start"))
    return _svg(len(counts) * _ROW + 6, says, parts)


def spreads(values: Sequence[Spread], *, says: str, axis: str) -> str:
    """A line through the middles in a band from a quarter to three quarters, or points of single values."""
    top = nice(max((spread.high for spread in values), default=0.0), whole=False)
    last = max(1, values[-1].last if values else 1)
    room = _WIDTH - _LEFT - _RIGHT - 8

    def x(spread: Spread) -> float:
        return _LEFT + 4 + room * (spread.first + spread.last) / 2 / last

    def y(value: float) -> float:
        return _TOP + _PLOT * (1 - value / top)

    parts = _scale(top)
    upper = [f"{x(s):.1f},{y(s.high):.1f}" for s in values]
    lower = [f"{x(s):.1f},{y(s.low):.1f}" for s in reversed(values)]
    if any(s.high > s.low for s in values):
        parts.append(f'<polygon class="band" points="{" ".join(upper + lower)}"/>')
        line = " ".join(f"{x(s):.1f},{y(s.middle):.1f}" for s in values)
        parts.append(f'<polyline class="line" points="{line}"/>')
    for s in values:
        numbers = (
            f"file {count(s.first + 1)}"
            if s.first == s.last
            else f"files {count(s.first + 1)}–{count(s.last + 1)}"
        )
        tip = f"{numbers}: {s.middle:.1f} frames/s"
        dot = (
            f'<circle class="dot" cx="{x(s):.1f}" cy="{y(s.middle):.1f}" r="{3 if len(values) < 50 else 2}">'
        )
        parts.append(f"{dot}<title>{tip}</title></circle>")
    parts.append(_text(_LEFT + 4, _TOP + _PLOT + 16, "1", "middle"))
    if last > 1 or values:
        parts.append(_text(_WIDTH - _RIGHT, _TOP + _PLOT + 16, count(last + 1), "end"))
    parts.append(_text((_LEFT + _WIDTH) / 2, _TOP + _PLOT + 36, axis, "middle"))
    return _svg(_TOP + _PLOT + 42, says, parts)


def shares(parts: Sequence[tuple[str, int]], *, says: str) -> str:
    """One bar of several parts, each with a class of the style."""
    whole = sum(number for _, number in parts) or 1
    x, drawn = 0.0, []
    for style, number in parts:
        if number:
            width = max(1000 * number / whole, 3.0)  # one failure of 10,000 shows
            drawn.append(f'<rect class="{style}" x="{x:.1f}" y="0" width="{width:.1f}" height="10"/>')
            x += width
    return (
        f'<svg class="shares" viewBox="0 0 {max(x, 1):.1f} 10" preserveAspectRatio="none" role="img" '
        f'aria-label="{escaped(says)}">{"".join(drawn)}</svg>'
    )


def svg(width: int, height: int, says: str, parts: Sequence[str]) -> str:
    """A drawing of a width and height that fits into its place."""
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escaped(says)}">{"".join(parts)}</svg>'
    )


def label(x: float, y: float, text: str, anchor: str, style: str = "") -> str:
    """A text in a drawing: ``anchor`` is start, middle or end."""
    kind = f' class="{style}"' if style else ""
    return f'<text{kind} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escaped(text)}</text>'


def nice(number: float, *, whole: bool = True) -> float:
    """The next round number, for the end of a scale."""
    if number <= 0:
        return 1.0
    unit = 10.0 ** (len(str(int(number))) - 1) if number >= 1 else 0.1
    while not whole and unit > number:
        unit /= 10
    for factor in (1, 1.5, 2, 3, 4, 5, 6, 8, 10):
        if factor * unit >= number:
            return max(1.0, factor * unit) if whole else factor * unit
    return 10 * unit


def _scale(top: float) -> list[str]:
    """Lines across at nothing, half and all of a scale."""
    parts = []
    for share in (0.0, 0.5, 1.0):
        y = _TOP + _PLOT * (1 - share)
        parts.append(f'<line class="grid" x1="{_LEFT}" y1="{y:.1f}" x2="{_WIDTH - _RIGHT}" y2="{y:.1f}"/>')
        if share != 0.5 or top >= 2 or top < 1:
            parts.append(_text(_LEFT - 6, y + 4, short_count(top * share), "end"))
    return parts


def _svg(height: int, says: str, parts: Sequence[str]) -> str:
    return svg(_WIDTH, height, says, parts)


_text = label
