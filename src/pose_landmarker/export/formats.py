"""Every format that recordings are written in: which module knows it, and which files are of it."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pose_landmarker.errors import DatasetError, OptionError, OptionTypeError
from pose_landmarker.recording import Recording


@dataclass(frozen=True, slots=True)
class Format:
    """A format.

    Attributes:
        name: What it is called here, in calls and on the command line.
        suffixes: How names of its files end; none where it is a folder.
        title: What it is, for people.
        loses: What of a recording the format has no place for; nothing where it is empty.
    """

    name: str
    suffixes: tuple[str, ...]
    title: str
    loses: str = ""

    def save(self, recording: Recording, path: Path, **choices: Any) -> tuple[Path, ...]:
        """Write; see the format's module for its choices.

        Returns:
            The files or folders that were written.
        """
        written = self._module.save(recording, path, **choices)
        return (path,) if written is None else tuple(written)

    def load(self, path: Path | Sequence[Path], **choices: Any) -> Recording:
        """Read; see the format's module for its choices. TRC and BVH take several files."""
        recording: Recording = self._module.load(path, **choices)
        return recording

    @property
    def _module(self) -> Any:
        return importlib.import_module(f"pose_landmarker.export.{self.name}")


_ALL_BUT_METRES: Final = "landmarks in the picture, visibility, presence and scores"

FORMATS: Final = (
    Format("jsonlines", (".jsonl", ".ndjson"), "JSON lines, one per frame"),
    Format("csv", (".csv",), "a table as text, wide or tidy"),
    Format("parquet", (".parquet", ".pq"), "a table in columns, compressed"),
    Format("arrow", (".arrow", ".arrows", ".feather"), "a table in columns, as it is in memory"),
    Format("npz", (".npz",), "numpy arrays"),
    Format("coco", (".json",), "COCO keypoints, annotations or results"),
    Format(
        "openpose",
        (),
        "OpenPose's folder of JSON files, one per frame",
        loses="depth in the picture, presence, scores and 8 of the 33 landmarks",
    ),
    Format("trc", (".trc",), "marker positions, for OpenSim", loses=_ALL_BUT_METRES),
    Format("c3d", (".c3d",), "marker positions, for motion laboratories", loses=_ALL_BUT_METRES),
    Format("bvh", (".bvh",), "a skeleton and its rotations, for Blender and Maya", loses=_ALL_BUT_METRES),
    Format("gltf", (".glb",), "an animated skeleton, for viewers and games", loses=_ALL_BUT_METRES),
    Format("rerun", (".rrd",), "a recording for the Rerun viewer"),
)
FORMAT_NAMES: Final = tuple(known.name for known in FORMATS)


def save(
    recording: Recording,
    path: str | os.PathLike[str],
    format: str | None = None,  # noqa: A002 - the word that pandas and Pillow use
    **choices: Any,
) -> tuple[Path, ...]:
    """Write a recording in the format that the name's suffix says.

    A name without a suffix, or with a slash at its end, is a folder in OpenPose's format.

    Args:
        recording: What to write.
        path: Where to.
        format: One of ``FORMAT_NAMES``, where the suffix does not say it.
        **choices: Those of the format's module, such as ``layout="tidy"`` of CSV.

    Returns:
        The files or folders that were written: one, but for formats with a file per person.

    Raises:
        OptionError: There is no such format, or it cannot hold this recording.
        MissingExtraError: The format needs a package that is not installed; the message says which.
        OSError: The file cannot be written.
    """
    if not isinstance(recording, Recording):
        raise OptionTypeError(
            f"recording must be a Recording, not {type(recording).__name__}; Recording.from_results makes one"
        )
    target = _path(path)
    return format_of(target, format, str(path)).save(recording, target, **choices)


def load(
    path: str | os.PathLike[str],
    format: str | None = None,  # noqa: A002
    **choices: Any,
) -> Recording:
    """Read a recording, in the format that the name's suffix or the content says.

    Args:
        path: A file, or a folder in OpenPose's format.
        format: One of ``FORMAT_NAMES``, where the suffix does not say it.
        **choices: Those of the format's module.

    Returns:
        The recording; what the format has no place for is NaN.

    Raises:
        OptionError: There is no such format.
        DatasetError: The file is damaged or of another format.
        MissingExtraError: The format needs a package that is not installed; the message says which.
        OSError: The file cannot be read.
    """
    source = _path(path)
    if not source.exists():
        raise DatasetError(f"{source}: there is no such file or folder{_people_of(source)}")
    found = format_of(source, format, str(path))
    if format is None and found.name == "coco" and _is_ours(source):
        found = _named("jsonlines")
    return found.load(source, **choices)


def format_of(path: Path, name: str | None = None, given: str = "") -> Format:
    """The format of a file.

    Args:
        path: The file.
        name: The format's name, if it is known.
        given: The path as it was given, where a slash at its end means a folder.

    Raises:
        OptionError: There is no such format, or the suffix is of none.
    """
    if name is not None:
        return _named(name)
    if path.suffix == ".part":  # what a writer leaves that was killed: NAME.<hex>.part
        return format_of(path.with_suffix("").with_suffix(""))
    if given.endswith(("/", "\\")) or (not path.suffix and not path.is_file()):
        return _named("openpose")
    for known in FORMATS:
        if path.suffix.lower() in known.suffixes:
            return known
    if path.is_dir():
        return _named("openpose")
    suffixes = ", ".join(suffix for known in FORMATS for suffix in known.suffixes)
    raise OptionError(
        f"{path}: the suffix {path.suffix!r} is of no known format; the suffixes are {suffixes}, a folder is "
        "OpenPose's, and format= says it otherwise"
    )


def _people_of(path: Path) -> str:
    """A hint, where several people are in files of their own."""
    try:
        files = sorted(path.parent.glob(f"{path.stem}_*{path.suffix}")) if path.suffix else []
    except (OSError, ValueError):
        files = []
    return f"; there is {files[0].name}, of one person" if files else ""


def _named(name: str) -> Format:
    for known in FORMATS:
        if known.name == name:
            return known
    raise OptionError(f"format must be one of {', '.join(FORMAT_NAMES)}, not {name!r}")


def _path(path: object) -> Path:
    if not isinstance(path, (str, os.PathLike)):
        raise OptionTypeError(f"path must be a string or a Path, not {type(path).__name__}")
    return Path(path)


def _is_ours(path: Path) -> bool:
    """Whether a ``.json`` is what ``pose-landmarker image`` writes: that has poses."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return False  # whoever reads it will say what is wrong with it
    return isinstance(content, dict) and "poses" in content
