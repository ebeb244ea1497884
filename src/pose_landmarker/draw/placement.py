"""Where and how large a body lies on a canvas, in the canvas's pixels."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import DoubleArray
from pose_landmarker.draw.body import Body
from pose_landmarker.draw.ink import fixed_point
from pose_landmarker.draw.style import DrawStyle
from pose_landmarker.results import Box

#: Metres, of a body that stands upright.
_HEIGHT = 1.6
#: Lines are never thinner than this share of the picture's larger side, lest nobody sees them, but never
#: thicker than that share of the body, lest nobody sees the body.
_LEAST_OF_PICTURE, _MOST_OF_BODY = 1 / 900, 1 / 30
#: Bodies larger than this, pixels, have room for lines of two pixels, which show more colour than outline.
_LEAST_WITH_TWO = 40


@dataclass(frozen=True, eq=False)
class Placed:
    """A body on a canvas.

    Attributes:
        body: The body.
        size: (width, height) of the canvas, pixels.
    """

    body: Body
    size: tuple[int, int]

    @cached_property
    def points(self) -> DoubleArray:
        """(N, 2) canvas pixels."""
        points: DoubleArray = self.body.points * self.scale
        return points

    @cached_property
    def scale(self) -> DoubleArray:
        """(2,) canvas pixels in a pixel of the body's picture, along x and y."""
        size = self.body.image_size or self.size
        return np.array(self.size, np.float64) / np.array(size, np.float64)

    @cached_property
    def known(self) -> npt.NDArray[np.bool_]:
        """(N,) which points have a place at all."""
        return np.asarray(np.isfinite(self.points).all(axis=1))

    @cached_property
    def places(self) -> npt.NDArray[np.int32]:
        """(N, 2) fixed-point places."""
        return fixed_point(self.points)

    @cached_property
    def box(self) -> Box | None:
        """The upright rectangle around all points that have a place, canvas pixels; None without any."""
        points = self.points[self.known]
        if not len(points):
            return None
        (left, top), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
        return Box(left, top, right - left, bottom - top)

    @cached_property
    def is_in_view(self) -> bool:
        """Whether any point is on the canvas."""
        inside = (self.points > -1) & (self.points < self.size)
        return bool(inside.all(axis=1).any())

    @cached_property
    def extent(self) -> float:
        """Size of the body on the canvas, pixels.

        In single pictures the larger side of its box. Over time that would pulse with every movement,
        and lines would become thicker and thinner: there, how large a metre is decides.
        """
        size = self._metre() * _HEIGHT if self.body.track_id is not None else 0.0
        if not size and self.box is not None:
            size = max(self.box.width, self.box.height)
        return float(np.clip(size, 1, max(self.size)))

    def thickness(self, style: DrawStyle) -> float:
        """Of lines, pixels: in proportion to the body, but never too thin for the picture's size."""
        least = min(max(self.size) * _LEAST_OF_PICTURE, self.extent * _MOST_OF_BODY)
        return max(2.0 if self.extent >= _LEAST_WITH_TWO else 1.0, self.extent * style.line_scale, least)

    def _metre(self) -> float:
        """Canvas pixels in a metre of this body, or 0 where nobody knows."""
        world = self.body.world
        if world is None:
            return 0.0
        known = self.known & np.isfinite(world[:, :2]).all(axis=1)
        if not known.any():
            return 0.0
        spread, spread_m = (float(p[known].std(axis=0).sum()) for p in (self.points, world[:, :2]))
        return spread / spread_m if spread_m > 0 else 0.0


def opacities(body: Body, style: DrawStyle) -> npt.NDArray[np.float32]:
    """(N,) how much of each point shows, from its confidence: smoothly, so that nothing flickers."""
    assert body.confidence is not None
    if style.confidence == "none":
        return np.ones(len(body), np.float32)
    share = np.clip((body.confidence - 0.25) / 0.5, 0.0, 1.0)
    smooth = share * share * (3 - 2 * share)
    return np.asarray(style.hidden_opacity + (1 - style.hidden_opacity) * smooth, np.float32)
