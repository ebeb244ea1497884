"""A picture with everything that was found drawn on it."""

from __future__ import annotations

from pose_landmarker.arrays import RgbImage
from pose_landmarker.draw.label import draw_number, draw_tag
from pose_landmarker.draw.silhouette import draw_silhouette
from pose_landmarker.draw.skeleton import draw_skeleton
from pose_landmarker.draw.style import DEFAULT_STYLE, DrawStyle
from pose_landmarker.draw.trails import Trails
from pose_landmarker.media import as_rgb
from pose_landmarker.results import PoseLandmarkerResult


def annotate(
    image: object,
    result: PoseLandmarkerResult,
    style: DrawStyle = DEFAULT_STYLE,
    trails: Trails | None = None,
) -> RgbImage:
    """A copy of a picture with silhouettes, skeletons and, for several people, their numbers.

    People who are followed over time (with a ``track_id``) have their track's colour and wear its id,
    also when they are alone, so that nothing changes when somebody else comes in; with
    ``DrawStyle(by_track=False)`` they look like people in single pictures.

    Args:
        image: The picture that ``result`` belongs to, in any size, and in any form that ``detect``
            takes.
        result: What was found.
        style: Colours and sizes.
        trails: Brought up to date with ``result``, and drawn below the skeletons.

    Returns:
        (H, W, 3) uint8.

    Raises:
        ImageError: The picture cannot be used.
    """
    rgb = as_rgb(image)
    canvas = rgb.copy()  # it may be the caller's, or a Pillow image's, which nobody may write to
    for number, pose in enumerate(result.poses):
        if pose.mask is not None:
            tint = style.track_color(pose.track_id) or style.tints[number % len(style.tints)]
            draw_silhouette(canvas, pose.mask, tint, style)
    if trails is not None:
        trails.update(result)
        trails.draw(canvas, style)
    for pose in reversed(result.poses):  # the best one on top
        draw_skeleton(canvas, pose, style)
    _label(canvas, result, style)
    return canvas


def _label(canvas: RgbImage, result: PoseLandmarkerResult, style: DrawStyle) -> None:
    for number, pose in enumerate(result.poses, start=1):
        color = style.track_color(pose.track_id)
        if color is not None:
            draw_tag(canvas, pose, str(pose.track_id), color, style)
        elif len(result.poses) > 1:
            draw_number(canvas, pose, number if pose.track_id is None else pose.track_id, style)
