"""Cells of a notebook: their code, and lines in it that are not Python."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pose_landmarker.porting.edits import Edit
from pose_landmarker.porting.json_text import JsonString

#: Lines that IPython takes: ``!ls``, ``%matplotlib``, ``?name``, ``pip install``, ``files = !ls``, ``name?``.
_MAGIC = re.compile(r"^[ \t]*(?:[!%?]|pip install\b|[\w., \t]+=[ \t]*[!%])|\?[ \t]*$")
_CELL_MAGIC = re.compile(r"^\s*%%(\w*)")
#: Cell magics below which there is Python of this notebook.
_PYTHON_MAGICS = frozenset({"capture", "prun", "time", "timeit"})


@dataclass(frozen=True, slots=True)
class Cell:
    """The code of a cell.

    Attributes:
        number: Its place among all cells, from 1.
        code: Its lines as one text.
        strings: The strings of the notebook that it is made of, in order.
    """

    number: int
    code: str
    strings: tuple[JsonString, ...]

    @property
    def is_python(self) -> bool:
        """Whether it is Python of this notebook, and not of ``%%bash`` or a file that it writes."""
        match = _CELL_MAGIC.match(self.code)
        return match is None or match.group(1) in _PYTHON_MAGICS

    def text_edits(self, edits: list[Edit]) -> list[Edit]:
        """Changes of the code as changes of the notebook's text. None of them spans two lines."""
        changed, start = [], 0
        for string in self.strings:
            end = start + len(string.value)
            own = [
                edit
                for edit in edits
                if start <= edit.start and edit.end < end + (string is self.strings[-1])
            ]
            changed += string.edits([Edit(edit.start - start, edit.end - start, edit.text) for edit in own])
            start = end
        return changed


def code_cells(notebook: Any) -> list[Cell]:
    """The code cells of a parsed notebook.

    Raises:
        ValueError: It is not a notebook, or one of a format that is too old.
    """
    if not isinstance(notebook, dict):
        raise ValueError("it is not a notebook")
    cells = notebook.get("cells")
    if not isinstance(cells, list):
        old = "worksheets" in notebook
        raise ValueError(
            "its format is too old; save it with a newer Jupyter" if old else "it is not a notebook"
        )
    found = []
    for number, cell in enumerate(cells, 1):
        if not isinstance(cell, dict) or _value(cell.get("cell_type")) != "code":
            continue
        source = cell.get("source", [])
        strings = tuple(source) if isinstance(source, list) else (source,)
        if not all(isinstance(string, JsonString) for string in strings):
            raise ValueError(f"cell {number} has no text")
        found.append(Cell(number, "".join(string.value for string in strings), strings))
    return found


def language(notebook: Any) -> str:
    """The language of a parsed notebook; Python where it does not say."""
    metadata = notebook.get("metadata") if isinstance(notebook, dict) else None
    if isinstance(metadata, dict):
        for part, key in (("language_info", "name"), ("kernelspec", "language")):
            named = _value(metadata[part].get(key)) if isinstance(metadata.get(part), dict) else None
            if named:
                return named.lower()
    return "python"


def without_magics(code: str) -> str:
    """The code with lines that are not Python replaced, and all others where they were."""
    lines, goes_on, indentation = [], False, ""
    for line in code.split("\n"):
        if goes_on or _MAGIC.search(line):
            if not goes_on:
                indentation = line[: len(line) - len(line.lstrip())]
            goes_on = line.rstrip().endswith("\\")
            lines.append(f"{indentation}pass")
        else:
            lines.append(line)
    return "\n".join(lines)


def _value(string: object) -> str | None:
    return string.value if isinstance(string, JsonString) else None
