"""How one picture is to be looked at."""

from __future__ import annotations

from dataclasses import dataclass

from pose_landmarker.mediapipe.tasks.python.components.containers.rect import RectF


@dataclass
class ImageProcessingOptions:
    """How one picture is to be looked at.

    Attributes:
        region_of_interest: Refused by the Pose Landmarker, as with MediaPipe.
        rotation_degrees: Clockwise turn that makes the picture upright: a multiple of 90. Turned pictures
            are looked at as MediaPipe does, which looks in the wrong place: see docs/parity.md.
    """

    region_of_interest: RectF | None = None
    rotation_degrees: int = 0
