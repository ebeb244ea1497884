"""Results as Markdown that can be read in a terminal, too."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from itertools import groupby

from pose_landmarker.bench.cell import Cell, percentile, reference_of
from pose_landmarker.bench.environments import REFERENCE_VERSION
from pose_landmarker.bench.machine import sentence
from pose_landmarker.bench.reach import limit, operations, reach
from pose_landmarker.bench.results import Results
from pose_landmarker.bench.setting import DEFAULT_THREADS, MODES, THROUGHPUT, Setting
from pose_landmarker.markdown import table

_NAMES = {
    "mediapipe": f"MediaPipe {REFERENCE_VERSION}",
    "native": "native",
    "litert": "LiteRT",
    "openvino": "OpenVINO",
    "torch": "PyTorch",
}
_TITLES = {
    "image": "IMAGE: every picture by itself",
    "video": "VIDEO: frames in order, decoded beforehand",
    "start": "Start: from nothing to the first result",
    "pictures": "Many pictures: from files to results",
    "videos": "Many videos: from files to results, decoding included",
}
_UNKNOWN = "-"


def name_of(setting: Setting) -> str:
    """Who was measured, for people."""
    return _NAMES[setting.engine] + (", fast" if setting.precision == "fast" else "")


def report(results: Results) -> str:
    """Everything that was measured."""
    parts = [_head(results), _in_short(results.cells)]
    parts += [_section(mode, results) for mode in MODES]
    parts += [_limits(results), _installed(results), _left_out(results)]
    return "\n\n".join(part for part in parts if part) + "\n"


def base_conditions(cells: Sequence[Cell], mode: str) -> Setting | None:
    """The most usual conditions in a mode that were measured, but for the model; None where none were."""
    found = [cell.setting.conditions for cell in cells if cell.setting.mode == mode]
    return min(found, key=_unusual, default=None)


def base_cells(cells: Sequence[Cell], mode: str) -> list[Cell]:
    """The cells of the most usual conditions in a mode: all models, all contestants."""
    base = base_conditions(cells, mode)
    return [
        cell
        for cell in cells
        if base is not None and cell.setting.mode == mode and _apart(cell.setting) == _apart(base)
    ]


def _unusual(setting: Setting) -> tuple[object, ...]:
    return (setting.size != "720p", setting.num_poses, setting.masks, setting.threads != DEFAULT_THREADS)


def _apart(setting: Setting) -> tuple[object, ...]:
    """What tells conditions apart beside mode and model."""
    return (setting.size, setting.num_poses, setting.masks, setting.threads)


def _head(results: Results) -> str:
    versions = results.machine["packages"]
    reference = {cell.version for cell in results.cells if cell.setting.of_reference}
    beside = f" beside MediaPipe {', '.join(sorted(reference))}" if reference else ""
    lines = [
        f"pose-landmarker {versions['pose-landmarker']}{beside}, in turns on the same frames.",
        f"{sentence(results.machine)}.",
        f"Clip: {results.material['clip']}. Pictures: {results.material['pictures']}.",
    ]
    if not results.complete:
        lines.append("**Interrupted: this is what was measured before.**")
    return "  \n".join(lines)


def _in_short(cells: Sequence[Cell]) -> str:
    """The reference beside the fastest of ours that answers exactly as it does."""
    rows = []
    for mode in MODES:
        for _, race in groupby(base_cells(cells, mode), key=lambda cell: cell.setting.conditions):
            crew = list(race)
            ours = [c for c in crew if not c.setting.of_reference and c.setting.precision == "exact"]
            theirs = reference_of(crew[0], crew)
            if not ours or theirs is None:
                continue
            best = min(ours, key=lambda cell: cell.wall_ms)
            faster = statistics.median(best.speedups(theirs))
            rows.append(
                [
                    mode.upper() if mode in ("image", "video") else mode,
                    best.setting.model,
                    _figure(theirs),
                    _figure(best),
                    f"{faster:.1f}×",
                    name_of(best.setting),
                ]
            )
    if not rows:
        return ""
    return "## In short\n\n" + table(
        ["", "model", f"MediaPipe {REFERENCE_VERSION}", "pose-landmarker", "faster", "engine"], rows
    )


def _figure(cell: Cell) -> str:
    if cell.setting.mode == "start":
        return f"{cell.wall_ms:.0f} ms"
    return f"{rate(cell.per_second)} frames/s"


def _section(mode: str, results: Results) -> str:
    cells = [cell for cell in results.cells if cell.setting.mode == mode]
    if not cells:
        return ""
    differing, common = _conditions([cell.setting for cell in cells])
    columns = _columns(mode)
    with_limit = mode != "start" and bool(results.peaks)
    header = ["model", "", *differing, *columns] + (["of limit"] if with_limit else [])
    rows = []
    for cell in cells:
        row = [cell.setting.model, name_of(cell.setting)]
        row += [_condition(cell.setting, name) for name in differing]
        row += _numbers(cell, results.cells)
        if with_limit:
            row.append(_percent(reach(cell, results)))
        rows.append(row)
    conditions = f"{common}. " if common else ""
    rounds = len(cells[0].rounds)
    text = f"{conditions}{rounds} rounds of {cells[0].rounds[0].calls} frames each."
    if mode == "start":
        text = f"{conditions}{rounds} processes each; the disk is warm."
    return f"## {_TITLES[mode]}\n\n{text}\n\n{table(header, rows)}"


def _columns(mode: str) -> list[str]:
    if mode == "start":
        return ["first result ms", "× sooner", "rounds", "CPU ms", "memory MiB"]
    times = [] if mode in THROUGHPUT else ["p50 ms", "p90 ms", "p99 ms"]
    return ["frames/s", "× faster", "rounds", *times, "CPU ms", "memory MiB", "people"]


def _numbers(cell: Cell, cells: Sequence[Cell]) -> list[str]:
    mode = cell.setting.mode
    row = [f"{cell.wall_ms:.0f}" if mode == "start" else rate(cell.per_second)]
    row += _speedup(cell, reference_of(cell, cells))
    if mode not in ("start", *THROUGHPUT):
        row += [f"{cell.percentile_ms(percent):.1f}" for percent in (50, 90, 99)]
    row += [f"{cell.cpu_ms:.0f}" if mode == "start" else f"{cell.cpu_ms:.1f}"]
    row += [_UNKNOWN if cell.memory_mib is None else f"{cell.memory_mib:.0f}"]
    return row if mode == "start" else [*row, f"{cell.poses:.2f}"]


def _speedup(cell: Cell, theirs: Cell | None) -> list[str]:
    """The median of the rounds, and where eight rounds of ten lie."""
    if theirs is None:
        return [_UNKNOWN, _UNKNOWN]
    if theirs is cell:
        return ["1.00", ""]
    ratios = cell.speedups(theirs)
    return [
        f"{statistics.median(ratios):.2f}",
        f"{percentile(ratios, 10):.2f}–{percentile(ratios, 90):.2f}",
    ]


def _conditions(settings: Sequence[Setting]) -> tuple[list[str], str]:
    """Names of the conditions that differ, for columns; and those that all have in common, in words."""
    names = ["size", "poses", "masks", "threads"]
    differing = [name for name in names if len({_condition(setting, name) for setting in settings}) > 1]
    words = {
        "size": "{}",
        "poses": "num_poses {}",
        "masks": "masks: {}",
        "threads": "{} threads",
    }
    common = [words[name].format(_condition(settings[0], name)) for name in names if name not in differing]
    return differing, ", ".join(common)


def _condition(setting: Setting, name: str) -> str:
    return {
        "size": setting.size,
        "poses": str(setting.num_poses),
        "masks": "yes" if setting.masks else "no",
        "threads": setting.threads,
    }[name]


def _limits(results: Results) -> str:
    """What the machine's arithmetic would allow, and how much of it is reached."""
    if not results.peaks:
        return ""
    lines = ["## Arithmetic limit", "", "Highest rate measured:", ""]
    for peak in results.peaks:
        threads = "1 thread" if peak.threads == 1 else f"{peak.threads} threads"
        lines.append(f"- {peak.per_second / 1e9:.0f} GFLOP/s, {peak.precision}, {threads} ({peak.how})")
    rows = []
    for mode in ("image", "video"):
        exact = [cell for cell in base_cells(results.cells, mode) if cell.setting.precision == "exact"]
        for model, group in groupby(exact, key=lambda cell: cell.setting.model):
            ours = [cell for cell in group if not cell.setting.of_reference]
            best = min(ours, key=lambda cell: cell.wall_ms, default=None)
            row = _limit_row(best, results) if best else None
            if row:
                rows.append([mode.upper(), model, *row])
    header = ["", "model", "GFLOP a frame", "limit, frames/s", "reached, frames/s", "share"]
    return "\n".join(lines) + (f"\n\n{table(header, rows)}" if rows else "")


def _limit_row(cell: Cell, results: Results) -> list[str] | None:
    needed, peak = operations(cell, results), limit(cell, results)
    if not needed or peak is None:
        return None
    most = peak.per_second / needed
    share = _percent(cell.per_second / most)
    return [f"{needed / 1e9:.2f}", rate(most), rate(cell.per_second), share]


def _installed(results: Results) -> str:
    if not results.installed_mib:
        return ""
    rows = [
        [
            f"MediaPipe {REFERENCE_VERSION}" if name == "mediapipe" else name,
            str(size["packages"]),
            f"{size['files']:.0f}",
            _UNKNOWN if size["on_disk"] is None else f"{size['on_disk']:.0f}",
        ]
        for name, size in results.installed_mib.items()
    ]
    return "## Installed, with all dependencies\n\n" + table(
        ["", "packages", "files MiB", "on disk MiB"], rows
    )


def _left_out(results: Results) -> str:
    parts = []
    if results.failures:
        parts.append("## Failed\n\n" + "\n".join(f"- {line}" for line in by_reason(results.failures)))
    if results.skipped:
        parts.append(
            "## Not on this machine\n\n" + "\n".join(f"- {line}" for line in by_reason(results.skipped))
        )
    return "\n\n".join(parts)


def by_reason(notes: Mapping[str, str]) -> list[str]:
    """A line for every reason, with those that it holds for, or how many there are."""
    keys: dict[str, list[str]] = {}
    for key, why in notes.items():
        keys.setdefault(why, []).append(key)
    return [
        f"{held[0]}{f' and {len(held) - 1} more' if len(held) > 1 else ''}: {why}"
        for why, held in keys.items()
    ]


def _percent(share: float | None) -> str:
    return _UNKNOWN if share is None else f"{share:.0%}"


def rate(value: float) -> str:
    """Frames a second with as many digits as mean something."""
    return f"{value:.1f}" if value < 20 else f"{value:.0f}"
