"""``mp.solutions``: programs written for MediaPipe 0.10 find what they call, and get what they expect."""

from __future__ import annotations

import copy
import importlib
import pickle
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import pose_landmarker.mediapipe as mp
from pose_landmarker import ClosedError, ImageError, OptionError, OptionTypeError, PoseLandmark, topology
from pose_landmarker.arrays import RgbImage
from pose_landmarker.mediapipe import solutions
from pose_landmarker.mediapipe.framework.formats import landmark_pb2
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

    def test_threads_that_share_one_take_turns(self, photo: RgbImage) -> None:
        with mp_pose.Pose(model_complexity=0) as pose, ThreadPoolExecutor(3) as threads:
            found = list(threads.map(lambda _: pose.process(photo).pose_landmarks, range(9)))
        assert all(found)


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
            ({"enable_segmentation": 0.5}, OptionTypeError, "not 0.5. The arguments of Pose are static"),
            ({"enable_segmentation": "x"}, OptionTypeError, "enable_segmentation must be True or False"),
        ],
    )
    def test_wrong_values_are_named(self, options: Any, error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            mp_pose.Pose(**options)

    @pytest.mark.parametrize(
        "arguments",
        [(False, False, True), (False, False, True, False, 0.5, 0.5), (True, 0, 0.5), (None, 0, 1, 0, 1)],
    )
    def test_other_values_by_position_are_taken_as_by_mediapipe(self, arguments: Any) -> None:
        with mp_pose.Pose(*arguments) as pose:
            assert pose.process(np.zeros((64, 64, 3), np.uint8)).pose_landmarks is None


class TestMessages:
    def test_lists_hold_copies_of_what_they_are_given(self) -> None:
        point = landmark_pb2.NormalizedLandmark(x=1)
        message = landmark_pb2.NormalizedLandmarkList(landmark=[point])
        message.landmark.append(point)
        message.landmark.extend([point])
        message.landmark.extend(message.landmark)
        copies = [copy.copy(message), copy.deepcopy(message), pickle.loads(pickle.dumps(message))]
        for landmark in message.landmark:
            landmark.x = 2
        copy.copy(message.landmark[0]).x = 3
        assert point.x == 1
        assert [landmark.x for landmark in message.landmark] == [2] * 6
        for copied in copies:
            assert [landmark.x for landmark in copied.landmark] == [1] * 6
            copied.landmark.add(x=4).y = 5
            assert copied.landmark[-1] == landmark_pb2.NormalizedLandmark(x=4, y=5)

    def test_landmarks_of_tasks_and_of_mediapipe_can_be_put_in(self) -> None:
        class Message(SimpleNamespace):  # of protobuf: 0 where nothing was set
            def HasField(self, name: str) -> bool:  # noqa: N802
                return name == "x"

        task = SimpleNamespace(x=1.0, y=2.0, z=None, visibility=None, presence=0.5)
        message = Message(x=1.0, y=0.0, z=0.0, visibility=0.0, presence=0.0)
        found = landmark_pb2.NormalizedLandmarkList()
        found.CopyFrom(SimpleNamespace(landmark=[task, message]))
        assert found.landmark == [
            landmark_pb2.NormalizedLandmark(x=1, y=2, presence=0.5),
            landmark_pb2.NormalizedLandmark(x=1),
        ]

    @pytest.mark.parametrize("wrong", [None, 3, "x"])
    def test_what_is_no_landmark_is_refused(self, wrong: Any) -> None:
        message = landmark_pb2.LandmarkList()
        with pytest.raises(TypeError, match="wanted a landmark, not"):
            message.landmark.append(wrong)
        with pytest.raises(TypeError, match="wanted a list of landmarks, not"):
            message.CopyFrom(wrong)
        assert message == landmark_pb2.LandmarkList()

    @pytest.mark.parametrize("name", ["SerializeToString", "ListFields", "DESCRIPTOR"])
    def test_what_only_protobuf_can_is_said(self, name: str) -> None:
        for message in (landmark_pb2.LandmarkList(), landmark_pb2.Landmark()):
            with pytest.raises(AttributeError, match=f"has no {name}: it looks like a message"):
                getattr(message, name)
            with pytest.raises(AttributeError, match=r"has no visibly$"):
                message.visibly  # type: ignore[union-attr]  # noqa: B018


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
