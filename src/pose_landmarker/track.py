"""One person over time: where from, where to, and what he or she looks like."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pose_landmarker.appearance import Appearance, blend, difference
from pose_landmarker.results import Roi
from pose_landmarker.smoothing import SmoothingState

#: Seconds over which a person's speed is averaged, and after which one out of sight is taken to have
#: stopped.
_SPEED_MEMORY_S, _STOPPING_S = 0.3, 2.0
#: Seconds over which a person's colours are averaged.
_COLOR_MEMORY_S = 1.0
#: How much the ratio of a frame's sides may change before regions lose their meaning.
_SAME_SHAPE = 0.02
#: Share of the newest surprise in the running one.
_SURPRISE_SHARE = 0.3


@dataclass(slots=True, eq=False)
class Track:
    """What is remembered of a person.

    Attributes:
        track_id: Given once.
        roi: Where to look for the person in the next frame; None while out of sight.
        seen_ms: When the person was last seen.
        center_x: Middle of the hips when last seen clearly, image pixels.
        center_y: Likewise.
        size: Side of the region, pixels.
        clear_ms: When that was.
        rotation: Of the region then, radians.
        velocity_x: Pixels a second.
        velocity_y: Likewise.
        surprise: How far from where it was expected the person was found lately, in sizes.
        appearance: Colours.
        looked_ms: When those were last looked at.
        detection_score: Of the detection that led here last.
        hidden_by: Number of the track that this one coincided with when it was lost.
        smoothing: State of the filters.
    """

    track_id: int
    roi: Roi | None
    seen_ms: int
    center_x: float
    center_y: float
    size: float
    clear_ms: int
    rotation: float = 0.0
    velocity_x: float = 0.0
    velocity_y: float = 0.0
    surprise: float = 0.0
    appearance: Appearance | None = None
    looked_ms: int = 0
    detection_score: float | None = None
    hidden_by: int | None = None
    smoothing: SmoothingState | None = None

    def expected(self, time_ms: int) -> tuple[float, float]:
        """Where the middle of the hips should be, image pixels: at the last speed, slowing down."""
        elapsed_s = (time_ms - self.clear_ms) / 1000
        effective_s = _STOPPING_S * (1 - math.exp(-elapsed_s / _STOPPING_S))
        return self.center_x + self.velocity_x * effective_s, self.center_y + self.velocity_y * effective_s

    def expected_roi(self, time_ms: int) -> Roi:
        """The region around there, image pixels."""
        return Roi(*self.expected(time_ms), self.size, self.rotation)

    def distance(self, roi: Roi, time_ms: int) -> float:
        """From where the person is expected to a region, in sizes."""
        x, y = self.expected(time_ms)
        return math.hypot(roi.center_x - x, roi.center_y - y) / max(self.size, roi.size)

    def unlike(self, appearance: Appearance | None) -> float | None:
        """How differently that body is coloured; None where that cannot be said."""
        if self.appearance is None or appearance is None:
            return None
        return difference(self.appearance, appearance)

    def see(self, roi: Roi, time_ms: int, appearance: Appearance | None, *, clearly: bool) -> None:
        """Note where the person is.

        Args:
            roi: For the next frame.
            time_ms: Of this one.
            appearance: In this frame, where looked at.
            clearly: Whether nobody else is so near that position and colours may be theirs.
        """
        self.surprise += _SURPRISE_SHARE * (self.distance(roi, time_ms) - self.surprise)
        if clearly:
            self._move(roi, time_ms)
            if appearance is not None:
                share = 1 - math.exp(-(time_ms - self.looked_ms) / 1000 / _COLOR_MEMORY_S)
                old = self.appearance
                self.appearance = appearance if old is None else blend(old, appearance, share)
                self.looked_ms = time_ms
        self.roi, self.seen_ms, self.hidden_by = roi, time_ms, None

    def _move(self, roi: Roi, time_ms: int) -> None:
        elapsed_s = (time_ms - self.clear_ms) / 1000
        if elapsed_s > 0:
            share = elapsed_s / (elapsed_s + _SPEED_MEMORY_S)
            self.velocity_x += share * ((roi.center_x - self.center_x) / elapsed_s - self.velocity_x)
            self.velocity_y += share * ((roi.center_y - self.center_y) / elapsed_s - self.velocity_y)
        self.center_x, self.center_y, self.size = roi.center_x, roi.center_y, roi.size
        self.rotation = roi.rotation
        self.clear_ms = time_ms

    def lose(self, hidden_by: int | None = None) -> None:
        """The person is out of sight."""
        self.roi, self.smoothing, self.hidden_by = None, None, hidden_by

    def resize(self, across: float, down: float) -> None:
        """Carry everything over to frames of another size.

        Args:
            across: New width by old width.
            down: New height by old height.
        """
        self.smoothing = None
        if abs(across / down - 1) > _SAME_SHAPE:
            # A picture turned or cut differently: the region and the way mean nothing any more.
            self.roi, self.velocity_x, self.velocity_y = None, 0.0, 0.0
        scale = math.sqrt(across * down)
        if self.roi is not None:
            roi = self.roi
            self.roi = Roi(roi.center_x * across, roi.center_y * down, roi.size * scale, roi.rotation)
        self.center_x, self.center_y = self.center_x * across, self.center_y * down
        self.velocity_x, self.velocity_y = self.velocity_x * across, self.velocity_y * down
        self.size *= scale
