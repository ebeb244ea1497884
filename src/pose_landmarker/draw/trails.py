"""Trails: where landmarks have been over the last seconds, as lines that fade."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import numpy as np

from pose_landmarker.checks import check_integer, check_positive
from pose_landmarker.draw.anatomy import BLAZEPOSE
from pose_landmarker.draw.body import Body, Found, bodies_of
from pose_landmarker.draw.canvas import AnyPixels
from pose_landmarker.draw.ink import SHIFT, blend, fixed_point, part_around
from pose_landmarker.draw.skeleton import side_color
from pose_landmarker.draw.style import DEFAULT_STYLE, Color, DrawStyle
from pose_landmarker.errors import OptionError, OptionTypeError
from pose_landmarker.recording import Recording
from pose_landmarker.results import PoseLandmarkerResult
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

    def update(self, result: Found, timestamp_ms: int | None = None) -> None:
        """Take in where everybody is now. People without a track id leave no trail.

        Args:
            result: A result, one frame of a recording, or bodies of 33 landmarks that know the size of
                their picture; others leave no trail.
            timestamp_ms: Time of the frame; by default that of the result.

        Raises:
            OptionError: The result has no time: it is that of a single picture.
        """
        now = _time_ms(result) if timestamp_ms is None else check_integer("timestamp_ms", timestamp_ms, low=0)
        bodies = bodies_of(result)
        if self._now is not None and now < self._now:
            self.clear()
        self._now = now
        for body in bodies:
            self._take(body, now)
        self._forget(now - round(1000 * self.seconds))

    def draw(self, canvas: AnyPixels, style: DrawStyle = DEFAULT_STYLE) -> None:
        """Draw the trails, in place: the older, the fainter.

        Args:
            canvas: (H, W, 3) red first, contiguous, of uint8, uint16, or floating point from 0 to 1; in
                any size.
            style: Colours.
        """
        for (track_id, line), points in self._points.items():
            color = style.track_color(track_id) or side_color(BLAZEPOSE, line[0], line[-1], style)
            self._draw(canvas, points, color)

    def clear(self) -> None:
        """Forget everything."""
        self._points.clear()
        self._now = None

    def _take(self, body: Body, now: int) -> None:
        if body.track_id is None or body.image_size is None or body.anatomy != BLAZEPOSE:
            return
        assert body.confidence is not None
        visible = body.confidence >= 0.5
        for line in _LINES[self.of]:
            places = body.points[list(line)] / body.image_size
            if visible[list(line)].all() and np.isfinite(places).all():
                x, y = places.mean(axis=0).tolist()
                points = self._points.setdefault((body.track_id, line), deque(maxlen=_MOST_POINTS))
                if not points or points[-1].timestamp_ms < now:  # the same result may come twice
                    points.append(_Point(now, x, y))

    def _forget(self, before_ms: int) -> None:
        for key, points in list(self._points.items()):
            while points and points[0].timestamp_ms < before_ms:
                points.popleft()
            if not points:
                del self._points[key]

    def _draw(self, canvas: AnyPixels, points: deque[_Point], color: Color) -> None:
        import cv2

        now = self._now or 0
        height, width = canvas.shape[:2]
        thickness = max(2, round(max(height, width) / 320))
        places = fixed_point(np.array([(point.x, point.y) for point in points]) * (width, height))
        part = part_around(canvas, places, thickness)
        stencil = np.zeros(canvas[part].shape[:2], np.uint8)
        if not stencil.size:
            return
        moved = (places - (np.array((part[1].start, part[0].start)) << SHIFT)).tolist()
        for i, j in _pieces(points):
            freshness = max(0.0, 1.0 - (now - points[j].timestamp_ms) / (1000 * self.seconds))
            shade, weight = round(255 * freshness**0.7), max(1, round(thickness * freshness))
            cv2.line(stencil, moved[i], moved[j], shade, weight, cv2.LINE_AA, SHIFT)
        blend(canvas, part, color, stencil)


def _pieces(points: deque[_Point]) -> Iterator[tuple[int, int]]:
    """Neighbours in time, oldest first, where nothing is missing in between."""
    times = [point.timestamp_ms for point in points]
    for j in range(1, len(times)):
        if times[j] - times[j - 1] <= _LONGEST_GAP_MS:
            yield j - 1, j


def _time_ms(result: Found) -> int:
    if isinstance(result, PoseLandmarkerResult) and result.timestamp_ms is not None:
        return result.timestamp_ms
    if isinstance(result, Recording) and len(result) == 1 and np.isfinite(result.times_s[0]):
        return round(1000 * float(result.times_s[0]))
    raise OptionError("trails need results of a video; this one has no timestamp_ms")
