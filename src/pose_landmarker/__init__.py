"""Find human bodies in pictures, videos and live streams: 33 landmarks each, in the image and in metres.

    from pose_landmarker import PoseLandmarker

    with PoseLandmarker.create(model="full", num_poses=2) as landmarker:
        result = landmarker.detect("photo.jpg")

Names and options are those of MediaPipe's Pose Landmarker task, so its documentation applies.
"""

from __future__ import annotations

import logging

from pose_landmarker._version import __version__
from pose_landmarker.errors import (
    BundleError,
    ClosedError,
    DatasetError,
    EngineError,
    FetchError,
    ImageError,
    ImageFileError,
    MissingExtraError,
    ModelError,
    ModelNotFoundError,
    OptionError,
    OptionTypeError,
    PoseLandmarkerError,
    RunningModeError,
    TimestampError,
    VideoError,
    WorkerError,
)
from pose_landmarker.filters import Smoothing
from pose_landmarker.image_options import ImageProcessingOptions, RegionOfInterest
from pose_landmarker.landmark_confidence import LandmarkConfidence, LandmarkState
from pose_landmarker.landmarker import PoseLandmarker
from pose_landmarker.options import BaseOptions, PoseLandmarkerOptions, RunningMode
from pose_landmarker.processing import Processed, process, record
from pose_landmarker.recording import Recording, Stack
from pose_landmarker.results import (
    Box,
    Landmark,
    NormalizedLandmark,
    Pose,
    PoseArrays,
    PoseLandmarkerResult,
    RegionPoses,
    Roi,
)
from pose_landmarker.scheduling import LiveStats
from pose_landmarker.topology import LANDMARK_NAMES, POSE_CONNECTIONS, PoseLandmark

# Silent unless the application asks.
logging.getLogger("pose_landmarker").addHandler(logging.NullHandler())

__all__ = [
    "LANDMARK_NAMES",
    "POSE_CONNECTIONS",
    "BaseOptions",
    "Box",
    "BundleError",
    "ClosedError",
    "DatasetError",
    "EngineError",
    "FetchError",
    "ImageError",
    "ImageFileError",
    "ImageProcessingOptions",
    "Landmark",
    "LandmarkConfidence",
    "LandmarkState",
    "LiveStats",
    "MissingExtraError",
    "ModelError",
    "ModelNotFoundError",
    "NormalizedLandmark",
    "OptionError",
    "OptionTypeError",
    "Pose",
    "PoseArrays",
    "PoseLandmark",
    "PoseLandmarker",
    "PoseLandmarkerError",
    "PoseLandmarkerOptions",
    "PoseLandmarkerResult",
    "Processed",
    "Recording",
    "RegionOfInterest",
    "RegionPoses",
    "Roi",
    "RunningMode",
    "RunningModeError",
    "Smoothing",
    "Stack",
    "TimestampError",
    "VideoError",
    "WorkerError",
    "__version__",
    "process",
    "record",
]
