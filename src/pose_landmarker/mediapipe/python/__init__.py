"""``mediapipe.python``, by which some programs import ``solutions``: the same modules by longer names."""

from __future__ import annotations

import sys

from pose_landmarker.mediapipe import solutions

__all__ = ["solutions"]

sys.modules[f"{__name__}.solutions"] = solutions
for _name in solutions.__all__:
    sys.modules[f"{__name__}.solutions.{_name}"] = getattr(solutions, _name)
