"""Tables that can be read in a terminal and on a page."""

from __future__ import annotations

from collections.abc import Sequence

_NUMERIC = "0123456789+-±"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table with columns of equal width; those of numbers stand at the right."""
    widths = [max(3, *(len(row[i]) for row in [header, *rows])) for i in range(len(header))]
    numbers = [all(not row[i] or row[i][0] in _NUMERIC for row in rows) for i in range(len(header))]

    def line(row: Sequence[str]) -> str:
        cells = [
            text.rjust(width) if number else text.ljust(width)
            for text, width, number in zip(row, widths, numbers, strict=True)
        ]
        return f"| {' | '.join(cells)} |"

    rule = [
        f"{'-' * (width + 1)}{':' if number else '-'}" for width, number in zip(widths, numbers, strict=True)
    ]
    return "\n".join([line(header), f"|{'|'.join(rule)}|", *map(line, rows)])
