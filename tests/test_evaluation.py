"""Metrics on cases whose answers are known."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pose_landmarker import LANDMARK_NAMES, OptionError, PoseLandmark
from pose_landmarker.evaluation import (
    mask_iou,
    mpjpe,
    oks,
    pa_mpjpe,
    pck,
    procrustes,
    recall_by_height,
    reliability,
    torso_length,
)
from pose_landmarker.evaluation.joints import COCO_JOINTS, COCO_LANDMARKS, COCO_SIGMAS, LIMB_LANDMARKS
from tests.labels import body, person

seeds = st.integers(0, 2**32 - 1)


class TestOks:
    def test_the_right_pose_has_one(self) -> None:
        labelled = person().points
        assert oks([body()], [labelled], [3000.0]) == pytest.approx(1)

    def test_unlabelled_joints_do_not_count(self) -> None:
        labelled, pose = np.full((33, 2), np.nan), body()
        labelled[PoseLandmark.NOSE] = pose[PoseLandmark.NOSE]
        pose[PoseLandmark.LEFT_KNEE] += 1000
        assert oks([pose], [labelled], [100.0]) == pytest.approx(1)

    def test_the_formula(self) -> None:
        labelled, pose = np.full((33, 2), np.nan), body()
        labelled[PoseLandmark.LEFT_HIP] = pose[PoseLandmark.LEFT_HIP] + [3, 4]
        assert oks([pose], [labelled], [400.0])[0, 0] == pytest.approx(
            math.exp(-25 / (2 * 400 * (2 * 0.107) ** 2))
        )

    def test_every_person_with_every_pose(self) -> None:
        people = [person(body(x)).points for x in (40.0, 90.0)]
        similarity = oks([body(40.0), body(90.0), body(500.0)], people, [900.0, 900.0])
        assert similarity.shape == (2, 3)
        assert similarity.argmax(axis=1).tolist() == [0, 1]
        assert similarity[:, 2].max() < 1e-6

    def test_nobody(self) -> None:
        assert oks([], [person().points], [1.0]).shape == (1, 0)
        assert oks([body()], [], []).shape == (0, 1)
        assert oks([body()], [np.full((33, 2), np.nan)], [1.0]) == 0

    def test_landmarks_that_are_no_numbers_are_nowhere_near(self) -> None:
        pose = body()
        pose[PoseLandmark.NOSE] = np.nan
        assert oks([pose], [person().points], [3000.0]) == pytest.approx(16 / 17)

    @pytest.mark.parametrize(
        ("poses", "people", "area", "wrong"),
        [
            (np.zeros((1, 32, 2)), np.zeros((1, 33, 2)), [1.0], "found must be numbers of shape"),
            (np.zeros((33, 2)), np.zeros((1, 33, 2)), [1.0], r"not \(33, 2\)"),
            (np.zeros((1, 33, 2)), "people", [1.0], "labelled must be numbers"),
            (np.zeros((1, 33, 2)), np.zeros((1, 33, 2)), [0.0], "area must be 1 numbers > 0"),
            (np.zeros((1, 33, 2)), np.zeros((1, 33, 2)), [1.0, 2.0], "area must be 1 numbers > 0"),
            (np.zeros((1, 33, 2)), np.zeros((1, 33, 2)), [math.nan], "area must be 1 numbers > 0"),
        ],
    )
    def test_wrong_arguments(self, poses: object, people: object, area: list[float], wrong: str) -> None:
        with pytest.raises(OptionError, match=wrong):
            oks(poses, people, area)  # type: ignore[arg-type]

    def test_the_order_of_coco(self) -> None:
        assert [LANDMARK_NAMES[i] for i in COCO_LANDMARKS] == list(COCO_JOINTS)
        assert len(COCO_SIGMAS) == 17

    @given(seeds, st.floats(0.1, 10))
    @settings(max_examples=30, deadline=None)
    def test_scale_does_not_matter(self, seed: int, scale: float) -> None:
        rng = np.random.default_rng(seed)
        poses, people = rng.normal(0, 20, (3, 33, 2)), rng.normal(0, 20, (2, 33, 2))
        area = rng.uniform(100, 5000, 2)
        scaled = oks(scale * poses, scale * people, scale**2 * area)
        np.testing.assert_allclose(scaled, oks(poses, people, area), atol=1e-9)


class TestPck:
    def test_the_right_pose(self) -> None:
        right = pck([body()], [body()], [10.0])
        assert right.shape == (1, 12)
        assert right.all()

    def test_up_to_the_limit_and_no_further(self) -> None:
        pose = body()
        pose[PoseLandmark.LEFT_SHOULDER] += [2, 0]
        pose[PoseLandmark.RIGHT_SHOULDER] += [2.01, 0]
        assert pck([pose], [body()], [10.0])[0].tolist() == [1, 0] + [1] * 10

    def test_who_was_not_found_has_no_joint_right(self) -> None:
        nobody = np.full((1, 33, 2), np.nan)
        assert pck(nobody, [body()], [10.0]).sum() == 0

    def test_what_is_not_labelled_is_not_judged(self) -> None:
        labelled = body()
        labelled[PoseLandmark.LEFT_WRIST] = np.nan
        right = pck([body(), body()], [labelled, body()], [10.0, np.nan])
        assert np.isnan(right).sum() == 1 + 12

    def test_torso(self) -> None:
        points = np.full((3, 33, 2), np.nan)
        for which, place in (
            ("LEFT_SHOULDER", 0),
            ("RIGHT_HIP", 50),
            ("RIGHT_SHOULDER", 0),
            ("LEFT_HIP", 30),
        ):
            points[0, PoseLandmark[which]] = 0, place
            points[1, PoseLandmark[which]] = 7, 7
        length = torso_length(points)
        assert length[0] == 50
        assert np.isnan(length[1:]).all()  # of no length, and not labelled

    def test_wrong_counts(self) -> None:
        with pytest.raises(OptionError, match="for each person, not 2, 1 and 1"):
            pck([body(), body()], [body()], [1.0])


class TestWorld:
    def test_hips_are_laid_over_each_other(self) -> None:
        points = np.random.default_rng(1).normal(0, 0.4, (33, 3))
        assert mpjpe(points + np.array([1, 2, 3]), points) == pytest.approx(0, abs=1e-9)
        assert mpjpe(points * 2, points) > 100

    def test_millimetres(self) -> None:
        labelled, pose = np.full((33, 3), np.nan), np.zeros((33, 3))
        for joint in (PoseLandmark.LEFT_HIP, PoseLandmark.RIGHT_HIP, PoseLandmark.LEFT_KNEE):
            labelled[joint] = 0
        pose[PoseLandmark.LEFT_KNEE] = 0, 0.3, 0.4
        assert mpjpe(pose, labelled) == pytest.approx(500 / 3)

    @given(seeds, st.floats(0.05, 20))
    @settings(max_examples=40, deadline=None)
    def test_similarities_do_not_matter(self, seed: int, scale: float) -> None:
        rng = np.random.default_rng(seed)
        pose, person_ = rng.normal(0, 0.4, (2, 33, 3))
        turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
        turn *= np.sign(np.linalg.det(turn))
        moved = scale * pose @ turn + rng.normal(0, 5, 3)
        assert pa_mpjpe(moved, person_) == pytest.approx(pa_mpjpe(pose, person_), rel=1e-6)
        assert pa_mpjpe(moved, pose) == pytest.approx(0, abs=1e-6)
        assert pa_mpjpe(pose, person_) <= mpjpe(pose, person_) * 1.5

    def test_mirrors_are_not_forgiven(self) -> None:
        points = np.random.default_rng(2).normal(0, 0.4, (33, 3))
        assert pa_mpjpe(points * [-1, 1, 1], points) > 50

    def test_nothing_to_say(self) -> None:
        points = np.zeros((33, 3))
        few = np.full((33, 3), np.nan)
        few[:3] = 0
        assert math.isnan(pa_mpjpe(points, few))
        assert math.isnan(mpjpe(points, few))
        assert math.isnan(pa_mpjpe(np.full((33, 3), np.nan), points))
        with pytest.raises(OptionError, match="shape"):
            mpjpe(np.zeros((17, 3)), np.zeros((17, 3)))

    def test_a_single_place_becomes_the_middle(self) -> None:
        target = np.random.default_rng(3).normal(size=(5, 3))
        np.testing.assert_allclose(procrustes(np.ones((5, 3)), target), np.tile(target.mean(0), (5, 1)))


class TestMaskIou:
    def test_overlap(self) -> None:
        ours, theirs = np.zeros((2, 4, 4))
        ours[:2], theirs[1:3] = 1, 255
        assert mask_iou(ours, theirs) == pytest.approx(4 / 12)

    def test_what_is_ignored(self) -> None:
        ours, theirs = np.ones((2, 4, 4))
        theirs[:2] = 0
        assert mask_iou(ours, theirs, ignore=theirs == 0) == 1

    def test_empty(self) -> None:
        nothing = np.zeros((3, 3))
        assert mask_iou(nothing, nothing) == 1
        assert mask_iou(nothing, np.ones((3, 3))) == 0

    def test_different_shapes(self) -> None:
        with pytest.raises(OptionError, match=r"alike, not \(3, 3\), \(3, 4\)"):
            mask_iou(np.zeros((3, 3)), np.zeros((3, 4)))


def test_recall_by_height() -> None:
    bins = recall_by_height([10, 32, 63, 500], [0.9, 0.5, 0.51, 1.0], edges=(0, 32, 64, 128, math.inf))
    assert [(b.persons, b.found) for b in bins] == [(1, 1), (2, 1), (0, 0), (1, 1)]
    assert bins[1].recall == 0.5
    assert math.isnan(bins[2].recall)
    assert bins[-1].high == math.inf


def test_reliability() -> None:
    scores = np.linspace(0, 1, 48)
    bins = reliability(scores, scores > 0.7)
    assert [b.poses for b in bins] == [12] * 4
    assert [b.matched for b in bins] == [0, 0, 3, 12]
    assert bins[0].low == 0
    assert bins[-1].high == 1
    assert bins[-1].share == 1
    assert len(reliability(np.ones(1000), np.ones(1000))) == 8
    assert reliability([], []) == ()
    assert reliability([0.5], [True])[0].poses == 1


@given(seeds)
@settings(max_examples=20, deadline=None)
def test_oks_is_that_of_pycocotools(seed: int) -> None:
    pytest.importorskip("pycocotools")
    from pycocotools.cocoeval import COCOeval

    rng = np.random.default_rng(seed)
    people, poses = rng.uniform(0, 200, (2, 33, 2)), rng.uniform(0, 200, (3, 33, 2))
    poses[0] = people[0] + rng.normal(0, 3, (33, 2))
    people[:, list(COCO_LANDMARKS)[rng.integers(17)]] = np.nan
    area = rng.uniform(500, 5000, 2)
    judge = COCOeval(iouType="keypoints")
    judge.params.catIds, judge.params.imgIds = [1], [1]
    points = people[:, list(COCO_LANDMARKS)]
    flags = np.where(np.isnan(points).any(axis=-1, keepdims=True), 0, 2)
    labels = np.concatenate([np.nan_to_num(points), flags], axis=-1)
    judge._gts[1, 1] = [
        {"keypoints": row.ravel().tolist(), "area": size, "bbox": [0, 0, 1, 1]}
        for row, size in zip(labels, area, strict=True)
    ]
    whole = np.concatenate([poses[:, list(COCO_LANDMARKS)], np.full((3, 17, 1), 2)], axis=-1)
    judge._dts[1, 1] = [
        {"keypoints": row.ravel().tolist(), "score": 1 - i / 10} for i, row in enumerate(whole)
    ]
    np.testing.assert_allclose(oks(poses, people, area).T, judge.computeOks(1, 1), atol=1e-9)


def test_limbs_are_labelled_everywhere() -> None:
    assert set(LIMB_LANDMARKS) < set(COCO_LANDMARKS)


def test_metrics_need_no_extra() -> None:
    code = (
        "import sys; sys.modules['pycocotools'] = sys.modules['matplotlib'] = None; "
        "import pose_landmarker.evaluation as e; print(e.mask_iou([[1]], [[1]]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "1.0\n"
