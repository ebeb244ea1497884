"""Files and lines that say what to install."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pose_landmarker.porting.chunk import parse
from pose_landmarker.porting.edits import Edit
from pose_landmarker.porting.findings import Finding, Ported

#: The package, not a part of another name or path.
_PACKAGE = re.compile(r"(?<![\w.\-/])mediapipe(?![\w./-])")
_LINE = re.compile(r"(?:[^\n]*\\\n)*[^\n]*(?:\n|$)")
_PIP_INSTALL = re.compile(r"(?:[!%].*\b)?(?:python3? -m )?pip3? install\b")
#: With a version; only quotes may hold spaces.
_QUOTED = r"[ \t]*[=<>!~]=?=?[ \t]*[\w.*]+[ \t]*"
_BARE = r"[=<>!~]=?=?[\w.*]+"
_REQUIREMENT = re.compile(
    rf"(?<=[\"'])mediapipe(?:\[[\w,]*\])?(?:{_QUOTED}(?:,{_QUOTED})*)?(?=[\"'])"
    rf"|(?<!\S)mediapipe(?:\[[\w,]*\])?(?:{_BARE}(?:,{_BARE})*)?(?!\S)"
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
        text: A cell. IPython and shells also take ``pip install`` without a mark.
        cell: Its number, for the findings.
        is_whole: Whether nothing of the notebook needs MediaPipe any more.
    """
    edits, findings = [], []
    for number, start, line in _lines(text):
        command = " ".join(line.replace("\\\n", " ").split())
        if not _PIP_INSTALL.match(command) or not _PACKAGE.search(line):
            continue
        if command[0] not in "!%" and not isinstance(parse(text), str):
            continue  # in a string
        found = list(_REQUIREMENT.finditer(line))
        if is_whole and len(found) == len(_PACKAGE.findall(line)):
            edits += [Edit(start + match.start(), start + match.end(), _WANTED) for match in found]
            findings.append(Finding("ported", number, command[:100], cell=cell))
        else:
            reason = f"{_WANTED} has to be installed, too (pip install {_WANTED})"
            findings.append(Finding("advice", number, command[:100], reason, cell))
    return edits, findings


def _lines(text: str) -> Iterable[tuple[int, int, str]]:
    """(number, offset, line) of each line; lines that end with a backslash go on."""
    number = 1
    for match in _LINE.finditer(text):
        yield number, match.start(), match.group()
        number += match.group().count("\n")
