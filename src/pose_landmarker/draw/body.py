"""Bodies as drawings see them, whatever they come from: results, recordings or plain arrays."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import DoubleArray, FloatArray, frozen
from pose_landmarker.checks import check_choice, check_integer
from pose_landmarker.draw.anatomy import BLAZEPOSE, Anatomy
from pose_landmarker.draw.style import CONFIDENCES, Confidence
from pose_landmarker.errors import OptionError, OptionTypeError
from pose_landmarker.recording import NO_TRACK, Recording
from pose_landmarker.results import Pose, PoseLandmarkerResult


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """One body to be drawn. Arrays are read-only.

    Attributes:
        points: (N, 2) float64, image pixels; NaN for points that have no place. (N, 3) is taken too,
            and what is behind x and y left out.
        confidence: (N,) float32 in [0, 1], shown as opacity; 1 where not given or not known (NaN).
        image_size: (width, height) of the picture that ``points`` belong to, pixels, so that bodies can
            be drawn on pictures of other sizes; None: the picture that is drawn on.
        anatomy: Lines and sides; those of the 33 landmarks by default.
        world: (N, 3) float64 metres, or None.
        mask: (H, W) float32 in [0, 1], or None.
        track_id: The id of a track, or None.
        score: In [0, 1], or None.

    Raises:
        OptionError: Shapes or sizes are wrong.
        OptionTypeError: Something is no array of numbers.
    """

    points: npt.NDArray[Any]
    confidence: npt.NDArray[Any] | None = None
    _: KW_ONLY
    image_size: tuple[int, int] | None = None
    anatomy: Anatomy = field(default=BLAZEPOSE)
    world: npt.NDArray[Any] | None = None
    mask: npt.NDArray[Any] | None = None
    track_id: int | None = None
    score: float | None = None

    def __post_init__(self) -> None:
        points = _numbers("points", self.points)
        if points.ndim != 2 or points.shape[1] not in (2, 3):
            raise OptionError(f"points have shape {points.shape}, wanted (N, 2): x and y in pixels")
        self._set("points", frozen(points[:, :2].view()))
        count = len(points)
        if not isinstance(self.anatomy, Anatomy):
            raise OptionTypeError(f"anatomy must be Anatomy(...), not {self.anatomy!r}")
        if count < self.anatomy.least_points:
            raise OptionError(f"{count} points are too few: lines lead to {self.anatomy.least_points}")
        if self.confidence is None:
            confidence = np.ones(count)
        else:
            confidence = _numbers("confidence", self.confidence)
            if confidence.shape != (count,):
                raise OptionError(
                    f"confidence has shape {confidence.shape}, wanted {(count,)}: one per point"
                )
        known = np.clip(np.where(np.isnan(confidence), 1.0, confidence), 0.0, 1.0)
        self._set("confidence", frozen(known.astype(np.float32)))
        if self.image_size is not None:
            self._set("image_size", _size(self.image_size))
        if self.world is not None:
            world = _numbers("world", self.world)
            if world.shape != (count, 3):
                raise OptionError(f"world has shape {world.shape}, wanted {(count, 3)}: metres")
            self._set("world", frozen(world.view()))
        if self.mask is not None:
            mask = np.asarray(self.mask)
            if mask.ndim != 2 or not mask.size or mask.dtype.kind not in "fiub":
                raise OptionError(f"mask has shape {mask.shape}, wanted (H, W) of numbers from 0 to 1")
            self._set("mask", frozen(mask.astype(np.float32, copy=False).view()))

    def within(self, width: int, height: int) -> Body:
        """The same with a size of picture, where it has none."""
        return self if self.image_size is not None else replace(self, image_size=(width, height))

    def __len__(self) -> int:
        """How many points."""
        return len(self.points)

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)


#: What can be drawn: a result, one frame of a recording, or bodies one by one.
Found: TypeAlias = "PoseLandmarkerResult | Recording | Iterable[Pose | Body | None] | Pose | Body"


def bodies_of(
    found: Found, frame: int | None = None, *, confidence: Confidence = "visibility"
) -> tuple[Body, ...]:
    """The bodies of a result, or of one frame of a recording, ready to be drawn.

    Args:
        found: A result; a :class:`~pose_landmarker.Recording`, such as one that was read from a file;
            or one or more :class:`~pose_landmarker.Pose` and :class:`Body`, whose own confidence stays.
        frame: Which frame of a recording, from 0; needed where it has several.
        confidence: As in :class:`DrawStyle`. Recordings know visibility and presence only: there
            ``"visible"`` is the first and ``"right"`` the second.

    Raises:
        OptionError: There is no such frame, or it was not said which.
        OptionTypeError: ``found`` is nothing that can be drawn.
    """
    check_choice("confidence", confidence, CONFIDENCES)
    if isinstance(found, Recording):
        return _of_recording(found, frame, confidence)
    if frame is not None:
        raise OptionError("only recordings have frames; leave frame out")
    if isinstance(found, (Pose, Body)):
        found = (found,)
    if not isinstance(found, Iterable):
        raise OptionTypeError(
            f"{type(found).__name__} cannot be drawn; wanted a PoseLandmarkerResult, a Recording, or some "
            "of Pose and Body"
        )
    return tuple(_body(one, confidence) for one in found if one is not None)


def _body(one: Pose | Body, confidence: Confidence) -> Body:
    if isinstance(one, Body):
        return one
    if not isinstance(one, Pose):
        raise OptionTypeError(f"{type(one).__name__} cannot be drawn; wanted Pose(...) or Body(points)")
    return Body(
        _pixels(one.landmarks, one.image_size),
        _confidence(one, confidence),
        image_size=one.image_size,
        world=one.world_landmarks.astype(np.float64),
        mask=one.mask,
        track_id=one.track_id,
        score=one.score,
    )


def _confidence(pose: Pose, confidence: Confidence) -> FloatArray | None:
    if confidence == "none":
        return None
    if confidence == "visibility":
        return pose.visibility
    probabilities = pose.landmark_confidence
    return probabilities.visible if confidence == "visible" else probabilities.right


def _of_recording(recording: Recording, frame: int | None, confidence: Confidence) -> tuple[Body, ...]:
    if frame is None:
        if len(recording) != 1:
            raise OptionError(
                f"this recording has {len(recording)} frames; say which, as in bodies_of(recording, 0)"
            )
        frame = 0
    if not len(recording):
        raise OptionError("the recording has no frames")
    frame = check_integer("frame", frame, low=0, high=len(recording) - 1)
    size = (int(recording.image_sizes[frame, 0]), int(recording.image_sizes[frame, 1]))
    if not all(size):
        raise OptionError(
            f"the size of the picture of frame {frame} is not known (image_sizes is {size}), so its "
            "landmarks have no place; make a Recording with image_sizes"
        )
    first, last = np.searchsorted(recording.frames, (frame, frame + 1)).tolist()
    levels = recording.presence if confidence == "right" else recording.visibility
    return tuple(
        Body(
            _pixels(recording.landmarks[i], size),
            None if confidence == "none" else levels[i],
            image_size=size,
            world=recording.world_landmarks[i].astype(np.float64),
            track_id=None if recording.track_ids[i] == NO_TRACK else int(recording.track_ids[i]),
            score=float(recording.scores[i]) if math.isfinite(recording.scores[i]) else None,
        )
        for i in range(first, last)
    )


def _pixels(landmarks: FloatArray, size: tuple[int, int]) -> DoubleArray:
    pixels: DoubleArray = landmarks[:, :2].astype(np.float64) * size
    return pixels


def _numbers(name: str, value: npt.ArrayLike) -> DoubleArray:
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "fiub":
            raise TypeError
        return array.astype(np.float64, copy=False)
    except (TypeError, ValueError, OverflowError):
        raise OptionTypeError(f"{name} must be an array of numbers, not {type(value).__name__}") from None


def _size(value: object) -> tuple[int, int]:
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise OptionTypeError(f"image_size must be (width, height) in pixels, not {value!r}")
    width, height = (check_integer("image_size", side, low=1) for side in value)
    return width, height
