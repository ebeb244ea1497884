"""Skeletons drawn like MediaPipe's ``drawing_utils`` draws them: in place, on BGR or RGB pictures.

Colours are written in the order of the picture's channels; the names of the constants take it for BGR.
:func:`pose_landmarker.draw.annotate` draws more, and on a copy.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, cast

import numpy as np
import numpy.typing as npt

from pose_landmarker.errors import ImageError, MissingExtraError, OptionError

WHITE_COLOR = (224, 224, 224)
BLACK_COLOR = (0, 0, 0)
RED_COLOR = (0, 0, 255)
GREEN_COLOR = (0, 128, 0)
BLUE_COLOR = (255, 0, 0)

#: Landmarks with less of either are not drawn.
_PRESENCE_THRESHOLD = 0.5
_VISIBILITY_THRESHOLD = 0.5
#: Pixels. Farther out nothing can be seen, and coordinates would overflow.
_FAR = 1 << 20


@dataclass
class DrawingSpec:
    """How points or lines are drawn.

    Attributes:
        color: Of three channels, 0 to 255 each, in the order of the picture's.
        thickness: Of lines and of the outlines of points, pixels; negative fills points.
        circle_radius: Of points, pixels.
    """

    color: tuple[int, int, int] = WHITE_COLOR
    thickness: int = 2
    circle_radius: int = 2


class Point(Protocol):
    """A landmark of any kind; ``visibility`` and ``presence`` count where it has them."""

    @property
    def x(self) -> float | None:
        """Normalised by the width of the picture."""

    @property
    def y(self) -> float | None:
        """Normalised by its height."""


class PointList(Protocol):
    """A list of landmarks in a message, like ``solutions`` give them."""

    @property
    def landmark(self) -> Sequence[Any]:
        """The landmarks."""


#: The landmarks of one body.
Points: TypeAlias = "Sequence[Point] | PointList | None"
#: Pairs of numbers of landmarks, or objects with ``start`` and ``end``.
Connections: TypeAlias = "Collection[Any] | None"

_RED_DOTS = DrawingSpec(color=RED_COLOR)
_WHITE_LINES = DrawingSpec()
_PLOT_DOTS = DrawingSpec(color=RED_COLOR, thickness=5)
_PLOT_LINES = DrawingSpec(color=BLACK_COLOR, thickness=5)


def draw_landmarks(
    image: npt.NDArray[np.uint8],
    landmark_list: Points,
    connections: Connections = None,
    landmark_drawing_spec: DrawingSpec | Mapping[int, DrawingSpec] | None = _RED_DOTS,
    connection_drawing_spec: DrawingSpec | Mapping[tuple[int, int], DrawingSpec] | None = _WHITE_LINES,
    is_drawing_landmarks: bool = True,
) -> None:
    """Draw the lines and points of one body, in place; what is hidden or absent is left out.

    What lies outside the picture is cut off at its edge.

    Args:
        image: (H, W, 3) uint8.
        landmark_list: Landmarks, normalised; or an object that has them as ``landmark``.
        connections: Pairs of numbers of landmarks between which there are lines, or objects with ``start``
            and ``end``.
        landmark_drawing_spec: Of all points, or of each by its number; None for no points.
        connection_drawing_spec: Of all lines, or of each by its pair; None for no lines.
        is_drawing_landmarks: Whether points are drawn.

    Raises:
        ImageError: The picture has not three channels, or is read-only.
        OptionError: A connection refers to a landmark that is not there.
    """
    points = points_of(landmark_list)
    if not points:
        return
    if image.ndim != 3 or image.shape[2] != 3:
        raise ImageError("Input image must contain three channel bgr data.")
    if not image.flags.writeable:
        raise ImageError("the image is read-only; draw on a copy of it: image = numpy.copy(image)")
    lines = connection_pairs(connections, len(points))
    places = _places(points, image.shape[1], image.shape[0])
    canvas = np.ascontiguousarray(image)  # what OpenCV draws on; of most images, the image itself
    if connection_drawing_spec is not None:
        _draw_lines(canvas, lines, places, connection_drawing_spec)
    if is_drawing_landmarks and landmark_drawing_spec:
        _draw_points(canvas, places, landmark_drawing_spec)
    if canvas is not image:
        image[...] = canvas


def plot_landmarks(
    landmark_list: Points,
    connections: Connections = None,
    landmark_drawing_spec: DrawingSpec = _PLOT_DOTS,
    connection_drawing_spec: DrawingSpec = _PLOT_LINES,
    elevation: int = 10,
    azimuth: int = 10,
) -> None:
    """Show one body in three dimensions with matplotlib.

    Args:
        landmark_list: Landmarks, normalised or in metres; or an object that has them as ``landmark``.
        connections: As for :func:`draw_landmarks`.
        landmark_drawing_spec: Colour (BGR) and thickness of points.
        connection_drawing_spec: Colour (BGR) and thickness of lines.
        elevation: From where the body is looked at, degrees.
        azimuth: From where the body is looked at, degrees.

    Raises:
        OptionError: A connection refers to a landmark that is not there.
        MissingExtraError: matplotlib is not installed.
    """
    points = points_of(landmark_list)
    if not points:
        return
    lines = connection_pairs(connections, len(points))
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise MissingExtraError("plot_landmarks needs matplotlib: pip install matplotlib") from None
    # Into the depth, to the right, up.
    places = {i: (-(point.z or 0), point.x or 0, -(point.y or 0)) for i, point in _shown(points)}
    axes: Any = plt.figure(figsize=(10, 10)).add_subplot(projection="3d")
    axes.view_init(elev=elevation, azim=azimuth)
    if places:
        dots = _plot_color(landmark_drawing_spec)
        axes.scatter(
            *zip(*places.values(), strict=True), color=dots, linewidth=landmark_drawing_spec.thickness
        )
    for start, end in lines:
        if start in places and end in places:
            axes.plot(
                *zip(places[start], places[end], strict=True),
                color=_plot_color(connection_drawing_spec),
                linewidth=connection_drawing_spec.thickness,
            )
    plt.show()


def points_of(landmark_list: Points) -> Sequence[Any]:
    """The landmarks of a list, or of an object that has them as ``landmark``; none of None."""
    if landmark_list is None:
        return ()
    of_message: Sequence[Any] | None = getattr(landmark_list, "landmark", None)
    return cast("Sequence[Any]", landmark_list) if of_message is None else of_message


def connection_pairs(connections: Connections, num_landmarks: int) -> list[tuple[int, int]]:
    """Lines as pairs of numbers of landmarks.

    Raises:
        OptionError: A line refers to a landmark that is not there.
    """
    pairs = [_pair(connection) for connection in connections or ()]
    for start, end in pairs:
        if not (0 <= start < num_landmarks and 0 <= end < num_landmarks):
            raise OptionError(
                "Landmark index is out of range. Invalid connection from landmark "
                f"#{start} to landmark #{end}."
            )
    return pairs


def _pair(connection: Any) -> tuple[int, int]:
    if hasattr(connection, "start"):
        return connection.start, connection.end
    start, end = connection
    return start, end


def _shown(points: Sequence[Any]) -> Iterator[tuple[int, Any]]:
    """The landmarks that are neither hidden nor absent, with their numbers."""
    for i, point in enumerate(points):
        visibility, presence = _score(point, "visibility"), _score(point, "presence")
        hidden = visibility is not None and visibility < _VISIBILITY_THRESHOLD
        absent = presence is not None and presence < _PRESENCE_THRESHOLD
        if not (hidden or absent):
            yield i, point


def _score(point: Any, name: str) -> float | None:
    """A score of a landmark, if it has been given one."""
    has = getattr(point, "HasField", None)  # of messages, which hold 0 where nothing was set
    if has is not None and not has(name):
        return None
    score: float | None = getattr(point, name, None)
    return score


def _places(points: Sequence[Any], width: int, height: int) -> dict[int, tuple[int, int]]:
    """Pixels of the landmarks that are drawn, by their numbers."""
    places = {}
    for i, point in _shown(points):
        x, y = point.x, point.y
        if x is not None and y is not None and math.isfinite(x) and math.isfinite(y):
            places[i] = _pixel(x, width), _pixel(y, height)
    return places


def _pixel(normalized: float, size: int) -> int:
    # A far edge belongs to the last pixel.
    if 1.0 <= normalized <= 1.0 + 1e-9:
        return size - 1
    return math.floor(max(-_FAR, min(normalized * size, _FAR)))


def _draw_lines(
    canvas: npt.NDArray[np.uint8],
    lines: Sequence[tuple[int, int]],
    places: Mapping[int, tuple[int, int]],
    specs: DrawingSpec | Mapping[tuple[int, int], DrawingSpec],
) -> None:
    import cv2

    for start, end in lines:
        if start in places and end in places:
            spec = specs[start, end] if isinstance(specs, Mapping) else specs
            cv2.line(canvas, places[start], places[end], spec.color, spec.thickness)


def _draw_points(
    canvas: npt.NDArray[np.uint8],
    places: Mapping[int, tuple[int, int]],
    specs: DrawingSpec | Mapping[int, DrawingSpec],
) -> None:
    import cv2

    for i, place in places.items():
        spec = specs[i] if isinstance(specs, Mapping) else specs
        border = max(spec.circle_radius + 1, int(spec.circle_radius * 1.2))
        cv2.circle(canvas, place, border, WHITE_COLOR, spec.thickness)
        cv2.circle(canvas, place, spec.circle_radius, spec.color, spec.thickness)


def _plot_color(spec: DrawingSpec) -> tuple[float, ...]:
    return tuple(value / 255 for value in reversed(spec.color))
