"""Changes to a text at positions, and where positions of the parser are."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

#: What ends a line for Python; ``str.splitlines`` knows more ends than that.
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """The characters from ``start`` to before ``end`` become ``text``."""

    start: int
    end: int
    text: str


def apply(text: str, edits: Iterable[Edit]) -> str:
    """The text with all edits made; they do not overlap."""
    pieces, position = [], 0
    for edit in sorted(edits):
        pieces += [text[position : edit.start], edit.text]
        position = edit.end
    return "".join([*pieces, text[position:]])


class Lines:
    """Where the lines of a text begin.

    Args:
        text: Python code with any ends of lines.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(text))]

    def offset(self, line: int, utf8_column: int) -> int:
        """Index of a character.

        Args:
            line: The first is 1.
            utf8_column: Bytes of UTF-8 before it in its line, as ``ast`` counts.
        """
        start = self._starts[line - 1]
        before = self._text[start : start + utf8_column].encode()[:utf8_column]
        return start + len(before.decode())

    def line_of(self, offset: int) -> int:
        """The line, from 1, of a character."""
        return bisect_right(self._starts, offset)
