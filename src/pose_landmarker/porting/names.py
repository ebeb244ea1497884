"""Which names of a program stand for parts of MediaPipe, and which parts it uses."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pose_landmarker.porting.chunk import Chunk
from pose_landmarker.porting.parts import is_module, missing_part

_ROOT = "mediapipe"
#: Names of names of names: programs go no further.
_LONGEST_CHAIN = 10
_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True, slots=True, eq=False)
class Imported:
    """A name that an import of MediaPipe binds.

    Attributes:
        name: The name; ``solutions.pose.*`` for all names of that module.
        path: What it stands for, below ``mediapipe``; empty for the package.
        loads: What the import loads, below ``mediapipe``. Differs from ``path`` in ``import mediapipe.a.b``.
        statement: The import.
        alias: The part of it that binds the name.
        chunk: Where it stands.
    """

    name: str
    path: str
    loads: str
    statement: ast.Import | ast.ImportFrom
    alias: ast.alias
    chunk: Chunk


@dataclass(frozen=True, slots=True, eq=False)
class Use:
    """A part of MediaPipe that is used.

    Attributes:
        path: The part, below ``mediapipe``.
        origin: The imported name by which it is reached.
        node: Where.
        chunk: Where that stands.
        kept_as: The name or attribute that it is assigned to, if it is.
    """

    path: str
    origin: str
    node: ast.expr
    chunk: Chunk
    kept_as: str | None


def imports(chunks: Sequence[Chunk]) -> Iterator[Imported]:
    """Every import of MediaPipe, wherever it stands."""
    for chunk in chunks:
        for node in chunk.nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if _is_ours(alias.name):
                        loads = _below(alias.name)
                        path = loads if alias.asname else ""
                        yield Imported(alias.asname or _ROOT, path, loads, node, alias, chunk)
            elif isinstance(node, ast.ImportFrom) and not node.level and _is_ours(node.module or ""):
                module = _below(node.module or "")
                for alias in node.names:
                    name = f"{module}.*" if alias.name == "*" else alias.asname or alias.name
                    path = module if alias.name == "*" else f"{module}.{alias.name}".lstrip(".")
                    yield Imported(name, path, path, node, alias, chunk)


def uses(chunks: Sequence[Chunk], imported: Sequence[Imported]) -> list[Use]:
    """Every use of a part, through imported names and through names that were assigned from these."""
    known = {item.name: (item.path, item.name) for item in imported}
    roots = {name for name, (path, _) in known.items() if not path}
    assignments = [pair for chunk in chunks for pair in _assignments(chunk)]
    for _ in range(_LONGEST_CHAIN):
        before = len(known)
        for target, value in assignments:
            found = _resolve(_dotted(value), known)
            if found and target not in known and (is_module(found[0]) or missing_part(found[0])):
                known[target] = found
        if len(known) == before:
            break
    for name in _rebound(chunks, assignments, known) - roots:
        del known[name]
    return [use for chunk in chunks for use in _uses_in(chunk, known)]


def loaded_names(chunks: Sequence[Chunk]) -> set[str]:
    """Names and dotted names that are read somewhere."""
    return {
        _dotted(node)
        for chunk in chunks
        for node in chunk.nodes
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load)
    }


def _is_ours(module: str) -> bool:
    return module == _ROOT or module.startswith(f"{_ROOT}.")


def _below(module: str) -> str:
    return module.removeprefix(_ROOT).lstrip(".")


def _dotted(node: ast.AST) -> str:
    """``a.b.c`` of names and attributes; an empty string for all else."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(names)])


def _resolve(dotted: str, known: dict[str, tuple[str, str]]) -> tuple[str, str] | None:
    """Path below ``mediapipe`` and imported name of a dotted name, by its longest known beginning."""
    beginning, rest = dotted, ""
    while beginning:
        if beginning in known:
            path, origin = known[beginning]
            return f"{path}.{rest}".strip("."), origin
        beginning, _, last = beginning.rpartition(".")
        rest = f"{last}.{rest}".rstrip(".")
    return None


def _assignments(chunk: Chunk) -> Iterator[tuple[str, ast.expr]]:
    for node in chunk.nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if dotted := _dotted(target):
                    yield dotted, node.value
        elif (
            isinstance(node, ast.AnnAssign | ast.NamedExpr)
            and node.value is not None
            and (dotted := _dotted(node.target))
        ):
            yield dotted, node.value


def _rebound(
    chunks: Sequence[Chunk],
    assignments: Sequence[tuple[str, ast.expr]],
    known: dict[str, tuple[str, str]],
) -> set[str]:
    """Known names that stand for something else, too, somewhere in the program."""
    explained: dict[str, int] = {}
    for target, value in assignments:
        found = _resolve(_dotted(value), known)
        is_none = isinstance(value, ast.Constant) and value.value is None
        if target in known and (is_none or (found and found[0] == known[target][0])):
            explained[target] = explained.get(target, 0) + 1
    stored: dict[str, int] = {}
    for chunk in chunks:
        for node in chunk.nodes:
            if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
                name = _dotted(node)
                stored[name] = stored.get(name, 0) + 1
    return {name for name in known if stored.get(name, 0) > explained.get(name, 0)}


def _uses_in(chunk: Chunk, known: dict[str, tuple[str, str]]) -> Iterator[Use]:
    """The uses in a tree, in its order; a parameter hides the name of a module."""
    kept_as = {
        id(node.value): _dotted(node.targets[0])
        for node in chunk.nodes
        if isinstance(node, ast.Assign) and len(node.targets) == 1
    }
    todo: list[tuple[ast.AST, dict[str, tuple[str, str]]]] = [(chunk.tree, known)]
    while todo:  # programs are nested more deeply than functions may call themselves
        node, names = todo.pop()
        if isinstance(node, ast.Name | ast.Attribute) and (found := _resolve(_dotted(node), names)):
            if isinstance(node.ctx, ast.Load):
                yield Use(*found, node, chunk, kept_as.get(id(node)) or None)
            continue
        if isinstance(node, _Function):
            hidden = {item.arg for item in ast.walk(node.args) if isinstance(item, ast.arg)}
            names = {name: found for name, found in names.items() if name not in hidden}
        todo += [(child, names) for child in reversed(list(ast.iter_child_nodes(node)))]
