"""What is known of a file: a row of ``files.parquet``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, Final, NamedTuple

from pose_landmarker.errors import DatasetError


class Version(NamedTuple):
    """What changes when somebody writes to a file.

    Attributes:
        size: Bytes; -1 where that is not known.
        mtime_ns: Of a file on this machine, when it was written to, nanoseconds; else 0.
        mark: Of a remote file, its ETag or time, if it has any; else empty.
    """

    size: int = -1
    mtime_ns: int = 0
    mark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What became of a file.

    Attributes:
        file: Path or address.
        content: SHA-256 of its bytes, hexadecimal; None where nobody could read it.
        kind: ``"picture"`` or ``"video"``.
        state: ``"done"``, ``"failed"``, or ``"same"``: its content is that of another file, whose rows are
            in the dataset.
        same_as: That file.
        cause: Of a failure, see :data:`pose_landmarker.batch.work.Cause`.
        reason: Of a failure, a sentence.
        attempts: How often it was tried.
        size: Bytes.
        mtime_ns: As in :class:`Version`.
        width: Pixels.
        height: Pixels.
        frames: How many.
        poses: In all frames.
        people: How many different ones.
        duration_s: Of a video.
        seconds: That it took.
        problems: What was found broken in it.
        worker: Who looked at it.
        mark: As in :class:`Version`.
        turn: Higher in later entries.
    """

    file: str
    content: str | None = None
    kind: str = "picture"
    state: str = "done"
    same_as: str | None = None
    cause: str | None = None
    reason: str | None = None
    attempts: int = 1
    size: int = -1
    mtime_ns: int = 0
    width: int = 0
    height: int = 0
    frames: int = 0
    poses: int = 0
    people: int = 0
    duration_s: float | None = None
    seconds: float = 0.0
    problems: tuple[str, ...] = ()
    worker: str | None = None
    mark: str = ""
    turn: int = 0

    @property
    def version(self) -> Version:
        """Of the file, when this became of it."""
        return Version(self.size, self.mtime_ns, self.mark)

    def as_json(self) -> str:
        """On one line."""
        return _dumps(_VALUES(self))


#: The columns of ``files.parquet``.
COLUMNS: Final = tuple(field.name for field in fields(Entry) if field.name not in ("mark", "turn"))
_NAMES: Final = tuple(field.name for field in fields(Entry))
_VALUES: Final = attrgetter(*_NAMES)


def dump_entries(entries: Iterable[Entry]) -> str:
    """Entries as JSON."""
    return _dumps({"names": _NAMES, "files": [_VALUES(entry) for entry in entries]})


def load_entries(text: str | bytes, where: object) -> list[Entry]:
    """Entries out of JSON, of this version of the package or another one.

    Raises:
        DatasetError: They are none; the message begins with ``where``.
    """
    try:
        given = json.loads(text)
        return [_entry(zip(given["names"], values, strict=True)) for values in given["files"]]
    except (ValueError, TypeError, KeyError) as error:
        raise DatasetError(f"{where}: the list of files in it is damaged: {error}") from error


def load_entry(line: str | bytes) -> Entry:
    """The entry that ``as_json`` wrote.

    Raises:
        ValueError: It is none.
    """
    values = json.loads(line)
    if not isinstance(values, list) or len(values) != len(_NAMES):
        raise ValueError("not an entry")
    return _entry(zip(_NAMES, values, strict=True))


def _entry(pairs: Iterable[tuple[str, Any]]) -> Entry:
    known = {name: value for name, value in pairs if name in _NAMES}
    return Entry(**{**known, "problems": tuple(known.get("problems", ()))})


def _dumps(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
