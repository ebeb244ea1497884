"""All numbers of a run of the benchmark, and the file that keeps them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pose_landmarker.bench.cell import Cell
from pose_landmarker.bench.contestant import Round
from pose_landmarker.bench.peak import Peak
from pose_landmarker.bench.setting import Setting
from pose_landmarker.cache import write_atomically
from pose_landmarker.errors import OptionError

#: Raised when the meaning of a field changes.
_FORMAT = 1
_MOST_BYTES = 512 * 2**20


@dataclass(slots=True)
class Results:
    """What was measured, on what.

    Attributes:
        machine: See :func:`pose_landmarker.bench.machine.describe`.
        started: When, ISO 8601.
        material: What was looked at, in words.
        rounds: Turns that each contestant was to have.
        cells: The raw numbers.
        failures: What went wrong, by the setting's key.
        skipped: Why a setting does not exist here, by its key.
        peaks: The arithmetic limit of the machine.
        operations: Multiplications of the networks, by model.
        installed_mib: Room that packages take, by name.
        complete: Whether everything that was wanted was tried.
    """

    machine: dict[str, Any]
    started: str
    material: dict[str, str]
    rounds: int
    cells: list[Cell] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    peaks: list[Peak] = field(default_factory=list)
    operations: dict[str, dict[str, int]] = field(default_factory=dict)
    installed_mib: dict[str, dict[str, Any]] = field(default_factory=dict)
    complete: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        plain = {name: getattr(self, name) for name in self.__slots__ if name not in ("cells", "peaks")}
        return {
            "format": _FORMAT,
            **plain,
            "peaks": [asdict(peak) for peak in self.peaks],
            "cells": [_cell_as_dict(cell) for cell in self.cells],
        }

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> Results:
        """The results that :meth:`as_dict` gave.

        Raises:
            ValueError: The record is another.
            KeyError: Something is missing.
            TypeError: Something is of another type.
        """
        if record["format"] != _FORMAT:
            raise ValueError(f"it has format {record['format']!r}, wanted {_FORMAT}")
        names = [name for name in cls.__slots__ if name not in ("cells", "peaks")]
        found = cls(**{name: record[name] for name in names})
        found.peaks = [Peak(**peak) for peak in record["peaks"]]
        found.cells = [_cell_from_dict(row) for row in record["cells"]]
        return found


def save(results: Results, path: Path) -> None:
    """Write results to a file, whole or not at all.

    Raises:
        OSError: It cannot be written.
    """
    write_atomically(path, dumps(results).encode() + b"\n")


def dumps(results: Results) -> str:
    """Results as JSON: raw numbers of a round on a line, the rest indented."""
    record = results.as_dict()
    cells = ",\n".join("  " + json.dumps(cell) for cell in record.pop("cells"))
    head = json.dumps(record, indent=1)
    return f'{head[:-2]},\n "cells": [\n{cells}\n ]\n}}'


def load(path: Path) -> Results:
    """Read what :func:`save` wrote.

    Raises:
        OptionError: There is no such file, or it holds something else.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError("it is too large")
        return Results.from_dict(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise OptionError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, KeyError):
            error = ValueError(f"{error} is missing")
        raise OptionError(
            f"{path} holds no results of 'pose-landmarker bench': {str(error)[:200]}"
        ) from error


def _cell_as_dict(cell: Cell) -> dict[str, Any]:
    return {
        "key": cell.setting.key,
        "threads": cell.threads,
        "memory_mib": cell.memory_mib,
        "version": cell.version,
        "rounds": [asdict(done) for done in cell.rounds],
    }


def _cell_from_dict(record: dict[str, Any]) -> Cell:
    rounds = tuple(_round_from_dict(row) for row in record["rounds"])
    if not rounds:
        raise ValueError(f"{record['key']} has no rounds")
    threads, memory = record["threads"], record["memory_mib"]
    return Cell(
        setting=Setting.from_key(record["key"]),
        rounds=rounds,
        memory_mib=None if memory is None else _positive(memory),
        threads=None if threads is None else int(threads),
        version=str(record["version"]),
    )


def _round_from_dict(record: dict[str, Any]) -> Round:
    wall_ms = tuple(_positive(ms) for ms in record["wall_ms"])
    if not wall_ms:
        raise ValueError("a round has no calls")
    return Round(wall_ms, float(record["cpu_ms"]), float(record["poses"]), int(_positive(record["calls"])))


def _positive(value: Any) -> float:
    number = float(value)
    if not 0 < number < 1e12:
        raise ValueError(f"{value!r} is no measurement")
    return number
