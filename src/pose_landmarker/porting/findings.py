"""What was found in a text, and the text that came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: ``ported``: rewritten; ``left``: not ported, with a reason; ``advice``: ported or harmless, but look at it.
Kind = Literal["ported", "left", "advice"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about one line.

    Attributes:
        kind: Whether it was rewritten, left as it is, or should be looked at.
        line: Its line in the file, or in the cell; the first is 1.
        what: The import, name or package that this is about.
        reason: Why, and what to do. Empty for what was ported.
        cell: Number of the notebook's cell, the first is 1; None in Python files.
    """

    kind: Kind
    line: int
    what: str
    reason: str = ""
    cell: int | None = None

    @property
    def place(self) -> tuple[int, int]:
        """To sort by: cell and line."""
        return self.cell or 0, self.line


@dataclass(frozen=True, slots=True)
class Ported:
    """A text after porting.

    Attributes:
        text: The new text; that which was given where nothing was to do.
        findings: What was found, in the order of the lines.
        pieces: Every piece of code that changed, as (cell or None, before, after).
    """

    text: str
    findings: tuple[Finding, ...] = ()
    pieces: tuple[tuple[int | None, str, str], ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether nothing was left unported."""
        return all(finding.kind != "left" for finding in self.findings)
