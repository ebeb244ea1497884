"""The first stage: where in a picture there are people."""

from __future__ import annotations

import numpy as np

from pose_landmarker.arrays import FloatArray, RgbImage
from pose_landmarker.decoding import DETECTOR_SIZE, decode_detections
from pose_landmarker.engines import Network
from pose_landmarker.imaging import crop
from pose_landmarker.projection import to_image
from pose_landmarker.results import Box, Detection, Roi
from pose_landmarker.roi import letterbox

#: uint8 to the detector's [-1, 1] (pose_detection_cpu.pbtxt).
DETECTOR_SCALE, DETECTOR_OFFSET = 2 / 255, -1.0
DETECTOR_OUTPUTS = ("Identity", "Identity_1")


class PoseDetector:
    """Finds people in a picture. Remembers nothing."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def __call__(self, image: RgbImage, *, min_score: float, rotation: float = 0.0) -> list[Detection]:
        """People in a picture, best first.

        Args:
            image: (H, W, 3) uint8.
            min_score: Detections below it are dropped, in [0, 1].
            rotation: Of the square that is looked at, radians, clockwise on screen.

        Returns:
            Detections in image pixels.
        """
        height, width = image.shape[:2]
        square = letterbox(width, height, rotation)
        pixels = crop(image, square, DETECTOR_SIZE, replicate=False)
        boxes, scores = self._network(pixels[None])
        found = decode_detections(boxes[0], scores[0, :, 0], min_score)
        return [
            Detection(float(score), _upright_box(box, square), _project(keypoints, square))
            for box, keypoints, score in zip(found.boxes, found.keypoints, found.scores, strict=True)
        ]


def _project(points: FloatArray, square: Roi) -> FloatArray:
    projected: FloatArray = to_image(points[None], [square])[0].astype(np.float32)
    return projected


def _upright_box(box: FloatArray, square: Roi) -> Box:
    """The upright rectangle around a box of a turned crop."""
    left, top, right, bottom = box
    corners = _project(np.array([[left, top], [right, top], [right, bottom], [left, bottom]]), square)
    (x0, y0), (x1, y1) = corners.min(axis=0).tolist(), corners.max(axis=0).tolist()
    return Box(x0, y0, x1 - x0, y1 - y0)
