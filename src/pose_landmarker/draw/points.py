"""Points and lines of any kind of body, such as COCO's 17 keypoints."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, overload

import numpy.typing as npt

from pose_landmarker.arrays import RgbImage
from pose_landmarker.draw.anatomy import Anatomy
from pose_landmarker.draw.body import Body
from pose_landmarker.draw.canvas import Canvas, Channels, Depth
from pose_landmarker.draw.placement import Placed
from pose_landmarker.draw.skeleton import put_skeleton
from pose_landmarker.draw.style import DEFAULT_STYLE, DrawStyle, check_style


@overload
def draw_points(  # type: ignore[overload-overlap]
    image: npt.NDArray[Depth],
    points: npt.ArrayLike,
    lines: Iterable[tuple[int, int]] = (),
    *,
    left: Iterable[int] = (),
    right: Iterable[int] = (),
    confidence: npt.ArrayLike | None = None,
    track_id: int | None = None,
    style: DrawStyle = DEFAULT_STYLE,
    channels: Channels = "rgb",
) -> npt.NDArray[Depth]: ...
@overload
def draw_points(
    image: object,
    points: npt.ArrayLike,
    lines: Iterable[tuple[int, int]] = (),
    *,
    left: Iterable[int] = (),
    right: Iterable[int] = (),
    confidence: npt.ArrayLike | None = None,
    track_id: int | None = None,
    style: DrawStyle = DEFAULT_STYLE,
    channels: Channels = "rgb",
) -> RgbImage: ...
def draw_points(
    image: object,
    points: npt.ArrayLike,
    lines: Iterable[tuple[int, int]] = (),
    *,
    left: Iterable[int] = (),
    right: Iterable[int] = (),
    confidence: npt.ArrayLike | None = None,
    track_id: int | None = None,
    style: DrawStyle = DEFAULT_STYLE,
    channels: Channels = "rgb",
) -> npt.NDArray[Any]:
    """A copy of a picture with the points and lines of a body of any kind.

    Args:
        image: As for :func:`~pose_landmarker.draw.annotate`.
        points: (N, 2) or more columns, pixels of this picture; NaN for points that are not known.
        lines: Pairs of indexes of points.
        left: Indexes of points on the person's left side.
        right: Indexes of points on the person's right side.
        confidence: (N,) in [0, 1], shown as opacity, as the style says.
        track_id: Whose colour the lines have.
        style: Colours and sizes.
        channels: Order of the picture's colours.

    Returns:
        As :func:`~pose_landmarker.draw.annotate`.

    Raises:
        ImageError: The picture cannot be used.
        OptionError: Points and lines do not belong together.
    """
    check_style(style)
    anatomy = Anatomy(lines, left, right)  # type: ignore[arg-type]  # it makes them tuples and sets
    body = Body(points, confidence, anatomy=anatomy, track_id=track_id)  # type: ignore[arg-type]
    canvas = Canvas.of(image, channels, style.alpha)
    put_skeleton(canvas.pixels, Placed(body, canvas.size), style)
    return canvas.picture()
