"""Trails: where landmarks have been over the last seconds, as lines that fade."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import RgbImage
from pose_landmarker.checks import check_positive
from pose_landmarker.draw.placement import SHIFT, fixed_point
from pose_landmarker.draw.skeleton import side_color
from pose_landmarker.draw.style import DEFAULT_STYLE, Color, DrawStyle
from pose_landmarker.errors import OptionError, OptionTypeError
from pose_landmarker.results import Pose, PoseLandmarkerResult
from pose_landmarker.topology import LANDMARK_NAMES, PoseLandmark

#: Landmarks whose middle makes one line.
_Line: TypeAlias = "tuple[int, ...]"
_LINES: dict[str, tuple[_Line, ...]] = {
    "hips": ((PoseLandmark.LEFT_HIP, PoseLandmark.RIGHT_HIP),),
    "wrists": ((PoseLandmark.LEFT_WRIST,), (PoseLandmark.RIGHT_WRIST,)),
    "ankles": ((PoseLandmark.LEFT_ANKLE,), (PoseLandmark.RIGHT_ANKLE,)),
    **{name: ((index,),) for index, name in enumerate(LANDMARK_NAMES)},
}
#: Nothing is drawn across a longer time in which nothing was seen.
_LONGEST_GAP_MS = 500
#: Points of one line, however long its trail is and however quickly frames come.
_MOST_POINTS = 4096


class _Point(NamedTuple):
    timestamp_ms: int
    x: float  # normalised
    y: float


class Trails:
    """Remembers where every track has been, and draws it.

    Feed it with every result of a video in order, with :meth:`update` or by giving it to
    :func:`~pose_landmarker.draw.annotate`. Times are those of the results: a trail is as long at 60
    frames a second as at 30. Tracks that are gone are forgotten when their trail has faded; a time
    that goes back starts a new video.

    Attributes:
        seconds: How long a point is to be seen.
        of: What leaves a trail: ``"hips"`` (the middle of both), ``"wrists"`` or ``"ankles"`` (a line
            for each), or the name of one landmark.

    Raises:
        OptionError: ``seconds`` is not positive, or ``of`` is unknown.
    """

    def __init__(self, seconds: float = 2.0, *, of: str = "hips") -> None:
        self.seconds = check_positive("seconds", seconds)
        if not isinstance(of, str):
            raise OptionTypeError(f"of must be a name such as 'hips', not {of!r}")
        if of not in _LINES:
            raise OptionError(f"of must be one of {', '.join(_LINES)}, not {of!r}")
        self.of = of
        self._points: dict[tuple[int, _Line], deque[_Point]] = {}
        self._now: int | None = None

    def update(self, result: PoseLandmarkerResult) -> None:
        """Take in where everybody is now. People without a track id leave no trail.

        Raises:
            OptionError: The result has no time: it is that of a single picture.
        """
        now = result.timestamp_ms
        if now is None:
            raise OptionError("trails need results of a video; this one has no timestamp_ms")
        if self._now is not None and now < self._now:
            self.clear()
        self._now = now
        for pose in result.poses:
            self._take(pose, now)
        self._forget(now - round(1000 * self.seconds))

    def draw(self, canvas: RgbImage, style: DrawStyle = DEFAULT_STYLE) -> None:
        """Draw the trails, in place: the older, the fainter.

        Args:
            canvas: (H, W, 3) uint8, in any size.
            style: Colours.
        """
        for (track_id, line), points in self._points.items():
            color = style.track_color(track_id) or side_color(line[0], line[-1], style)
            self._draw(canvas, points, color)

    def clear(self) -> None:
        """Forget everything."""
        self._points.clear()
        self._now = None

    def _take(self, pose: Pose, now: int) -> None:
        if pose.track_id is None:
            return
        for line in _LINES[self.of]:
            places = pose.landmarks[list(line), :2]
            if pose.visible[list(line)].all() and np.isfinite(places).all():
                x, y = places.mean(axis=0).tolist()
                points = self._points.setdefault((pose.track_id, line), deque(maxlen=_MOST_POINTS))
                if not points or points[-1].timestamp_ms < now:  # the same result may come twice
                    points.append(_Point(now, x, y))

    def _forget(self, before_ms: int) -> None:
        for key, points in list(self._points.items()):
            while points and points[0].timestamp_ms < before_ms:
                points.popleft()
            if not points:
                del self._points[key]

    def _draw(self, canvas: RgbImage, points: deque[_Point], color: Color) -> None:
        import cv2

        now = self._now or 0
        thickness = max(2, round(max(canvas.shape[:2]) / 320))
        places = fixed_point(canvas, np.array([(point.x, point.y) for point in points]))
        part = _around(canvas, places, thickness)
        opacity = np.zeros(canvas[part].shape[:2], np.uint8)
        if not opacity.size:
            return
        places = places - (np.array((part[1].start, part[0].start)) << SHIFT).astype(np.int32)
        for i, j in _pieces(points):
            freshness = max(0.0, 1.0 - (now - points[j].timestamp_ms) / (1000 * self.seconds))
            ends = places[i].tolist(), places[j].tolist()
            shade = round(255 * freshness**0.7)
            cv2.line(opacity, *ends, shade, max(1, round(thickness * freshness)), cv2.LINE_AA, SHIFT)
        share = opacity[..., None].astype(np.float32) / 255
        blended = canvas[part] + share * (np.array(color, np.float32) - canvas[part])
        canvas[part] = np.rint(blended).astype(np.uint8)


def _pieces(points: deque[_Point]) -> Iterator[tuple[int, int]]:
    """Neighbours in time, oldest first, where nothing is missing in between."""
    times = [point.timestamp_ms for point in points]
    for j in range(1, len(times)):
        if times[j] - times[j - 1] <= _LONGEST_GAP_MS:
            yield j - 1, j


def _around(canvas: RgbImage, places: npt.NDArray[np.int32], margin: int) -> tuple[slice, slice]:
    """The part of the canvas that lines between these fixed-point places can change."""
    height, width = canvas.shape[:2]
    left, top = np.clip((places.min(axis=0) >> SHIFT) - margin, 0, (width, height)).tolist()
    right, bottom = np.clip((places.max(axis=0) >> SHIFT) + margin + 2, 0, (width, height)).tolist()
    return slice(top, bottom), slice(left, right)
