"""A piece of Python code that was parsed: a file, or a cell of a notebook."""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass, field

#: A line that imports MediaPipe, for code that cannot be parsed.
IMPORT_LINE = re.compile(r"^[ \t]*(?:import|from)[ \t]+(?:[\w., \t]*[, \t])?mediapipe\b.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Code and its syntax tree.

    Attributes:
        text: The code.
        tree: Of the code, or of one with the same lines and columns wherever MediaPipe is mentioned.
        cell: Number of the notebook's cell, from 1; None in Python files.
        nodes: All nodes of the tree.
    """

    text: str
    tree: ast.Module
    cell: int | None = None
    nodes: tuple[ast.AST, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "nodes", tuple(ast.walk(self.tree)))


def parse(text: str) -> ast.Module | str:
    """The syntax tree, or why there is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they are about the code that is read, not about ours
            return ast.parse(text)
    except SyntaxError as error:
        return f"line {error.lineno} is not Python 3: {error.msg}" if error.lineno else str(error.msg)
    except (ValueError, RecursionError, MemoryError) as error:  # NUL characters; nested too deeply
        return str(error) or "it is nested too deeply"
