"""Looking closer: tiles, merging, refinement, regions that are given, scores."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pose_landmarker import (
    ImageProcessingOptions,
    OptionError,
    OptionTypeError,
    PoseLandmarker,
    PoseLandmarkerOptions,
    RegionPoses,
    Roi,
    RunningMode,
)
from pose_landmarker.arrays import RgbImage
from pose_landmarker.association import distinct_bodies, distinct_regions
from pose_landmarker.confidence import pose_scores
from pose_landmarker.detector import PoseDetector
from pose_landmarker.given import given_rois
from pose_landmarker.imaging import crop
from pose_landmarker.media.images import read_image
from pose_landmarker.pipeline import Pipeline
from pose_landmarker.results import Detection
from pose_landmarker.roi import square_around
from pose_landmarker.search import Searcher, _shows_one
from pose_landmarker.tiles import COARSE, FINE, FINEST, tiles
from tests.conftest import ENGINES
from tests.people import skeleton

sides = st.integers(1, 20000)
_NO_DETECTOR = PoseDetector(None)  # type: ignore[arg-type]


def _detection(score: float) -> Detection:
    return Detection(score, np.zeros((4, 2), np.float32))


class TestTiles:
    @given(sides, sides)
    def test_cover_the_picture_and_overlap(self, width: int, height: int) -> None:
        for level in (COARSE, FINE, FINEST):
            same = tiles(width, height, level)
            assert len(same) <= 300
            if not same:
                assert level.side * max(width, height) < 72
                continue
            size = level.side * max(width, height)
            for middle, length in (("center_x", width), ("center_y", height)):
                middles = sorted({getattr(square, middle) for square in same})
                assert middles[0] - size / 2 <= 1e-6
                assert middles[-1] + size / 2 >= length - 1e-6
                gaps = np.diff(middles)
                assert np.all(gaps <= size * (1 - level.overlap) + 1e-6)

    def test_a_tiny_picture_has_none(self) -> None:
        assert tiles(100, 80, COARSE) == []
        assert tiles(300, 200, FINEST) == []

    def test_a_photo_of_a_usual_shape_has_few(self) -> None:
        assert [len(tiles(1920, 1080, level)) for level in (COARSE, FINE)] == [2, 8]
        assert [len(tiles(1080, 1920, level)) for level in (COARSE, FINE)] == [2, 8]


class TestDistinct:
    def test_regions_of_one_body_are_one_the_best(self) -> None:
        rois = [Roi(100, 100, 80, 0), Roi(104, 98, 84, 0.1), Roi(160, 100, 80, 0), Roi(100, 100, 160, 0)]
        assert distinct_regions(rois, [0.5, 0.9, 0.6, 0.7]) == [1, 3, 2]

    def test_upside_down_is_another(self) -> None:
        assert distinct_regions([Roi(100, 100, 80, 0), Roi(100, 100, 80, math.pi)], [0.5, 0.9]) == [1, 0]

    def test_rotations_wrap(self) -> None:
        rois = [Roi(100, 100, 80, math.pi - 0.01), Roi(100, 100, 80, -math.pi + 0.01)]
        assert distinct_regions(rois, [0.9, 0.5]) == [0]

    def test_nobody_is_nobody(self) -> None:
        assert distinct_regions([], []) == []
        nobody = np.zeros((0, 35), np.float32)
        assert distinct_bodies(np.zeros((0, 35, 3)), np.zeros(0), np.zeros(0), nobody) == []

    def test_people_who_hug_stay_two(self) -> None:
        one, other = skeleton(Roi(300, 300, 200, 0)), skeleton(Roi(340, 300, 200, 0))
        other[[11, 12]] = one[[11, 12]]  # shoulder to shoulder
        points = np.stack([one, other, one + 3])
        sure = np.ones((3, points.shape[1]), np.float32)
        assert distinct_bodies(points, np.full(3, 200.0), np.array([0.5, 0.7, 0.9]), sure) == [2, 1]

    def test_legs_that_are_guessed_do_not_make_two_of_one(self) -> None:
        one, other = skeleton(Roi(300, 300, 200, 0)), skeleton(Roi(300, 300, 200, 0))
        other[23:33] += [40, 90, 0]  # hips, knees, ankles and feet
        points, sizes, scores = np.stack([one, other]), np.full(2, 200.0), np.array([0.9, 0.8])
        sure = np.ones((2, points.shape[1]), np.float32)
        assert distinct_bodies(points, sizes, scores, sure) == [0, 1]
        sure[1, 23:33] = 0.1
        assert distinct_bodies(points, sizes, scores, sure) == [0]


class TestSearcher:
    def test_who_is_turned_needs_a_better_detection(self) -> None:
        found = [(_detection(0.5), Roi(100.0, 100.0, 80.0, turn)) for turn in (0.0, math.pi / 2, math.pi)]
        wary, open_to_all = (Searcher(_NO_DETECTOR, 0.5, wary=wary) for wary in (True, False))
        assert wary._distinct(found, 0.0) == [found[0]]
        assert wary._distinct(found, math.pi) == [found[2]]
        assert open_to_all._distinct(found, 0.0) == found

    def test_fine_tiles_are_for_people_who_fit(self) -> None:
        tile = Roi(500, 500, 200, 0)
        assert _shows_one(tile, np.array([[450.0, 560.0, 300.0]]), 2.0)
        assert not _shows_one(tile, np.array([[450.0, 560.0, 500.0]]), 2.0)  # too large
        assert not _shows_one(tile, np.array([[380.0, 560.0, 100.0]]), 2.0)  # beside it
        assert not _shows_one(tile, np.zeros((0, 3)), 2.0)


class TestScores:
    def test_more_evidence_is_a_higher_score(self) -> None:
        peaks = np.array([[0.9] * 33, [0.5] * 33], np.float32)
        presence = np.array([0.99, 0.99], np.float32)
        sure, unsure = pose_scores(presence, peaks, np.zeros(2), np.array([0.9, 0.9]))
        assert 0.9 < sure < 1
        assert unsure < sure
        low = pose_scores(presence, peaks, np.zeros(2), np.array([0.3, 0.3]))
        assert np.all(low < [sure, unsure])

    def test_extremes_are_probabilities(self) -> None:
        for value in (0.0, 1.0):
            scores = pose_scores(
                np.full(1, value, np.float32),
                np.full((1, 33), value, np.float32),
                np.zeros(1),
                np.full(1, value),
            )
            assert 0 <= scores[0] <= 1
            assert np.isfinite(scores).all()

    def test_without_a_detection_the_rest_decides(self) -> None:
        peaks = np.full((2, 33), 0.8, np.float32)
        presence = np.full(2, 0.999, np.float32)
        followed = pose_scores(presence, peaks, np.zeros(2), np.array([np.nan, 0.9]))
        np.testing.assert_allclose(followed[0], pose_scores(presence[:1], peaks[:1], np.zeros(1))[0])
        assert followed[0] > 0.8


class TestGivenRegions:
    def test_boxes_become_squares_around_them(self) -> None:
        assert given_rois([(10, 20, 40, 80)]) == [Roi(30, 60, 100, 0)]
        assert given_rois(np.array([[10, 20, 40, 80]]), 1.5) == [Roi(30, 60, 100, 1.5)]
        assert given_rois([Roi(1, 2, 3, 4)]) == [Roi(1, 2, 3, 4)]
        assert given_rois([]) == []

    @pytest.mark.parametrize(
        "rois", ["box", 3, None, {1: 2}, [(1, 2, 3)], ["1234"], [None], [(1, 2, 3, "x")]]
    )
    def test_something_else_is_an_error(self, rois: object) -> None:
        with pytest.raises(OptionTypeError, match="boxes"):
            given_rois(rois)

    @pytest.mark.parametrize("box", [(0, 0, 0, 5), (0, 0, 5, -1), (0, math.nan, 5, 5), (math.inf, 0, 1, 1)])
    def test_an_empty_box_is_an_error_that_names_it(self, box: tuple[float, ...]) -> None:
        with pytest.raises(OptionError, match="number 1"):
            given_rois([(0, 0, 5, 5), box])


class TestOptions:
    @pytest.mark.parametrize("search", ["far", "", []])
    def test_a_search_that_is_none(self, search: object) -> None:
        with pytest.raises(OptionError, match="search"):
            PoseLandmarkerOptions(search=search)  # type: ignore[arg-type]

    @pytest.mark.parametrize("search", [3, None, [1], [(0, 0, 1)], b"wide"])
    def test_a_search_of_a_wrong_type(self, search: object) -> None:
        with pytest.raises(OptionTypeError, match="search"):
            PoseLandmarkerOptions(search=search)  # type: ignore[arg-type]

    def test_what_defaults_mean(self) -> None:
        whole, wide = PoseLandmarkerOptions(), PoseLandmarkerOptions(search="wide", num_poses=2)
        assert PoseLandmarkerOptions(search="wide").least_score == 0.0
        assert (whole.passes, whole.least_score, whole.like_reference) == (0, 0.0, True)
        assert (wide.passes, wide.least_score, wide.like_reference) == (2, 0.4, False)
        regions = PoseLandmarkerOptions(search=[(0, 0, 0.5, 1)]).regions
        assert regions is not None
        assert regions[0].right == 0.5

    @pytest.mark.parametrize("values", [{"refine": -1}, {"refine": 101}, {"min_pose_score": 1.1}])
    def test_out_of_range(self, values: dict[str, float]) -> None:
        with pytest.raises(OptionError):
            PoseLandmarkerOptions(**values)  # type: ignore[arg-type]


def test_a_mirrored_crop_is_the_mirror_image(noise: RgbImage) -> None:
    swapped = np.ascontiguousarray(noise[:, ::-1])
    roi, there = Roi(80, 60, 64, 0.0), Roi(160 - 80, 60, 64, 0.0)
    found = crop(noise, roi, 64, replicate=True, mirror=True)
    # Pixel i samples position i, so that the mirror image is off by the pixel at the border.
    np.testing.assert_array_equal(found[:, 1:], crop(swapped, there, 64, replicate=True)[:, :-1])


@pytest.fixture(scope="module")
def players(media: Path) -> RgbImage:
    return read_image(media / "multi" / "alphapose_1.jpg")


@pytest.fixture(scope="module")
def footballer(media: Path) -> RgbImage:
    return read_image(media / "single" / "paddle_hrnet_demo.jpg")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_close_search_finds_more_and_nobody_twice(
    engine: str, players: RgbImage, model_file: Callable[[str], Path]
) -> None:
    with PoseLandmarker.create(model_file("full"), num_poses=20, engine=engine) as landmarker:
        whole = landmarker.detect(players)
    with PoseLandmarker.create(model_file("full"), num_poses=20, engine=engine, search="wide") as landmarker:
        wide = landmarker.detect(players)
    assert len(wide) > len(whole)
    noses = np.stack([pose.pixels[0] for pose in wide])
    gaps = np.hypot(*np.moveaxis(noses[:, None] - noses[None], -1, 0)) + 1e9 * np.eye(len(wide))
    assert gaps.min() > 3
    assert all(pose.score >= 0.4 for pose in wide)


class TestRegions:
    def test_come_back_in_order(self, players: RgbImage, model_file: Callable[[str], Path]) -> None:
        with PoseLandmarker.create(model_file("full"), num_poses=20, search="wide") as landmarker:
            people = landmarker.detect(players).poses[:3]
            boxes: list[tuple[float, ...]] = [tuple(pose.box) for pose in people]
            boxes.insert(1, (0, 0, 12, 12))
            found = landmarker.detect(players, rois=boxes)
            assert isinstance(found, RegionPoses)
            assert len(found) == 4
            assert found.poses[1] is None
            for pose, wanted in zip((found.poses[0], *found.poses[2:]), people, strict=True):
                assert pose is not None
                assert np.median(np.hypot(*(pose.pixels - wanted.pixels).T)) < 0.05 * wanted.roi.size
            assert len(found.found) == 3
            assert "3 poses in 4 regions" in repr(found)
            assert landmarker.detect(players, rois=[]).poses == ()

    def test_in_videos(self, footballer: RgbImage, model_file: Callable[[str], Path]) -> None:
        mode = RunningMode.VIDEO
        with PoseLandmarker.create(model_file("lite"), num_poses=3, running_mode=mode) as landmarker:
            first = landmarker.detect_for_video(footballer, 0)
            given_back = landmarker.detect_for_video(footballer, 40, rois=[first.poses[0].roi])
            assert given_back.timestamp_ms == 40
            assert given_back.poses[0] is not None


def test_own_regions_are_searched(players: RgbImage, model_file: Callable[[str], Path]) -> None:
    height, width = players.shape[:2]
    with PoseLandmarker.create(model_file("full"), num_poses=20, search=[(0, 0, 0.5, 1)]) as landmarker:
        found = landmarker.detect(players)
    assert len(found) > 0
    assert all(pose.roi.center_x < 0.6 * width for pose in found)
    assert square_around(0, 0, width / 2, height).size == height


def test_a_close_search_of_a_video_follows_them_all(
    players: RgbImage, model_file: Callable[[str], Path]
) -> None:
    mode = RunningMode.VIDEO
    with PoseLandmarker.create(
        model_file("full"), num_poses=20, search="wide", running_mode=mode
    ) as landmarker:
        counts = [len(landmarker.detect_for_video(players, 33 * i)) for i in range(12)]
        ids = [pose.track_id for pose in landmarker.detect_for_video(players, 33 * 12)]
    with PoseLandmarker.create(model_file("full"), num_poses=20, running_mode=mode) as landmarker:
        whole = len(landmarker.detect_for_video(players, 0))
    assert min(counts) > whole
    assert len(set(ids)) == len(ids)


def test_while_nobody_is_there_a_search_in_full_is_made_once_a_second(
    model_file: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    empty, searched_ms = np.full((540, 960, 3), 90, np.uint8), []
    search = Pipeline.search

    def note(pipeline: Pipeline, *arguments: Any) -> list[tuple[Detection, Roi]]:
        if len(arguments) == 2:  # no parts
            searched_ms.append(time_ms)
        return search(pipeline, *arguments)

    monkeypatch.setattr(Pipeline, "search", note)
    mode = RunningMode.VIDEO
    with PoseLandmarker.create(
        model_file("lite"), num_poses=3, search="wide", running_mode=mode
    ) as landmarker:
        for time_ms in range(5, 2600, 100):
            assert len(landmarker.detect_for_video(empty, time_ms)) == 0
    assert searched_ms == [5, 1005, 2005]


def test_where_everything_is_a_person_memory_is_bounded(
    noise: RgbImage, model_file: Callable[[str], Path]
) -> None:
    with PoseLandmarker.create(
        model_file("lite"), num_poses=2, search="wide", min_pose_detection_confidence=0.0
    ) as landmarker:
        found = landmarker._tracker.pipeline.search(noise, ImageProcessingOptions())  # type: ignore[union-attr]
    assert 100 < len(found) <= 1000
    scores = [detection.score for detection, _ in found]
    assert scores == sorted(scores, reverse=True)


def test_refining_settles(footballer: RgbImage, model_file: Callable[[str], Path]) -> None:
    with PoseLandmarker.create(model_file("full"), refine=10) as landmarker:
        pose = landmarker.detect(footballer).poses[0]
        again = landmarker.detect(footballer, rois=[pose.roi]).poses[0]
    assert again is not None
    assert np.abs(again.pixels - pose.pixels).max() < 0.1 * pose.roi.size


def test_the_mirror_agrees(footballer: RgbImage, model_file: Callable[[str], Path]) -> None:
    with PoseLandmarker.create(model_file("full"), mirror=True, output_segmentation_masks=True) as landmarker:
        both = landmarker.detect(footballer).poses[0]
    with PoseLandmarker.create(model_file("full"), output_segmentation_masks=True) as landmarker:
        one = landmarker.detect(footballer).poses[0]
    assert np.median(np.hypot(*(both.pixels - one.pixels).T)) < 0.03 * one.roi.size
    assert np.median(np.abs(both.world_landmarks - one.world_landmarks)) < 0.05
    assert both.mask is not None
    assert one.mask is not None
    assert np.abs(both.mask - one.mask).mean() < 0.05
