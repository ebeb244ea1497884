"""One image, no memory: detector, regions, landmark network, poses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pose_landmarker.arrays import RgbImage
from pose_landmarker.detector import DETECTOR_OFFSET, DETECTOR_OUTPUTS, DETECTOR_SCALE, PoseDetector
from pose_landmarker.engines import Engine
from pose_landmarker.imaging import check_side
from pose_landmarker.landmark_net import LANDMARK_OFFSET, LANDMARK_SCALE, Bodies, LandmarkNet
from pose_landmarker.models.bundle import Bundle
from pose_landmarker.models.rewriting import conv_before_resize
from pose_landmarker.models.tflite import with_outputs
from pose_landmarker.options import ImageProcessingOptions, PoseLandmarkerOptions
from pose_landmarker.results import Detection, Pose, Roi
from pose_landmarker.roi import pixel_region, roi_from_points
from pose_landmarker.smoothing import SmoothingState
from pose_landmarker.topology import NUM_LANDMARKS


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Finds the poses in one picture. Remembers nothing, so calls from several threads are safe.

    Attributes:
        detector: The first stage.
        landmark_net: The second stage.
        options: How many people, from which scores on.
    """

    detector: PoseDetector
    landmark_net: LandmarkNet
    options: PoseLandmarkerOptions

    @classmethod
    def build(cls, bundle: Bundle, engine: Engine, options: PoseLandmarkerOptions, threads: int) -> Pipeline:
        """Compile both networks of a bundle, without the outputs that nobody asked for.

        Raises:
            EngineError: A network cannot be compiled.
            BundleError: A network lacks an output, or is damaged.
        """
        masks = options.output_segmentation_masks
        detector = engine(
            with_outputs(conv_before_resize(bundle.detector), DETECTOR_OUTPUTS),
            scale=DETECTOR_SCALE,
            offset=DETECTOR_OFFSET,
            threads=threads,
        )
        landmarks = engine(
            with_outputs(bundle.landmarks, LandmarkNet.outputs(with_masks=masks)),
            scale=LANDMARK_SCALE,
            offset=LANDMARK_OFFSET,
            threads=threads,
        )
        return cls(PoseDetector(detector), LandmarkNet(landmarks, with_masks=masks), options)

    def __call__(self, image: RgbImage, processing: ImageProcessingOptions) -> tuple[Pose, ...]:
        """The poses in a picture, best detection first.

        Args:
            image: (H, W, 3) uint8.
            processing: Turn and region.

        Raises:
            ImageError: The picture is too large to be resampled.
        """
        height, width = image.shape[:2]
        check_side(width, height)
        found = self.detect(image, processing)[: self.options.num_poses]
        if not found:
            return ()
        bodies = self.landmark_net(image, [roi for _, roi in found])
        return tuple(
            pose_of(bodies, i, (width, height), detection_score=detection.score)
            for i, (detection, _) in enumerate(found)
            if float(bodies.scores[i]) >= self.options.min_pose_presence_confidence
        )

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


def _shift(detection: Detection, left: int, top: int) -> Detection:
    """A detection of a part of the picture, in the whole picture."""
    if not (left or top):
        return detection
    return Detection(detection.score, detection.keypoints + np.array([left, top], np.float32))


def pose_of(
    bodies: Bodies,
    i: int,
    image_size: tuple[int, int],
    *,
    detection_score: float | None = None,
    smoothed: SmoothingState | None = None,
    track_id: int | None = None,
) -> Pose:
    """The i-th body as a pose: pixels become fractions of the picture here and nowhere else.

    Args:
        bodies: What the landmark network found.
        i: Which of them.
        image_size: (width, height) of the picture in pixels.
        detection_score: The detector's confidence.
        smoothed: Landmarks over time, instead of those of this frame.
        track_id: Who it is.
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
        score=float(bodies.scores[i]),
        roi=bodies.rois[i],
        image_size=image_size,
        detection_score=detection_score,
        mask=bodies.mask(i, width, height),
        track_id=track_id,
    )
