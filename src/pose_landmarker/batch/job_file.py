"""What a job's own file says: how long it took, and its settings as names and values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pose_landmarker.errors import DatasetError
from pose_landmarker.export.json_files import read_json

#: Seconds that the job ran, all its runs together.
WALL: Final = "wall_seconds"
_MOST_SETTINGS: Final = 200
_DEEPEST: Final = 6


def read_job(path: Path) -> dict[str, Any]:
    """What ``job.json`` holds.

    Raises:
        DatasetError: There is none, or it is damaged.
    """
    job = read_json(path)
    if not isinstance(job, dict):
        raise DatasetError(f"{path} holds no JSON object")
    return job


def wall_seconds(job: Mapping[str, Any]) -> float | None:
    """How long the job ran; None where it does not say."""
    value = job.get(WALL)
    is_one = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e12
    return float(value) if is_one else None  # type: ignore[arg-type]


def settings_of(job: Mapping[str, Any]) -> list[tuple[str, str]]:
    """All settings as names and values, those in groups as ``group · name``."""
    pairs: list[tuple[str, str]] = []
    for pair in _flat("", {key: value for key, value in job.items() if key != WALL}, 0):
        if len(pairs) == _MOST_SETTINGS:
            pairs.append(("…", "more are in job.json"))
            break
        pairs.append(pair)
    return pairs


def _flat(key: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and (value or not key) and depth < _DEEPEST:
        for name, inner in value.items():
            words = str(name).replace("_", " ")
            yield from _flat(f"{key} · {words}" if key else words, inner, depth + 1)
    else:
        yield key, _said(value)


def _said(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and not any(isinstance(one, (list, dict)) for one in value):
        return ", ".join(map(str, value)) or "–"
    return str(value)[:1000]
