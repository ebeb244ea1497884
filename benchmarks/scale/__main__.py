"""What a million hours of video cost, and where a job of that size is narrow: tables and charts.

    python -m benchmarks.scale [--hours 1e6] [--format "720p h264"] [--people 1] [--charts docs/images]

The numbers come from benchmarks/figures_scale.json, which ``python -m benchmarks.scale.measures`` writes.
Takes about a minute, charts one more.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from benchmarks.scale import charts, sweeps, tables
from benchmarks.scale.archive import Archive
from benchmarks.scale.budget import budget
from benchmarks.scale.checks import CHECKS, trials, within_bounds
from benchmarks.scale.clips import agreement, summary
from benchmarks.scale.figures import PATH, Figures
from benchmarks.scale.knees import BUCKET, FILE_SERVER, knees
from benchmarks.scale.options import cheapest_of_devices, of_cores, of_devices

_COUNTS = [64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384]
_LENGTHS_H = [1.0, 2.0, 4.0, 8.0, 12.0, 24.0, 48.0, 96.0]
_LOSSES_H = [3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0]
#: Of a month, in an hour: 5 and 20 of a hundred (bins of AWS's Spot Instance Advisor).
_SPOT = (0.05 / 730, 0.2 / 730)
_TAIL_WORKERS, _TAIL_HOURS = 100, 2000.0
_PART_WORKERS = 160


def main() -> None:
    """Reckon, simulate, print, draw."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    plain = Archive()
    parser.add_argument("--hours", type=float, default=plain.hours)
    parser.add_argument("--format", default=plain.format)
    parser.add_argument("--people", type=float, default=plain.people)
    parser.add_argument("--model", choices=("lite", "full", "heavy"), default=plain.model)
    parser.add_argument("--precision", choices=("exact", "fast"), default=plain.precision)
    parser.add_argument("--figures", type=Path, default=PATH)
    parser.add_argument("--charts", type=Path, help="also draw them, into this folder (needs matplotlib)")
    arguments = parser.parse_args()
    figures = Figures.load(arguments.figures)
    archive = Archive(
        hours=arguments.hours,
        format=arguments.format,
        people=arguments.people,
        model=arguments.model,
        precision=arguments.precision,
    )
    _print_reckoned(archive, figures)
    _print_simulated(archive, figures)
    if arguments.charts:
        _draw(archive, figures, arguments.charts)


def _print_reckoned(archive: Archive, figures: Figures) -> None:
    spent = budget(archive, figures)
    print(
        f"{archive.hours:,.0f} h of {archive.format}, "
        f"{archive.files:,.0f} files of {archive.mean_s / 60:.1f} min"
    )
    print(
        f"{archive.rows:.3g} rows, {spent.written_gb / 1e3:,.0f} TB; {spent.read_gb / 1e6:.2f} PB to read\n"
    )
    for name, dollars in spent.money.items():
        print(f"- {name}: ${dollars:,.0f}")
    for title, text in (
        ("models", tables.answers(archive, figures)),
        ("a frame", tables.frame(archive, figures)),
        ("formats", tables.formats(archive, figures)),
        ("GPUs", tables.ways(of_devices(archive, figures))),
        ("GPUs, heavy", tables.ways(of_devices(replace(archive, model="heavy"), figures))),
        ("narrow places", tables.narrow_places(archive, figures)),
        ("files", tables.many_files(figures)),
        ("jobs", tables.split(archive, figures)),
    ):
        print(f"\n{title}\n\n{text}")


def _print_simulated(archive: Archive, figures: Figures) -> None:
    print(f"\nchecks\n\n{tables.checked([check() for check in CHECKS] + trials(figures))}")
    middle, low, high = agreement(figures)
    print(f"\n{summary(figures)}\nmeasured ÷ reckoned a frame: {middle:.2f} ({low:.2f} to {high:.2f})")
    low, simulated, high = within_bounds()
    print(f"\nmakespan {low:,.0f} ≤ {simulated:,.0f} ≤ {high:,.0f} s")
    part = sweeps.slice_of(archive, figures, _PART_WORKERS)
    print(
        f"\none part of {_PART_WORKERS} workers: "
        + ", ".join(f"{name} {value:.3g}" for name, value in part.items())
    )
    for longest_h in (archive.longest_h, 1.0):
        for speed in (0.5, 0.1):
            some = replace(archive, longest_h=longest_h)
            mean, worst = sweeps.stragglers(some, figures, 0.01, speed)
            print(
                f"1 % of workers at {speed:g} of the speed, files of up to {longest_h:g} h: "
                f"{mean:.3f} of the time, at worst {worst:.3f}"
            )
    print(
        f"one file of 1,000 kills its worker: {sweeps.poisoned(archive, figures, 1e-3):.2%} of the work lost"
    )
    print(
        f"the driver is lost once an hour: {sweeps.driver_losses(archive, figures, 1.0):.2%} of the work lost"
    )


def _draw(archive: Archive, figures: Figures, folder: Path) -> None:
    keeping = budget(archive, figures).money["keeping the videos, a month"] / archive.hours
    ways = of_cores(archive, figures) + cheapest_of_devices(archive, figures)
    charts.draw_costs(ways, keeping, folder / "scale_costs.png")
    curves = {
        name: sweeps.by_workers(archive, figures, _COUNTS, bytes_s=bytes_s, jobs=jobs)
        for name, bytes_s, jobs in (
            ("one job, bucket with 100 Gbit/s", BUCKET, 1),
            ("32 jobs, file server with 10 Gbit/s", FILE_SERVER, 32),
            ("32 jobs, bucket with 100 Gbit/s", BUCKET, 32),
        )
    }
    charts.draw_workers(curves, knees(archive, figures), folder / "scale_workers.png")
    tails = sweeps.by_longest(archive, figures, _LENGTHS_H, _TAIL_WORKERS, _TAIL_HOURS)
    charts.draw_tail(tails, _TAIL_HOURS / _TAIL_WORKERS, folder / "scale_tail.png")
    losses = {
        f"files of up to {longest:g} h": sweeps.by_losses(
            replace(archive, longest_h=longest), figures, _LOSSES_H
        )
        for longest in (1.0, 12.0)
    }
    charts.draw_losses(losses, _SPOT, folder / "scale_losses.png")
    for name, curve in curves.items():
        print(name, [f"{rate.workers}: {rate.hours_h / rate.ideal_h:.0%}" for rate in curve])
    print([f"{t.longest_h:g} h: {t.listed:.2f} {t.largest_first:.2f} {t.bound:.2f}" for t in tails])
    for name, found in losses.items():
        print(name, [f"{x.an_hour:g}: {x.share:.2%} {x.given_up:.2%} {x.makespan:.2f}" for x in found])


if __name__ == "__main__":
    main()
