"""The tables of docs/scale.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from benchmarks.scale.archive import Archive
from benchmarks.scale.budget import budget
from benchmarks.scale.checks import Check
from benchmarks.scale.figures import Figures
from benchmarks.scale.knees import knees, of_files, shards
from benchmarks.scale.options import Way
from pose_landmarker.markdown import table

_HEIGHTS = ("480p", "720p", "1080p", "2160p")


def _money(dollars: float) -> str:
    return f"{dollars / 1000:,.1f} k" if dollars < 1e5 else f"{dollars / 1000:,.0f} k"


def answers(archive: Archive, figures: Figures) -> str:
    """Cores, days and dollars of each model."""
    rows = []
    for model in ("lite", "full", "heavy"):
        for precision in ("exact", "fast"):
            some = budget(replace(archive, model=model, precision=precision), figures)
            rows.append(
                [
                    f"{model}, {precision}",
                    f"{some.core_years:,.0f}",
                    f"{some.days(1000):,.1f}",
                    _money(some.money["cores, on demand"]),
                    _money(some.money["cores, spot"]),
                    f"{some.money['cores, spot'] / archive.hours:.4f}",
                ]
            )
    header = ["", "core-years", "days on 1,000 cores", "$ on demand", "$ spot", "$ an hour of video, spot"]
    return table(header, rows)


def formats(archive: Archive, figures: Figures) -> str:
    """What sizes and codecs change."""
    rows = []
    for height in _HEIGHTS:
        for codec in ("h264", "hevc"):
            some = replace(archive, format=f"{height} {codec}")
            spent = budget(some, figures)
            parts = some.parts_ms(figures)
            rows.append(
                [
                    some.format,
                    f"{figures.mbit_s[some.format]:.1f}",
                    f"{parts['reading']:.2f}",
                    f"{parts['reading'] / sum(parts.values()):.0%}",
                    f"{spent.core_years:,.0f}",
                    f"{spent.read_gb / 1e6:,.2f}",
                    _money(spent.money["cores, spot"]),
                    _money(spent.money["keeping the videos, a month"]),
                ]
            )
    header = [
        "",
        "Mbit/s",
        "reading, ms",
        "of a frame",
        "core-years",
        "PB",
        "$ cores, spot",
        "$ a month to keep",
    ]
    return table(header, rows)


def frame(archive: Archive, figures: Figures) -> str:
    """Where a frame's time goes."""
    networks = [(model, precision) for model in ("lite", "full", "heavy") for precision in ("exact", "fast")]
    rows = []
    for model, precision in networks:
        parts = replace(archive, model=model, precision=precision).parts_ms(figures)
        del parts["rows"]  # nothing, beside the others
        rows.append(
            [f"{model}, {precision}", *(f"{ms:.2f}" for ms in parts.values()), f"{sum(parts.values()):.2f}"]
        )
    return table(["ms of a core", "reading", "detector", "landmarks", "together"], rows)


def narrow_places(archive: Archive, figures: Figures) -> str:
    """Workers at which each part is full."""
    models = ("lite", "full", "heavy")
    found = {model: knees(replace(archive, model=model), figures) for model in models}
    rows = [[name, *(f"{found[model][name]:,.0f}" for model in models)] for name in found["full"]]
    return table(["full with so many workers", *models], rows)


def many_files(figures: Figures, counts: Sequence[float] = (1e4, 1e5, 1e6, 6e6)) -> str:
    """What files cost one driver."""
    rows = []
    for count in counts:
        some = of_files(count, figures)
        rows.append(
            [
                f"{count:,.0f}",
                f"{some['listing_s']:,.1f}",
                f"{some['memory_gb']:.2f}",
                f"{some['table_s']:,.1f}",
                f"{some['resume_s']:,.0f}",
                f"{some['footers_gb']:,.1f}",
            ]
        )
    header = [
        "files",
        "listing, s",
        "memory, GB",
        "files.parquet, s",
        "resume, s",
        "footers, GB",
    ]
    return table(header, rows)


def ways(found: Sequence[Way]) -> str:
    """Configurations with GPUs."""
    rows = [
        [way.name, f"{way.times:,.0f}", way.limit, f"{way.cost:.4f}", f"{way.low:.4f}–{way.high:.4f}"]
        for way in found
    ]
    return table(["", "hours of video an hour", "limited by", "$ an hour of video", "range"], rows)


def checked(checks: Sequence[Check]) -> str:
    """Closed forms, or real runs, and the simulation."""
    rows = [
        [
            check.what,
            f"{check.expected:,.3g} {check.unit}",
            f"{check.simulated:,.3g} {check.unit}",
            f"{check.error:+.1%}",
        ]
        for check in checks
    ]
    return table(["", "expected", "simulated", "difference"], rows)


def split(archive: Archive, figures: Figures, counts: Sequence[int] = (100, 1000, 10_000)) -> str:
    """Into how many jobs, for so many cores."""
    rows = [
        [f"{count:,}", f"{shards(archive, figures, count):,}", f"{budget(archive, figures).days(count):,.1f}"]
        for count in counts
    ]
    return table(["cores", "jobs", "days"], rows)
