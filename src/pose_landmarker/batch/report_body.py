"""How well each landmark is seen, as a body and as bars of both its sides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from pose_landmarker.batch.report_charts import label, svg
from pose_landmarker.topology import LANDMARK_NAMES, LEFT_LANDMARKS, MIRROR, POSE_CONNECTIONS

#: Where each landmark of a body that faces us stands: of the middle and of its left side.
_PLACES: Final = {
    0: (110, 58),
    1: (118, 46),
    2: (126, 44),
    3: (133, 47),
    7: (143, 58),
    9: (119, 74),
    11: (147, 112),
    13: (166, 172),
    15: (176, 228),
    17: (188, 252),
    19: (180, 258),
    21: (168, 246),
    23: (133, 232),
    25: (138, 314),
    27: (140, 392),
    29: (133, 408),
    31: (154, 414),
}
_AXIS: Final = 110
_WIDTH: Final = 420
_ROW: Final = 19


def body(shares: Sequence[float]) -> str:
    """A body whose points are the fuller, the more often they are seen.

    Args:
        shares: Of the 33 landmarks, from 0 to 1.
    """
    places = [_place(i) for i in range(len(LANDMARK_NAMES))]
    parts = [_edge(places[a], places[b]) for a, b in POSE_CONNECTIONS]
    parts.append(_edge(_between(places[11], places[12]), (_AXIS, 88)))
    parts.append(f'<ellipse class="bone" cx="{_AXIS}" cy="58" rx="33" ry="36"/>')
    for i, (x, y) in enumerate(places):
        radius = 4.5 if i < 11 else 4 if 17 <= i <= 22 else 8
        inner = (radius - 1) * math.sqrt(min(max(shares[i], 0.0), 1.0))  # its area is the share
        parts.append(
            f'<circle class="joint-back" cx="{x}" cy="{y}" r="{radius}"/>'
            f'<circle class="joint" cx="{x}" cy="{y}" r="{inner:.2f}">'
            f"<title>{_words(i)}: {100 * shares[i]:.0f} %</title></circle>"
        )
    parts += [label(20, 20, "right", "start"), label(200, 20, "left", "end")]
    return svg(220, 430, "A body whose points are the fuller, the more often they are seen", parts)


def sides(shares: Sequence[float]) -> str:
    """Bars of every landmark: those of the right side to the left, as on a body that faces us."""
    rows = [i for i in range(len(LANDMARK_NAMES)) if i == 0 or i in LEFT_LANDMARKS]
    parts = [
        label(_WIDTH / 2 - 64, 12, "right side", "end"),
        label(_WIDTH / 2 + 64, 12, "left side", "start"),
    ]
    for row, i in enumerate(rows):
        y = 20 + row * _ROW
        parts.append(label(_WIDTH / 2, y + 12, _words(i).replace("left ", "").replace(" left", ""), "middle"))
        parts += [_bar(shares[i], y, right=False)]
        if MIRROR[i] != i:
            parts.append(_bar(shares[MIRROR[i]], y, right=True))
    said = ", ".join(f"{_words(i)} {100 * share:.0f} %" for i, share in enumerate(shares))
    return svg(_WIDTH, 22 + len(rows) * _ROW, f"How often landmarks are seen: {said}", parts)


def _bar(share: float, y: float, *, right: bool) -> str:
    """A bar and its number; the person's right is on our left."""
    length, turn = 100 * share, -1 if right else 1
    start = _WIDTH / 2 + 64 * turn
    x = start - length if right else start
    return f'<rect class="bar" x="{x:.1f}" y="{y + 1}" width="{length:.1f}" height="{_ROW - 5}"/>' + label(
        start + turn * (length + 5), y + 12, f"{100 * share:.0f}", "end" if right else "start"
    )


def _place(i: int) -> tuple[float, float]:
    if i in _PLACES:
        return _PLACES[i]
    x, y = _PLACES[MIRROR[i]]
    return 2 * _AXIS - x, y


def _between(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float]:
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2


def _edge(a: tuple[float, float], b: tuple[float, float]) -> str:
    return f'<line class="bone" x1="{a[0]}" y1="{a[1]}" x2="{b[0]}" y2="{b[1]}"/>'


def _words(i: int) -> str:
    return LANDMARK_NAMES[i].replace("_", " ")
