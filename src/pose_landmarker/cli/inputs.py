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
_JPEG = (".jpg", ".jpeg", ".jpe", ".jfif")


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
        folder: Where results go: earlier results in it are not taken for pictures unless they are
            named one by one.

    Returns:
        The pictures, each once, with names of results that do not collide; and a sentence for every
        argument that means nothing.
    """
    pictures: dict[Path, Picture] = {}
    names = _Names()
    failures: list[str] = []
    for argument in arguments:
        found = list(_expand(argument, folder))
        if not found:
            failures.append(f"{argument}: {_why_nothing(argument)}")
        for path, relative in found:
            key = path.resolve()
            if key not in pictures:
                pictures[key] = Picture(path, names.take(relative))
    return list(pictures.values()), failures


class _Names:
    """Names of results, each given out once."""

    def __init__(self) -> None:
        self._last_number: dict[str, int] = {}

    def take(self, relative: Path) -> Path:
        """photo.jpg → photo_pose.jpg, or photo-2_pose.jpg where that is taken."""
        suffix = ".jpg" if relative.suffix.lower() in _JPEG else ".png"
        number = self._number(relative.with_suffix(""))
        while number > 1 and self._number(relative.with_name(f"{relative.stem}-{number}")) > 1:
            number += 1
        mark = "" if number == 1 else f"-{number}"
        return relative.with_name(f"{relative.stem}{mark}_pose{suffix}")

    def _number(self, name: Path) -> int:
        # photo.jpg and photo.png share photo_pose.json, and some file systems Photo.jpg and photo.jpg.
        key = str(name).casefold()
        self._last_number[key] = self._last_number.get(key, 0) + 1
        return self._last_number[key]


def _expand(argument: str, folder: Path | None) -> Iterator[tuple[Path, Path]]:
    """Pairs of a picture's path and its path relative to what was typed."""
    path = Path(argument)
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if _is_picture(file, folder):
                yield file, file.relative_to(path)
    elif path.exists():
        yield path, Path(path.name)
    else:
        for match in sorted(glob.glob(argument, recursive=True)):  # noqa: PTH207 - absolute patterns too
            if _is_picture(Path(match), folder):
                yield Path(match), Path(Path(match).name)


def _is_picture(path: Path, folder: Path | None) -> bool:
    if path.suffix.lower() not in SUFFIXES or not path.is_file():
        return False
    is_result = folder is not None and path.stem.endswith("_pose")
    return not (is_result and folder and path.resolve().is_relative_to(folder.resolve()))


def _why_nothing(argument: str) -> str:
    if Path(argument).is_dir():
        return "no pictures in this folder"
    return "no pictures match" if glob.has_magic(argument) else "there is no such file"
