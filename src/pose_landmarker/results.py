"""What comes out: poses as arrays, and the reference's lists of landmark objects.

Image pixels are continuous: (0, 0) is the top-left corner of the picture, (W, H) the bottom-right
one. Normalised coordinates are pixels divided by (W, H). Arrays are float32 and read-only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import FloatArray, frozen
from pose_landmarker.confidence import pose_scores
from pose_landmarker.landmark_confidence import (
    LandmarkConfidence,
    LandmarkState,
    landmark_confidence,
    landmark_states,
)
from pose_landmarker.plausibility import are_plausible
from pose_landmarker.topology import LANDMARK_NAMES, NUM_LANDMARKS, landmark_index


# Tuples, since a frozen dataclass takes four times as long to make, and there are 33 of each for every pose.
class NormalizedLandmark(NamedTuple):
    """One landmark in the image: x by width, y by height, z by width (towards the camera is negative)."""

    x: float
    y: float
    z: float
    visibility: float
    presence: float
    name: str = ""


class Landmark(NamedTuple):
    """One landmark in the world: metres, the origin between the hips, y pointing down."""

    x: float
    y: float
    z: float
    visibility: float
    presence: float
    name: str = ""


class Box(NamedTuple):
    """An upright rectangle in image pixels."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Roi:
    """A rotated square in image pixels.

    Attributes:
        center_x: Centre, image pixels.
        center_y: Centre, image pixels.
        size: Side, image pixels.
        rotation: Radians, clockwise on screen, in [-π, π).
    """

    center_x: float
    center_y: float
    size: float
    rotation: float

    def corners(self) -> FloatArray:
        """(4, 2) image pixels: the square's top-left, top-right, bottom-right, bottom-left."""
        cos, sin = np.cos(self.rotation), np.sin(self.rotation)
        unit = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]) * self.size
        center = np.array([self.center_x, self.center_y])
        corners: FloatArray = (unit @ np.array([[cos, sin], [-sin, cos]]) + center).astype(np.float32)
        return corners


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """A person as the detector sees one.

    Attributes:
        score: In [0, 1].
        keypoints: (4, 2) image pixels: middle of the hips, a point on the circle around the whole
            body, and the same two for the upper body.
    """

    score: float
    keypoints: FloatArray


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Pose:
    """One body.

    Attributes:
        landmarks: (33, 3) x, y normalised by the image's width and height, z by its width. z is
            relative to the middle of the hips; towards the camera is negative.
        world_landmarks: (33, 3) metres, the origin between the hips.
        visibility: (33,) in [0, 1]: inside the picture and not hidden.
        presence: (33,) in [0, 1]: inside the picture.
        presence_score: The landmark network's confidence that there is a body here, in [0, 1].
        roi: The region that the landmark network looked at, image pixels.
        image_size: (width, height) of the image in pixels.
        detection_score: The detector's confidence, or None where no detection led here.
        peaks: (33,) in [0, 1], how sure the heat maps of the network are of the landmarks, or None.
        tilt: How far the body is turned from upright, radians, clockwise on screen.
        mask: (H, W) float32 in [0, 1], how much each pixel belongs to this body, or None.
        track_id: The same number for the same person over time, or None in IMAGE mode.
    """

    landmarks: FloatArray
    world_landmarks: FloatArray
    visibility: FloatArray
    presence: FloatArray
    presence_score: float
    roi: Roi
    image_size: tuple[int, int]
    detection_score: float | None = None
    peaks: FloatArray | None = None
    tilt: float = 0.0
    mask: FloatArray | None = None
    track_id: int | None = None

    def __post_init__(self) -> None:
        shapes = {
            "landmarks": (NUM_LANDMARKS, 3),
            "world_landmarks": (NUM_LANDMARKS, 3),
            "visibility": (NUM_LANDMARKS,),
            "presence": (NUM_LANDMARKS,),
        }
        if self.peaks is not None:
            shapes["peaks"] = (NUM_LANDMARKS,)
        for name, shape in shapes.items():
            array = np.asarray(getattr(self, name), dtype=np.float32)
            if array.shape != shape:
                raise ValueError(f"Pose.{name} has shape {array.shape}, wanted {shape}")
            object.__setattr__(self, name, frozen(array.view()))
        if self.mask is not None:
            if self.mask.shape != self.image_size[::-1]:
                raise ValueError(f"Pose.mask has shape {self.mask.shape}, wanted {self.image_size[::-1]}")
            object.__setattr__(self, "mask", frozen(self.mask.view()))

    @property
    def score(self) -> float:
        """The probability that this is a person and that the landmarks fit, in [0, 1].

        Of the poses with a score around p, the share p agrees with labels (OKS above 0.5): see
        docs/confidence.md. Of poses without ``peaks`` it is the ``presence_score``.
        """
        if self.peaks is None:
            return self.presence_score
        detection = None if self.detection_score is None else np.array([self.detection_score])
        presence, tilt = np.array([self.presence_score], np.float32), np.array([self.tilt])
        return float(pose_scores(presence, self.peaks[None], tilt, detection)[0])

    @property
    def is_plausible(self) -> bool:
        """Whether a body can have this pose: neither collapsed nor exploded (docs/confidence.md)."""
        sizes = np.array([self.roi.size])
        return bool(are_plausible(self.pixels[None], self.world_landmarks[None], sizes)[0])

    @property
    def landmark_confidence(self) -> LandmarkConfidence:
        """Probabilities that landmarks are visible, present and right, each (33,) in [0, 1].

        Calibrated on labelled photos: see docs/confidence.md. Of poses without ``peaks`` they are
        ``visibility``, ``presence`` and ``presence``.
        """
        if self.peaks is None:
            return LandmarkConfidence(self.visibility, self.presence, self.presence)
        return landmark_confidence(self.visibility, self.presence, self.peaks, self.landmarks)

    @property
    def states(self) -> tuple[LandmarkState, ...]:
        """33 times whether a landmark is seen, occluded, outside the picture or guessed."""
        return tuple(landmark_states(self.landmark_confidence, self.landmarks))

    @property
    def pixels(self) -> FloatArray:
        """(33, 2) x, y in image pixels."""
        return self.landmarks[:, :2] * np.asarray(self.image_size, np.float32)

    @property
    def visible(self) -> npt.NDArray[np.bool_]:
        """(33,) which landmarks are more likely visible than not."""
        return self.visibility >= 0.5

    @property
    def box(self) -> Box:
        """The upright rectangle around all 33 landmarks, image pixels; may reach beyond the image."""
        (left, top), (right, bottom) = self.pixels.min(axis=0).tolist(), self.pixels.max(axis=0).tolist()
        return Box(left, top, right - left, bottom - top)

    def __getitem__(self, key: str | int) -> NormalizedLandmark:
        """``pose[PoseLandmark.LEFT_KNEE]`` or ``pose["left_knee"]``."""
        i = landmark_index(key)
        x, y, z = self.landmarks[i].tolist()
        return NormalizedLandmark(
            x, y, z, float(self.visibility[i]), float(self.presence[i]), LANDMARK_NAMES[i]
        )

    def __repr__(self) -> str:
        x, y, width, height = self.box
        track = "" if self.track_id is None else f"track {self.track_id}, "
        mask = "" if self.mask is None else ", mask"
        return (
            f"<Pose {track}score {self.score:.3f}, box {width:.0f}x{height:.0f} at ({x:.0f}, {y:.0f}), "
            f"{int(self.visible.sum())} of {NUM_LANDMARKS} landmarks visible{mask}>"
        )


class PoseArrays(NamedTuple):
    """The P poses of one image as arrays.

    Attributes:
        landmarks: (P, 33, 3) float32; x, y normalised by the image's width and height, z by its width.
        world_landmarks: (P, 33, 3) float32, metres.
        visibility: (P, 33) float32 in [0, 1].
        presence: (P, 33) float32 in [0, 1].
        scores: (P,) float32 in [0, 1].
        track_ids: (P,) int64; -1 for people whom nobody follows.
    """

    landmarks: FloatArray
    world_landmarks: FloatArray
    visibility: FloatArray
    presence: FloatArray
    scores: FloatArray
    track_ids: npt.NDArray[np.int64]

    @classmethod
    def of(cls, poses: Sequence[Pose]) -> PoseArrays:
        """One row per pose."""
        points = (len(poses), NUM_LANDMARKS)
        return cls(
            landmarks=np.array([pose.landmarks for pose in poses], np.float32).reshape(*points, 3),
            world_landmarks=np.array([pose.world_landmarks for pose in poses], np.float32).reshape(
                *points, 3
            ),
            visibility=np.array([pose.visibility for pose in poses], np.float32).reshape(points),
            presence=np.array([pose.presence for pose in poses], np.float32).reshape(points),
            scores=np.array([pose.score for pose in poses], np.float32),
            track_ids=np.array([-1 if p.track_id is None else p.track_id for p in poses], np.int64),
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class PoseLandmarkerResult:
    """Everything found in one image.

    Attributes:
        poses: One per body: best detection first, or in videos who has been followed longest first.
        image_size: (width, height) of the image in pixels.
        timestamp_ms: Time of the frame, or None in IMAGE mode.
        with_masks: Whether masks were asked for.
    """

    poses: tuple[Pose, ...]
    image_size: tuple[int, int]
    timestamp_ms: int | None = None
    with_masks: bool = False

    @cached_property
    def pose_landmarks(self) -> list[list[NormalizedLandmark]]:
        """The reference's lists: one list of 33 landmarks per body."""
        return [list(map(NormalizedLandmark._make, _rows(pose, pose.landmarks))) for pose in self.poses]

    @cached_property
    def pose_world_landmarks(self) -> list[list[Landmark]]:
        """The reference's lists: one list of 33 world landmarks per body."""
        return [list(map(Landmark._make, _rows(pose, pose.world_landmarks))) for pose in self.poses]

    @property
    def segmentation_masks(self) -> list[FloatArray] | None:
        """One (H, W) mask per body; empty when nobody is there; None when none were asked for."""
        if not self.with_masks:
            return None
        return [pose.mask for pose in self.poses if pose.mask is not None]

    def to_numpy(self) -> PoseArrays:
        """All poses as arrays with one row per pose; with none, arrays of no rows.

        :meth:`pose_landmarker.Recording.from_results` stacks the results of many frames.
        """
        return PoseArrays.of(self.poses)

    def __len__(self) -> int:
        return len(self.poses)

    def __iter__(self) -> Iterator[Pose]:
        return iter(self.poses)

    def __repr__(self) -> str:
        width, height = self.image_size
        time = "" if self.timestamp_ms is None else f" at {self.timestamp_ms} ms"
        count = len(self.poses)
        return f"<PoseLandmarkerResult {count} pose{'' if count == 1 else 's'} in {width}x{height}{time}>"


@dataclass(frozen=True, eq=False, kw_only=True)
class RegionPoses:
    """Who is in regions that were given.

    Attributes:
        poses: One per region, in the same order; None where nobody is.
        image_size: (width, height) of the image in pixels.
        timestamp_ms: Time of the frame, or None in IMAGE mode.
        with_masks: Whether masks were asked for.
    """

    poses: tuple[Pose | None, ...]
    image_size: tuple[int, int]
    timestamp_ms: int | None = None
    with_masks: bool = False

    @property
    def found(self) -> PoseLandmarkerResult:
        """Those who are there, as a result to draw, write or take landmarks from."""
        return PoseLandmarkerResult(
            poses=tuple(pose for pose in self.poses if pose is not None),
            image_size=self.image_size,
            timestamp_ms=self.timestamp_ms,
            with_masks=self.with_masks,
        )

    def __len__(self) -> int:
        return len(self.poses)

    def __iter__(self) -> Iterator[Pose | None]:
        return iter(self.poses)

    def __repr__(self) -> str:
        width, height = self.image_size
        time = "" if self.timestamp_ms is None else f" at {self.timestamp_ms} ms"
        there = sum(pose is not None for pose in self.poses)
        return f"<RegionPoses {there} poses in {len(self.poses)} regions of {width}x{height}{time}>"


def _rows(pose: Pose, points: FloatArray) -> Iterator[tuple[float, float, float, float, float, str]]:
    """x, y, z, visibility, presence and name of each landmark."""
    x, y, z = points.T.tolist()
    return zip(x, y, z, pose.visibility.tolist(), pose.presence.tolist(), LANDMARK_NAMES, strict=True)
