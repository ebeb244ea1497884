"""JSON whose strings can be changed in place, so that all else keeps its formatting."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from pose_landmarker.porting.edits import Edit

_TOKEN = re.compile(r'\s*("[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^\s{}\[\],:"]+)', re.DOTALL)
#: A character of a string as JSON writes it; a pair of surrogates is one character.
_CHARACTER = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class JsonString:
    """A string and where it stands.

    Attributes:
        start: Index of its opening quote in the text.
        raw: How it is written, with quotes.
    """

    start: int
    raw: str

    @property
    def value(self) -> str:
        """The string itself."""
        value: str = json.loads(self.raw)
        return value

    def edits(self, changes: list[Edit]) -> list[Edit]:
        """Changes of the string's value, which add plain ASCII, as changes of the text."""
        position, ends = self.start + 1, [self.start + 1]
        for match in _CHARACTER.finditer(self.raw, 1, len(self.raw) - 1):
            position = self.start + match.end()
            ends.append(position)
        return [Edit(ends[change.start], ends[change.end], change.text) for change in changes]


def parse_json(text: str) -> Any:
    """Like ``json.loads``, with :class:`JsonString` in place of strings that are values.

    Raises:
        ValueError: It is not JSON, or is nested too deeply.
    """
    try:
        json.loads(text)  # whatever is wrong is found here
        return _Parser(text).value()
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


class _Parser:
    """Reads text that is known to be JSON."""

    def __init__(self, text: str) -> None:
        self._tokens = _TOKEN.finditer(text)
        self._next()

    def _next(self) -> None:
        match = next(self._tokens, None)
        self._piece, self._start = (match.group(1), match.start(1)) if match else ("", -1)

    def value(self) -> Any:
        piece, start = self._piece, self._start
        self._next()
        if piece == "{":
            return self._object()
        if piece == "[":
            return self._array()
        if piece.startswith('"'):
            return JsonString(start, piece)
        return json.loads(piece)

    def _object(self) -> dict[str, Any]:
        members: dict[str, Any] = {}
        while self._piece != "}":
            key = json.loads(self._piece)
            self._next()
            self._next()  # the colon
            members[key] = self.value()
            if self._piece == ",":
                self._next()
        self._next()
        return members

    def _array(self) -> list[Any]:
        items = []
        while self._piece != "]":
            items.append(self.value())
            if self._piece == ",":
                self._next()
        self._next()
        return items
