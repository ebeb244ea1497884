"""Python files that import MediaPipe."""

from __future__ import annotations

from pose_landmarker.porting.chunk import IMPORT_LINE, Chunk, parse
from pose_landmarker.porting.edits import Lines, apply
from pose_landmarker.porting.findings import Finding, Ported
from pose_landmarker.porting.plan import plan


def port_python(text: str) -> Ported:
    """Rewrite the imports of MediaPipe in a Python file; all else stays as it is.

    Args:
        text: The file, with its own ends of lines.

    Returns:
        The new text and what was found. A text that is not Python 3 is not changed.
    """
    if "mediapipe" not in text:
        return Ported(text)
    tree = parse(text)
    if isinstance(tree, str):
        return Ported(text, unparsed(text, tree))
    edits, findings = plan([Chunk(text, tree)])
    new = apply(text, edits[0])
    return Ported(new, findings, ((None, text, new),) if new != text else ())


def unparsed(text: str, problem: str, cell: int | None = None) -> tuple[Finding, ...]:
    """What to say of code that imports MediaPipe and could not be parsed."""
    lines = Lines(text)
    return tuple(
        Finding(
            "left", lines.line_of(match.start()), match.group().strip(), f"{problem}; change it by hand", cell
        )
        for match in IMPORT_LINE.finditer(text)
    )
