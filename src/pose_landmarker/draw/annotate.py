"""A picture with everything that was found drawn on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

import numpy.typing as npt

from pose_landmarker.arrays import RgbImage
from pose_landmarker.draw.angle import joint_of, put_angle
from pose_landmarker.draw.body import Found, bodies_of
from pose_landmarker.draw.box import put_box
from pose_landmarker.draw.canvas import AnyPixels, Canvas, Channels, Depth
from pose_landmarker.draw.label import put_tag
from pose_landmarker.draw.placement import Placed
from pose_landmarker.draw.silhouette import put_silhouette
from pose_landmarker.draw.skeleton import put_skeleton
from pose_landmarker.draw.style import DEFAULT_STYLE, DrawStyle, check_style
from pose_landmarker.draw.trails import Trails


@overload
def annotate(  # type: ignore[overload-overlap]
    image: npt.NDArray[Depth],
    result: Found,
    style: DrawStyle = DEFAULT_STYLE,
    trails: Trails | None = None,
    *,
    channels: Channels = "rgb",
) -> npt.NDArray[Depth]: ...
@overload
def annotate(
    image: object,
    result: Found,
    style: DrawStyle = DEFAULT_STYLE,
    trails: Trails | None = None,
    *,
    channels: Channels = "rgb",
) -> RgbImage: ...
def annotate(
    image: object,
    result: Found,
    style: DrawStyle = DEFAULT_STYLE,
    trails: Trails | None = None,
    *,
    channels: Channels = "rgb",
) -> npt.NDArray[Any]:
    """A copy of a picture with silhouettes, skeletons and, for several people, their numbers.

    People who are followed over time (with a ``track_id``) have their track's colour and wear its id,
    also when they are alone, so that nothing changes when somebody else comes in; with
    ``DrawStyle(by_track=False)`` they look like people in single pictures.

    Args:
        image: The picture that ``result`` belongs to, in any size: an array (H, W, 3), (H, W, 4) with
            an alpha channel, or (H, W) or (H, W, 1) greyscale, of uint8, uint16, bool, or floating
            point from 0 to 1; or anything else that ``detect`` takes.
        result: What was found; or one frame of a :class:`~pose_landmarker.Recording`; or some of
            :class:`~pose_landmarker.Pose` and :class:`Body`.
        style: Colours and sizes, and what is drawn.
        trails: Brought up to date with ``result``, and drawn below the skeletons.
        channels: Order of the picture's colours: ``"bgr"`` for pictures of OpenCV.

    Returns:
        (H, W, 3), or (H, W, 4) with the alpha channel as it was, in the given order of colours and of
        the dtype given. Greyscale pictures become coloured ones, bool and what is no array uint8.

    Raises:
        ImageError: The picture cannot be used.
        OptionError: ``result`` or an option cannot be used.
    """
    check_style(style)
    bodies = bodies_of(result, confidence=style.confidence)
    canvas = Canvas.of(image, channels, style.alpha)
    people = [Placed(body.within(*canvas.size), canvas.size) for body in bodies]
    pixels = canvas.pixels
    if style.masks:
        for number, placed in enumerate(people):
            if placed.body.mask is not None:
                tint = style.person_color(placed.body.track_id, number)
                put_silhouette(pixels, placed.body.mask, tint, style)
    if trails is not None:
        trails.update(result)
        trails.draw(pixels, style)
    for placed in reversed(people):  # the best one on top
        if style.skeletons:
            put_skeleton(pixels, placed, style)
        for joint in style.angles:
            put_angle(pixels, placed, joint_of(joint, placed.body), style)
    _name(pixels, people, style)
    return canvas.picture()


def _name(pixels: AnyPixels, people: Sequence[Placed], style: DrawStyle) -> None:
    """Boxes, or tags where there are none."""
    for number, placed in reversed(list(enumerate(people))):
        text = _text(placed, number, len(people) > 1, style)
        color = style.track_color(placed.body.track_id)
        if style.boxes and placed.box is not None:
            put_box(pixels, placed.box, text, style.person_color(placed.body.track_id, number), style)
        elif text:
            put_tag(pixels, placed, text, color or style.outline, style)


def _text(placed: Placed, number: int, is_one_of_several: bool, style: DrawStyle) -> str:
    """The id of a track, or the number among several, and the score."""
    body, words = placed.body, []
    if style.labels and (is_one_of_several or style.track_color(body.track_id) is not None):
        words.append(str(number + 1 if body.track_id is None else body.track_id))
    if style.scores and body.score is not None:
        words.append(f"{100 * body.score:.0f} %")
    return "  ".join(words)
