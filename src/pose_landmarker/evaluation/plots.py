"""Charts of an evaluation for a page as wide as a README (extra ``evaluate``)."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from pose_landmarker.errors import MissingExtraError
from pose_landmarker.evaluation.comparison import Evaluation
from pose_landmarker.evaluation.figures import Figures

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Colours that the colour-blind can tell apart (Okabe and Ito).
_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#9a9a9a", "#f0e442")
_INK, _FAINT = "#333333", "#dddddd"
_WIDTH_IN, _HEIGHT_IN, _DPI = 8.8, 4.2, 180
#: A curve of fewer people says nothing.
_MIN_PERSONS = 20
_MOST_PANELS = 3

#: Draws what was found by those of these names, in the order of colours.
_Draw = Callable[["Axes", dict[str, Figures]], None]


def require_matplotlib() -> None:
    """See that matplotlib is there.

    Raises:
        MissingExtraError: It is not; the message holds the line to type.
    """
    if find_spec("matplotlib") is None:
        raise MissingExtraError("charts need matplotlib: pip install 'pose-landmarker[evaluate]'")


def draw_plots(evaluation: Evaluation) -> dict[str, bytes]:
    """PNG files by name: those for which there is something to show.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    require_matplotlib()
    plots: dict[str, bytes] = {}
    for name, title, draw, tells in (
        ("recall_by_height.png", "People found with OKS > 0.5, by height", _draw_recall, _tells_recall),
        ("precision_recall.png", "Precision over recall at OKS 0.5", _draw_precision, _tells_precision),
        (
            "reliability.png",
            "What a score is worth: poses that match a person",
            _draw_reliability,
            _tells_score,
        ),
    ):
        panels = {
            dataset: {n: figures for n, figures in by_name.items() if tells(figures)}
            for dataset, by_name in evaluation.figures.items()
        }
        panels = {dataset: by_name for dataset, by_name in panels.items() if by_name}
        if panels:
            largest = sorted(panels, key=lambda d: -max(f.persons for f in panels[d].values()))[:_MOST_PANELS]
            shown = {dataset: panels[dataset] for dataset in panels if dataset in largest}
            plots[name] = _figure(shown, list(evaluation.settings), title, draw)
    return plots


def _tells_recall(figures: Figures) -> bool:
    return figures.recall is not None and figures.persons >= _MIN_PERSONS


def _tells_precision(figures: Figures) -> bool:
    return figures.coco is not None and figures.coco.persons >= _MIN_PERSONS


def _tells_score(figures: Figures) -> bool:
    return figures.precision is not None and len(figures.precision.by_score) > 1


def _figure(panels: dict[str, dict[str, Figures]], names: Sequence[str], title: str, draw: _Draw) -> bytes:
    """A panel for each data set; everybody keeps the same colour."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    colours = {name: _COLOURS[i % len(_COLOURS)] for i, name in enumerate(names)}
    shown = [name for name in names if any(name in by_name for by_name in panels.values())]
    figure = Figure(figsize=(_WIDTH_IN, _HEIGHT_IN), dpi=_DPI, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for ax, (dataset, by_name) in zip(axes, panels.items(), strict=True):
        ax.set_prop_cycle(color=[colours[name] for name in by_name])
        draw(ax, by_name)
        _dress(ax, dataset)
    figure.legend(
        [Line2D([], [], color=colours[name], marker="o", markersize=5) for name in shown],
        shown,
        loc="outside upper left",
        title=title,
        title_fontproperties={"size": 11, "weight": "bold"},
        alignment="left",
        ncols=2 if max(map(len, shown)) > 30 else 4,
        frameon=False,
        fontsize=8.5,
        handlelength=1.4,
        columnspacing=1.3,
        borderaxespad=0.2,
    )
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _draw_recall(ax: Axes, by_name: dict[str, Figures]) -> None:
    """A point for each bin with people in it."""
    some = next(iter(by_name.values())).recall
    assert some is not None  # the panel would not be there
    bins = [i for i, part in enumerate(some.by_height) if part.persons]
    for figures in by_name.values():
        assert figures.recall is not None
        shares = [100 * figures.recall.by_height[i].recall for i in bins]
        ax.plot(range(len(bins)), shares, marker="o", markersize=4.5, linewidth=1.7, alpha=0.9)
    labels = [f"{_span(some.by_height[i].low, some.by_height[i].high)}" for i in bins]
    counts = [f"{some.by_height[i].persons}" for i in bins]
    ax.set_xticks(range(len(bins)), [f"{a}\n({b})" for a, b in zip(labels, counts, strict=True)])
    ax.set_xlabel("height of the person, px (people)", fontsize=8.5, color=_INK)
    ax.set_ylabel("recall, %", fontsize=8.5, color=_INK)
    ax.set_ylim(-3, 103)


def _draw_precision(ax: Axes, by_name: dict[str, Figures]) -> None:
    for figures in by_name.values():
        assert figures.coco is not None
        recall = 100 * np.linspace(0, 1, len(figures.coco.precision50))
        precision = 100 * np.array(figures.coco.precision50)
        reached = precision > 0  # beyond it nobody else is found
        (line,) = ax.plot(recall[reached], precision[reached], linewidth=1.7, alpha=0.9)
        if reached.any():
            ax.plot(recall[reached][-1], precision[reached][-1], "o", markersize=5, color=line.get_color())
    ax.set_xlabel("recall, %", fontsize=8.5, color=_INK)
    ax.set_ylabel("precision, %", fontsize=8.5, color=_INK)
    ax.set_xlim(0, 103)
    ax.set_ylim(0, 103)


def _draw_reliability(ax: Axes, by_name: dict[str, Figures]) -> None:
    lowest = 1.0
    for figures in by_name.values():
        assert figures.precision is not None
        bins = figures.precision.by_score
        scores = [part.score for part in bins]
        lowest = min(lowest, *scores)
        ax.plot(
            scores, [100 * part.share for part in bins], marker="o", markersize=4.5, linewidth=1.7, alpha=0.9
        )
    low = max(0.0, math.floor(10 * lowest) / 10)
    ax.plot([low, 1], [100 * low, 100], color="#999999", linewidth=1, linestyle="--", zorder=1)
    ax.set_xlabel("mean score of the poses in a bin; dashed: score = share", fontsize=8.5, color=_INK)
    ax.set_ylabel("poses that match a person, %", fontsize=8.5, color=_INK)
    ax.set_xlim(low - 0.02, 1.02)
    ax.set_ylim(-3, 103)


def _dress(ax: Axes, title: str) -> None:
    """Lines behind, nothing that says nothing."""
    ax.set_title(title, loc="left", fontsize=9.5, color=_INK)
    ax.tick_params(length=0, labelsize=8, labelcolor=_INK)
    ax.grid(color=_FAINT, linewidth=0.7)
    ax.set_axisbelow(True)
    for side in ("top", "right", "bottom", "left"):
        ax.spines[side].set_visible(side in ("left", "bottom"))
        ax.spines[side].set_color("#999999")


def _span(low: float, high: float) -> str:
    return f"{low:.0f}+" if math.isinf(high) else f"{low:.0f}–{high:.0f}"
