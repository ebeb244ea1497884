"""The pieces of a page: what is called ``*_html`` is HTML already, all else is escaped here."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pose_landmarker.batch.report_style import SCRIPT, STYLE
from pose_landmarker.batch.report_words import escaped


class Tile(NamedTuple):
    """A number that matters."""

    title: str
    number: str
    note: str = ""
    is_alarm: bool = False


class Column(NamedTuple):
    """Of a table; ``width`` is a share of it, in percent, or nothing."""

    title: str
    is_number: bool = False
    width: int | None = None


class Cell(NamedTuple):
    """Of a table; ``value`` is what it is sorted by, where that is not its text."""

    html: str
    value: float | None = None


def page(title: str, body_html: Iterable[str]) -> str:
    """A whole page, which loads nothing and runs nothing but its own script."""
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode("ascii")
    policy = (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{escaped(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>",
            *body_html,
            f"</main>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
        ]
    )


def section(key: str, title: str, parts_html: Sequence[str]) -> str:
    """A part of the page with a heading; nothing where there is nothing in it."""
    parts = [part for part in parts_html if part]
    if not parts:
        return ""
    return f'<section id="{key}">\n<h2>{escaped(title)}</h2>\n' + "\n".join(parts) + "\n</section>"


def paragraph(text: str, *, soft: bool = False) -> str:
    """A paragraph of words of ours."""
    return f'<p class="soft">{escaped(text)}</p>' if soft else f"<p>{escaped(text)}</p>"


def tiles(numbers: Iterable[Tile]) -> str:
    """Numbers that matter, side by side."""
    parts = []
    for title, number, note, is_alarm in numbers:
        more = f'<dd class="note">{escaped(note)}</dd>' if note else ""
        style = "tile alarm" if is_alarm else "tile"
        parts.append(f'<dl class="{style}"><dt>{escaped(title)}</dt><dd>{escaped(number)}</dd>{more}</dl>')
    return f'<div class="tiles">{"".join(parts)}</div>' if parts else ""


def figure(title: str, text: str, drawing_html: str, style: str = "") -> str:
    """A chart with its heading."""
    kind = f' class="{style}"' if style else ""
    return (
        f"<figure{kind}><figcaption><h3>{escaped(title)}</h3><p>{escaped(text)}</p></figcaption>"
        f"{drawing_html}</figure>"
    )


def charts(figures_html: Sequence[str], style: str = "") -> str:
    """Charts side by side; those of style "wide" are two in a row."""
    figures = [one for one in figures_html if one]
    return f'<div class="charts{style and " " + style}">{"".join(figures)}</div>' if figures else ""


def table(
    columns: Sequence[Column],
    rows: Iterable[Sequence[Cell]],
    *,
    style: str = "",
) -> str:
    """A table on a card, which scrolls if it is long; a phone shows the columns one below the other."""
    heads = "".join(_head(column) for column in columns)
    body = "".join(f"<tr>{''.join(map(_cell, columns, row))}</tr>\n" for row in rows)
    return (
        f'<div class="card scroll" tabindex="0"><table class="stack {style}">'
        f"<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}</tbody></table></div>"
    )


def settings(pairs: Iterable[tuple[str, str]]) -> str:
    """A table of names and values."""
    rows = "".join(
        f'<tr><th scope="row">{escaped(key)}</th><td>{escaped(value)}</td></tr>' for key, value in pairs
    )
    return f'<div class="card"><table class="stack"><tbody>{rows}</tbody></table></div>' if rows else ""


def _head(column: Column) -> str:
    kind = ' class="n"' if column.is_number else ""
    width = f' style="width:{column.width}%"' if column.width else ""
    return f'<th scope="col"{kind}{width}>{escaped(column.title)}</th>'


def _cell(column: Column, cell: Cell) -> str:
    kind = f' class="n" data-name="{escaped(column.title)}"' if column.is_number else ""
    value = "" if cell.value is None else f' data-value="{cell.value}"'
    return f"<td{kind}{value}>{cell.html}</td>"
