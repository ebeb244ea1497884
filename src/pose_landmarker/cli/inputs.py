"""From what was typed to the pictures or videos that are meant, and the names of their results."""

from __future__ import annotations

import glob
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from pose_landmarker.addresses import is_address, without_password
from pose_landmarker.media.suffixes import PICTURE_SUFFIXES, VIDEO_SUFFIXES

_JPEG = (".jpg", ".jpeg", ".jpe", ".jfif")


@dataclass(frozen=True, slots=True)
class Kind:
    """What a command looks for, and how it names what it makes.

    Attributes:
        plural: The word for several of them.
        suffixes: Files of a folder that are taken.
        record_suffix: Of the landmarks, which lie beside every result.
        record_start: How every file of landmarks begins.
        output_suffix: From an input's suffix to its result's.
        urls: Whether addresses are inputs, too.
        whole_folders: Whether a folder is one input, instead of what is in it.
        hint: What to do where a folder has none of them.
    """

    plural: str
    suffixes: frozenset[str]
    record_suffix: str
    record_start: bytes
    output_suffix: Callable[[str], str]
    urls: bool = False
    whole_folders: bool = False
    hint: str = ""


PICTURES = Kind(
    "pictures",
    PICTURE_SUFFIXES,
    ".json",
    b'{\n "image":',
    lambda suffix: ".jpg" if suffix.lower() in _JPEG else ".png",
)
VIDEOS = Kind(
    "videos",
    VIDEO_SUFFIXES,
    ".jsonl",
    b'{"video":',
    lambda _: ".mp4",
    urls=True,
    hint="; with --fps its pictures are one",
)


@dataclass(frozen=True, slots=True)
class Input:
    """A picture or video to look at.

    Attributes:
        source: Where it is: a path or an address.
        output: Name of the annotated result, relative to the folder for results.
    """

    source: str
    output: Path

    @property
    def name(self) -> str:
        """How it is called in front of people and in files: without the password of an address."""
        return without_password(self.source)


def find_pictures(arguments: Sequence[str], folder: Path | None) -> tuple[list[Input], list[str]]:
    """The pictures that arguments mean, see :func:`find_inputs`."""
    return find_inputs(arguments, PICTURES, folder)


def find_videos(
    arguments: Sequence[str], folder: Path | None, *, whole_folders: bool = False
) -> tuple[list[Input], list[str]]:
    """The videos that arguments mean, see :func:`find_inputs`.

    Args:
        arguments: As typed.
        folder: Where results go.
        whole_folders: Whether a folder is one video, made of its pictures.
    """
    return find_inputs(arguments, replace(VIDEOS, whole_folders=whole_folders), folder)


def find_inputs(arguments: Sequence[str], kind: Kind, folder: Path | None) -> tuple[list[Input], list[str]]:
    """What arguments mean: files, folders with all below them, patterns and maybe addresses.

    Args:
        arguments: As typed.
        kind: Pictures or videos.
        folder: Where results go. Earlier results, there or elsewhere, are not taken for inputs
            unless they are named one by one.

    Returns:
        The inputs, each once, with names of results that do not collide; and a sentence for every
        argument that means nothing.
    """
    inputs: dict[object, Input] = {}
    names = _Names(kind, folder)
    failures: list[str] = []
    for argument in arguments:
        try:
            found = list(_expand(argument, kind))
            if not found:
                failures.append(f"{argument}: {_why_nothing(argument, kind)}")
            for source, relative in found:
                key = source if is_address(source) else Path(source).resolve()
                if key not in inputs:
                    inputs[key] = Input(source, names.take(relative))
        except (OSError, ValueError, RuntimeError) as error:  # no permission, too long, a loop of links
            failures.append(f"{argument}: {getattr(error, 'strerror', None) or error}")
    return list(inputs.values()), failures


def short_name(name: str, longest: int = 24) -> str:
    """The end of a name: of a path what stands behind the last slash, of that the end."""
    last = name.rstrip("/").rpartition("/")[2] or name
    return last if len(last) <= longest else f"…{last[1 - longest :]}"


def is_picture(source: str) -> bool:
    """Whether a file is a picture by its name, and no video."""
    suffix = Path(source).suffix.lower()
    return suffix in PICTURE_SUFFIXES - VIDEO_SUFFIXES and not is_address(source)


def is_result(path: Path, kind: Kind) -> bool:
    """Whether a file is one that this program has made: the landmarks lie beside it."""
    if not path.stem.endswith("_pose"):
        return False
    try:
        with path.with_suffix(kind.record_suffix).open("rb") as file:
            return file.read(len(kind.record_start)) == kind.record_start
    except OSError:
        return False


class _Names:
    """Names of results, each given out once, and none that belongs to somebody else's file."""

    def __init__(self, kind: Kind, folder: Path | None) -> None:
        self._kind = kind
        self._folder = folder
        self._taken: set[str] = set()
        self._next_number: dict[str, int] = {}

    def take(self, relative: Path) -> Path:
        """photo.jpg → photo_pose.jpg, or photo-2_pose.jpg where that is taken."""
        suffix = self._kind.output_suffix(relative.suffix)
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
        record = target.with_suffix(self._kind.record_suffix)
        return is_result(target, self._kind) or not (target.exists() or record.exists())


def _key(path: Path) -> str:
    # photo.jpg and photo.png share photo_pose.json, and on some file systems Photo and photo are one.
    return str(path.with_suffix("")).casefold()


def _expand(argument: str, kind: Kind) -> Iterator[tuple[str, Path]]:
    """Pairs of an input and its path relative to what was typed."""
    if not argument:
        return
    path = Path(argument)
    if kind.urls and is_address(argument):
        yield argument, _url_name(argument)
    elif path.is_dir() and not kind.whole_folders:
        for file in sorted(path.rglob("*")):
            if _is_input(file, kind):
                yield str(file), file.relative_to(path)
    elif path.is_dir():
        yield str(path), Path(f"{path.resolve().name}.frames")  # "v1.2" has no suffix, so it gets one
    elif path.exists():
        yield str(path), Path(path.name)
    else:
        for match in sorted(glob.glob(argument, recursive=True)):  # noqa: PTH207 - absolute patterns too
            if _is_input(Path(match), kind):
                yield match, Path(Path(match).name)


def _url_name(address: str) -> Path:
    """A file's name made of an address: its last part, or its host."""
    parts = urlsplit(address)
    name = PurePosixPath(unquote(parts.path)).name or parts.hostname or "stream"
    return Path(re.sub(r"[^\w.-]", "_", name).lstrip(".") or "stream")


def _is_input(path: Path, kind: Kind) -> bool:
    return path.suffix.lower() in kind.suffixes and path.is_file() and not is_result(path, kind)


def _why_nothing(argument: str, kind: Kind) -> str:
    if not argument:
        return "an empty name"
    if Path(argument).is_dir():
        return f"no {kind.plural} in this folder" + kind.hint
    return f"no {kind.plural} match" if glob.has_magic(argument) else "there is no such file"
