"""Which imports of a program can be rewritten, and how."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence

from pose_landmarker.porting.chunk import Chunk
from pose_landmarker.porting.dynamic import dynamic_imports
from pose_landmarker.porting.edits import Edit, Lines
from pose_landmarker.porting.findings import Finding, Kind
from pose_landmarker.porting.messages import message_uses
from pose_landmarker.porting.names import Imported, Use, imports, loaded_names, uses
from pose_landmarker.porting.parts import is_of_poses_alone, is_wide, missing_part, why_missing

_FROM = re.compile(r"from(?:\s|\\(?:\r\n|\r|\n))+")
_NEW = "pose_landmarker."


def plan(chunks: Sequence[Chunk]) -> tuple[list[list[Edit]], tuple[Finding, ...]]:
    """Decide about every import of a program.

    Args:
        chunks: The program's code; names of one chunk are known in all others.

    Returns:
        The edits of each chunk, and what to tell about them.
    """
    imported = list(imports(chunks))
    used = uses(chunks, imported)
    left = _left(imported, used)
    ported = [item for item in imported if item not in left]
    findings = [
        *_missing_imports(imported),
        *_missing_uses(imported, used, loaded_names(chunks)),
        *(_stays(item, left, used) for item in left if not _is_missing(item)),
        *dynamic_imports(chunks),
        *(_finding("ported", item, item.statement, _source(item)) for item in ported),
        *_advice(used, {item.name for item in ported}),
        *(message_uses(chunks) if ported else ()),
    ]
    lines = [Lines(chunk.text) for chunk in chunks]
    edits = [
        sorted({edit for item in ported if item.chunk is chunk for edit in _edits(item, lines[number])})
        for number, chunk in enumerate(chunks)
    ]
    return edits, tuple(sorted(dict.fromkeys(findings), key=lambda finding: finding.place))


def _is_missing(item: Imported) -> bool:
    return missing_part(item.loads) is not None or item.name == ".*"


def _left(imported: Sequence[Imported], used: Sequence[Use]) -> list[Imported]:
    """The imports that stay."""
    names = {item.name for item in imported if _is_missing(item)}
    names |= {use.origin for use in used if missing_part(use.path)}
    if names:  # hands cannot be found with options of ours
        names |= {item.name for item in imported if not _serves_poses_alone(item, used)}
    before: set[str] = set()
    while names != before:  # names of one statement stay together
        before = set(names)
        statements = {id(item.statement) for item in imported if item.name in names}
        names |= {
            item.name
            for item in imported
            if isinstance(item.statement, ast.ImportFrom) and id(item.statement) in statements
        }
    serves_both = any(use.origin in names and is_of_poses_alone(use.path) for use in used)
    return [item for item in imported if serves_both or item.name in names]


def _serves_poses_alone(item: Imported, used: Sequence[Use]) -> bool:
    paths = [use.path for use in used if use.origin == item.name and not is_wide(use.path)]
    return all(map(is_of_poses_alone, paths or [item.path]))


def _missing_imports(imported: Iterable[Imported]) -> Iterable[Finding]:
    for item in imported:
        if part := missing_part(item.loads):
            yield _finding("left", item, item.alias, f"mediapipe.{part}", why_missing(part))
        elif _is_missing(item):
            reason = "takes all names of mediapipe at once; import those that are needed"
            yield _finding("left", item, item.statement, _source(item), reason)


def _missing_uses(imported: Iterable[Imported], used: Iterable[Use], read: set[str]) -> Iterable[Finding]:
    """Parts that are not here, each once for a file or cell, with all of its lines."""
    told = {item.name for item in imported if item.path and missing_part(item.path)}
    places: dict[tuple[int | None, str], list[Use]] = {}
    for use in used:
        part = missing_part(use.path)
        if part is not None and use.origin not in told:
            places.setdefault((use.chunk.cell, part), []).append(use)
    for (_, part), here in places.items():
        reason = why_missing(part)
        others = sorted({use.node.lineno for use in here[1:]} - {here[0].node.lineno})
        if others:
            reason += f"; also in {_lines(others)}"
        elif len(here) == 1 and here[0].kept_as and here[0].kept_as not in read:
            reason += f"; nothing uses {here[0].kept_as}: without this line the rest can be ported"
        yield _finding("left", here[0], here[0].node, f"mediapipe.{part}", reason)


def _stays(item: Imported, left: Iterable[Imported], used: Iterable[Use]) -> Finding:
    lines = {use.node.lineno for use in used if use.origin == item.name and missing_part(use.path)}
    if lines:
        where = "" if item.chunk.cell else f" in {_lines(sorted(lines))}"
        reason = f"{item.name} is needed for parts that are not here{where}"
    elif any(other.statement is item.statement and _is_missing(other) for other in left):
        reason = "also imports what is not here; import that in a statement of its own"
    else:
        reason = "parts that are not here may need it, too"
    return _finding("left", item, item.statement, _source(item), reason)


def _advice(used: Iterable[Use], ported: set[str]) -> Iterable[Finding]:
    for use in used:
        if use.origin not in ported:
            continue
        what = f"mediapipe.{use.path}".rstrip(".")
        if use.path.rpartition(".")[2] in ("__file__", "__path__"):
            reason = "is now the folder of pose_landmarker, which has none of MediaPipe's files"
            yield _finding("advice", use, use.node, what, reason)
        elif is_wide(use.path) and use.kept_as is None:
            reason = "is handed on as a whole; see that nothing but poses is taken from it"
            yield _finding("advice", use, use.node, what, reason)


def _edits(item: Imported, lines: Lines) -> Iterable[Edit]:
    if isinstance(item.statement, ast.ImportFrom):
        start = lines.offset(item.statement.lineno, item.statement.col_offset)
        match = _FROM.match(item.chunk.text, start)
        assert match is not None, "the parser says that this is an import"
        yield Edit(match.end(), match.end(), _NEW)
        return
    start = lines.offset(item.alias.lineno, item.alias.col_offset)
    if item.alias.asname or not item.loads:
        yield Edit(start, start, _NEW)
    else:
        yield Edit(start, start, f"{_NEW}mediapipe as mediapipe, {_NEW}")
    if not item.alias.asname and not item.loads:
        end = lines.offset(item.alias.end_lineno or 0, item.alias.end_col_offset or 0)
        yield Edit(end, end, " as mediapipe")


def _source(item: Imported) -> str:
    return ast.unparse(item.statement)


def _lines(numbers: Sequence[int]) -> str:
    return f"line{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"


def _finding(
    kind: Kind, item: Imported | Use, node: ast.stmt | ast.expr | ast.alias, what: str, reason: str = ""
) -> Finding:
    return Finding(kind, node.lineno, what, reason, item.chunk.cell)
