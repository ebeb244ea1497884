"""The Pose Landmarker with MediaPipe's names, results and exceptions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, ClassVar

from pose_landmarker import landmarker as ours
from pose_landmarker.errors import (
    BundleError,
    ClosedError,
    ModelNotFoundError,
    RunningModeError,
    TimestampError,
)
from pose_landmarker.mediapipe.errors import ModelFileError
from pose_landmarker.mediapipe.live_results import LiveResults
from pose_landmarker.mediapipe.tasks.python.components.containers.landmark import (
    Landmark,
    NormalizedLandmark,
)
from pose_landmarker.mediapipe.tasks.python.core.base_options import BaseOptions
from pose_landmarker.mediapipe.tasks.python.vision.core.image import Image
from pose_landmarker.mediapipe.tasks.python.vision.core.image_processing_options import (
    ImageProcessingOptions,
)
from pose_landmarker.mediapipe.tasks.python.vision.core.vision_task_running_mode import (
    VisionTaskRunningMode,
)
from pose_landmarker.mediapipe.translation import (
    our_options,
    our_processing,
    their_landmarks,
    their_mask,
    their_world_landmarks,
)
from pose_landmarker.results import PoseLandmarkerResult as OurResult
from pose_landmarker.topology import PoseLandmark

__all__ = [
    "PoseLandmark",
    "PoseLandmarker",
    "PoseLandmarkerOptions",
    "PoseLandmarkerResult",
    "PoseLandmarksConnections",
]

_NAMES = {
    VisionTaskRunningMode.IMAGE: "image",
    VisionTaskRunningMode.VIDEO: "video",
    VisionTaskRunningMode.LIVE_STREAM: "live stream",
}


@dataclass
class PoseLandmarkerResult:
    """Everybody found in one image.

    Attributes:
        pose_landmarks: 33 landmarks in the image for every body.
        pose_world_landmarks: 33 landmarks in metres for every body.
        segmentation_masks: A VEC32F1 image for every body; None where none were asked for or nobody is.
    """

    pose_landmarks: list[list[NormalizedLandmark]]
    pose_world_landmarks: list[list[Landmark]]
    segmentation_masks: list[Image] | None = None


class PoseLandmarksConnections:
    """The lines between landmarks."""

    @dataclass
    class Connection:
        """A line.

        Attributes:
            start: Number of a landmark.
            end: Number of another.
        """

        start: int
        end: int

    # In MediaPipe's order, which is that in which lines are drawn.
    POSE_LANDMARKS: ClassVar[list[Connection]] = [
        *map(Connection, (0, 1, 2, 3, 0, 4, 5, 6, 9), (1, 2, 3, 7, 4, 5, 6, 8, 10)),
        *map(Connection, (11, 11, 13, 15, 15, 15, 17), (12, 13, 15, 17, 19, 21, 19)),
        *map(Connection, (12, 14, 16, 16, 16, 18), (14, 16, 18, 20, 22, 20)),
        *map(Connection, (11, 12, 23, 23, 24, 25, 26), (23, 24, 24, 25, 26, 27, 28)),
        *map(Connection, (27, 28, 29, 30, 27, 28), (29, 30, 31, 32, 31, 32)),
    ]


@dataclass
class PoseLandmarkerOptions:
    """How a :class:`PoseLandmarker` works; looked at when one is created.

    Attributes:
        base_options: The model.
        running_mode: IMAGE, VIDEO or LIVE_STREAM.
        num_poses: How many people are looked for at most.
        min_pose_detection_confidence: A person is looked at more closely from this detector score on.
        min_pose_presence_confidence: A pose is reported from this presence score on.
        min_tracking_confidence: Overlap above which a detection continues a track.
        output_segmentation_masks: Whether every pose has a mask.
        result_callback: Called as ``callback(result, image, timestamp_ms)`` in a LIVE_STREAM.
    """

    base_options: BaseOptions
    running_mode: VisionTaskRunningMode = VisionTaskRunningMode.IMAGE
    num_poses: int = 1
    min_pose_detection_confidence: float = 0.5
    min_pose_presence_confidence: float = 0.5
    min_tracking_confidence: float = 0.5
    output_segmentation_masks: bool = False
    result_callback: Callable[[PoseLandmarkerResult, Image, int], object] | None = None


class PoseLandmarker:
    """Finds bodies and their 33 landmarks.

    Make one with :meth:`create_from_options` or :meth:`create_from_model_path`, and close it, best with
    ``with``. Images may also be all that :meth:`pose_landmarker.PoseLandmarker.detect` takes.

    Args:
        options: MediaPipe's or this module's, or those of :mod:`pose_landmarker` itself.

    Raises:
        ModelNotFoundError: There is no such model file (also a FileNotFoundError).
        ModelFileError: It cannot be used (also a ValueError and a RuntimeError).
        OptionError: An option is wrong (also a ValueError).
        OptionTypeError: An option has the wrong type (also a TypeError).
    """

    def __init__(self, options: object) -> None:
        checked = our_options(options)
        self._mode = checked.running_mode
        self._live: LiveResults | None = None
        callback, on_error = checked.result_callback, checked.on_error
        if callback is not None:
            video = VisionTaskRunningMode.VIDEO
            checked = replace(checked, running_mode=video, result_callback=None, on_error=None)
        try:
            self._landmarker = ours.PoseLandmarker(checked)
        except ModelNotFoundError as error:
            raise ModelNotFoundError(
                f"Unable to open file at {checked.base_options.model_asset_path}"
            ) from error
        except BundleError as error:
            raise ModelFileError(str(error)) from error
        if callback is not None:
            self._live = LiveResults(self._landmarker, _with_their_result(callback), on_error)

    @classmethod
    def create_from_model_path(cls, model_path: str) -> PoseLandmarker:
        """A landmarker for IMAGE mode with default options.

        Raises:
            ModelError: As the class.
        """
        return cls(PoseLandmarkerOptions(base_options=BaseOptions(model_asset_path=model_path)))

    @classmethod
    def create_from_options(cls, options: PoseLandmarkerOptions) -> PoseLandmarker:
        """A landmarker with these options.

        Raises:
            ModelError: As the class.
            OptionError: As the class.
        """
        return cls(options)

    def detect(
        self, image: Image, image_processing_options: ImageProcessingOptions | None = None
    ) -> PoseLandmarkerResult:
        """Find the bodies in one image, in running mode IMAGE.

        Raises:
            RunningModeError: It was made for another running mode.
            ClosedError: It is closed.
            ImageError: The image cannot be used.
            OptionError: The image cannot be looked at in this way.
        """
        self._check_mode(VisionTaskRunningMode.IMAGE)
        return _their_result(self._landmarker.detect(image, our_processing(image_processing_options)))

    def detect_for_video(
        self,
        image: Image,
        timestamp_ms: int,
        image_processing_options: ImageProcessingOptions | None = None,
    ) -> PoseLandmarkerResult:
        """Find and follow the bodies in the next frame of a video, in running mode VIDEO.

        Raises:
            TimestampError: ``timestamp_ms`` is not later than the one before.
            RunningModeError: It was made for another running mode.
            ClosedError: It is closed.
            ImageError: The image cannot be used.
            OptionError: The image cannot be looked at in this way.
        """
        self._check_mode(VisionTaskRunningMode.VIDEO)
        processing = our_processing(image_processing_options)
        try:
            return _their_result(self._landmarker.detect_for_video(image, timestamp_ms, processing))
        except TimestampError as error:
            raise _not_increasing() from error

    def detect_async(
        self,
        image: Image,
        timestamp_ms: int,
        image_processing_options: ImageProcessingOptions | None = None,
    ) -> None:
        """Hand over a frame and return at once, in running mode LIVE_STREAM.

        One frame is in work and one waits; a newer one takes its place.

        Raises:
            TimestampError: ``timestamp_ms`` is not later than the one before.
            RunningModeError: It was made for another running mode.
            ClosedError: It is closed.
            ImageError: The image cannot be used.
            OptionError: The image cannot be looked at in this way.
            Exception: Whatever the networks raised for an earlier frame.
        """
        self._check_mode(VisionTaskRunningMode.LIVE_STREAM)
        assert self._live is not None  # no live stream is made without a callback
        try:
            self._live.submit(image, timestamp_ms, our_processing(image_processing_options))
        except ClosedError:
            raise ClosedError("this PoseLandmarker is closed; create a new one") from None
        except TimestampError as error:
            raise _not_increasing() from error

    def close(self) -> None:
        """Work on the frames of a live stream that wait, and free the networks. Closing twice is fine.

        Raises:
            Exception: Whatever the networks raised for a frame of a live stream.
        """
        self._close(reraise=True)

    def _close(self, *, reraise: bool) -> None:
        try:
            if self._live is not None:
                self._live.close(reraise=reraise)
        finally:
            self._landmarker.close()

    def __enter__(self) -> PoseLandmarker:
        self._landmarker.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close(reraise=error is None)  # the error that leaves the block is the one to see

    def __repr__(self) -> str:
        return f"<mediapipe PoseLandmarker {self._mode.name}, {self._landmarker!r}>"

    def _check_mode(self, wanted: VisionTaskRunningMode) -> None:
        if wanted is not self._mode:
            raise RunningModeError(
                f"Task is not initialized with the {_NAMES[wanted]} mode. Current running mode:"
                f"{_NAMES[self._mode]} mode"
            )


def _their_result(result: OurResult) -> PoseLandmarkerResult:
    masks = [their_mask(pose) for pose in result if pose.mask is not None]
    return PoseLandmarkerResult(
        pose_landmarks=[their_landmarks(pose) for pose in result],
        pose_world_landmarks=[their_world_landmarks(pose) for pose in result],
        segmentation_masks=masks or None,
    )


def _with_their_result(callback: Callable[..., Any]) -> Callable[[OurResult, Any, int], object]:
    def call(result: OurResult, image: Any, timestamp_ms: int) -> object:
        return callback(_their_result(result), image, timestamp_ms)

    return call


def _not_increasing() -> TimestampError:
    return TimestampError("Input timestamp must be monotonically increasing.")
