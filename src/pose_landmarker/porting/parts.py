"""Which parts of MediaPipe are in :mod:`pose_landmarker.mediapipe`; ``tests/test_porting.py`` compares."""

from __future__ import annotations

import re
from typing import Final

_SOLUTIONS: Final = ("drawing_styles", "drawing_utils", "pose", "pose_connections")
_DRAWING: Final = (
    "BLACK_COLOR",
    "BLUE_COLOR",
    "GREEN_COLOR",
    "RED_COLOR",
    "WHITE_COLOR",
    "DrawingSpec",
    "draw_landmarks",
    "plot_landmarks",
)
_TASKS: Final = ("BaseOptions", "components", "core", "vision")
_CONTAINERS: Final = {
    "category": ("Category",),
    "landmark": ("Landmark", "NormalizedLandmark"),
    "landmark_detection_result": ("LandmarksDetectionResult",),
    "rect": ("NormalizedRect", "Rect", "RectF"),
}
_RUNNING_MODE: Final = "VisionTaskRunningMode"
_POSE_LANDMARKER: Final = (
    "PoseLandmark",
    "PoseLandmarker",
    "PoseLandmarkerOptions",
    "PoseLandmarkerResult",
    "PoseLandmarksConnections",
)
_SOLUTION_MODULES: Final = {
    "": _SOLUTIONS,
    ".drawing_styles": ("DrawingSpec", "get_default_pose_landmarks_style"),
    ".drawing_utils": (*_DRAWING, "_normalized_to_pixel_coordinates"),
    ".pose": ("POSE_CONNECTIONS", "Pose", "PoseLandmark"),
    ".pose_connections": ("POSE_CONNECTIONS",),
}
_VISION: Final = "tasks.python.vision"

#: Modules by their path below ``mediapipe``, and what is in each. ``tasks`` is also ``tasks.python``.
MODULES: Final[dict[str, frozenset[str]]] = {
    path: frozenset(names)
    for path, names in {
        "": ("Image", "ImageFormat", "framework", "python", "solutions", "tasks"),
        "framework": ("formats",),
        "framework.formats": ("landmark_pb2",),
        "framework.formats.landmark_pb2": (
            "Landmark",
            "LandmarkList",
            "NormalizedLandmark",
            "NormalizedLandmarkList",
        ),
        "python": ("solutions",),
        **{f"solutions{path}": names for path, names in _SOLUTION_MODULES.items()},
        **{f"python.solutions{path}": names for path, names in _SOLUTION_MODULES.items()},
        "tasks": ("python", *_TASKS),
        "tasks.python": _TASKS,
        "tasks.python.components": ("containers",),
        "tasks.python.components.containers": (
            *_CONTAINERS,
            *(name for names in _CONTAINERS.values() for name in names),
        ),
        **{f"tasks.python.components.containers.{path}": names for path, names in _CONTAINERS.items()},
        "tasks.python.core": ("base_options",),
        "tasks.python.core.base_options": ("BaseOptions",),
        _VISION: (
            "ImageProcessingOptions",
            "RunningMode",
            "core",
            "drawing_styles",
            "drawing_utils",
            "pose_landmarker",
            *_POSE_LANDMARKER,
        ),
        f"{_VISION}.core": ("image", "image_processing_options", "vision_task_running_mode"),
        f"{_VISION}.core.image": ("Image", "ImageFormat"),
        f"{_VISION}.core.image_processing_options": ("ImageProcessingOptions",),
        f"{_VISION}.core.vision_task_running_mode": (_RUNNING_MODE,),
        f"{_VISION}.drawing_styles": ("get_default_pose_landmarks_style",),
        f"{_VISION}.drawing_utils": _DRAWING,
        f"{_VISION}.pose_landmarker": _POSE_LANDMARKER,
    }.items()
}
#: Modules of which MediaPipe has much more than is here.
_WIDE: Final = frozenset({"", "python", "solutions", "python.solutions", "tasks", "tasks.python", _VISION})
#: Parts that nothing but poses needs; all else, such as drawing, images and options, others may share.
_OF_POSES: Final = re.compile(
    r"(python\.)?solutions\.pose(_connections)?(\.|$)|tasks\.(python\.)?vision\.(Pose|pose_landmarker)"
)
#: What a part is about, by a word in its name; the first that fits.
_ABOUT: Final = (
    ("holistic", "body, face and hands in one"),
    ("hand", "hands"),
    ("gesture", "hands"),
    ("face", "faces"),
    ("iris", "faces"),
    ("objectron", "objects"),
    ("object", "objects"),
    ("segment", "segmentation without poses (for a person's mask: output_segmentation_masks)"),
    ("text", "texts"),
    ("language", "texts"),
    ("audio", "sound"),
    ("genai", "language models"),
    ("classif", "classification"),
    ("embed", "embeddings"),
    ("calculator", "MediaPipe's graphs"),
    ("packet", "MediaPipe's graphs"),
)


def missing_part(path: str) -> str | None:
    """The part of a path that is not here.

    Args:
        path: A path below ``mediapipe``, such as ``solutions.hands.Hands``.

    Returns:
        ``solutions.hands``, or None where all is here. What follows a class or a constant is not looked at.
    """
    module, here = "", [*path.split(".")] if path else []
    for number, name in enumerate(here):
        module = _as_module(module)
        if module not in MODULES:
            return None
        if name not in MODULES[module] and not _is_every_modules(name):
            return ".".join(here[: number + 1])
        module = f"{module}.{name}" if module else name
    return None


def is_module(path: str) -> bool:
    """Whether a path below ``mediapipe`` is a module that is here."""
    return _as_module(path) in MODULES


def is_wide(path: str) -> bool:
    """Whether it is a module of which MediaPipe has much that is not here."""
    return _as_module(path) in _WIDE


def is_of_poses_alone(path: str) -> bool:
    """Whether nothing but poses needs a part."""
    return _OF_POSES.match(path) is not None


def why_missing(path: str) -> str:
    """Why a part is not here, as a sentence without an end."""
    name = path.rpartition(".")[2].lower()
    for word, about in _ABOUT:
        if word in name:
            return f"is about {about}, and only poses are here"
    return "is not in pose_landmarker.mediapipe"


def _as_module(path: str) -> str:
    """``mp.tasks.vision`` is ``mediapipe.tasks.python.vision``."""
    first, _, rest = path.partition(".")
    if first == "tasks" and rest and rest.partition(".")[0] != "python":
        return f"tasks.python.{rest}"
    return path


def _is_every_modules(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")
