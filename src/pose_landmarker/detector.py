"""The first stage: where in a picture there are people."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from pose_landmarker.arrays import FloatArray, RgbImage
from pose_landmarker.decoding import DETECTOR_SIZE, decode_detections
from pose_landmarker.engines import Network
from pose_landmarker.engines.regions import run_on_regions
from pose_landmarker.projection import to_image
from pose_landmarker.results import Detection, Roi
from pose_landmarker.roi import letterbox

#: uint8 to the detector's [-1, 1] (pose_detection_cpu.pbtxt).
DETECTOR_SCALE, DETECTOR_OFFSET = 2 / 255, -1.0
DETECTOR_OUTPUTS = ("Identity", "Identity_1")


class PoseDetector:
    """Finds people in a picture. Remembers nothing."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def __call__(
        self, image: RgbImage, *, min_score: float, rotation: float = 0.0, turn_back: bool = True
    ) -> list[Detection]:
        """People in a picture, best first.

        Args:
            image: (H, W, 3) uint8.
            min_score: Detections below it are dropped, in [0, 1].
            rotation: Of the square that is looked at, radians, clockwise on screen.
            turn_back: Whether detections are turned back by it; the reference forgets to.

        Returns:
            Detections in image pixels.
        """
        height, width = image.shape[:2]
        square = letterbox(width, height, rotation)
        boxes, scores = run_on_regions(self._network, image, [square], DETECTOR_SIZE, replicate=False)
        found = decode_detections(boxes[0], scores[0, :, 0], min_score)
        if turn_back:
            keypoints = _to_image(found.keypoints, square)
        else:
            keypoints = _as_if_upright(found.keypoints, square, width, height)
        return [
            Detection(float(score), points) for score, points in zip(found.scores, keypoints, strict=True)
        ]

    def look(self, image: RgbImage, squares: Sequence[Roi], *, min_score: float) -> list[Detection]:
        """People in parts of a picture, each part looked at on its own, all in one call of the network.

        Args:
            image: (H, W, 3) uint8.
            squares: One or more, image pixels. What is beyond the picture is black.
            min_score: Detections below it are dropped, in [0, 1].

        Returns:
            Detections in image pixels, square by square; a person in two squares comes twice.
        """
        boxes, scores = run_on_regions(self._network, image, squares, DETECTOR_SIZE, replicate=False)
        detections = []
        for square, rows, logits in zip(squares, boxes, scores, strict=True):
            found = decode_detections(rows, logits[:, 0], min_score)
            keypoints = _to_image(found.keypoints, square)
            detections += [
                Detection(float(s), points) for s, points in zip(found.scores, keypoints, strict=True)
            ]
        return detections


def _to_image(points: FloatArray, square: Roi) -> FloatArray:
    placed: FloatArray = to_image(points, [square]).astype(np.float32)
    return placed


def _as_if_upright(points: FloatArray, square: Roi, width: int, height: int) -> FloatArray:
    """Fractions of the upright picture taken for fractions of the picture as given."""
    lying = abs(math.sin(square.rotation)) > 0.5
    upright = (height, width) if lying else (width, height)
    stretch = np.array([width / upright[0], height / upright[1]], np.float32)
    return _to_image(points, letterbox(*upright, 0.0)) * stretch
