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
#: How every file of landmarks begins.
RECORD_START = b'{\n "image":'
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
        folder: Where results go. Earlier results, there or elsewhere, are not taken for pictures
            unless they are named one by one.

    Returns:
        The pictures, each once, with names of results that do not collide; and a sentence for every
        argument that means nothing.
    """
    pictures: dict[Path, Picture] = {}
    names = _Names(folder)
    failures: list[str] = []
    for argument in arguments:
        try:
            found = list(_expand(argument))
            if not found:
                failures.append(f"{argument}: {_why_nothing(argument)}")
            for path, relative in found:
                key = path.resolve()
                if key not in pictures:
                    pictures[key] = Picture(path, names.take(relative))
        except (OSError, ValueError, RuntimeError) as error:  # no permission, too long, a loop of links
            failures.append(f"{argument}: {getattr(error, 'strerror', None) or error}")
    return list(pictures.values()), failures


class _Names:
    """Names of results, each given out once, and none that belongs to somebody else's file."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._taken: set[str] = set()
        self._next_number: dict[str, int] = {}

    def take(self, relative: Path) -> Path:
        """photo.jpg → photo_pose.jpg, or photo-2_pose.jpg where that is taken."""
        suffix = ".jpg" if relative.suffix.lower() in _JPEG else ".png"
        base = _key(relative)
        while True:
            number = self._next_number.get(base, 1)
            self._next_number[base] = number + 1
            mark = "" if number == 1 else f"-{number}"
            name = relative.with_name(f"{relative.stem}{mark}_pose{suffix}")
            if _key(name) not in self._taken and self._is_free(name):
                self._taken.add(_key(name))
                return name

    def _is_free(self, name: Path) -> bool:
        if self._folder is None:
            return True
        target = self._folder / name
        return is_result(target) or not (target.exists() or target.with_suffix(".json").exists())


def _key(path: Path) -> str:
    # photo.jpg and photo.png share photo_pose.json, and on some file systems Photo and photo are one.
    return str(path.with_suffix("")).casefold()


def is_result(path: Path) -> bool:
    """Whether a picture is one that this command has made: the landmarks lie beside it."""
    if not path.stem.endswith("_pose"):
        return False
    try:
        with path.with_suffix(".json").open("rb") as file:
            return file.read(len(RECORD_START)) == RECORD_START
    except OSError:
        return False


def _expand(argument: str) -> Iterator[tuple[Path, Path]]:
    """Pairs of a picture's path and its path relative to what was typed."""
    if not argument:
        return
    path = Path(argument)
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if _is_picture(file):
                yield file, file.relative_to(path)
    elif path.exists():
        yield path, Path(path.name)
    else:
        for match in sorted(glob.glob(argument, recursive=True)):  # noqa: PTH207 - absolute patterns too
            if _is_picture(Path(match)):
                yield Path(match), Path(Path(match).name)


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.is_file() and not is_result(path)


def _why_nothing(argument: str) -> str:
    if not argument:
        return "an empty name"
    if Path(argument).is_dir():
        return "no pictures in this folder"
    return "no pictures match" if glob.has_magic(argument) else "there is no such file"
