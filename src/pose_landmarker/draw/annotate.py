"""A picture with everything that was found drawn on it."""

from __future__ import annotations

import numpy as np

from pose_landmarker.arrays import RgbImage
from pose_landmarker.draw.silhouette import draw_silhouette
from pose_landmarker.draw.skeleton import draw_number, draw_skeleton
from pose_landmarker.draw.style import DEFAULT_STYLE, DrawStyle
from pose_landmarker.media import as_rgb
from pose_landmarker.results import PoseLandmarkerResult


def annotate(image: object, result: PoseLandmarkerResult, style: DrawStyle = DEFAULT_STYLE) -> RgbImage:
    """A copy of a picture with silhouettes, skeletons and, for several people, their numbers.

    Args:
        image: The picture that ``result`` belongs to, in any size, and in any form that ``detect``
            takes.
        result: What was found.
        style: Colours and sizes.

    Returns:
        (H, W, 3) uint8.

    Raises:
        ImageError: The picture cannot be used.
    """
    rgb = as_rgb(image)
    canvas = rgb.copy() if np.shares_memory(rgb, image) else rgb
    for number, pose in enumerate(result.poses):
        if pose.mask is not None:
            draw_silhouette(canvas, pose.mask, style.tints[number % len(style.tints)], style)
    for pose in reversed(result.poses):  # the best one on top
        draw_skeleton(canvas, pose, style)
    if len(result.poses) > 1:
        for number, pose in enumerate(result.poses, start=1):
            draw_number(canvas, pose, number, style)
    return canvas
