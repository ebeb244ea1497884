"""Bodies in space: a still of landmarks in metres, seen from anywhere."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import DoubleArray, RgbImage
from pose_landmarker.checks import check_integer
from pose_landmarker.draw.body import Body, Found, bodies_of
from pose_landmarker.draw.ink import Stroke, draw_strokes, fixed_point
from pose_landmarker.draw.placement import opacities
from pose_landmarker.draw.skeleton import side_color
from pose_landmarker.draw.style import DEFAULT_STYLE, Color, DrawStyle, check_color, check_style
from pose_landmarker.draw.text import put_text, readable_on
from pose_landmarker.errors import OptionError, OptionTypeError

#: Metres between two lines of the floor.
_SQUARE: Final = 0.5
#: Metres between two people side by side.
_APART: Final = 0.5
#: How much of the picture the bodies fill.
_FILLED: Final = 0.82
_LARGEST: Final = 16384
#: A metre off, and more, no body is.
_FARTHEST: Final = 100.0


@dataclass(frozen=True, slots=True, eq=False)
class _Figure:
    """A body as it stands on the floor.

    Attributes:
        body: The body.
        points: (N, 3) metres: x to the right, y up from the floor, z towards whoever looks at azimuth 0.
    """

    body: Body
    points: DoubleArray


def world_view(
    found: Found | npt.NDArray[np.generic],
    *,
    size: tuple[int, int] = (640, 640),
    azimuth: float = 30.0,
    elevation: float = 15.0,
    style: DrawStyle = DEFAULT_STYLE,
    background: Color = (255, 255, 255),
) -> RgbImage:
    """A picture of bodies in space, from their world landmarks: on a floor, several side by side.

    There is no perspective: a metre is as long behind as in front. The squares of the floor and the
    marks of the height are half a metre apart. Each body's lowest point is on the floor, since world
    landmarks do not tell how high a body is above it.

    Args:
        found: A result, one frame of a recording, some of :class:`~pose_landmarker.Pose` and
            :class:`Body`; or world landmarks (33, 3) or (P, 33, 3), metres, y down.
        size: (width, height) of the picture, pixels.
        azimuth: How far to walk around, degrees: 0 is where the camera was, 90 to the right of the picture.
        elevation: How far to look down, degrees from -90 to 90.
        style: Colours and sizes.
        background: Colour behind the bodies.

    Returns:
        (height, width, 3) uint8, red first.

    Raises:
        OptionError: An option is out of its range, or a body has no landmarks in metres.
        OptionTypeError: Something has the wrong type.
    """
    check_style(style)
    check_color("background", background)
    width, height = _size(size)
    turn = _view(_degrees("azimuth", azimuth, 36000), _degrees("elevation", elevation, 90))
    figures = _side_by_side(list(_figures(found, style)), turn)
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[:] = background
    low, high = _bounds(figures)
    camera = _Camera.to_show(_corners(low, high), turn, (width, height))
    ink = readable_on(background, (60, 60, 60), (215, 215, 215))
    _draw_floor(pixels, camera, low, high, _between(background, ink, 0.25))
    for figure in figures:
        _draw_shadow(pixels, camera, figure, _between(background, ink, 0.22))
    _draw_height(pixels, camera, low, high, ink, background)
    for figure in sorted(figures, key=lambda one: float(np.nanmean(one.points @ turn[2]))):
        _draw_figure(pixels, camera, figure, style)
    return pixels


@dataclass(frozen=True, slots=True, eq=False)
class _Camera:
    """From metres to pixels, without perspective."""

    turn: DoubleArray
    scale: float
    offset: DoubleArray

    @classmethod
    def to_show(cls, corners: DoubleArray, turn: DoubleArray, size: tuple[int, int]) -> _Camera:
        seen = (corners @ turn.T)[:, :2] * (1, -1)
        low, high = seen.min(axis=0), seen.max(axis=0)
        scale = _FILLED * float(np.min(np.array(size) / np.maximum(high - low, 0.5)))
        return cls(turn, scale, np.array(size) / 2 - scale * (low + high) / 2)

    def pixels(self, points: DoubleArray) -> DoubleArray:
        """(..., 2) of (..., 3) metres."""
        pixels: DoubleArray = (points @ self.turn.T)[..., :2] * (1, -1) * self.scale + self.offset
        return pixels


def _figures(found: Found | npt.NDArray[np.generic], style: DrawStyle) -> Iterator[_Figure]:
    if isinstance(found, np.ndarray):
        arrays = found[None] if found.ndim == 2 else found
        if arrays.ndim != 3 or arrays.shape[1:] != (33, 3):
            raise OptionError(
                f"world landmarks have shape {found.shape}, wanted (33, 3) or (P, 33, 3) metres"
            )
        bodies: Sequence[Body] = [Body(points[:, :2], world=points) for points in arrays]
    else:
        bodies = bodies_of(found, confidence=style.confidence)
    for body in bodies:
        if body.world is None:
            raise OptionError("this body has no landmarks in metres: world_view needs Body(..., world=)")
        points = np.where(np.abs(body.world) < _FARTHEST, body.world, np.nan) * (1, -1, -1)
        points[np.isnan(points).any(axis=1)] = np.nan
        if not np.isnan(points).all():
            points[:, 1] -= np.nanmin(points[:, 1])
            yield _Figure(body, points)


def _side_by_side(figures: list[_Figure], turn: DoubleArray) -> list[_Figure]:
    """Everybody in a row, as they were in the picture, across the direction of sight."""
    right = turn[0] * (1, 0, 1)
    across = right / np.linalg.norm(right)
    placed, at = [], 0.0
    for figure in figures:
        places = figure.points @ across
        low, high = float(np.nanmin(places)), float(np.nanmax(places))
        placed.append(_Figure(figure.body, figure.points + (at - low) * across))
        at += high - low + _APART
    return placed


def _bounds(figures: Sequence[_Figure]) -> tuple[DoubleArray, DoubleArray]:
    """The corners of the room, in whole squares."""
    if not figures:
        return np.array([-_SQUARE, 0, -_SQUARE]), np.array([_SQUARE, 4 * _SQUARE, _SQUARE])
    points = np.concatenate([figure.points for figure in figures])
    low = np.floor(np.nanmin(points, axis=0) / _SQUARE - 0.2) * _SQUARE
    high = np.ceil(np.nanmax(points, axis=0) / _SQUARE + 0.2) * _SQUARE
    return np.array([low[0], 0, low[2]]), np.array([high[0], np.nanmax(points[:, 1]), high[2]])


def _corners(low: DoubleArray, high: DoubleArray) -> DoubleArray:
    grid = np.meshgrid(*zip(low, high, strict=True), indexing="ij")
    return np.stack(grid, axis=-1).reshape(-1, 3)


def _draw_floor(pixels: RgbImage, camera: _Camera, low: DoubleArray, high: DoubleArray, color: Color) -> None:
    lines = [((x, 0, low[2]), (x, 0, high[2])) for x in _marks(low[0], high[0])]
    lines += [((low[0], 0, z), (high[0], 0, z)) for z in _marks(low[2], high[2])]
    _draw_lines(pixels, camera.pixels(np.array(lines)), color, max(1.0, max(pixels.shape) / 700))


def _draw_shadow(pixels: RgbImage, camera: _Camera, figure: _Figure, color: Color) -> None:
    flat = camera.pixels(figure.points * (1, 0, 1))
    lines = [flat[[a, b]] for a, b in figure.body.anatomy.lines if np.isfinite(flat[[a, b]]).all()]
    _draw_lines(pixels, np.array(lines).reshape(-1, 2, 2), color, max(1.0, 0.012 * camera.scale))


def _draw_height(
    pixels: RgbImage, camera: _Camera, low: DoubleArray, high: DoubleArray, ink: Color, background: Color
) -> None:
    """A ruler at the corner of the floor that is farthest to the left."""
    corners = _corners(low, high * (1, 0, 1))
    corner = corners[int(np.argmin(camera.pixels(corners)[:, 0]))]
    marks = _marks(0.0, max(_SQUARE, high[1]))
    places = camera.pixels(corner * (1, 0, 1) + np.array([(0, y, 0) for y in marks]))
    if np.linalg.norm(places[-1] - places[0]) < 0.2 * camera.scale:
        return  # seen from above
    width = max(1.0, max(pixels.shape) / 700)
    _draw_lines(pixels, places[[[0, -1]]], ink, width)
    size = max(10, round(max(pixels.shape) / 48))
    for y, (x_px, y_px) in zip(marks, places.tolist(), strict=True):
        _draw_lines(pixels, np.array([[(x_px - size / 3, y_px), (x_px, y_px)]]), ink, width)
        put_text(pixels, f"{y:.1f} m", size, (x_px - 2.0 * size, y_px), ink, background)


def _draw_figure(pixels: RgbImage, camera: _Camera, figure: _Figure, style: DrawStyle) -> None:
    """Lines and points from back to front."""
    body, anatomy = figure.body, figure.body.anatomy
    depth = figure.points @ camera.turn[2]
    known = np.flatnonzero(np.isfinite(depth)).tolist()
    places = fixed_point(camera.pixels(figure.points)).tolist()
    shown = opacities(body, style).tolist()
    details = anatomy.head | anatomy.hands
    thickness = max(1.5, 1.6 * style.line_scale * 1.7 * camera.scale)
    border = max(1.0, thickness / 4)
    track = style.track_color(body.track_id)
    strokes: list[tuple[float, Stroke]] = []
    for a, b in anatomy.lines:
        if a in known and b in known:
            width = thickness * (0.5 if a in details or b in details else 1.0)
            color = track or side_color(anatomy, a, b, style)
            stroke = Stroke([places[a], places[b]], width, color, border, min(shown[a], shown[b]))
            strokes.append((float(depth[a] + depth[b]) / 2, stroke))
    for i in known:
        diameter = thickness * (0.8 if i in details else 1.6)
        stroke = Stroke([places[i]], diameter, side_color(anatomy, i, i, style), border, shown[i])
        strokes.append((float(depth[i]) + 1e-3, stroke))  # a joint lies on the ends of its lines
    for _, stroke in sorted(strokes, key=lambda one: one[0]):
        draw_strokes(pixels, [stroke], style.outline)


def _draw_lines(pixels: RgbImage, lines: DoubleArray, color: Color, width: float) -> None:
    ends = fixed_point(lines.reshape(-1, 2)).reshape(-1, 2, 2).tolist()
    draw_strokes(pixels, [Stroke(line, width, color) for line in ends], color)


def _marks(low: float, high: float) -> list[float]:
    return [float(mark) for mark in np.arange(low, high + 1e-6, _SQUARE)]


def _view(azimuth: float, elevation: float) -> DoubleArray:
    """(3, 3): rows are right, up and towards the eye, in metres with y up."""
    a, e = math.radians(azimuth), math.radians(elevation)
    around = np.array([(math.cos(a), 0, -math.sin(a)), (0, 1, 0), (math.sin(a), 0, math.cos(a))])
    tilt = np.array([(1, 0, 0), (0, math.cos(e), -math.sin(e)), (0, math.sin(e), math.cos(e))])
    view: DoubleArray = tilt @ around
    return view


def _between(a: Color, b: Color, share: float) -> Color:
    red, green, blue = (round(x + share * (y - x)) for x, y in zip(a, b, strict=True))
    return red, green, blue


def _degrees(name: str, value: object, most: float) -> float:
    try:
        number = float("x" if isinstance(value, (bool, str)) else value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise OptionTypeError(f"{name} must be a number of degrees, not {value!r}") from None
    if not abs(number) <= most:
        raise OptionError(f"{name} must be from {-most:g} to {most:g} degrees, not {value!r}")
    return number


def _size(size: object) -> tuple[int, int]:
    if not isinstance(size, (tuple, list)) or len(size) != 2:
        raise OptionTypeError(f"size must be (width, height) in pixels, not {size!r}")
    width, height = (check_integer("size", side, low=1, high=_LARGEST) for side in size)
    return width, height
