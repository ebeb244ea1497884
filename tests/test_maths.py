"""Floor 2: anchors, boxes, regions, projection and decoding, each with literals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pose_landmarker.anchors import anchor_centers
from pose_landmarker.arrays import FloatArray
from pose_landmarker.boxes import iou, weighted_nms
from pose_landmarker.decoding import decode_detections, decode_landmarks, refine, sigmoid
from pose_landmarker.image_options import RegionOfInterest
from pose_landmarker.projection import to_image, to_world
from pose_landmarker.results import Roi
from pose_landmarker.roi import letterbox, pixel_region, roi_from_points, wrap_angle


def _f(values: object) -> FloatArray:
    return np.array(values, np.float32)


class TestAnchors:
    def test_there_are_2254_in_the_references_order(self) -> None:
        anchors = anchor_centers()
        assert anchors.shape == (2254, 2)
        np.testing.assert_allclose(anchors[0], [0.5 / 28, 0.5 / 28])
        np.testing.assert_allclose(anchors[1], anchors[0])  # two in a cell
        np.testing.assert_allclose(anchors[2], [1.5 / 28, 0.5 / 28])  # then to the right
        np.testing.assert_allclose(anchors[56], [0.5 / 28, 1.5 / 28])  # then down
        np.testing.assert_allclose(anchors[28 * 28 * 2], [0.5 / 14, 0.5 / 14])
        np.testing.assert_allclose(anchors[-6:], np.tile([6.5 / 7, 6.5 / 7], (6, 1)))


class TestBoxes:
    def test_iou_of_known_boxes(self) -> None:
        box = _f([0, 0, 2, 2])
        others = _f([[0, 0, 2, 2], [1, 0, 3, 2], [2, 2, 3, 3], [0, 0, 1, 1], [0, 0, 0, 0]])
        np.testing.assert_allclose(iou(box, others), [1, 1 / 3, 0, 1 / 4, 0])

    def test_boxes_without_area_overlap_nothing(self) -> None:
        np.testing.assert_array_equal(iou(_f([1, 1, 1, 1]), _f([[1, 1, 1, 1], [2, 2, 1, 1]])), [0, 0])

    def test_overlapping_boxes_become_their_weighted_average(self) -> None:
        boxes = _f([[0, 0, 10, 10], [5, 5, 30, 30], [0, 0, 10, 8]])
        points = _f([[[0, 0]], [[9, 9]], [[4, 0]]])
        merged, moved, scores = weighted_nms(boxes, points, _f([0.6, 0.7, 0.2]), min_iou=0.5)
        np.testing.assert_allclose(merged, _f([[5, 5, 30, 30], [0, 0, 10, 9.5]]))
        np.testing.assert_allclose(moved[:, 0], [[9, 9], [1, 0]])
        np.testing.assert_allclose(scores, [0.7, 0.6])

    def test_an_overlap_of_exactly_the_limit_is_no_overlap(self) -> None:
        boxes = _f([[0, 0, 2, 1], [0, 0, 1, 1]])  # IoU ½
        assert len(weighted_nms(boxes, np.zeros((2, 1, 2), np.float32), _f([1, 1]), min_iou=0.5)[2]) == 2

    def test_nothing_in_nothing_out(self) -> None:
        boxes, points, scores = weighted_nms(
            np.zeros((0, 4), np.float32), np.zeros((0, 4, 2), np.float32), _f([]), min_iou=0.5
        )
        assert (boxes.shape, points.shape, scores.shape) == ((0, 4), (0, 4, 2), (0,))

    def test_a_box_without_area_ends(self) -> None:
        boxes = _f([[1, 1, 1, 1]] * 3)
        assert len(weighted_nms(boxes, np.zeros((3, 1, 2), np.float32), _f([1, 1, 1]), min_iou=0.5)[2]) == 3


class TestRegions:
    def test_somebody_upright(self) -> None:
        roi = roi_from_points(_f([100, 200]), _f([100, 120]))
        assert roi == Roi(100, 200, 2 * 80 * 1.25, 0.0)

    @pytest.mark.parametrize(
        ("edge", "rotation"), [((180, 200), math.pi / 2), ((100, 280), -math.pi), ((20, 200), -math.pi / 2)]
    )
    def test_somebody_lying_or_upside_down(self, edge: tuple[float, float], rotation: float) -> None:
        roi = roi_from_points(_f([100, 200]), _f(edge))
        assert roi is not None
        assert roi.rotation == pytest.approx(rotation)

    @pytest.mark.parametrize("edge", [(100, 200), (math.nan, 0), (math.inf, 0)])
    def test_points_that_give_no_square(self, edge: tuple[float, float]) -> None:
        assert roi_from_points(_f([100, 200]), _f(edge)) is None

    @given(st.floats(-50, 50))
    def test_angles_are_wrapped(self, angle: float) -> None:
        wrapped = wrap_angle(angle)
        assert -math.pi <= wrapped < math.pi + 1e-9
        assert math.cos(wrapped) == pytest.approx(math.cos(angle), abs=1e-9)
        assert math.sin(wrapped) == pytest.approx(math.sin(angle), abs=1e-9)

    def test_the_letterbox_is_the_square_around_the_picture(self) -> None:
        assert letterbox(640, 480, 0.5) == Roi(320, 240, 640, 0.5)
        assert letterbox(480, 640, 0.0) == Roi(240, 320, 640, 0.0)

    def test_regions_in_pixels_hold_at_least_one(self) -> None:
        assert pixel_region(None, 640, 480) == (0, 0, 640, 480)
        quarter = RegionOfInterest(left=0.5, top=0.5, right=1, bottom=1)
        assert pixel_region(quarter, 640, 480) == (320, 240, 640, 480)
        speck = RegionOfInterest(left=0.999, top=0.999, right=1, bottom=1)
        assert pixel_region(speck, 3, 1) == (2, 0, 3, 1)


class TestProjection:
    def test_corners_and_centre_of_a_crop(self) -> None:
        roi = Roi(50, 40, 20, 0.3)
        unit = _f([[[0, 0], [1, 0], [1, 1], [0, 1], [0.5, 0.5]]])
        projected = to_image(unit, [roi])[0]
        np.testing.assert_allclose(projected[:4], roi.corners(), rtol=1e-6)
        np.testing.assert_allclose(projected[4], [50, 40])

    def test_depth_is_scaled_like_x(self) -> None:
        assert to_image(_f([[[0.5, 0.5, -0.25]]]), [Roi(0, 0, 20, 1.0)])[0, 0, 2] == -5.0

    def test_each_person_by_its_own_region(self) -> None:
        points = np.full((2, 1, 2), 1.0, np.float32)
        both = to_image(points, [Roi(0, 0, 2, 0), Roi(10, 10, 4, 0)])
        np.testing.assert_allclose(both[:, 0], [[1, 1], [12, 12]])

    def test_world_landmarks_turn_but_do_not_move(self) -> None:
        world = to_world(_f([[[0, -1, 0.5]]]), [Roi(99, 99, 99, math.pi / 2)])
        np.testing.assert_allclose(world, [[[1, 0, 0.5]]], atol=1e-7)

    def test_inputs_stay_as_they_are(self) -> None:
        points = _f([[[0.1, 0.2, 0.3]]])
        points.setflags(write=False)
        to_image(points, [Roi(1, 2, 3, 4)])
        to_world(points, [Roi(1, 2, 3, 4)])
        np.testing.assert_array_equal(points, _f([[[0.1, 0.2, 0.3]]]))


class TestDetections:
    @staticmethod
    def _raw() -> tuple[FloatArray, FloatArray]:
        boxes = np.zeros((2254, 12), np.float32)
        scores = np.full(2254, -200, np.float32)
        return boxes, scores

    def test_values_are_offsets_from_the_anchor_in_pixels(self) -> None:
        boxes, scores = self._raw()
        boxes[0] = [22.4, 0, 44.8, 22.4, 0, 112, 1, 2, 3, 4, 5, 6]
        scores[0] = 2.0
        found = decode_detections(boxes, scores, 0.5)
        anchor = 0.5 / 28
        np.testing.assert_allclose(
            found.boxes, [[anchor, anchor - 0.05, anchor + 0.2, anchor + 0.05]], rtol=1e-5
        )
        np.testing.assert_allclose(found.keypoints[0, 0], [anchor, anchor + 0.5], rtol=1e-6)
        np.testing.assert_allclose(found.keypoints[0, 3], [anchor + 5 / 224, anchor + 6 / 224], rtol=1e-6)
        assert found.scores[0] == pytest.approx(1 / (1 + math.exp(-2)))

    @given(st.floats(-120, 120), st.floats(0, 1))
    def test_who_is_kept_is_decided_by_the_score_alone(self, logit: float, min_score: float) -> None:
        boxes, scores = self._raw()
        scores[9] = logit
        score = float(sigmoid(_f([min(logit, 100)]))[0])
        found = decode_detections(boxes, scores, min_score)
        assert len(found.scores) == (score >= min_score and score > 0)

    def test_the_least_score_counts(self) -> None:
        boxes, scores = self._raw()
        scores[7] = 0.0
        assert len(decode_detections(boxes, scores, 0.5).scores) == 1
        assert len(decode_detections(boxes, scores, 0.5001).scores) == 0

    def test_scores_of_nothing_are_nobody_even_when_everybody_is_asked_for(self) -> None:
        boxes, scores = self._raw()
        scores[5] = -8.0
        found = decode_detections(boxes, scores, 0.0)
        assert len(found.scores) == 1
        assert np.isfinite(found.boxes).all()

    def test_best_first(self) -> None:
        boxes, scores = self._raw()
        boxes[:, 2:4] = 4.0
        scores[[0, 100, 2000]] = [1, 3, 2]
        found = decode_detections(boxes, scores, 0.5)
        assert (np.diff(found.scores) < 0).all()
        assert len(found.scores) == 3


class TestLandmarks:
    def test_values_are_pixels_and_logits(self) -> None:
        raw = np.zeros((1, 39, 5), np.float32)
        raw[0, 3] = [128, 64, -25.6, 0, 2]
        heatmaps = np.full((1, 64, 64, 39), -50, np.float32)
        found = decode_landmarks(raw.reshape(1, 195), heatmaps)
        np.testing.assert_allclose(found.points[0, 3], [0.5, 0.25, -0.1])
        assert found.visibility[0, 3] == 0.5
        assert found.points.shape == (1, 35, 3)
        assert found.presence[0, 3] == pytest.approx(1 / (1 + math.exp(-2)))

    def test_raw_values_are_not_written_to(self) -> None:
        raw = np.zeros((1, 195), np.float32)
        raw.setflags(write=False)
        decode_landmarks(raw, np.full((1, 64, 64, 39), 5, np.float32))
        assert not raw.any()


def _naive_refine(points: FloatArray, heatmaps: FloatArray) -> FloatArray:
    """The rule, word for word, one landmark after the other."""
    refined = points.copy()
    count, height, width, landmarks = heatmaps.shape
    for n in range(count):
        for k in range(landmarks):
            column, row = int(points[n, k, 0] * width), int(points[n, k, 1] * height)
            if not (0 <= column < width and 0 <= row < height):
                continue
            rows = range(max(0, row - 3), min(height, row + 4))
            columns = range(max(0, column - 3), min(width, column + 4))
            cells = {(r, c): 1 / (1 + math.exp(-heatmaps[n, r, c, k])) for r in rows for c in columns}
            total = sum(cells.values())
            if max(cells.values()) >= 0.5:
                refined[n, k, 0] = sum(c * p for (_, c), p in cells.items()) / total / width
                refined[n, k, 1] = sum(r * p for (r, _), p in cells.items()) / total / height
    return refined


class TestRefinement:
    def test_agrees_with_the_rule_spelt_out(self) -> None:
        rng = np.random.default_rng(3)
        heatmaps = rng.normal(-3, 3, (2, 64, 64, 39)).astype(np.float32)
        points = rng.uniform(-0.1, 1.1, (2, 39, 2)).astype(np.float32)
        np.testing.assert_allclose(refine(points, heatmaps)[0], _naive_refine(points, heatmaps), atol=2e-6)

    def test_a_peak_pulls_and_a_weak_one_does_not(self) -> None:
        heatmaps = np.full((1, 64, 64, 1), -30, np.float32)
        heatmaps[0, 12, 10, 0] = 3
        points = _f([[[11 / 64, 11 / 64]]])
        np.testing.assert_allclose(refine(points, heatmaps)[0], [[[10 / 64, 12 / 64]]], atol=1e-6)
        heatmaps[0, 12, 10, 0] = -0.01
        np.testing.assert_array_equal(refine(points, heatmaps)[0], points)

    @pytest.mark.parametrize("place", [(-0.1, 0.5), (1.0, 0.5), (0.5, 7.0), (math.nan, 0.5), (1e30, -1e30)])
    def test_points_outside_the_map_stay(self, place: tuple[float, float]) -> None:
        points = _f([[place]])
        np.testing.assert_array_equal(refine(points, np.full((1, 64, 64, 1), 5, np.float32))[0], points)

    def test_just_outside_is_truncated_to_the_first_cell_like_the_references_cast(self) -> None:
        points = _f([[[-0.5 / 64, 0.5]]])
        assert refine(points, np.full((1, 64, 64, 1), 5, np.float32))[0][0, 0, 0] > 0


@given(st.floats(-1e4, 1e4))
def test_sigmoid_never_overflows(x: float) -> None:
    y = float(sigmoid(_f([x]))[0])
    assert 0 <= y <= 1
    if abs(x) < 30:
        assert y == pytest.approx(1 / (1 + math.exp(-x)), abs=1e-6)
