"""The stages with a fake engine: what they ask, and what they make of the answers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pose_landmarker.arrays import FloatArray, RgbImage
from pose_landmarker.detector import DETECTOR_OUTPUTS, PoseDetector
from pose_landmarker.engines.fake import FakeEngine, FakeNetwork
from pose_landmarker.errors import ImageError
from pose_landmarker.image_options import ImageProcessingOptions
from pose_landmarker.landmark_net import LandmarkNet
from pose_landmarker.models.bundle import read_bundle
from pose_landmarker.models.tflite import signature
from pose_landmarker.options import PoseLandmarkerOptions
from pose_landmarker.pipeline import Pipeline
from pose_landmarker.results import Roi
from tests.tiny import tiny_bundle

#: Index of the first anchor whose centre is the middle of the detector's input, of the 7x7 grid.
_MIDDLE_ANCHOR = 28 * 28 * 2 + 14 * 14 * 2 + 24 * 6


def _detections(*people: tuple[float, float, float, float, float]) -> tuple[FloatArray, FloatArray]:
    """Raw detector output for (hip x, hip y, edge x, edge y, logit), fractions of its input."""
    boxes = np.zeros((1, 2254, 12), np.float32)
    scores = np.full((1, 2254, 1), -100, np.float32)
    for i, (hip_x, hip_y, edge_x, edge_y, logit) in enumerate(people):
        row = _MIDDLE_ANCHOR + i
        where = np.array([hip_x, hip_y, 0.02, 0.02, hip_x, hip_y, edge_x, edge_y, 0.5, 0.5, 0.5, 0.5])
        where[[0, 1, 4, 5, 6, 7, 8, 9, 10, 11]] -= 0.5
        boxes[0, row] = where * 224
        scores[0, row] = logit
    return boxes, scores


def _body(score: float = 0.9) -> tuple[FloatArray, ...]:
    """Raw landmark output: all landmarks in the middle of the crop, but the nose above it."""
    points = np.zeros((1, 39, 5), np.float32)
    points[..., :2] = 128
    points[0, 0, 1] = 64
    points[0, 0, 2] = -25.6
    heatmaps = np.full((1, 64, 64, 39), -50, np.float32)
    world = np.zeros((1, 117), np.float32)
    world[0, 1] = -0.5
    return points.reshape(1, 195), np.full((1, 1), score, np.float32), heatmaps, world


def _pipeline(
    detector: FakeNetwork, landmarks: FakeNetwork, **options: object
) -> tuple[Pipeline, FakeEngine]:
    engine = FakeEngine([detector, landmarks])
    checked = PoseLandmarkerOptions(**options)  # type: ignore[arg-type]
    return Pipeline.build(read_bundle(tiny_bundle()), engine, checked, threads=3), engine


def _landmarks(*scores: float) -> FakeNetwork:
    bodies = [_body(score) for score in scores]
    return FakeNetwork(
        answer=lambda images: tuple(
            np.concatenate(column[: len(images)]) for column in zip(*bodies, strict=True)
        )
    )


def test_only_wanted_outputs_are_compiled() -> None:
    _, engine = _pipeline(FakeNetwork(), FakeNetwork())
    (detector, *_), (landmarks, *_) = engine.compiled
    assert tuple(tensor.name for tensor in signature(detector).outputs) == DETECTOR_OUTPUTS
    names = [tensor.name for tensor in signature(landmarks).outputs]
    assert names == ["Identity", "Identity_1", "Identity_3", "Identity_4"]
    assert engine.compiled[0][1:] == (2 / 255, -1.0, 3)
    assert engine.compiled[1][1:] == (1 / 255, 0.0, 3)
    _, with_masks = _pipeline(FakeNetwork(), FakeNetwork(), output_segmentation_masks=True)
    assert signature(with_masks.compiled[1][0]).outputs[-1].shape == (1, 256, 256, 1)


def test_nobody_there_means_no_second_network(noise: RgbImage) -> None:
    landmarks = FakeNetwork()
    pipeline, _ = _pipeline(FakeNetwork(answer=lambda _: _detections()), landmarks)
    assert pipeline(noise, ImageProcessingOptions()) == ()
    assert landmarks.seen == []


def test_a_body_is_projected_back(noise: RgbImage) -> None:
    # 160x120: the letterbox is 160 wide, 20 pixels above and below.
    detector = FakeNetwork(answer=lambda _: _detections((0.5, 0.5, 0.5, 0.25, 5.0)))
    pipeline, _ = _pipeline(detector, _landmarks(0.75))
    (pose,) = pipeline(noise, ImageProcessingOptions())
    assert pose.roi.center_x == pytest.approx(80)
    assert pose.roi.center_y == pytest.approx(60)
    assert pose.roi.size == pytest.approx(2 * 40 * 1.25)
    assert pose.roi.rotation == pytest.approx(0)
    assert pose.presence_score == pytest.approx(0.75)
    assert pose.detection_score == pytest.approx(1 / (1 + math.exp(-5)))
    assert pose.image_size == (160, 120)
    np.testing.assert_allclose(pose.pixels[0], [80, 60 - 25], atol=1e-4)
    np.testing.assert_allclose(pose.landmarks[0, 2], -0.1 * 100 / 160, atol=1e-6)
    np.testing.assert_allclose(pose.pixels[1:], np.tile([80, 60], (32, 1)), atol=1e-4)
    np.testing.assert_allclose(pose.world_landmarks[0], [0, -0.5, 0], atol=1e-6)
    assert pose.mask is None


def test_somebody_lying_is_turned(noise: RgbImage) -> None:
    detector = FakeNetwork(answer=lambda _: _detections((0.5, 0.5, 0.75, 0.5, 5.0)))
    pipeline, _ = _pipeline(detector, _landmarks(0.9))
    (pose,) = pipeline(noise, ImageProcessingOptions())
    assert pose.roi.rotation == pytest.approx(math.pi / 2)
    np.testing.assert_allclose(pose.pixels[0], [80 + 25, 60], atol=1e-3)
    np.testing.assert_allclose(pose.world_landmarks[0], [0.5, 0, 0], atol=1e-6)


def test_all_people_in_one_call_best_first_and_the_absent_left_out(noise: RgbImage) -> None:
    people = [(0.2, 0.5, 0.2, 0.4, 1.0), (0.5, 0.5, 0.5, 0.4, 3.0), (0.8, 0.5, 0.8, 0.4, 2.0)]
    landmarks = _landmarks(0.9, 0.4, 0.5)
    pipeline, _ = _pipeline(FakeNetwork(answer=lambda _: _detections(*people)), landmarks, num_poses=3)
    poses = pipeline(noise, ImageProcessingOptions())
    assert [batch.shape for batch in landmarks.seen] == [(3, 256, 256, 3)]
    assert [round(pose.roi.center_x) for pose in poses] == [80, 32]  # the second's presence is 0.4


def test_at_most_num_poses_are_looked_at(noise: RgbImage) -> None:
    people = [(0.2, 0.5, 0.2, 0.4, 1.0), (0.5, 0.5, 0.5, 0.4, 3.0), (0.8, 0.5, 0.8, 0.4, 2.0)]
    landmarks = _landmarks(0.9, 0.9)
    pipeline, _ = _pipeline(FakeNetwork(answer=lambda _: _detections(*people)), landmarks, num_poses=2)
    assert len(pipeline(noise, ImageProcessingOptions())) == 2
    assert landmarks.seen[0].shape[0] == 2


def test_masks_cover_the_picture(noise: RgbImage) -> None:
    def answer(images: RgbImage) -> tuple[FloatArray, ...]:
        return (*_body(), np.full((1, 256, 256, 1), 50, np.float32))

    detector = FakeNetwork(answer=lambda _: _detections((0.5, 0.5, 0.5, 0.375, 5.0)))
    pipeline, _ = _pipeline(detector, FakeNetwork(answer=answer), output_segmentation_masks=True)
    (pose,) = pipeline(noise, ImageProcessingOptions())
    assert pose.mask is not None
    assert pose.mask.shape == (120, 160)
    assert pose.mask[60, 80] == 1
    assert pose.mask[60, 10] == 0
    assert pose.mask.sum() == pytest.approx(pose.roi.size**2, rel=0.05)


def test_a_region_shows_the_detector_only_itself() -> None:
    image = np.zeros((100, 200, 3), np.uint8)
    image[:, 100:] = 255
    detector = FakeNetwork(answer=lambda _: _detections((0.5, 0.5, 0.5, 0.25, 5.0)))
    pipeline, _ = _pipeline(detector, _landmarks(0.9))
    right = ImageProcessingOptions(region_of_interest=(0.5, 0, 1, 1))
    (pose,) = pipeline(image, right)
    assert detector.seen[0][0, :220, :220].min() == 255
    assert (pose.roi.center_x, pose.roi.center_y) == pytest.approx((150, 50))
    assert pose.roi.size == pytest.approx(2 * 25 * 1.25)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_turned_picture_is_shown_upright(degrees: int) -> None:
    upright = np.zeros((60, 80, 3), np.uint8)
    upright[:30] = 255  # white above
    turned = np.ascontiguousarray(np.rot90(upright, degrees // 90))  # counter-clockwise
    detector = FakeNetwork(answer=lambda _: _detections())
    pipeline, _ = _pipeline(detector, FakeNetwork())
    pipeline(turned, ImageProcessingOptions(rotation_degrees=degrees))
    seen = detector.seen[0][0]
    assert seen[60, 112].tolist() == [255] * 3
    assert seen[164, 112].tolist() == [0] * 3


def test_detections_that_give_no_region_are_dropped(noise: RgbImage) -> None:
    detector = FakeNetwork(answer=lambda _: _detections((0.5, 0.5, 0.5, 0.5, 9.0), (0.2, 0.5, 0.2, 0.4, 1.0)))
    pipeline, _ = _pipeline(detector, _landmarks(0.9))
    (pose,) = pipeline(noise, ImageProcessingOptions())
    assert pose.roi.center_x == pytest.approx(32)


def test_pictures_too_long_to_be_addressed() -> None:
    pipeline, _ = _pipeline(FakeNetwork(), FakeNetwork())
    with pytest.raises(ImageError, match="40000x1"):
        pipeline(np.zeros((1, 40_000, 3), np.uint8), ImageProcessingOptions())


def test_the_detector_gives_keypoints_in_pixels(noise: RgbImage) -> None:
    network = FakeNetwork(answer=lambda _: _detections((0.5, 0.5, 0.5, 0.25, 5.0)))
    (found,) = PoseDetector(network)(noise, min_score=0.5)
    np.testing.assert_allclose(found.keypoints[:2], [[80, 60], [80, 20]], atol=1e-4)


def test_bodies_know_the_auxiliary_landmarks(noise: RgbImage) -> None:
    bodies = LandmarkNet(_landmarks(0.9), with_masks=False)(noise, [Roi(80, 60, 100, 0)])
    assert bodies.points.shape == bodies.world.shape == (1, 35, 3)
    assert bodies.mask(0, 160, 120) is None
