"""Building blocks of tasks; of MediaPipe's only the containers are here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pose_landmarker.mediapipe.tasks.python.components.containers as containers
from pose_landmarker.mediapipe.missing import missing

__all__ = ["containers"]

if not TYPE_CHECKING:  # type checkers know better what is missing

    def __getattr__(name: str) -> object:
        raise missing(__name__, name)
