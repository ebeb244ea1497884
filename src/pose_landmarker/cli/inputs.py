"""From what was typed to the pictures that are meant, and the names of their results."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

#: Files of a folder that are taken for pictures; named one by one, any file is tried.
SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"}
    | {".jp2", ".ppm", ".pgm", ".pbm", ".tga"}
)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture to look at.

    Attributes:
        path: Where it is.
        output: Name of the annotated picture, relative to the folder for results.
    """

    path: Path
    output: Path


def find_pictures(arguments: Sequence[str], folder: Path | None) -> tuple[list[Picture], list[str]]:
    """The pictures that arguments mean: files, folders with all below them, and patterns.

    Args:
        arguments: As typed.
        folder: Where results go: earlier results in it are not taken for pictures.

    Returns:
        The pictures, each once, with names of results that do not collide; and a sentence for every
        argument that means nothing.
    """
    pictures: dict[Path, Picture] = {}
    taken: set[Path] = set()
    failures: list[str] = []
    for argument in arguments:
        found = list(_expand(argument))
        if not found:
            failures.append(f"{argument}: {_why_nothing(argument)}")
        for path, relative in found:
            key = path.resolve()
            if key in pictures or (folder is not None and _is_result(key, folder.resolve())):
                continue
            output = _free_name(relative, taken)
            taken.add(output)
            pictures[key] = Picture(path, output)
    return list(pictures.values()), failures


def _expand(argument: str) -> Iterator[tuple[Path, Path]]:
    """Pairs of a picture's path and its path relative to what was typed."""
    path = Path(argument)
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.suffix.lower() in SUFFIXES and file.is_file():
                yield file, file.relative_to(path)
    elif path.exists():
        yield path, Path(path.name)
    else:
        for match in sorted(glob.glob(argument, recursive=True)):  # noqa: PTH207 - absolute patterns too
            file = Path(match)
            if file.is_file() and file.suffix.lower() in SUFFIXES:
                yield file, Path(file.name)


def _is_result(path: Path, folder: Path) -> bool:
    return path.is_relative_to(folder) and path.stem.endswith("_pose")


def _free_name(relative: Path, taken: set[Path]) -> Path:
    """photo.jpg → photo_pose.jpg, or photo-2_pose.jpg where that is taken."""
    suffix = ".jpg" if relative.suffix.lower() in (".jpg", ".jpeg", ".jpe", ".jfif") else ".png"
    used = {path.with_suffix("") for path in taken}  # photo.jpg and photo.png share photo_pose.json
    number = 1
    while True:
        mark = "" if number == 1 else f"-{number}"
        name = relative.with_name(f"{relative.stem}{mark}_pose{suffix}")
        if name.with_suffix("") not in used:
            return name
        number += 1


def _why_nothing(argument: str) -> str:
    if Path(argument).is_dir():
        return "no pictures in this folder"
    return "no pictures match" if glob.has_magic(argument) else "there is no such file"
