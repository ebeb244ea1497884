"""Jupyter notebooks that import MediaPipe."""

from __future__ import annotations

from pose_landmarker.porting.cells import Cell, code_cells, language, without_magics
from pose_landmarker.porting.chunk import IMPORT_LINE, Chunk, parse
from pose_landmarker.porting.edits import Edit, apply
from pose_landmarker.porting.findings import Finding, Ported
from pose_landmarker.porting.json_text import parse_json
from pose_landmarker.porting.plan import plan
from pose_landmarker.porting.python import unparsed
from pose_landmarker.porting.requirements import pip_lines


def port_notebook(text: str) -> Ported:
    """Rewrite the imports of MediaPipe in a notebook, and what it installs by ``!pip install``.

    Only these words change; outputs, metadata and the formatting of the file stay.

    Args:
        text: The ``.ipynb`` file.

    Returns:
        The new text and what was found. What is not a notebook of Python is not changed.
    """
    if "mediapipe" not in text:
        return Ported(text)
    try:
        notebook = parse_json(text)
        if language(notebook) not in ("python", "python3", "ipython"):
            return Ported(text)
        cells = code_cells(notebook)
    except ValueError as error:
        return Ported(text, (Finding("left", 1, "mediapipe", f"this cannot be read as a notebook: {error}"),))
    return _port(text, cells)


def _port(text: str, cells: list[Cell]) -> Ported:
    chunks, findings = _parsed(cells)
    planned, told = plan(chunks)
    findings += told
    edits: dict[int, list[Edit]] = {
        chunk.cell: own for chunk, own in zip(chunks, planned, strict=True) if chunk.cell is not None
    }
    is_whole = all(finding.kind != "left" for finding in findings)
    needs_ours = any(planned) or "pose_landmarker.mediapipe" in text
    for cell in cells if needs_ours else ():
        more, said = pip_lines(cell.code, cell.number, is_whole=is_whole)
        edits.setdefault(cell.number, []).extend(more)
        findings += said
    new = apply(text, [edit for cell in cells for edit in cell.text_edits(edits.get(cell.number, []))])
    pieces = tuple(
        (cell.number, cell.code, apply(cell.code, edits[cell.number]))
        for cell in cells
        if edits.get(cell.number)
    )
    return Ported(new, tuple(sorted(findings, key=lambda finding: finding.place)), pieces)


def _parsed(cells: list[Cell]) -> tuple[list[Chunk], list[Finding]]:
    """The cells that are Python, and what to say of the others."""
    chunks: list[Chunk] = []
    findings: list[Finding] = []
    for cell in cells:
        if not cell.is_python:
            findings += _foreign(cell)
            continue
        tree = parse(cell.code)
        if isinstance(tree, str):
            tree = parse(without_magics(cell.code))
        if isinstance(tree, str):
            findings += unparsed(cell.code, tree, cell.number)
        else:
            chunks.append(Chunk(cell.code, tree, cell.number))
    return chunks, findings


def _foreign(cell: Cell) -> list[Finding]:
    reason = f"stands below {cell.code.lstrip().split()[0]}; change it by hand"
    return [
        Finding(
            "left", cell.code.count("\n", 0, match.start()) + 1, match.group().strip(), reason, cell.number
        )
        for match in IMPORT_LINE.finditer(cell.code)
    ]
