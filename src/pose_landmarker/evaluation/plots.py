"""Charts of an evaluation for a page as wide as a README (extra ``evaluate``)."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from pose_landmarker.errors import MissingExtraError
from pose_landmarker.evaluation.average_precision import CocoScores
from pose_landmarker.evaluation.comparison import Evaluation
from pose_landmarker.evaluation.figures import Recall
from pose_landmarker.evaluation.reliability import ScoreBin

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Colours that the colour-blind can tell apart (Okabe and Ito).
_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9", "#9a9a9a", "#f0e442")
_INK, _FAINT = "#333333", "#dddddd"
_WIDTH_IN, _HEIGHT_IN, _DPI = 8.8, 4.2, 180
_LINE: Mapping[str, Any] = {"linewidth": 1.7, "alpha": 0.9, "markersize": 4.5}
#: Curves of fewer people say nothing, nor do points.
_MIN_PERSONS, _MIN_IN_BIN = 20, 5
_MOST_PANELS = 3
#: Scores closer to 1 are drawn here; the axis has no place for 1 itself.
_HIGHEST_SCORE = 1 - 1e-5

_Colours = Mapping[str, str]
#: Draws what is known of those of these names.
_Draw = Callable[["Axes", dict[str, Any], _Colours], None]


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
    recall: dict[str, dict[str, Any]] = {}
    coco: dict[str, dict[str, Any]] = {}
    for dataset, by_name in evaluation.figures.items():
        for name, found in by_name.items():
            if found.recall is not None and found.persons >= _MIN_PERSONS:
                recall.setdefault(dataset, {})[name] = found.recall
            if found.coco is not None and found.coco.persons >= _MIN_PERSONS:
                coco.setdefault(dataset, {})[name] = found.coco
    scores = {name: bins for name, bins in evaluation.reliability.items() if len(bins) > 1}
    names = list(evaluation.settings)
    plots = {
        "recall_by_height.png": _figure(recall, names, "People found with OKS > 0.5, by height", _recall),
        "average_precision.png": _figure(coco, names, "COCO's average precision and recall", _average),
        "precision_recall.png": _figure(coco, names, "Precision over recall at OKS 0.5", _precision),
        "reliability.png": _figure(
            {"": scores} if scores else {},
            names,
            "Poses that match a labelled person, by score",
            _reliability,
        ),
    }
    return {name: picture for name, picture in plots.items() if picture is not None}


def _figure(panels: dict[str, dict[str, Any]], names: Sequence[str], title: str, draw: _Draw) -> bytes | None:
    """A panel for each of the first data sets; everybody keeps the same colour. None for nothing."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    panels = dict(list(panels.items())[:_MOST_PANELS])
    if not panels:
        return None
    colours = {name: _COLOURS[i % len(_COLOURS)] for i, name in enumerate(names)}
    shown = [name for name in names if any(name in by_name for by_name in panels.values())]
    figure = Figure(figsize=(_WIDTH_IN, _HEIGHT_IN), dpi=_DPI, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for ax, (dataset, by_name) in zip(axes, panels.items(), strict=True):
        draw(ax, by_name, colours)
        _dress(ax, dataset)
    figure.legend(
        [Line2D([], [], color=colours[name], marker="o", markersize=5) for name in shown],
        shown,
        loc="outside upper left",
        title=title,
        title_fontproperties={"size": 11, "weight": "bold"},
        alignment="left",
        ncols=max(1, min(4, 110 // (max(map(len, shown)) + 6))),
        frameon=False,
        fontsize=8.5,
        handlelength=1.4,
        columnspacing=1.3,
        borderaxespad=0.2,
    )
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _recall(ax: Axes, by_name: dict[str, Recall], colours: _Colours) -> None:
    """A point for each height of which there are some people."""
    some = next(iter(by_name.values())).by_height
    bins = [i for i, part in enumerate(some) if part.persons >= _MIN_IN_BIN]
    for name, recall in by_name.items():
        shares = [100 * recall.by_height[i].recall for i in bins]
        ax.plot(range(len(bins)), shares, "o-", color=colours[name], **_LINE)
    labels = [f"{_span(some[i].low, some[i].high)}\n({some[i].persons})" for i in bins]
    ax.set_xticks(range(len(bins)), labels)
    _name_axes(ax, "height of the person, px (people)", "found, %")
    ax.set_ylim(-3, 103)


def _average(ax: Axes, by_name: dict[str, CocoScores], colours: _Colours) -> None:
    """Bars for each of COCO's main numbers."""
    labels = {"AP": "ap", "AP50": "ap50", "AP75": "ap75", "AR": "ar"}
    width = 0.8 / len(by_name)
    for i, (name, found) in enumerate(by_name.items()):
        values = [100 * (getattr(found, field) or 0.0) for field in labels.values()]
        places = np.arange(len(labels)) + (i - (len(by_name) - 1) / 2) * width
        bars = ax.bar(places, values, width=0.92 * width, color=colours[name])
        if len(by_name) <= 4:  # else there is no room
            ax.bar_label(bars, [f"{value:.0f}" for value in values], fontsize=7, color=_INK, padding=1)
    ax.set_xticks(range(len(labels)), list(labels))
    ax.set_ylabel("%", fontsize=8.5, color=_INK)


def _precision(ax: Axes, by_name: dict[str, CocoScores], colours: _Colours) -> None:
    """Each line ends where nobody else was found."""
    farthest = 0.0
    for name, found in by_name.items():
        recall = 100 * np.linspace(0, 1, len(found.precision50))
        precision = 100 * np.array(found.precision50)
        reached = precision > 0
        if reached.any():
            end = recall[reached][-1]
            farthest = max(farthest, float(end))
            ax.plot(recall[reached], precision[reached], color=colours[name], **_LINE)
            ax.plot(end, precision[reached][-1], "o", color=colours[name], markersize=5)
    _name_axes(ax, "recall, %", "precision, %")
    ax.set_xlim(0, min(103.0, 1.15 * farthest + 3))
    ax.set_ylim(0, 103)


def _reliability(ax: Axes, by_name: dict[str, Sequence[ScoreBin]], colours: _Colours) -> None:
    """Scores crowd below 1, so the axis gives room there."""
    lowest = 0.5
    for name, bins in by_name.items():
        scores = np.minimum([part.score for part in bins], _HIGHEST_SCORE)
        lowest = min(lowest, float(scores.min()))
        ax.plot(scores, [100 * part.share for part in bins], "o-", color=colours[name], **_LINE)
    low = max(0.9 * lowest, 0.01)
    line = 1 - np.geomspace(1 - low, 1 - _HIGHEST_SCORE, 200)
    ax.plot(line, 100 * line, color="#999999", linewidth=1, linestyle="--", zorder=1)
    ax.set_xscale("logit")
    ticks = [tick for tick in (0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.999, 0.9999) if tick >= low]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.set_xticks([], minor=True)
    ax.set_xlim(low, 1 - 0.7e-5)
    poses = min(part.poses for bins in by_name.values() for part in bins)
    _name_axes(
        ax, f"mean score of {poses} or more poses; dashed: score = share", "match a labelled person, %"
    )
    ax.set_ylim(-3, 103)


def _name_axes(ax: Axes, x: str, y: str) -> None:
    ax.set_xlabel(x, fontsize=8.5, color=_INK)
    ax.set_ylabel(y, fontsize=8.5, color=_INK)


def _dress(ax: Axes, title: str) -> None:
    """Lines behind, nothing that says nothing."""
    ax.set_title(title, loc="left", fontsize=9.5, color=_INK)
    ax.tick_params(length=0, which="both", labelsize=8, labelcolor=_INK)
    ax.grid(color=_FAINT, linewidth=0.7)
    ax.set_axisbelow(True)
    for side in ("top", "right", "bottom", "left"):
        ax.spines[side].set_visible(side in ("left", "bottom"))
        ax.spines[side].set_color("#999999")


def _span(low: float, high: float) -> str:
    return f"{low:.0f}+\n" if math.isinf(high) else f"{low:.0f}–\n{high:.0f}"
