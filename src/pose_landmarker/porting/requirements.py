"""Files and lines that say what to install."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pose_landmarker.porting.edits import Edit
from pose_landmarker.porting.findings import Finding, Ported

#: The package, not a part of another name or path.
_PACKAGE = re.compile(r"(?<![\w.\-/])mediapipe(?![\w./-])")
_PIP_INSTALL = re.compile(r"^[ \t]*[!%].*\bpip3?[ \t]+install\b")
_REQUIREMENT = re.compile(
    r"(?<![^\s\"'])mediapipe(?:\[[\w,]*\])?(?:[=<>!~]=?=?[\w.*]+(?:,[=<>!~]=?=?[\w.*]+)*)?(?![^\s\"'])"
)
_WANTED = "pose-landmarker"


def look_at_requirements(text: str) -> Ported:
    """Say which lines of a ``requirements.txt``, ``pyproject.toml`` and the like ask for MediaPipe.

    Args:
        text: The file. It is not changed: other files of the project may need MediaPipe.
    """
    reason = f"where nothing else needs it, {_WANTED} takes its place (pip install {_WANTED})"
    return Ported(
        text,
        tuple(
            Finding("advice", number, line.strip()[:100], reason)
            for number, line in enumerate(text.splitlines(), 1)
            if _PACKAGE.search(line.partition("#")[0])
        ),
    )


def pip_lines(text: str, cell: int, *, is_whole: bool) -> tuple[list[Edit], list[Finding]]:
    """What to do with lines such as ``!pip install mediapipe`` of a notebook that was ported.

    Args:
        text: A cell.
        cell: Its number, for the findings.
        is_whole: Whether nothing of the notebook needs MediaPipe any more.
    """
    edits, findings = [], []
    for number, start, line in _lines(text):
        if not _PIP_INSTALL.match(line) or not _PACKAGE.search(line):
            continue
        found = list(_REQUIREMENT.finditer(line))
        if is_whole and len(found) == len(_PACKAGE.findall(line)):
            edits += [Edit(start + match.start(), start + match.end(), _WANTED) for match in found]
            findings.append(Finding("ported", number, line.strip()[:100], cell=cell))
        else:
            reason = f"{_WANTED} has to be installed, too (pip install {_WANTED})"
            findings.append(Finding("advice", number, line.strip()[:100], reason, cell))
    return edits, findings


def _lines(text: str) -> Iterable[tuple[int, int, str]]:
    """(number, offset, line) of each line."""
    start = 0
    for number, line in enumerate(text.split("\n"), 1):
        yield number, start, line
        start += len(line) + 1
