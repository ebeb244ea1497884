"""Charts of results for a page as wide as a README (extra ``bench``)."""

from __future__ import annotations

import io
import statistics
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from itertools import groupby
from typing import TYPE_CHECKING

from pose_landmarker.bench.cell import Cell, reference_of
from pose_landmarker.bench.reach import reach
from pose_landmarker.bench.report import base_cells, base_conditions, name_of, rate
from pose_landmarker.bench.results import Results
from pose_landmarker.bench.setting import Setting
from pose_landmarker.errors import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: By engine and precision: colours that the colour-blind can tell apart (Okabe and Ito), the reference grey.
_COLOURS = {
    ("mediapipe", "exact"): "#9a9a9a",
    ("native", "exact"): "#009e73",
    ("native", "fast"): "#7fd1b5",
    ("litert", "exact"): "#0072b2",
    ("litert", "fast"): "#56b4e9",
    ("openvino", "exact"): "#e69f00",
    ("openvino", "fast"): "#d55e00",
    ("torch", "exact"): "#cc79a7",
}
_INK, _FAINT = "#333333", "#dddddd"
_MODES = {"image": "IMAGE: single pictures", "video": "VIDEO: frames in order"}
_FILES = {"pictures": "Many pictures, decoding included", "videos": "Many videos, decoding included"}
_WIDTH_IN, _DPI = 8.8, 180
_BAR, _GAP = 0.8, 0.7


def require_matplotlib() -> None:
    """See that matplotlib is there.

    Raises:
        MissingExtraError: It is not; the message holds the line to type.
    """
    if find_spec("matplotlib") is None:
        raise MissingExtraError("charts need matplotlib: pip install 'pose-landmarker[bench]'")


def draw_charts(results: Results) -> dict[str, bytes]:
    """PNG files by name: those for which something was measured.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    require_matplotlib()
    charts: dict[str, bytes] = {}
    for name, modes, text, draw in (
        ("speed.png", _MODES, "Frames a second (longer is better)", _draw_speed),
        ("files.png", _FILES, "Frames a second, all processors (longer is better)", _draw_speed),
        ("latency.png", _MODES, "Milliseconds for a frame (left is better)", _draw_latency),
        ("limit.png", _MODES, "Share of the machine's arithmetic limit (longer is better)", _draw_limit),
    ):
        panels = {mode: base_cells(results.cells, mode) for mode in modes}
        panels = {mode: cells for mode, cells in panels.items() if cells}
        if name == "limit.png":
            panels = {
                mode: [cell for cell in cells if reach(cell, results) is not None]
                for mode, cells in panels.items()
                if any(reach(cell, results) is not None for cell in cells)
            }
        if panels:
            charts[name] = _chart(panels, modes, text, results, draw)
    return charts


#: Draws cells at heights.
_Draw = Callable[["Axes", Sequence[Cell], Sequence[float], Results], None]


def _chart(
    panels: dict[str, list[Cell]], titles: dict[str, str], text: str, results: Results, draw: _Draw
) -> bytes:
    """Panels side by side with the same rows: models, and for each who was measured."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    most = max(len(_heights(cells)) for cells in panels.values())
    figure = Figure(
        figsize=(_WIDTH_IN, 1.55 + 0.27 * most), dpi=_DPI, facecolor="white", layout="constrained"
    )
    FigureCanvasAgg(figure)
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for ax, (mode, cells) in zip(axes, panels.items(), strict=True):
        heights = _heights(cells)
        draw(ax, cells, heights, results)
        _dress(ax, cells, heights, titles[mode])
    everybody = [cell for cells in panels.values() for cell in cells]
    _legend(figure, text, everybody, with_marks=draw is _draw_latency)
    figure.supxlabel(_caption(results, next(iter(panels))), fontsize=7.5, color="#666666", x=0.01, ha="left")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _heights(cells: Sequence[Cell]) -> list[float]:
    """Where the row of every cell is, downwards; models stand apart."""
    heights, place, before = [], 0.0, ""
    for cell in cells:
        place -= 1 if cell.setting.model == before or not before else 1 + _GAP
        heights.append(place)
        before = cell.setting.model
    return heights


def _draw_speed(ax: Axes, cells: Sequence[Cell], heights: Sequence[float], _results: Results) -> None:
    values = [cell.per_second for cell in cells]
    _bars(ax, cells, heights, values)
    for cell, height, value in zip(cells, heights, values, strict=True):
        theirs = reference_of(cell, cells)
        times = ""
        if theirs is not None and theirs is not cell:
            times = f"  {statistics.median(cell.speedups(theirs)):.1f}×"
        _label(ax, value, height, f"{rate(value)}{times}")
    ax.set_xlim(0, 1.28 * max(values))


def _draw_latency(ax: Axes, cells: Sequence[Cell], heights: Sequence[float], _results: Results) -> None:
    for cell, height in zip(cells, heights, strict=True):
        low, middle, high = (cell.percentile_ms(percent) for percent in (50, 90, 99))
        colour = _colour(cell.setting)
        ax.plot([low, high], [height, height], color=colour, linewidth=2.2, alpha=0.55, solid_capstyle="butt")
        ax.plot(low, height, "o", color=colour, markersize=7)
        ax.plot(middle, height, "|", color=colour, markersize=10, markeredgewidth=2.2)
        ax.plot(high, height, "o", color=colour, markersize=6, markerfacecolor="white", markeredgewidth=1.5)
        _label(ax, high, height, f"{low:.1f} – {high:.1f}")
    ax.set_xlim(0, 1.3 * max(cell.percentile_ms(99) for cell in cells))


def _draw_limit(ax: Axes, cells: Sequence[Cell], heights: Sequence[float], results: Results) -> None:
    shares = [100 * (reach(cell, results) or 0.0) for cell in cells]
    _bars(ax, cells, heights, shares)
    for height, share in zip(heights, shares, strict=True):
        _label(ax, share, height, f"{share:.0f} %")
    ax.axvline(100, color=_INK, linewidth=1)
    ax.set_xlim(0, max(112.0, 1.15 * max(shares)))


def _bars(ax: Axes, cells: Sequence[Cell], heights: Sequence[float], values: Sequence[float]) -> None:
    ax.barh(heights, values, height=_BAR, color=[_colour(cell.setting) for cell in cells])


def _label(ax: Axes, value: float, height: float, text: str) -> None:
    """A number beside its mark."""
    ax.annotate(
        text,
        (value, height),
        (6, 0),
        textcoords="offset points",
        va="center",
        fontsize=8,
        color=_INK,
    )


def _dress(ax: Axes, cells: Sequence[Cell], heights: Sequence[float], text: str) -> None:
    """Names of models at the left, lines behind, nothing that says nothing."""
    ax.set_title(text, loc="left", fontsize=9.5, color=_INK)
    places, names = [], []
    for model, group in groupby(zip(cells, heights, strict=True), key=lambda pair: pair[0].setting.model):
        rows = [height for _, height in group]
        places.append((rows[0] + rows[-1]) / 2)
        names.append(model)
    ax.set_yticks(places, names, fontsize=9.5, color=_INK)
    ax.set_ylim(min(heights) - 0.7, max(heights) + 0.7)
    ax.tick_params(length=0, labelsize=8, labelcolor=_INK)
    ax.tick_params(axis="y", labelsize=9.5)
    ax.grid(axis="x", color=_FAINT, linewidth=0.7)
    ax.set_axisbelow(True)
    for side in ("top", "right", "bottom", "left"):
        ax.spines[side].set_visible(side == "left")
        ax.spines[side].set_color("#999999")


def _legend(figure: Figure, text: str, cells: Sequence[Cell], *, with_marks: bool) -> None:
    """The title, and under it what the colours mean."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    entries = {name_of(cell.setting): Patch(color=_colour(cell.setting)) for cell in cells}
    handles: list[Patch | Line2D] = list(entries.values())
    labels = list(entries)
    if with_marks:
        for mark, meaning, face in (
            ("o", "median", _INK),
            ("|", "90 of 100", _INK),
            ("o", "99 of 100", "white"),
        ):
            handles.append(
                Line2D([], [], color=_INK, marker=mark, markerfacecolor=face, linestyle="", markersize=6)
            )
            labels.append(meaning)
    figure.legend(
        handles,
        labels,
        loc="outside upper left",
        title=text,
        title_fontproperties={"size": 11, "weight": "bold"},
        alignment="left",
        ncols=len(labels),
        frameon=False,
        fontsize=8.5,
        handlelength=1.0,
        columnspacing=1.3,
        borderaxespad=0.2,
    )


def _caption(results: Results, mode: str) -> str:
    base = base_conditions(results.cells, mode)
    assert base is not None  # a panel has cells
    masks = ", masks" if base.masks else ""
    machine = results.machine
    return (
        f"{base.size}, num_poses {base.num_poses}{masks}, {base.threads} threads; {machine['cores_usable']} "
        f"cores of {machine['processor']}, {machine['system'].split()[0]}, Python {machine['python']}"
    )


def _colour(setting: Setting) -> str:
    return _COLOURS[(setting.engine, setting.precision)]
