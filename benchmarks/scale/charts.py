"""The charts of docs/scale.md."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.scale.options import Way
from benchmarks.scale.sweeps import Lost, Rate, Tail

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Colours that the colour-blind can tell apart (Okabe and Ito).
_BLUE, _SKY, _ORANGE, _RED, _GREEN, _GREY = "#0072b2", "#56b4e9", "#e69f00", "#d55e00", "#009e73", "#9a9a9a"
_KINDS = {"cores, spot": _SKY, "cores, on demand": _BLUE, "GPU (reckoned)": _ORANGE}
_INK, _FAINT = "#333333", "#dddddd"
_WIDTH_IN, _DPI = 8.8, 130


def _figure(height_in: float, columns: int = 1) -> tuple[Figure, list[Axes]]:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(
        1, columns, figsize=(_WIDTH_IN, height_in), layout="constrained", squeeze=False
    )
    for ax in axes[0]:
        ax.spines[["top", "right"]].set_visible(False)
        ax.grid(color=_FAINT, linewidth=0.6)
        ax.set_axisbelow(True)
        ax.tick_params(labelsize=8, colors=_INK)
    return figure, list(axes[0])


def _save(figure: Figure, path: Path) -> None:
    from matplotlib import pyplot as plt

    figure.savefig(path, dpi=_DPI)
    plt.close(figure)


def draw_costs(ways: Sequence[Way], keeping: float, path: Path) -> None:
    """A bar for each way, with its range; a line for keeping an hour of video for a month."""
    figure, (ax,) = _figure(1.1 + 0.27 * len(ways))
    heights = np.arange(len(ways))[::-1]
    for way, height in zip(ways, heights, strict=True):
        ax.barh(height, way.cost, 0.7, color=_KINDS[way.kind])
        ax.plot([way.low, way.high], [height, height], color=_INK, linewidth=1)
        ax.text(
            max(way.cost, way.high) * 1.06, height, f"{way.cost:.4f}", va="center", fontsize=8, color=_INK
        )
    ax.axvline(keeping, color=_RED, linewidth=1, linestyle="--")
    ax.text(keeping, heights[0] + 0.75, " keeping the video, a month", color=_RED, fontsize=8, va="bottom")
    ax.set_yticks(heights, [way.name for way in ways])
    ax.grid(axis="y", visible=False)
    ax.set_xlim(0, 1.18 * max(max(way.cost, way.high) for way in ways))
    ax.set_ylim(-0.7, len(ways) + 0.6)
    ax.set_xlabel(
        "dollars an hour of video (line: range of prices, or of the share that a GPU reaches)", fontsize=9
    )
    handles = [ax.barh(0, 0, color=colour, label=kind) for kind, colour in _KINDS.items()]
    ax.legend(handles=handles, frameon=False, fontsize=8, loc="upper right", bbox_to_anchor=(1, 0.95))
    _save(figure, path)


def draw_workers(curves: dict[str, list[Rate]], knees: dict[str, float], path: Path) -> None:
    """Hours of video an hour against workers, both logarithmic, and where each part is full."""
    figure, (ax,) = _figure(4.6)
    first = next(iter(curves.values()))
    counts = [rate.workers for rate in first]
    ax.plot(counts, [rate.ideal_h for rate in first], color=_GREY, linewidth=1, linestyle="--")
    ax.annotate(
        "nobody waits",
        (counts[-2], first[-2].ideal_h),
        xytext=(-8, 6),
        textcoords="offset points",
        ha="right",
        fontsize=8,
        color=_GREY,
    )
    styles = ((_RED, "o"), (_BLUE, "s"), (_GREEN, "^"))
    for (name, curve), (colour, marker) in zip(curves.items(), styles, strict=True):
        ax.plot(
            [rate.workers for rate in curve],
            [rate.hours_h for rate in curve],
            color=colour,
            marker=marker,
            markersize=4,
            label=name,
        )
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.set_xticks(counts, [f"{count:,}" for count in counts])
    ax.minorticks_off()
    ax.set_ylim(bottom=first[0].hours_h * 0.8)
    for name, workers in knees.items():
        if counts[0] < workers <= counts[-1]:
            ax.axvline(workers, color=_INK, linewidth=0.8, linestyle=":")
            ax.text(
                workers,
                first[0].hours_h * 0.9,
                f"{name}: {workers:,.0f}",
                rotation=90,
                ha="right",
                va="bottom",
                fontsize=8,
                color=_INK,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
            )
    ax.set_xlabel("workers, one core each", fontsize=9)
    ax.set_ylabel("hours of video an hour", fontsize=9)
    ax.legend(frameon=False, fontsize=8, loc="upper left")
    _save(figure, path)


def draw_tail(tails: Sequence[Tail], even_h: float, path: Path) -> None:
    """How much longer a job takes than its work shared evenly, against its longest file."""
    figure, (ax,) = _figure(3.8)
    lengths = [tail.longest_h for tail in tails]
    ax.plot(lengths, [tail.listed for tail in tails], color=_RED, marker="o", markersize=4, label="as listed")
    ax.plot(
        lengths,
        [tail.largest_first for tail in tails],
        color=_GREEN,
        marker="^",
        markersize=4,
        label="largest first, as jobs do",
    )
    ax.plot(lengths, [tail.bound for tail in tails], color=_GREY, linestyle="--", label="no order is below")
    ax.axvline(even_h, color=_INK, linewidth=0.8, linestyle=":")
    ax.text(even_h, ax.get_ylim()[1], " work of one worker", fontsize=8, va="top", color=_INK)
    ax.set_xscale("log")
    ax.set_xticks(lengths, [f"{length:g}" for length in lengths])
    ax.minorticks_off()
    ax.set_xlabel("longest file, hours of video", fontsize=9)
    ax.set_ylabel("time of the job ÷ its work shared evenly", fontsize=9)
    ax.legend(frameon=False, fontsize=8, loc="upper left")
    _save(figure, path)


def draw_losses(curves: dict[str, list[Lost]], spot: tuple[float, float], path: Path) -> None:
    """Work lost with nodes, and files given up where workers are lost alone, against how often."""
    figure, (left, right) = _figure(3.8, 2)
    for (name, losses), colour, marker in zip(curves.items(), (_BLUE, _ORANGE), "os", strict=True):
        rates = [lost.an_hour for lost in losses]
        left.plot(
            rates,
            [100 * lost.share for lost in losses],
            color=colour,
            marker=marker,
            markersize=4,
            label=name,
        )
        left.plot(
            rates, [100 * lost.expected for lost in losses], color=colour, linewidth=0.8, linestyle="--"
        )
        given_up = [100 * lost.given_up for lost in losses]
        right.plot(rates, given_up, color=colour, marker=marker, markersize=4, label=name)
    left.axvspan(*spot, color=_FAINT)
    for ax, who, what in (
        (left, "a node", "work lost, % (dashed: closed form)"),
        (right, "a worker alone", "sound files given up, %"),
    ):
        ax.set_xscale("log")
        ax.set_xlabel(f"losses of {who}, an hour", fontsize=9)
        ax.set_title(what, loc="left", fontsize=9, color=_INK)
        ax.set_ylim(bottom=0)
    left.text(spot[0], left.get_ylim()[1], "spot,\n5–20 %\na month", fontsize=8, va="top", color=_INK)
    note = "such a loss is a try (two retries);\nthat of a node is none"
    right.text(0.05, 0.6, note, transform=right.transAxes, fontsize=8, color=_INK)
    left.legend(frameon=False, fontsize=8, loc="center")
    _save(figure, path)
