"""How much of the machine's arithmetic limit is reached."""

from __future__ import annotations

from pose_landmarker.bench.cell import Cell
from pose_landmarker.bench.peak import Peak, peak_for
from pose_landmarker.bench.results import Results
from pose_landmarker.bench.setting import ALL_THREADS, DEFAULT_THREADS, THROUGHPUT, Setting
from pose_landmarker.engines.cpu import MAX_DEFAULT_THREADS


def operations(cell: Cell, results: Results) -> float | None:
    """Operations that a frame needs at least, a multiplication and an addition being two; None for a start.

    The landmark network for everybody who was found, and where every picture stands for itself the
    detector. What else a contestant computes is not counted, so all are held against the same number.
    """
    of_model = results.operations.get(cell.setting.model)
    if of_model is None or cell.setting.mode == "start":
        return None
    landmarks = of_model["landmarks_masks" if cell.setting.masks else "landmarks"]
    detector = of_model["detector"] if cell.setting.mode in ("image", "pictures") else 0
    return 2 * (cell.poses * landmarks + detector)


def limit(cell: Cell, results: Results) -> Peak | None:
    """The limit of a cell: of the machine with as many threads as the setting may use."""
    return peak_for(
        cell.setting, threads_of(cell.setting, int(results.machine["cores_usable"])), results.peaks
    )


def reach(cell: Cell, results: Results) -> float | None:
    """The share of the limit that is reached, 0 to 1; None where either is unknown."""
    needed, peak = operations(cell, results), limit(cell, results)
    if needed is None or peak is None:
        return None
    return needed * cell.per_second / peak.per_second


def threads_of(setting: Setting, cores: int) -> int:
    """How many threads a setting may use on a machine of so many cores; files are spread over all."""
    if setting.threads == ALL_THREADS or setting.mode in THROUGHPUT:
        return cores
    if setting.threads == DEFAULT_THREADS:
        return min(cores, MAX_DEFAULT_THREADS)
    return min(cores, int(setting.threads))
