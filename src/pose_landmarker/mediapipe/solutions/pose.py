"""``mp.solutions.pose``: one person in pictures or in a video, with the names of MediaPipe 0.10."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any, Final, NamedTuple

from pose_landmarker.arrays import FloatArray
from pose_landmarker.checks import check_flag, check_fraction, check_integer
from pose_landmarker.errors import OptionTypeError
from pose_landmarker.landmarker import PoseLandmarker
from pose_landmarker.media.images import as_rgb
from pose_landmarker.mediapipe.framework.formats.landmark_pb2 import (
    Landmark,
    LandmarkList,
    NormalizedLandmark,
    NormalizedLandmarkList,
)
from pose_landmarker.mediapipe.solutions.mask_smoothing import smooth_mask
from pose_landmarker.mediapipe.solutions.pose_connections import POSE_CONNECTIONS
from pose_landmarker.options import BaseOptions, PoseLandmarkerOptions, RunningMode
from pose_landmarker.results import PoseLandmarkerResult
from pose_landmarker.topology import PoseLandmark

__all__ = ["POSE_CONNECTIONS", "Pose", "PoseLandmark", "SolutionOutputs"]

_MODELS: Final = ("lite", "full", "heavy")
#: Every picture is taken for the next frame of a video with 30 frames per second.
_FRAME_MS: Final = 100 / 3


class SolutionOutputs(NamedTuple):
    """What was found in a picture.

    Attributes:
        pose_landmarks: 33 landmarks as ``landmark``: x by the picture's width, y by its height; or None
            where nobody is.
        pose_world_landmarks: 33 landmarks as ``landmark``, metres, the origin between the hips; or None.
        segmentation_mask: (H, W) float32 in [0, 1] where masks were asked for and somebody is, else None.
    """

    pose_landmarks: NormalizedLandmarkList | None
    pose_world_landmarks: LandmarkList | None
    segmentation_mask: FloatArray | None


class Pose:
    """Finds one person and the 33 landmarks. Threads that share one take turns.

    Numbers are taken for flags where MediaPipe takes them: older programs pass confidences by position.

    Args:
        static_image_mode: Whether pictures have nothing to do with each other. Else they are frames of a
            video, 1/30 s apart, in which the person is followed.
        model_complexity: 0, 1 or 2: *lite*, *full* or *heavy*, fetched on first use. False is 0.
        smooth_landmarks: Whether landmarks are smoothed over the frames of a video.
        enable_segmentation: Whether there are masks.
        smooth_segmentation: Whether masks are smoothed over the frames of a video.
        min_detection_confidence: From which score on a person is looked at, in [0, 1].
        min_tracking_confidence: From which score on there is a pose, in [0, 1].
        extra_settings: Not used; MediaPipe's were about its graph.

    Raises:
        OptionError: A value is out of its range.
        OptionTypeError: A value has the wrong type.
        ModelError: The model cannot be fetched.
    """

    def __init__(
        self,
        static_image_mode: bool = False,
        model_complexity: int = 1,
        smooth_landmarks: bool = True,
        enable_segmentation: bool = False,
        smooth_segmentation: bool = True,
        min_detection_confidence: float = 0.5,
        min_tracking_confidence: float = 0.5,
        extra_settings: object = None,
    ) -> None:
        del extra_settings
        is_video = not _flag("static_image_mode", static_image_mode)
        smooths = _flag("smooth_landmarks", smooth_landmarks)
        complexity = check_integer("model_complexity", _number(model_complexity), low=0, high=2)
        self._smooths_masks = is_video and _flag("smooth_segmentation", smooth_segmentation)
        self._landmarker = PoseLandmarker(
            PoseLandmarkerOptions(
                base_options=BaseOptions(model=_MODELS[complexity]),
                running_mode=RunningMode.VIDEO if is_video else RunningMode.IMAGE,
                min_pose_detection_confidence=check_fraction(
                    "min_detection_confidence", min_detection_confidence
                ),
                min_pose_presence_confidence=check_fraction(
                    "min_tracking_confidence", min_tracking_confidence
                ),
                output_segmentation_masks=_segmentation(enable_segmentation),
                smoothing="reference" if smooths else "none",
            )
        )
        self._turn = threading.Lock()
        self._frames = 0
        self._mask: FloatArray | None = None

    def process(self, image: Any) -> SolutionOutputs:
        """Find the person in a picture, or in the next frame of a video.

        Args:
            image: (H, W, 3) uint8, red first; and all else that ``PoseLandmarker.detect`` takes.

        Raises:
            ImageError: The picture cannot be used.
            ClosedError: It is closed.
        """
        if self._landmarker.options.running_mode is RunningMode.IMAGE:
            return self._outputs(self._landmarker.detect(image))
        rgb = as_rgb(image)  # a picture that cannot be used takes no time
        with self._turn:
            self._frames += 1
            return self._outputs(self._landmarker.detect_for_video(rgb, round(self._frames * _FRAME_MS)))

    def _outputs(self, result: PoseLandmarkerResult) -> SolutionOutputs:
        if not result.poses:
            self._mask = None
            return SolutionOutputs(None, None, None)
        pose = result.poses[0]
        visibility = pose.visibility.tolist()
        normalized = zip(*pose.landmarks.T.tolist(), visibility, strict=True)
        world = zip(*pose.world_landmarks.T.tolist(), visibility, strict=True)
        return SolutionOutputs(
            NormalizedLandmarkList(
                landmark=[NormalizedLandmark(x=x, y=y, z=z, visibility=v) for x, y, z, v in normalized]
            ),
            LandmarkList(landmark=[Landmark(x=x, y=y, z=z, visibility=v) for x, y, z, v in world]),
            None if pose.mask is None else self._steadied(pose.mask),
        )

    def reset(self) -> None:
        """Forget the frames so far: the next picture is the first of another video."""
        with self._turn:
            self._frames, self._mask = 0, None
            if self._landmarker.options.running_mode is RunningMode.VIDEO:
                self._landmarker.reset()

    def close(self) -> None:
        """Free the networks. Closing twice is fine."""
        self._landmarker.close()

    def __enter__(self) -> Pose:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _steadied(self, mask: FloatArray) -> FloatArray:
        if self._smooths_masks:
            mask = self._mask = smooth_mask(mask, self._mask)
        return mask.copy()  # the caller's, who may write to it


def _flag(name: str, value: object) -> bool:
    """Also None and numbers, which MediaPipe takes; but not words, as ``"no"`` would be true."""
    return bool(value) if value is None or isinstance(value, (int, float)) else check_flag(name, value)


def _number(value: object) -> object:
    return int(value) if isinstance(value, bool) else value


def _segmentation(value: object) -> bool:
    """A number here is a confidence by position, as in releases that had fewer arguments."""
    if isinstance(value, (int, float)) and value not in (0, 1):
        raise OptionTypeError(
            f"enable_segmentation must be True or False, not {value!r}. The arguments of Pose are "
            "static_image_mode, model_complexity, smooth_landmarks, enable_segmentation, "
            "smooth_segmentation, min_detection_confidence, min_tracking_confidence: "
            "name them (min_detection_confidence=0.5)"
        )
    return _flag("enable_segmentation", value)
