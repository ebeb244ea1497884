"""A drop-in for MediaPipe's Pose Landmarker: code written for it runs after a change of its imports.

    import pose_landmarker.mediapipe as mp

    options = mp.tasks.vision.PoseLandmarkerOptions(
        base_options=mp.tasks.BaseOptions(model_asset_path="pose_landmarker.task")
    )
    with mp.tasks.vision.PoseLandmarker.create_from_options(options) as landmarker:
        result = landmarker.detect(mp.Image.create_from_file("photo.jpg"))

Names, defaults, results and exceptions are those of MediaPipe 1.2.2; ``solutions`` is that of 0.10.
Everything that is not about poses is missing, and says so.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pose_landmarker.mediapipe.missing import explain_missing_modules, missing
from pose_landmarker.mediapipe.tasks import python as tasks
from pose_landmarker.mediapipe.tasks.python.vision.core.image import Image, ImageFormat

#: The release of MediaPipe that this stands in for.
__version__ = "1.2.2"

__all__ = ["Image", "ImageFormat", "__version__", "tasks"]

explain_missing_modules()

#: Modules that are imported when they are asked for, and what of each must be there then.
_RARE = {"solutions": "solutions", "python": "python", "framework": "framework.formats.landmark_pb2"}

if not TYPE_CHECKING:  # type checkers know better what is missing

    def __getattr__(name: str) -> object:
        if name in _RARE:
            from importlib import import_module  # few programs need them

            import_module(f"{__name__}.{_RARE[name]}")
            return sys.modules[f"{__name__}.{name}"]  # also while it is being imported
        raise missing(__name__, name)
