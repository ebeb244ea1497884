"""Figures for papers and reports, through matplotlib: vector graphics with axes and units.

    figure = angle_figure(recording, ("left_knee", "right_knee"), track_id=1)
    figure.savefig("knees.pdf")

Figures are made without pyplot: nothing global is changed, and no screen is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import DoubleArray
from pose_landmarker.draw.body import Found, bodies_of
from pose_landmarker.draw.joints import JOINTS, check_joint, joint_angles
from pose_landmarker.draw.placement import opacities
from pose_landmarker.draw.skeleton import side_color
from pose_landmarker.draw.style import DEFAULT_STYLE, Color, DrawStyle, check_style
from pose_landmarker.errors import MissingExtraError, OptionError, OptionTypeError
from pose_landmarker.media import as_rgb
from pose_landmarker.recording import Recording
from pose_landmarker.topology import LANDMARK_NAMES, landmark_index

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Inches: a column of most journals, and two of them with what is between.
_COLUMN, _PAGE = 3.5, 7.16
#: Readable at that width.
_POINTS: Final = 8
#: Lines of the left and of the right are orange and blue as on pictures; which joint it is, dashes say. They
#: are Okabe and Ito's colours, of which this blue is darker than on pictures, to be seen on white.
_SIDES: Final = {"left": "#E69F00", "right": "#0072B2", "": "#333333"}
_DASHES: Final = (
    "-",
    (0, (4, 1.5)),
    (0, (1, 1.2)),
    (0, (5, 1.5, 1, 1.5)),
    (0, (8, 2)),
    (0, (3, 1, 1, 1, 1, 1)),
)
#: What is white on pictures cannot be seen on paper.
_ON_PAPER: Final = (90, 90, 90)
#: From where each view looks: the axes to the right and up, with their signs, and what they are called; and
#: the axis that leads to who looks.
_VIEWS: Final = (
    ("front", (0, 1, "x"), (1, -1, "height"), (2, -1)),
    ("from the person's left", (2, 1, "depth"), (1, -1, "height"), (0, 1)),
    ("from above", (0, 1, "x"), (2, 1, "depth"), (1, -1)),
)


def pose_figure(found: Found | npt.NDArray[np.generic], style: DrawStyle = DEFAULT_STYLE) -> Figure:
    """One body in metres: from the front, from the side and from above, all to the same scale.

    Args:
        found: One pose, a frame of a recording with one person, or world landmarks (33, 3), metres, y down.
        style: Colours of left and right.

    Raises:
        OptionError: There is not one body, or it has no landmarks in metres.
        MissingExtraError: matplotlib is not installed.
    """
    check_style(style)
    body = _one(found, style)
    assert body.world is not None
    points = np.array(body.world)
    points[~np.isfinite(points).all(axis=1)] = np.nan
    if np.isnan(points).all():
        raise OptionError("no landmark of this body is known in metres")
    shown = opacities(body, style)
    low, high = np.nanmin(points, axis=0), np.nanmax(points, axis=0)
    half = 0.55 * float((high - low).max())
    figure = _figure(_PAGE, _PAGE / 2.6)
    for axes, (title, across, up, near) in zip(figure.subplots(1, 3), _VIEWS, strict=True):
        places = np.stack([points[:, across[0]] * across[1], points[:, up[0]] * up[1]], axis=1)
        middle = (np.nanmin(places, axis=0) + np.nanmax(places, axis=0)) / 2
        _put_skeleton(
            axes, places, body.anatomy, shown, style, width=1.8, nearness=points[:, near[0]] * near[1]
        )
        axes.set_title(title, fontsize=_POINTS)
        axes.set(xlim=middle[0] + np.array((-half, half)), ylim=middle[1] + np.array((-half, half)))
        axes.set_aspect("equal")
        _label(axes, f"{across[2]} (m)", f"{up[2]} (m)")
    _name_sides(figure, style)
    return figure


def skeleton_figure(image: object, found: Found, style: DrawStyle = DEFAULT_STYLE) -> Figure:
    """A picture with skeletons as vector graphics on it, without axes.

    Args:
        image: The picture, in any form that ``detect`` takes.
        found: As for :func:`~pose_landmarker.draw.annotate`.
        style: Colours; ``alpha`` counts.

    Raises:
        ImageError: The picture cannot be used.
        MissingExtraError: matplotlib is not installed.
    """
    check_style(style)
    rgb = as_rgb(image)
    height, width = rgb.shape[:2]
    figure = _figure(_COLUMN, _COLUMN * height / width, tight=False)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.imshow(rgb, extent=(0, width, height, 0))
    for body in bodies_of(found, confidence=style.confidence):
        scale = np.array((width, height)) / (body.image_size or (width, height))
        places = body.points * scale
        shown = opacities(body, style) * style.alpha
        _put_skeleton(axes, places, body.anatomy, shown, style, width=1.4, outlined=True)
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    return figure


def landmark_figure(
    recording: Recording,
    landmarks: Sequence[str | int] = ("left_wrist", "right_wrist"),
    track_id: int | None = None,
    *,
    world: bool = False,
) -> Figure:
    """Where landmarks are over time: x and y in pixels, or x, y and z in metres.

    Args:
        recording: Of a video.
        landmarks: Names or indexes.
        track_id: Whose; needed where there are several people.
        world: Metres, with y up, instead of pixels, with y down.

    Raises:
        OptionError: There are several people or none, or no such landmark.
        MissingExtraError: matplotlib is not installed.
    """
    chosen = [_landmark(name) for name in _sequence("landmarks", landmarks)]
    times, stack = _over_time(recording, track_id)
    if world:
        values = stack["world_landmarks"] * (1, -1, 1)
        names, unit = ["x", "height", "depth"], "m"
    else:
        values, names, unit = stack["pixels"], ["x", "y"], "px"
    figure = _figure(_COLUMN, 1.2 * len(names) + 0.3)
    grid = np.atleast_1d(figure.subplots(len(names), 1, sharex=True))
    looks = _looks([LANDMARK_NAMES[index] for index in chosen])
    for axis, (axes, name) in enumerate(zip(grid, names, strict=True)):
        for index, look in zip(chosen, looks, strict=True):
            axes.plot(times, values[:, index, axis], **look)
        _label(axes, "", f"{name} ({unit})")
        if unit == "px" and name == "y":
            axes.invert_yaxis()
    _label(grid[-1], "time (s)", grid[-1].get_ylabel())
    _legend(grid[0], len(chosen))
    return figure


def angle_figure(
    recording: Recording,
    joints: Sequence[str] = ("left_knee", "right_knee"),
    track_id: int | None = None,
    *,
    world: bool = True,
) -> Figure:
    """Angles of joints over time, degrees.

    Args:
        recording: Of a video.
        joints: Keys of :data:`~pose_landmarker.draw.JOINTS`.
        track_id: Whose; needed where there are several people.
        world: Measured in space, else in the picture.

    Raises:
        OptionError: There are several people or none, or no such joint.
        MissingExtraError: matplotlib is not installed.
    """
    chosen = [check_joint("joints", joint) for joint in _sequence("joints", joints)]
    times, stack = _over_time(recording, track_id)
    points = stack["world_landmarks" if world else "pixels"]
    figure = _figure(_COLUMN, 2.1)
    axes = figure.subplots()
    for joint, look in zip(chosen, _looks(chosen), strict=True):
        axes.plot(times, joint_angles(points, JOINTS[joint]), **look)
    _label(axes, "time (s)", "angle (°)")
    _legend(axes, len(chosen))
    return figure


def confidence_figure(recording: Recording, track_id: int | None = None) -> Figure:
    """The visibility of all landmarks over time, as a strip for each.

    Args:
        recording: Of a video.
        track_id: Whose; needed where there are several people.

    Raises:
        OptionError: There are several people or none.
        MissingExtraError: matplotlib is not installed.
    """
    times, stack = _over_time(recording, track_id)
    figure = _figure(_PAGE, 3.9)
    axes = figure.subplots()
    step = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
    edges = np.append(times, times[-1] + step)
    rows = np.arange(len(LANDMARK_NAMES) + 1) - 0.5
    visibility = np.ma.masked_invalid(stack["visibility"].T)
    strip = axes.pcolormesh(edges, rows, visibility, cmap="cividis", vmin=0, vmax=1, rasterized=True)
    axes.set_facecolor("0.9")  # where nobody is
    axes.set_yticks(range(len(LANDMARK_NAMES)), [_words(name) for name in LANDMARK_NAMES], fontsize=5)
    axes.invert_yaxis()
    _label(axes, "time (s)", "")
    axes.tick_params(axis="y", labelsize=5)
    bar = figure.colorbar(strip, ax=axes, pad=0.01)
    bar.set_label("visibility", fontsize=_POINTS)
    bar.ax.tick_params(labelsize=_POINTS - 1)
    return figure


def _one(found: Found | npt.NDArray[np.generic], style: DrawStyle) -> Any:
    from pose_landmarker.draw.body import Body

    if isinstance(found, np.ndarray):
        if found.shape != (33, 3):
            raise OptionError(f"world landmarks have shape {found.shape}, wanted (33, 3) metres")
        points = found.astype(np.float64)
        return Body(points[:, :2], world=points)
    bodies = bodies_of(found, confidence=style.confidence)
    if len(bodies) != 1:
        raise OptionError(f"wanted one body, and there are {len(bodies)}; take one of them")
    if bodies[0].world is None:
        raise OptionError("this body has no landmarks in metres: it needs Body(..., world=)")
    return bodies[0]


def _over_time(
    recording: Recording, track_id: int | None
) -> tuple[DoubleArray, dict[str, npt.NDArray[np.floating[Any]]]]:
    """Seconds, and the landmarks of one person in all frames; NaN where that person is not in view."""
    if not isinstance(recording, Recording):
        raise OptionTypeError(f"recording must be a Recording, not {type(recording).__name__}")
    if track_id is not None:
        recording = recording.select(track_id)
    if np.isnan(recording.times_s).any() or not len(recording):
        raise OptionError("this is for videos: the recording has no frames, or frames without times")
    stack = recording.stack()
    if len(stack.track_ids) != 1:
        raise OptionError(
            f"the recording has {len(stack.track_ids)} people; say whose, track_id= one of "
            f"{recording.tracks.tolist()}"
        )
    sizes = recording.image_sizes[:, None].astype(np.float64)
    return np.array(recording.times_s), {
        "pixels": stack.landmarks[:, 0, :, :2] * sizes,
        "world_landmarks": stack.world_landmarks[:, 0],
        "visibility": stack.visibility[:, 0],
    }


def _figure(width: float, height: float, *, tight: bool = True) -> Figure:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("figures need matplotlib: pip install 'pose-landmarker[plot]'") from None
    return Figure(figsize=(width, height), dpi=200, layout="constrained" if tight else None)


def _put_skeleton(
    axes: Axes,
    places: DoubleArray,
    anatomy: Any,
    shown: npt.NDArray[np.float32],
    style: DrawStyle,
    *,
    width: float,
    outlined: bool = False,
    nearness: DoubleArray | None = None,
) -> None:
    """Lines, the nearer over the farther where that is known."""
    known = np.asarray(np.isfinite(places).all(axis=1))
    details = anatomy.head | anatomy.hands
    middle = style.middle if outlined else _ON_PAPER
    lines = [(a, b) for a, b in anatomy.lines if known[a] and known[b]]
    if nearness is not None:
        lines.sort(key=lambda line: float(nearness[list(line)].sum()))
    for below in (True, False) if outlined else (False,):
        for a, b in lines:
            side = side_color(anatomy, a, b, style)
            color = style.outline if below else middle if side == style.middle else side
            share = 0.5 if a in details or b in details else 1.0
            axes.plot(
                *places[[a, b]].T,
                color=_hex(color),
                linewidth=width * share + (0.8 if below else 0.0),
                alpha=float(min(shown[a], shown[b])),
                solid_capstyle="round",
            )


def _looks(names: Sequence[str]) -> list[dict[str, Any]]:
    """How the line of each landmark or joint looks: the colour of its side, and dashes of its own."""
    parts = [_parted(name) for name in names]
    kinds = list(dict.fromkeys(part for _, part in parts))
    return [
        {
            "color": _SIDES[side],
            "linestyle": _DASHES[kinds.index(part) % len(_DASHES)],
            "linewidth": 1.2,
            "label": _words(name),
        }
        for name, (side, part) in zip(names, parts, strict=True)
    ]


def _parted(name: str) -> tuple[str, str]:
    """``"left_knee"`` as left and knee; ``"mouth_left"`` as left and mouth; the nose has no side."""
    for side in ("left", "right"):
        if side in name.split("_"):
            return side, "_".join(word for word in name.split("_") if word != side)
    return "", name


def _name_sides(figure: Figure, style: DrawStyle) -> None:
    from matplotlib.lines import Line2D

    sides = {"left": style.left, "right": style.right}
    handles = [Line2D([], [], color=_hex(color), linewidth=1.8) for color in sides.values()]
    labels = [f"the person's {side}" for side in sides]
    figure.legend(
        handles, labels, fontsize=_POINTS - 1, frameon=False, ncols=len(sides), loc="outside lower center"
    )


def _legend(axes: Axes, count: int) -> None:
    axes.legend(
        fontsize=_POINTS - 1, frameon=False, ncols=min(count, 3), loc="lower left", bbox_to_anchor=(0, 1.0)
    )


def _label(axes: Axes, across: str, up: str) -> None:
    axes.set_xlabel(across, fontsize=_POINTS)
    axes.set_ylabel(up, fontsize=_POINTS)
    axes.tick_params(labelsize=_POINTS - 1)
    axes.spines[["top", "right"]].set_visible(False)


def _sequence(name: str, given: object) -> Sequence[Any]:
    if isinstance(given, str) or not isinstance(given, Sequence) or not given:
        raise OptionTypeError(f"{name} must be one name or more in a tuple or list, not {given!r}")
    return given


def _landmark(key: str | int) -> int:
    try:
        return landmark_index(key)
    except (KeyError, IndexError, TypeError) as error:
        raise OptionError(f"landmarks: {error.args[0] if error.args else error}") from None


def _words(name: str) -> str:
    return name.replace("_", " ")


def _hex(color: Color) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color)
