"""Cores, bytes and money of an archive."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.scale.archive import Archive
from benchmarks.scale.device import Device, limits
from benchmarks.scale.figures import Figures
from benchmarks.scale.prices import (
    CORE_H,
    CORE_SPOT_H,
    EGRESS_GB,
    READ_1000,
    STORE_GB_MONTH,
    WRITE_1000,
)

_HOUR_S, _YEAR_H = 3600.0, 8766.0
_GB = 1e9
#: Of the cores that are paid, the rest waits, starts, or repeats (see the simulation).
USED = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What an archive needs.

    Attributes:
        core_h: Hours of cores that work.
        read_gb: To be read, once.
        written_gb: Of rows.
        money: Dollars by what they are for; storage is of one month.
    """

    core_h: float
    read_gb: float
    written_gb: float
    money: dict[str, float]

    @property
    def core_years(self) -> float:
        """Of cores that work."""
        return self.core_h / _YEAR_H

    def days(self, cores: float) -> float:
        """With so many cores."""
        return self.core_h / USED / cores / 24


def budget(archive: Archive, figures: Figures) -> Budget:
    """Of processors alone."""
    core_h = archive.frames * archive.frame_s(figures) / _HOUR_S
    read_gb = archive.hours * _HOUR_S * archive.bytes_s(figures) / _GB
    written_gb = (
        archive.rows * figures.rows["parquet_bytes_a_row"] + archive.files * figures.rows["footer_bytes"]
    ) / _GB
    requests = archive.files * (READ_1000.usual + 2 * WRITE_1000.usual) / 1000
    return Budget(
        core_h=core_h,
        read_gb=read_gb,
        written_gb=written_gb,
        money={
            "cores, on demand": core_h / USED * CORE_H.usual,
            "cores, spot": core_h / USED * CORE_SPOT_H.usual,
            "keeping the videos, a month": read_gb * STORE_GB_MONTH.usual,
            "keeping the rows, a month": written_gb * STORE_GB_MONTH.usual,
            "requests": requests,
            "moving the videos out of the provider": read_gb * EGRESS_GB.usual,
        },
    )


def device_times(
    device: Device, archive: Archive, figures: Figures, share: float, way: str
) -> tuple[float, str]:
    """Hours of video in an hour of a machine with a GPU, and what limits them."""
    allowed = limits(device, archive, figures, share)[way]
    limit = min(allowed, key=lambda name: allowed[name])
    return allowed[limit] / archive.fps * USED, limit
