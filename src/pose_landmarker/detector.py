"""The first stage: where in a picture there are people."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pose_landmarker.arrays import DoubleArray, FloatArray, RgbImage
from pose_landmarker.decoding import DETECTOR_SIZE, decode_detections, decode_traces
from pose_landmarker.engines import Network
from pose_landmarker.engines.regions import run_on_regions
from pose_landmarker.projection import to_image
from pose_landmarker.results import Detection, Roi
from pose_landmarker.roi import ROI_SCALE, letterbox

#: uint8 to the detector's [-1, 1] (pose_detection_cpu.pbtxt).
DETECTOR_SCALE, DETECTOR_OFFSET = 2 / 255, -1.0
DETECTOR_OUTPUTS = ("Identity", "Identity_1")


class View(NamedTuple):
    """What a look at some squares shows, image pixels."""

    detections: list[Detection]
    """Square by square; a person in two squares comes twice."""
    traces: DoubleArray
    """(N, 3) x, y, side of the regions of everything that looks a little like a person."""


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

    def look(
        self, image: RgbImage, squares: Sequence[Roi], *, min_score: float, trace_score: float = 1.0
    ) -> View:
        """People in parts of a picture, each part looked at on its own, all in one call of the network.

        Args:
            image: (H, W, 3) uint8.
            squares: One or more, image pixels. What is beyond the picture is black.
            min_score: Detections below it are dropped, in [0, 1].
            trace_score: Traces of people are what has a higher score, in [0, 1].
        """
        boxes, scores = run_on_regions(self._network, image, squares, DETECTOR_SIZE, replicate=False)
        detections: list[Detection] = []
        traces = [np.zeros((0, 3))]
        for square, rows, logits in zip(squares, boxes, scores[..., 0], strict=True):
            found = decode_detections(rows, logits, min_score)
            detections += [
                Detection(float(score), points)
                for score, points in zip(found.scores, _to_image(found.keypoints, square), strict=True)
            ]
            if trace_score < 1:
                centers, edges = to_image(decode_traces(rows, logits, trace_score), [square])
                sides = 2 * ROI_SCALE * np.hypot(*(edges - centers).T)
                traces.append(np.column_stack([centers, sides]))
        return View(detections, np.concatenate(traces))


def _to_image(points: FloatArray, square: Roi) -> FloatArray:
    placed: FloatArray = to_image(points, [square]).astype(np.float32)
    return placed


def _as_if_upright(points: FloatArray, square: Roi, width: int, height: int) -> FloatArray:
    """Fractions of the upright picture taken for fractions of the picture as given."""
    lying = abs(math.sin(square.rotation)) > 0.5
    upright = (height, width) if lying else (width, height)
    stretch = np.array([width / upright[0], height / upright[1]], np.float32)
    return _to_image(points, letterbox(*upright, 0.0)) * stretch
