"""``mp.solutions``: programs written for MediaPipe 0.10 find what they call, and get what they expect."""

from __future__ import annotations

import copy
import importlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pose_landmarker.mediapipe as mp
from pose_landmarker import ClosedError, ImageError, OptionError, OptionTypeError, PoseLandmark, topology
from pose_landmarker.arrays import RgbImage
from pose_landmarker.mediapipe import solutions
from pose_landmarker.mediapipe.solutions.mask_smoothing import smooth_mask
from tests.poses import astronaut_photo

mp_pose = solutions.pose


@pytest.fixture(autouse=True)
def _cached_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model_file: Callable[[str], Path]
) -> None:
    folder = tmp_path / "cache" / "models"
    folder.mkdir(parents=True)
    for name in ("lite", "full"):
        shutil.copy(model_file(name), folder / f"pose_landmarker_{name}.task")
    monkeypatch.setenv("POSE_LANDMARKER_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def photo() -> RgbImage:
    return astronaut_photo()


class TestNames:
    def test_modules_have_all_the_names_that_programs_import(self) -> None:
        assert mp.solutions is solutions
        for name in ("mediapipe.python.solutions", "mediapipe.solutions"):
            for part in ("pose", "drawing_utils", "drawing_styles", "pose_connections"):
                if name.startswith("mediapipe.python"):
                    importlib.import_module("pose_landmarker.mediapipe.python")
                module = importlib.import_module(f"pose_landmarker.{name}.{part}")
                assert module is getattr(solutions, part)

    def test_connections_are_the_35_lines(self) -> None:
        assert frozenset(topology.POSE_CONNECTIONS) == mp_pose.POSE_CONNECTIONS
        assert len(mp_pose.POSE_CONNECTIONS) == 35
        assert mp_pose.PoseLandmark is PoseLandmark

    @pytest.mark.parametrize("name", ["hands", "face_mesh", "holistic", "selfie_segmentation"])
    def test_other_solutions_say_that_only_poses_are_here(self, name: str) -> None:
        with pytest.raises(AttributeError, match=f"no mediapipe.solutions.{name} here.*poses only"):
            getattr(solutions, name)
        with pytest.raises(ImportError, match="poses only"):
            importlib.import_module(f"pose_landmarker.mediapipe.solutions.{name}")


class TestPictures:
    def test_landmarks_are_those_of_the_landmarker(self, photo: RgbImage) -> None:
        from pose_landmarker import PoseLandmarker

        with mp_pose.Pose(static_image_mode=True, model_complexity=0) as pose:
            results = pose.process(photo)
        with PoseLandmarker.create("lite") as landmarker:
            (expected,) = landmarker.detect(photo)
        assert results.pose_landmarks is not None
        assert results.pose_world_landmarks is not None
        for found, wanted in (
            (results.pose_landmarks.landmark, expected.landmarks),
            (results.pose_world_landmarks.landmark, expected.world_landmarks),
        ):
            np.testing.assert_array_equal([[p.x, p.y, p.z] for p in found], wanted)
            np.testing.assert_array_equal([p.visibility for p in found], expected.visibility)
        nose = results.pose_landmarks.landmark[mp_pose.PoseLandmark.NOSE]
        assert nose.HasField("visibility")
        assert not nose.HasField("presence")
        assert copy.deepcopy(results.pose_landmarks) == results.pose_landmarks

    def test_nobody_is_none(self) -> None:
        with mp_pose.Pose(static_image_mode=True, model_complexity=0, enable_segmentation=True) as pose:
            results = pose.process(np.zeros((64, 64, 3), np.uint8))
        assert tuple(results) == (None, None, None)

    def test_masks_are_arrays_of_the_picture(self, photo: RgbImage) -> None:
        with mp_pose.Pose(static_image_mode=True, model_complexity=0, enable_segmentation=True) as pose:
            mask = pose.process(photo).segmentation_mask
        assert mask is not None
        assert mask.shape == (512, 512)
        assert mask.dtype == np.float32
        assert 0.2 < (mask > 0.5).mean() < 0.8
        condition = np.stack((mask,) * 3, axis=-1) > 0.1  # what tutorials do with it
        assert np.where(condition, photo, 192).shape == photo.shape

    def test_what_is_not_a_picture_is_said(self) -> None:
        with mp_pose.Pose(model_complexity=0) as pose, pytest.raises(ImageError, match="float64"):
            pose.process(np.zeros((4, 4, 3)))
        with pytest.raises(ClosedError):
            pose.process(np.zeros((4, 4, 3), np.uint8))

    def test_grey_pictures_work(self, photo: RgbImage) -> None:
        with mp_pose.Pose(static_image_mode=True, model_complexity=0) as pose:
            assert pose.process(photo[..., 1]).pose_landmarks


class TestVideos:
    def test_a_person_is_followed_and_smoothed(self, photo: RgbImage) -> None:
        frames = [np.roll(photo, 3 * i, axis=1) for i in range(6)]
        noses = {}
        for smooth in (True, False):
            with mp_pose.Pose(model_complexity=0, smooth_landmarks=smooth) as pose:
                found = [pose.process(frame).pose_landmarks for frame in frames]
            noses[smooth] = [one.landmark[0].x * 512 for one in found if one is not None]
        assert len(noses[True]) == len(noses[False]) == 6
        assert noses[False][-1] - noses[False][0] == pytest.approx(15, abs=8)
        assert noses[True] != noses[False]

    def test_reset_begins_another_video(self, photo: RgbImage) -> None:
        with mp_pose.Pose(model_complexity=0, enable_segmentation=True) as pose:
            first = pose.process(photo)
            pose.process(np.roll(photo, 40, axis=1))
            pose.reset()
            again = pose.process(photo)
        assert again.pose_landmarks == first.pose_landmarks
        assert first.segmentation_mask is not None
        assert again.segmentation_mask is not None
        np.testing.assert_array_equal(again.segmentation_mask, first.segmentation_mask)

    def test_masks_are_smoothed_where_that_is_wanted(self, photo: RgbImage) -> None:
        masks: dict[bool, Any] = {}
        for smooth in (True, False):
            options: dict[str, Any] = {"enable_segmentation": True, "smooth_segmentation": smooth}
            with mp_pose.Pose(model_complexity=0, **options) as pose:
                pose.process(photo)
                masks[smooth] = pose.process(np.roll(photo, 12, axis=1)).segmentation_mask
        assert not np.array_equal(masks[True], masks[False])
        assert np.abs(masks[True] - masks[False]).mean() < 0.02


class TestSmoothing:
    def test_the_first_mask_stays(self) -> None:
        mask = np.random.default_rng(0).uniform(0, 1, (4, 5)).astype(np.float32)
        assert smooth_mask(mask, None) is mask
        assert smooth_mask(mask, np.zeros((2, 2), np.float32)) is mask

    def test_sure_pixels_are_new_and_unsure_ones_mostly_old(self) -> None:
        mask = np.array([[0.0, 0.5, 1.0]], np.float32)
        smooth = smooth_mask(mask, np.array([[1.0, 1.0, 0.0]], np.float32))
        np.testing.assert_allclose(smooth, [[0.0, 0.5 + 0.5 * 0.7, 1.0]], atol=1e-3)


class TestOptions:
    @pytest.mark.parametrize(
        ("options", "error", "message"),
        [
            ({"model_complexity": 3}, OptionError, "model_complexity must be a whole number from 0 to 2"),
            ({"model_complexity": "full"}, OptionTypeError, "model_complexity"),
            ({"min_detection_confidence": 2}, OptionError, "min_detection_confidence must be a number"),
            ({"min_tracking_confidence": "x"}, OptionTypeError, "min_tracking_confidence"),
            ({"static_image_mode": "no"}, OptionTypeError, "static_image_mode must be True or False"),
        ],
    )
    def test_wrong_values_are_named(self, options: Any, error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            mp_pose.Pose(**options)


class TestDrawing:
    @pytest.mark.parametrize(
        ("place", "pixel"),
        [
            ((0.0, 0.0), (0, 0)),
            ((0.5, 0.25), (50, 12)),
            ((1.0, 1.0), (99, 49)),
            ((1.01, 0.5), None),
            ((0.5, -0.01), None),
            ((float("nan"), 0.5), None),
        ],
    )
    def test_pixels_of_landmarks(self, place: tuple[float, float], pixel: tuple[int, int] | None) -> None:
        assert solutions.drawing_utils._normalized_to_pixel_coordinates(*place, 100, 50) == pixel

    def test_a_tutorial_draws_its_picture(self, photo: RgbImage) -> None:
        drawing, styles = solutions.drawing_utils, solutions.drawing_styles
        with mp_pose.Pose(static_image_mode=True, model_complexity=0) as pose:
            landmarks = pose.process(photo).pose_landmarks
        plain, styled = photo.copy(), photo.copy()
        drawing.draw_landmarks(plain, landmarks, mp_pose.POSE_CONNECTIONS)
        style = styles.get_default_pose_landmarks_style()
        drawing.draw_landmarks(styled, landmarks, mp_pose.POSE_CONNECTIONS, landmark_drawing_spec=style)
        assert (plain != photo).any()
        assert (styled != plain).any()
