"""Modules that are named by strings: these stay, and are told."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence

from pose_landmarker.porting.chunk import Chunk
from pose_landmarker.porting.findings import Finding

#: Functions whose first argument is the name of a module.
_IMPORTERS = frozenset({"__import__", "find_spec", "import_module", "importorskip", "patch", "version"})
_REASON = "names the module by a string, which stays; change it by hand"


def dynamic_imports(chunks: Sequence[Chunk]) -> Iterable[Finding]:
    """Calls such as ``import_module("mediapipe")``, and ``sys.modules["mediapipe"]``."""
    for chunk in chunks:
        for node in chunk.nodes:
            if isinstance(node, ast.Call) and node.args and _name(node.func) in _IMPORTERS:
                name = node.args[0]
            elif isinstance(node, ast.Subscript) and _name(node.value) == "modules":
                name = node.slice
            else:
                continue
            if isinstance(name, ast.Constant) and _is_theirs(name.value):
                yield Finding("left", node.lineno, _source(chunk, node), _REASON, chunk.cell)


def _source(chunk: Chunk, node: ast.expr) -> str:
    """The first line of what stands there."""
    return (ast.get_source_segment(chunk.text, node) or "").partition("\n")[0][:100]


def _name(function: ast.expr) -> str:
    """``f`` of ``f`` and of ``a.b.f``."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _is_theirs(value: object) -> bool:
    return isinstance(value, str) and value.partition(".")[0] == "mediapipe"
