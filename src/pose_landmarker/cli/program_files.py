"""Programs and notebooks on the disk: found, read with their encoding, written whole."""

from __future__ import annotations

import io
import os
import shutil
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pose_landmarker.export.files import whole_file
from pose_landmarker.porting import (
    Finding,
    Ported,
    look_at_requirements,
    port_notebook,
    port_python,
)

_PROGRAMS = frozenset({".py", ".pyw", ".ipynb"})
_REQUIREMENTS = ("requirements*.txt", "pyproject.toml", "setup.cfg", "pipfile", "environment*.y*ml")
#: Folders with programs of others.
_FOREIGN = frozenset({"__pycache__", "node_modules", "site-packages"})
_LARGEST_BYTES = 200_000_000


@dataclass(frozen=True, slots=True)
class Program:
    """A file, and what became of it.

    Attributes:
        path: Its name.
        content: Its new bytes.
        is_changed: Whether these differ from the old ones.
        findings: What was found in it.
        pieces: The code that changed, as (cell or None, before, after).
        problem: Why it could not be read, if so.
    """

    path: Path
    content: bytes = b""
    is_changed: bool = False
    findings: tuple[Finding, ...] = ()
    pieces: tuple[tuple[int | None, str, str], ...] = ()
    problem: str | None = None


def program_files(names: Iterable[str]) -> list[Path]:
    """Files that are named, and programs, notebooks and lists of requirements in folders that are named.

    Links in folders are not followed, and hidden folders and those of virtual environments are left out.
    """
    found: dict[Path, Path] = {}
    for name in names:
        path = Path(name)
        for file in _below(path) if path.is_dir() else [path]:
            found.setdefault(_real(file), file)
    return list(found.values())


def read_program(path: Path) -> Program:
    """Read a file and port it; whatever is wrong is its ``problem``."""
    try:
        size = path.stat().st_size
        if not path.is_file():
            return Program(path, problem="is not a file")
        if size > _LARGEST_BYTES:
            return Program(path, problem=f"has {size / 1e6:.0f} MB, too many for a program; it was not read")
        content = path.read_bytes()
    except OSError as error:
        return Program(path, problem=f"cannot be read: {error.strerror or error}")
    if b"mediapipe" not in content:
        return Program(path)
    try:
        encoding = _encoding(path, content)
        text = content.decode(encoding)
        if text.encode(encoding) != content:
            return Program(
                path, problem=f"its encoding {encoding} would not stay the same; change it by hand"
            )
        ported = _port(path, text)
        new = ported.text.encode(encoding)
    except (SyntaxError, ValueError, LookupError) as error:
        return Program(path, problem=f"cannot be read as text: {error}")
    except RecursionError:
        return Program(path, problem="is nested too deeply; change it by hand")
    return Program(path, new, new != content, ported.findings, ported.pieces)


def write_program(program: Program) -> str | None:
    """Write a file that changed, with its mode, behind links.

    Returns:
        Why that was not possible, or None.
    """
    try:
        if not os.access(program.path, os.W_OK):
            return "is protected from changes"
        with whole_file(program.path) as hidden:
            hidden.write_bytes(program.content)
            shutil.copymode(program.path, hidden)
    except OSError as error:
        return f"cannot be written: {error.strerror or error}"
    return None


def _below(folder: Path) -> Iterator[Path]:
    for name, folders, files in os.walk(folder):
        here = Path(name)
        folders[:] = sorted(child for child in folders if not _is_foreign(here / child))
        for file in sorted(files):
            path = here / file
            if (path.suffix.lower() in _PROGRAMS or _is_requirements(path)) and not path.is_symlink():
                yield path


def _is_foreign(folder: Path) -> bool:
    return folder.name.startswith(".") or folder.name in _FOREIGN or (folder / "pyvenv.cfg").exists()


def _is_requirements(path: Path) -> bool:
    return any(Path(path.name.lower()).match(pattern) for pattern in _REQUIREMENTS)


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # a loop of links
        return path


def _encoding(path: Path, content: bytes) -> str:
    """The encoding of a program is said in it; all else is UTF-8."""
    if path.suffix.lower() != ".ipynb" and not _is_requirements(path):
        return tokenize.detect_encoding(io.BytesIO(content).readline)[0]
    return "utf-8-sig" if content.startswith(b"\xef\xbb\xbf") else "utf-8"


def _port(path: Path, text: str) -> Ported:
    if path.suffix.lower() == ".ipynb":
        return port_notebook(text)
    return look_at_requirements(text) if _is_requirements(path) else port_python(text)
