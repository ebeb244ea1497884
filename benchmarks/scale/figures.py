"""The measured numbers, by name: ``benchmarks/figures_scale.json``, made by ``benchmarks.scale.measures``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATH = Path(__file__).parents[1] / "figures_scale.json"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Figures:
    """What one core of the measured machine needs.

    Attributes:
        machine: Which it is.
        read_ms: By format, such as ``"720p h264"``: decoding of a frame and its conversion to RGB.
        mbit_s: By format, of the file that was decoded.
        person_ms: By model and precision, such as ``"full exact"``: a person who is followed, a frame.
        detection_ms: By model and precision: the detector, once.
        start_s: By model, of a fresh worker.
        rows: Of rows of poses.
        files: Of files.
        clips: Real clips.
        trials: Small real runs.
    """

    machine: dict[str, Any]
    read_ms: dict[str, float]
    mbit_s: dict[str, float]
    person_ms: dict[str, float]
    detection_ms: dict[str, float]
    start_s: dict[str, float]
    rows: dict[str, float]
    files: dict[str, float]
    clips: list[dict[str, float]]
    trials: list[dict[str, Any]]

    @classmethod
    def load(cls, path: Path = PATH) -> Figures:
        """The figures of a file."""
        data = json.loads(path.read_text(encoding="utf-8"))
        networks = data["networks"]
        return cls(
            machine=data["machine"],
            read_ms={name: row["cpu_ms_a_frame"] for name, row in data["decoding"].items()},
            mbit_s={name: row["mbit_s"] for name, row in data["decoding"].items()},
            person_ms={name: row["person_ms"] for name, row in networks.items()},
            detection_ms={name: row["detection_ms"] for name, row in networks.items()},
            start_s=data["starting"],
            rows=data["rows"],
            files=data["files"],
            clips=data["clips"],
            trials=data["trials"],
        )

    @property
    def driver_row_s(self) -> float:
        """Seconds of the driver a row: taking it out of a message, writing it."""
        return (self.rows["unpack_cpu_us_a_row"] + self.rows["write_cpu_us_a_row"]) / 1e6

    @property
    def driver_part_s(self) -> float:
        """Seconds of the driver a file, beside its rows: opening a part, closing it."""
        whole = self.rows["part_write_cpu_ms"] / 1e3
        return max(0.0, whole - self.rows["part_rows"] * self.rows["write_cpu_us_a_row"] / 1e6)

    @property
    def pack_row_s(self) -> float:
        """Seconds of a worker a row: putting it into a message."""
        return self.rows["pack_cpu_us_a_row"] / 1e6
