"""Options and results between MediaPipe's classes and ours.

What comes in is read by its attributes, so that objects of the package mediapipe itself will do.
"""

from __future__ import annotations

import os
import warnings
from itertools import repeat
from typing import Any

import numpy as np

from pose_landmarker.errors import OptionError, OptionTypeError
from pose_landmarker.image_options import ImageProcessingOptions
from pose_landmarker.mediapipe.tasks.python.components.containers.landmark import (
    Landmark,
    NormalizedLandmark,
)
from pose_landmarker.mediapipe.tasks.python.vision.core.image import Image, ImageFormat
from pose_landmarker.mediapipe.tasks.python.vision.core.vision_task_running_mode import (
    validate_running_mode,
)
from pose_landmarker.options import BaseOptions, PoseLandmarkerOptions, RunningMode
from pose_landmarker.results import Pose

_SAME = (
    "num_poses",
    "min_pose_detection_confidence",
    "min_pose_presence_confidence",
    "min_tracking_confidence",
)


def our_options(options: object) -> PoseLandmarkerOptions:
    """Options with which our landmarker does what MediaPipe's does with theirs.

    Args:
        options: MediaPipe's, this package's imitation of them, or ours, which are taken as they are.

    Raises:
        OptionError: A value is out of its range, or there is a callback without a live stream or none
            with one.
        OptionTypeError: It is something else.
    """
    if isinstance(options, PoseLandmarkerOptions):
        validate_running_mode(options.running_mode, options.result_callback)
        return options
    wanted = ("base_options", "running_mode", *_SAME, "output_segmentation_masks", "result_callback")
    values = {name: _attribute(options, name) for name in wanted}
    validate_running_mode(values["running_mode"], values["result_callback"])
    return PoseLandmarkerOptions(
        base_options=_base_options(values["base_options"]),
        running_mode=_running_mode(values["running_mode"]),
        output_segmentation_masks=bool(values["output_segmentation_masks"]),
        result_callback=values["result_callback"] or None,
        # MediaPipe smooths one person only, and looks for more at every frame.
        smoothing="reference" if values["num_poses"] == 1 else "none",
        detection_interval=0.0,
        **{name: values[name] for name in _SAME},
    )


def our_processing(processing: object) -> ImageProcessingOptions | None:
    """How MediaPipe looks at a picture with these options.

    Raises:
        OptionError: The angle is no multiple of 90, or there is a region of interest.
        OptionTypeError: It is something else.
    """
    if processing is None:
        return None
    degrees = _attribute(processing, "rotation_degrees", "ImageProcessingOptions")
    region = _attribute(processing, "region_of_interest", "ImageProcessingOptions")
    try:
        ours = ImageProcessingOptions(rotation_degrees=degrees, reference_rotation=True)
    except OptionTypeError:
        raise
    except OptionError as error:
        raise OptionError("Expected rotation to be a multiple of 90°.") from error
    if region is not None:
        raise OptionError("This task doesn't support region-of-interest.")
    return ours


def their_landmarks(pose: Pose) -> list[NormalizedLandmark]:
    """The 33 landmarks of a body in the image."""
    scores = pose.visibility.tolist(), pose.presence.tolist()
    return list(map(NormalizedLandmark, *pose.landmarks.T.tolist(), *scores, repeat(None)))


def their_world_landmarks(pose: Pose) -> list[Landmark]:
    """The 33 landmarks of a body in metres."""
    scores = pose.visibility.tolist(), pose.presence.tolist()
    return list(map(Landmark, *pose.world_landmarks.T.tolist(), *scores, repeat(None)))


def their_mask(pose: Pose) -> Image:
    """The silhouette of a body, one float from 0 to 1 for every pixel."""
    assert pose.mask is not None  # only asked of poses that have one
    return Image.sharing(ImageFormat.VEC32F1, np.asarray(pose.mask))


def _base_options(options: object) -> BaseOptions:
    path = _attribute(options, "model_asset_path", "BaseOptions")
    content = _attribute(options, "model_asset_buffer", "BaseOptions")
    if getattr(getattr(options, "delegate", None), "name", None) == "GPU":
        message = (
            "BaseOptions(delegate=GPU): poses are computed by the processor here; pose_landmarker's own "
            "PoseLandmarker has device='cuda'"
        )
        warnings.warn(message, RuntimeWarning, stacklevel=5)  # where a landmarker is created
    if content:  # MediaPipe does not look at the path then
        return BaseOptions(model_asset_buffer=content)
    if path is None or (isinstance(path, (str, os.PathLike)) and not os.fspath(path)):
        raise OptionError(
            "BaseOptions must specify at least one of model_asset_path, the path of a .task file, and "
            "model_asset_buffer, the bytes of one"
        )
    return BaseOptions(model_asset_path=path)


def _running_mode(mode: object) -> RunningMode:
    try:
        return RunningMode(getattr(mode, "value", None))
    except ValueError:
        raise OptionTypeError(
            "running_mode must be RunningMode.IMAGE, RunningMode.VIDEO or RunningMode.LIVE_STREAM, "
            f"not {mode!r}"
        ) from None


def _attribute(options: object, name: str, wanted: str = "PoseLandmarkerOptions") -> Any:
    try:
        return getattr(options, name)
    except AttributeError:
        raise OptionTypeError(
            f"wanted {wanted}(...), which has {name}, not {type(options).__name__}"
        ) from None
