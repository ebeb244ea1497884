"""One image, no memory: detector, regions, landmark network, poses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pose_landmarker.arrays import DoubleArray, RgbImage
from pose_landmarker.confidence import pose_scores
from pose_landmarker.detector import DETECTOR_OFFSET, DETECTOR_OUTPUTS, DETECTOR_SCALE, PoseDetector
from pose_landmarker.engines import Engine
from pose_landmarker.image_options import ImageProcessingOptions
from pose_landmarker.imaging import check_side
from pose_landmarker.landmark_net import LANDMARK_OFFSET, LANDMARK_SCALE, Bodies, LandmarkNet, mean_of
from pose_landmarker.models.bundle import Bundle
from pose_landmarker.models.rewriting import conv_before_resize
from pose_landmarker.models.tflite import with_outputs
from pose_landmarker.options import DEFAULT_PASSES, PoseLandmarkerOptions
from pose_landmarker.refinement import Judged, refined
from pose_landmarker.results import Detection, Pose, Roi
from pose_landmarker.roi import pixel_region, roi_from_points, wrap_angle
from pose_landmarker.search import Searcher
from pose_landmarker.smoothing import SmoothingState
from pose_landmarker.topology import NUM_LANDMARKS

#: Of a close search, so many detections for every person who is wanted are looked at, and so many more.
_MOST_CANDIDATES, _MORE = 3, 5


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Finds the poses in one picture. Remembers nothing, so calls from several threads are safe.

    Attributes:
        detector: The first stage.
        closer: The same for small parts of a picture, perhaps quicker and not as exact.
        landmark_net: The second stage.
        options: How many people, from which scores on.
    """

    detector: PoseDetector
    closer: PoseDetector
    landmark_net: LandmarkNet
    options: PoseLandmarkerOptions

    @classmethod
    def build(
        cls,
        bundle: Bundle,
        engine: Engine,
        options: PoseLandmarkerOptions,
        threads: int,
        *,
        rough: Engine | None = None,
    ) -> Pipeline:
        """Compile both networks of a bundle, without the outputs that nobody asked for.

        Args:
            bundle: The networks.
            engine: Compiles them.
            options: What they are for.
            threads: How many may work on a picture.
            rough: Compiles the detector for a close search once more, if it is quicker.

        Raises:
            EngineError: A network cannot be compiled.
            BundleError: A network lacks an output, or is damaged.
        """
        masks = options.output_segmentation_masks
        detector = _compiled_detector(bundle, engine, threads)
        closer = detector if rough is None else _compiled_detector(bundle, rough, threads)
        landmarks = engine(
            with_outputs(bundle.landmarks, LandmarkNet.outputs(with_masks=masks)),
            scale=LANDMARK_SCALE,
            offset=LANDMARK_OFFSET,
            threads=threads,
        )
        return cls(detector, closer, LandmarkNet(landmarks, with_masks=masks), options)

    def __call__(self, image: RgbImage, processing: ImageProcessingOptions) -> tuple[Pose, ...]:
        """The poses in a picture, the best detection or the most likely pose first.

        Args:
            image: (H, W, 3) uint8.
            processing: Turn and region.

        Raises:
            ImageError: The picture is too large to be resampled.
        """
        height, width = image.shape[:2]
        check_side(width, height)
        if self.options.search == "wide" and self.options.num_poses == 1:
            # Whoever the whole picture shows is the one who is meant.
            poses = self._poses(image, self.detect(image, processing)[:1], processing)
            if poses:
                return poses
        if self.options.search == "whole":
            found = self.detect(image, processing)[: self.options.num_poses]
        else:
            found = self.search(image, processing)[: _MOST_CANDIDATES * self.options.num_poses + _MORE]
        return self._poses(image, found, processing)

    def _poses(
        self, image: RgbImage, found: list[tuple[Detection, Roi]], processing: ImageProcessingOptions
    ) -> tuple[Pose, ...]:
        """Who is in the regions of detections."""
        if not found:
            return ()
        size, upright = (image.shape[1], image.shape[0]), processing.rotation_rad
        rois, scores = [roi for _, roi in found], np.array([detection.score for detection, _ in found])
        if self.options.like_reference:
            bodies = self.landmark_net(image, rois)
            there = np.flatnonzero(bodies.scores >= self.options.min_pose_presence_confidence)
        else:
            bodies, scores, _, _ = self.refined(image, rois, scores, upright)
            # Acrobats are as welcome as others: how far somebody is from upright counts only against ghosts.
            level = pose_scores(bodies.scores, bodies.peaks, np.zeros(len(scores)), scores)
            there = np.argsort(-level, kind="stable")
        poses = [self._pose(bodies, scores, i, size, upright) for i in there.tolist()]
        least = self.options.least_score
        return tuple(pose for pose in poses if least == 0 or pose.score >= least)[: self.options.num_poses]

    def at(
        self, image: RgbImage, rois: list[Roi], processing: ImageProcessingOptions
    ) -> tuple[Pose | None, ...]:
        """The poses in given regions, in the same order; None where nobody is.

        Args:
            image: (H, W, 3) uint8.
            rois: Image pixels.
            processing: Turn; its region is not used.

        Raises:
            ImageError: The picture is too large to be resampled.
        """
        height, width = image.shape[:2]
        check_side(width, height)
        poses: list[Pose | None] = [None] * len(rois)
        if rois:
            upright = processing.rotation_rad
            people = self.refined(image, rois, np.full(len(rois), np.nan), upright, given=True)
            for i, origin in enumerate(people.origins):
                poses[origin] = self._pose(people.bodies, people.detections, i, (width, height), upright)
        return tuple(poses)

    def refined(
        self, image: RgbImage, rois: list[Roi], scores: DoubleArray, upright: float, *, given: bool = False
    ) -> Judged:
        """The bodies in regions, each looked at as often as the options say, the most likely first.

        Args:
            image: (H, W, 3) uint8.
            rois: One or more, image pixels.
            scores: (N,) the detector's, NaN where no detection led there.
            upright: Rotation of people who stand, radians.
            given: Whether the regions are somebody else's, who knows that there are people.
        """
        passes = self.options.passes
        if given and self.options.refine is None:
            passes = DEFAULT_PASSES
        return refined(
            self.landmark_net,
            image,
            rois,
            scores,
            passes=passes,
            min_presence=self.options.min_pose_presence_confidence,
            upright=upright,
            mirror=self.options.mirror,
            least_score=0.0 if given else self.options.least_score,
        )

    def _pose(
        self, bodies: Bodies, scores: DoubleArray, i: int, image_size: tuple[int, int], upright: float
    ) -> Pose:
        score = float(scores[i])
        return pose_of(
            bodies,
            i,
            image_size,
            detection_score=None if math.isnan(score) else score,
            upright=upright,
        )

    def bodies(self, image: RgbImage, rois: list[Roi]) -> Bodies:
        """What is in regions, looked at once, or once more in the mirror if the options say so."""
        bodies = self.landmark_net(image, rois)
        return mean_of(bodies, self.landmark_net(image, rois, mirror=True)) if self.options.mirror else bodies

    def search(
        self, image: RgbImage, processing: ImageProcessingOptions, parts: Sequence[int] | None = None
    ) -> list[tuple[Detection, Roi]]:
        """People and their regions as the option ``search`` says, best first, image pixels.

        Args:
            image: (H, W, 3) uint8.
            processing: Turn and region.
            parts: Of a close search, the numbers of the parts to look at, counted round and round; all of
                it by default.
        """
        if self.options.search == "whole":
            return self.detect(image, processing)
        left, top, right, bottom = pixel_region(processing.region, image.shape[1], image.shape[0])
        searcher = Searcher(
            self.detector,
            self.options.min_pose_detection_confidence,
            self.options.regions,
            closer=self.closer,
            wary=self.options.least_score > 0,  # which counts turns, too
        )
        part, rotation = image[top:bottom, left:right], processing.rotation_rad
        found = searcher(part, rotation) if parts is None else searcher.parts(part, parts, rotation)
        return [(_shift(d, left, top), _shift_roi(roi, left, top)) for d, roi in found]

    def detect(self, image: RgbImage, processing: ImageProcessingOptions) -> list[tuple[Detection, Roi]]:
        """People and their regions, best first, image pixels."""
        height, width = image.shape[:2]
        left, top, right, bottom = pixel_region(processing.region, width, height)
        detections = self.detector(
            image[top:bottom, left:right],
            min_score=self.options.min_pose_detection_confidence,
            rotation=processing.rotation_rad,
            turn_back=not processing.reference_rotation,
        )
        shifted = [_shift(detection, left, top) for detection in detections]
        rois = [roi_from_points(d.keypoints[0], d.keypoints[1]) for d in shifted]
        return [(d, roi) for d, roi in zip(shifted, rois, strict=True) if roi is not None]


def _compiled_detector(bundle: Bundle, engine: Engine, threads: int) -> PoseDetector:
    network = engine(
        with_outputs(conv_before_resize(bundle.detector), DETECTOR_OUTPUTS),
        scale=DETECTOR_SCALE,
        offset=DETECTOR_OFFSET,
        threads=threads,
    )
    return PoseDetector(network)


def _shift(detection: Detection, left: int, top: int) -> Detection:
    """A detection of a part of the picture, in the whole picture."""
    if not (left or top):
        return detection
    return Detection(detection.score, detection.keypoints + np.array([left, top], np.float32))


def _shift_roi(roi: Roi, left: int, top: int) -> Roi:
    return Roi(roi.center_x + left, roi.center_y + top, roi.size, roi.rotation)


def pose_of(
    bodies: Bodies,
    i: int,
    image_size: tuple[int, int],
    *,
    detection_score: float | None = None,
    smoothed: SmoothingState | None = None,
    track_id: int | None = None,
    upright: float = 0.0,
) -> Pose:
    """The i-th body as a pose: pixels become fractions of the picture here and nowhere else.

    Args:
        bodies: What the landmark network found.
        i: Which of them.
        image_size: (width, height) of the picture in pixels.
        detection_score: The detector's confidence.
        smoothed: Landmarks over time, instead of those of this frame.
        track_id: Who it is.
        upright: Rotation of people who stand, radians.
    """
    width, height = image_size
    body = slice(NUM_LANDMARKS)
    points, world, visibility = bodies.points[i, body], bodies.world[i, body], bodies.visibility[i, body]
    if smoothed is not None:
        points, world, visibility = smoothed.image.smoothed, smoothed.world.smoothed, smoothed.visibility
    return Pose(
        landmarks=(points / (width, height, width)).astype(np.float32),
        world_landmarks=world.astype(np.float32),
        visibility=visibility.copy(),
        presence=bodies.presence[i, body].copy(),
        presence_score=float(bodies.scores[i]),
        peaks=bodies.peaks[i, body],
        tilt=wrap_angle((bodies.next_roi(i) or bodies.rois[i]).rotation - upright),
        roi=bodies.rois[i],
        image_size=image_size,
        detection_score=detection_score,
        mask=bodies.mask(i, width, height),
        track_id=track_id,
    )
