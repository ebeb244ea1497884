"""``pose-landmarker port``: programs that import MediaPipe, changed to import this package."""

from __future__ import annotations

import argparse
import difflib
import json
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from pose_landmarker.cli.program_files import Program, program_files, read_program, write_program

if TYPE_CHECKING:
    from pose_landmarker.porting import Finding

_DESCRIPTION = """\
Change the imports of programs and notebooks from MediaPipe to this package, which stands in for its pose
landmarker and for mp.solutions.pose. Shows what would change; --write changes the files.

  pose-landmarker port squats.py             what would change, as a diff
  pose-landmarker port squats.py --write     change it
  pose-landmarker port .                     all .py, .pyw and .ipynb files of a folder
  pose-landmarker port . > port.diff         for `patch -p0` (programs; not notebooks)

What is not about poses (hands, faces, holistic, other tasks) stays with MediaPipe and is told, with lines.
Exit status: 0 where all is ported or nothing was to do, 1 where something was left or failed.
docs/porting.md says what is rewritten.
"""
_COLOURS = {"+": "\033[32m", "-": "\033[31m", "@": "\033[36m"}
_SIGNS = {"ported": "ported", "left": "not ported", "advice": "look at"}


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add this command."""
    parser = commands.add_parser(
        "port",
        help="change programs from MediaPipe to this package",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("paths", nargs="+", metavar="FILE", help="programs, notebooks, folders of these")
    parser.add_argument("--write", action="store_true", help="change the files")
    parser.add_argument("--json", action="store_true", help="say what was found as JSON, without a diff")
    parser.set_defaults(run=_run)
    return parser


def _run(arguments: argparse.Namespace) -> int:
    records = []
    for path in program_files(arguments.paths):
        program = read_program(path)
        problem = program.problem
        if arguments.write and program.is_changed and not problem:
            problem = write_program(program)
        if problem or program.findings:
            records.append(_record(program, problem, written=arguments.write))
            if not arguments.json:
                _show(program, problem, written=arguments.write)
    failed = sum(bool(record["problem"]) or not record["whole"] for record in records)
    if arguments.json:
        print(json.dumps({"files": records}, indent=2))
    else:
        _sum_up(records, failed, written=arguments.write)
    return 1 if failed else 0


def _record(program: Program, problem: str | None, *, written: bool) -> dict[str, object]:
    return {
        "file": str(program.path),
        "changed": program.is_changed,
        "written": written and program.is_changed and not problem,
        "whole": all(finding.kind != "left" for finding in program.findings),
        "problem": problem,
        "findings": [asdict(finding) for finding in program.findings],
    }


def _show(program: Program, problem: str | None, *, written: bool) -> None:
    if not written:
        sys.stdout.write("".join(_diff(program)))
        sys.stdout.flush()
    for finding in program.findings:
        if finding.kind != "ported" or written:
            print(_sentence(program.path, finding), file=sys.stderr)
    if problem:
        print(f"{program.path}: {problem}", file=sys.stderr)


def _sentence(path: Path, finding: Finding) -> str:
    place = f"cell {finding.cell}, line {finding.line}" if finding.cell else str(finding.line)
    separator = ": " if finding.cell else ":"
    reason = f": {finding.reason}" if finding.reason else ""
    return f"{path}{separator}{place}: {_SIGNS[finding.kind]}: {finding.what}{reason}"


def _diff(program: Program) -> Iterable[str]:
    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    for cell, before, after in program.pieces:
        name = str(program.path) if cell is None else f"{program.path} (cell {cell})"
        lines = difflib.unified_diff(_lines(before), _lines(after), name, name)
        for line in lines:
            ended = line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
            colour = _COLOURS.get(line[:1]) if coloured else None
            yield f"{colour}{ended[:-1]}\033[0m\n" if colour else ended


def _lines(text: str) -> list[str]:
    """Lines with their ends; only a line feed ends a line of a diff."""
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def _sum_up(records: list[dict[str, object]], failed: int, *, written: bool) -> None:
    changed = sum(bool(record["changed"]) for record in records)
    if not records:
        print("nothing to port: no program here imports mediapipe", file=sys.stderr)
        return
    done = "changed" if written else "to change (--write changes them)"
    print(
        f"{changed} file{'' if changed == 1 else 's'} {done}, {failed} with something left", file=sys.stderr
    )
