"""Which parts of a picture are looked at next, where a search is spread over the frames of a video."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pose_landmarker.arrays import FloatArray, RgbImage
from pose_landmarker.results import Roi

#: Frames are compared at so many points along their longer side: 0.06 ms for 1920x1080.
_POINTS = 96
#: A point has changed by more than noise and compression do, of 255 levels ...
_CHANGE = 16
#: ... and something moved where this share of a part's points has: somebody a quarter as high as the
#: part covers about 1 % of it.
_MOVED = 0.005
#: Every so many looks, the part that waits longest has its turn, whatever moves elsewhere.
_TURN_EVERY = 2


class Patrol:
    """Parts where something moved come first, and the others in turn."""

    def __init__(self) -> None:
        #: What the picture was like when each part was last looked at.
        self._seen: list[FloatArray] = []
        #: The parts, the one that waits longest first.
        self._waiting: list[int] = []
        self._looks = 0

    def choose(self, image: RgbImage, parts: Sequence[Roi], followed: Sequence[Roi], count: int) -> list[int]:
        """The parts to look at now; fewer than there is time for where little moves.

        Args:
            image: (H, W, 3) uint8.
            parts: Squares, image pixels.
            followed: Regions of people whose movements are known, image pixels.
            count: At most so many.

        Returns:
            Indices of ``parts``.
        """
        step = max(max(image.shape[:2]) // _POINTS, 1)
        now = _points(image, followed, step)
        if len(self._seen) != len(parts) or any(then.shape != now.shape for then in self._seen):
            self._seen, self._waiting = [now] * len(parts), list(range(len(parts)))
        chosen = self._next(
            [_moved(now, then, part, step) for then, part in zip(self._seen, parts, strict=True)], count
        )
        for i in chosen:
            self._seen[i] = now
        return chosen

    def _next(self, moved: list[float], count: int) -> list[int]:
        chosen: list[int] = []
        for _ in range(min(count, len(moved))):
            self._looks += 1
            waiting = [i for i in self._waiting if i not in chosen]
            part = waiting[0]
            if self._looks % _TURN_EVERY:
                part = max(waiting, key=lambda i: moved[i])
                if moved[part] < _MOVED:
                    continue
            chosen.append(part)
        self._waiting = [i for i in self._waiting if i not in chosen] + chosen
        return chosen


def _points(image: RgbImage, followed: Sequence[Roi], step: int) -> FloatArray:
    """(H / step, W / step) how green a frame is here and there; NaN where people are who are followed."""
    points = image[::step, ::step, 1].astype(np.float32)
    for roi in followed:
        points[_inside(roi, step)] = np.nan
    return points


def _moved(now: FloatArray, then: FloatArray, part: Roi, step: int) -> float:
    """The share of a part's points that have changed."""
    inside = _inside(part, step)
    changed = np.abs(now[inside] - then[inside]) > _CHANGE  # never where either is NaN
    return int(np.count_nonzero(changed)) / max(int(changed.size), 1)


def _inside(square: Roi, step: int) -> tuple[slice, slice]:
    """Rows and columns of the points in a square, taken as upright."""
    half = square.size / 2
    y, x = (
        slice(max(round((middle - half) / step), 0), max(round((middle + half) / step), 0))
        for middle in (square.center_y, square.center_x)
    )
    return y, x
