"""The drop-in for MediaPipe's Pose Landmarker: what code written for it relies on."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from enum import Enum, IntEnum
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import numpy as np
import pytest

import pose_landmarker
import pose_landmarker.mediapipe as mp
from pose_landmarker.arrays import RgbImage
from pose_landmarker.errors import ClosedError, ImageError, OptionError, OptionTypeError
from pose_landmarker.mediapipe.errors import ModelFileError
from pose_landmarker.mediapipe.tasks import python
from pose_landmarker.mediapipe.tasks.python import vision
from pose_landmarker.mediapipe.tasks.python.components.containers import landmark as landmark_module
from pose_landmarker.mediapipe.tasks.python.components.containers import rect as rect_module
from pose_landmarker.mediapipe.tasks.python.vision import RunningMode
from pose_landmarker.mediapipe.translation import our_options, our_processing
from tests.poses import astronaut_photo

Make = Callable[..., vision.PoseLandmarker]


@pytest.fixture(scope="module")
def task(model_file: Callable[[str], Path]) -> str:
    return str(model_file("lite"))


@pytest.fixture(scope="module")
def photo() -> mp.Image:
    return mp.Image(image_format=mp.ImageFormat.SRGB, data=astronaut_photo())


@pytest.fixture
def make(task: str) -> Iterator[Make]:
    made = []

    def create(**options: Any) -> vision.PoseLandmarker:
        base = python.BaseOptions(model_asset_path=task)
        made.append(vision.PoseLandmarker.create_from_options(vision.PoseLandmarkerOptions(base, **options)))
        return made[-1]

    yield create
    for landmarker in made:
        landmarker.close()


def wait_for(condition: Callable[[], object], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    assert condition()


class TestNames:
    def test_tasks_are_found_as_in_mediapipe(self) -> None:
        assert mp.tasks.vision.PoseLandmarker is vision.PoseLandmarker
        assert mp.tasks.BaseOptions is python.BaseOptions
        assert mp.__version__ == "1.2.2"

    def test_modules_are_found_where_mediapipe_has_them(self) -> None:
        from pose_landmarker.mediapipe.tasks.python.core import base_options
        from pose_landmarker.mediapipe.tasks.python.vision import pose_landmarker as module
        from pose_landmarker.mediapipe.tasks.python.vision.core import (
            image,
            image_processing_options,
            vision_task_running_mode,
        )

        assert image.Image is mp.Image
        assert base_options.BaseOptions is python.BaseOptions
        assert module.PoseLandmarkerResult is vision.PoseLandmarkerResult
        assert image_processing_options.ImageProcessingOptions is vision.ImageProcessingOptions
        assert vision_task_running_mode.VisionTaskRunningMode is RunningMode

    def test_other_tasks_are_missing_with_a_sentence(self) -> None:
        with pytest.raises(AttributeError, match="for poses only"):
            _ = mp.tasks.vision.HandLandmarker  # type: ignore[attr-defined]
        assert not hasattr(mp.tasks, "audio")

    def test_importing_other_tasks_says_that_only_poses_are_here(self) -> None:
        with pytest.raises(ImportError, match="for poses only"):
            from pose_landmarker.mediapipe.tasks.python.vision import (  # type: ignore[attr-defined]  # noqa: F401
                FaceDetector,
            )
        with pytest.raises(ImportError, match="for poses only"):
            import pose_landmarker.mediapipe.tasks.python.text  # type: ignore[import-not-found]  # noqa: F401

    def test_other_packages_are_missing_as_ever(self) -> None:
        with pytest.raises(ModuleNotFoundError, match="no_such_package"):
            import no_such_package  # type: ignore[import-not-found]  # noqa: F401

    def test_importing_is_quiet_and_loads_nothing_heavy(self) -> None:
        code = (
            "import sys, pose_landmarker.mediapipe as mp; mp.tasks.vision.drawing_utils;"
            "print(sorted({'cv2', 'PIL', 'matplotlib', 'asyncio'} & set(sys.modules)))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert (done.stdout, done.stderr) == ("[]\n", "")

    def test_connections_are_ours_as_objects(self) -> None:
        lines = vision.PoseLandmarksConnections.POSE_LANDMARKS
        assert {(line.start, line.end) for line in lines} == set(pose_landmarker.POSE_CONNECTIONS)
        assert len(lines) == 35
        assert lines[10] == vision.PoseLandmarksConnections.Connection(11, 13)


class TestValues:
    def test_options_have_the_reference_s_order_and_defaults(self) -> None:
        options = vision.PoseLandmarkerOptions(python.BaseOptions("x.task"), RunningMode.VIDEO, 2, 0.1)
        assert options.base_options.model_asset_path == "x.task"
        assert (options.running_mode, options.num_poses) == (RunningMode.VIDEO, 2)
        assert options.min_pose_detection_confidence == 0.1
        assert options.min_pose_presence_confidence == options.min_tracking_confidence == 0.5
        assert options.output_segmentation_masks is False
        assert options.result_callback is None

    def test_options_can_be_changed_until_they_are_used(self, task: str, photo: mp.Image) -> None:
        options = vision.PoseLandmarkerOptions(python.BaseOptions("nowhere"))
        options.base_options.model_asset_path = task
        options.output_segmentation_masks = True
        with vision.PoseLandmarker.create_from_options(options) as landmarker:
            assert landmarker.detect(photo).segmentation_masks is not None

    def test_containers_are_mutable_and_compare(self) -> None:
        point = landmark_module.NormalizedLandmark(x=0.5)
        point.y = 0.25
        assert point == landmark_module.NormalizedLandmark(0.5, 0.25)
        assert landmark_module.Landmark().visibility is None
        assert rect_module.NormalizedRect(0.5, 0.5, 1, 1).rotation == 0.0
        assert vision.ImageProcessingOptions(None, 90).rotation_degrees == 90

    def test_enums_have_the_reference_s_numbers(self) -> None:
        assert [kind.value for kind in python.BaseOptions.Delegate] == [0, 1, 2]
        assert int(vision.PoseLandmark.RIGHT_FOOT_INDEX) == 32
        assert RunningMode("LIVE_STREAM") is RunningMode.LIVE_STREAM


class TestResults:
    def test_are_those_of_the_plain_landmarker(self, make: Make, task: str, photo: mp.Image) -> None:
        found = make(output_segmentation_masks=True).detect(photo)
        with pose_landmarker.PoseLandmarker.create(task, output_segmentation_masks=True) as plain:
            ours = plain.detect(astronaut_photo())
        assert len(found.pose_landmarks) == len(found.pose_world_landmarks) == 1
        both: list[tuple[Any, Any]] = [
            (found.pose_landmarks, ours.pose_landmarks),
            (found.pose_world_landmarks, ours.pose_world_landmarks),
        ]
        for theirs, expected in both:
            for point, wanted in zip(theirs[0], expected[0], strict=True):
                assert (point.x, point.y, point.z) == wanted[:3]
                assert (point.visibility, point.presence, point.name) == (*wanted[3:5], None)
        assert found.segmentation_masks is not None
        assert ours.segmentation_masks is not None
        np.testing.assert_array_equal(
            found.segmentation_masks[0].numpy_view()[..., 0], ours.segmentation_masks[0]
        )

    def test_masks_are_float_images(self, make: Make, photo: mp.Image) -> None:
        masks = make(output_segmentation_masks=True).detect(photo).segmentation_masks
        assert masks is not None
        assert masks[0].image_format == mp.ImageFormat.VEC32F1
        assert masks[0].numpy_view().shape == (512, 512, 1)
        assert masks[0].numpy_view().dtype == np.float32

    def test_nobody_is_empty_lists_and_no_masks(self, make: Make) -> None:
        nobody = mp.Image(mp.ImageFormat.SRGB, np.zeros((48, 64, 3), np.uint8))
        result = make(output_segmentation_masks=True).detect(nobody)
        assert result == vision.PoseLandmarkerResult([], [])

    def test_grey_and_transparent_images_work_and_leave_the_landmarker_usable(
        self, make: Make, photo: mp.Image
    ) -> None:
        landmarker = make()
        pixels = photo.numpy_view()
        before = landmarker.detect(photo)
        grey = mp.Image(mp.ImageFormat.GRAY8, np.ascontiguousarray(pixels[..., 1]))
        opaque = np.concatenate([pixels, np.full((512, 512, 1), 255, np.uint8)], axis=2)
        assert len(landmarker.detect(grey).pose_landmarks) == 1
        assert landmarker.detect(mp.Image(mp.ImageFormat.SRGBA, opaque)) == before
        assert landmarker.detect(photo) == before

    def test_arrays_are_taken_too(self, make: Make, photo: mp.Image) -> None:
        landmarker = make()
        array: Any = photo.numpy_view()
        assert landmarker.detect(array) == landmarker.detect(photo)

    def test_images_of_floats_are_refused(self, make: Make) -> None:
        with pytest.raises(ImageError, match="float32"):
            make().detect(mp.Image(mp.ImageFormat.VEC32F1, np.zeros((4, 5), np.float32)))


class TestCreation:
    def test_a_missing_model_is_a_file_that_was_not_found(self) -> None:
        path = "/path/to/invalid/model.tflite"
        options = vision.PoseLandmarkerOptions(python.BaseOptions(model_asset_path=path))
        creations: list[Callable[[], object]] = [
            lambda: vision.PoseLandmarker.create_from_model_path(path),
            lambda: vision.PoseLandmarker.create_from_options(options),
        ]
        for create in creations:
            with pytest.raises(FileNotFoundError) as caught:
                create()
            assert str(caught.value) == f"Unable to open file at {path}"

    def test_a_damaged_model_is_the_reference_s_kind_of_error(self, tmp_path: Path) -> None:
        (tmp_path / "bad.task").write_bytes(b"no model" * 20)
        for base in (
            python.BaseOptions(model_asset_buffer=b"abc"),
            python.BaseOptions(str(tmp_path / "bad.task")),
        ):
            with pytest.raises(RuntimeError) as caught:
                vision.PoseLandmarker.create_from_options(vision.PoseLandmarkerOptions(base))
            assert isinstance(caught.value, ModelFileError)

    @pytest.mark.parametrize("base", [{}, {"model_asset_path": ""}, {"model_asset_buffer": b""}])
    def test_no_model_is_refused(self, base: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="must specify at least one of"):
            vision.PoseLandmarker.create_from_options(
                vision.PoseLandmarkerOptions(python.BaseOptions(**base))
            )

    def test_bytes_count_more_than_a_path(self, task: str) -> None:
        base = python.BaseOptions("nowhere.task", Path(task).read_bytes())
        with vision.PoseLandmarker.create_from_options(vision.PoseLandmarkerOptions(base)) as landmarker:
            assert isinstance(landmarker, vision.PoseLandmarker)

    def test_a_live_stream_needs_a_callback(self, make: Make) -> None:
        with pytest.raises(ValueError, match="result callback must be provided"):
            make(running_mode=RunningMode.LIVE_STREAM)

    @pytest.mark.parametrize("mode", [RunningMode.IMAGE, RunningMode.VIDEO])
    def test_only_a_live_stream_takes_a_callback(self, make: Make, mode: RunningMode) -> None:
        with pytest.raises(ValueError, match="result callback should not be provided"):
            make(running_mode=mode, result_callback=mock.MagicMock())

    def test_a_gpu_is_asked_for_in_vain_and_said_so(self, task: str) -> None:
        base = python.BaseOptions(task, delegate=python.BaseOptions.Delegate.GPU)
        with pytest.warns(RuntimeWarning, match="computed by the processor here") as caught:
            vision.PoseLandmarker.create_from_options(vision.PoseLandmarkerOptions(base)).close()
        assert caught[0].filename == __file__

    @pytest.mark.parametrize("delegate", [None, *list(python.BaseOptions.Delegate)[:2]])
    def test_the_processor_is_used_without_a_word(self, task: str, delegate: Any) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            our_options(vision.PoseLandmarkerOptions(python.BaseOptions(task, delegate=delegate)))

    @pytest.mark.parametrize(
        ("options", "error"),
        [
            ({"num_poses": 0}, OptionError),
            ({"num_poses": "2"}, OptionTypeError),
            ({"running_mode": "IMAGE"}, OptionTypeError),
            ({"min_pose_presence_confidence": 1.5}, OptionError),
        ],
    )
    def test_wrong_options_are_refused(
        self, make: Make, options: dict[str, Any], error: type[Exception]
    ) -> None:
        with pytest.raises(error):
            make(**options)

    def test_something_else_than_options_is_refused(self) -> None:
        with pytest.raises(OptionTypeError, match="wanted PoseLandmarkerOptions"):
            vision.PoseLandmarker.create_from_options({})  # type: ignore[arg-type]

    def test_several_people_are_followed_as_the_reference_does(self, task: str) -> None:
        base = python.BaseOptions(task)
        one, three = (our_options(vision.PoseLandmarkerOptions(base, num_poses=n)) for n in (1, 3))
        assert (one.smoothing, three.smoothing) == ("reference", "none")
        assert one.detection_interval == three.detection_interval == 0

    def test_our_own_options_are_taken_as_they_are(self, task: str, photo: mp.Image) -> None:
        ours: Any = pose_landmarker.PoseLandmarkerOptions(
            base_options=pose_landmarker.BaseOptions(model_asset_path=task), refine=1
        )
        with vision.PoseLandmarker.create_from_options(ours) as landmarker:
            assert len(landmarker.detect(photo).pose_landmarks) == 1
        assert our_options(ours) is ours


class TestModes:
    MESSAGE = "Task is not initialized with the {} mode. Current running mode:{} mode"

    @pytest.mark.parametrize(
        ("mode", "method", "wanted", "current"),
        [
            (RunningMode.IMAGE, "detect_for_video", "video", "image"),
            (RunningMode.IMAGE, "detect_async", "live stream", "image"),
            (RunningMode.VIDEO, "detect", "image", "video"),
            (RunningMode.VIDEO, "detect_async", "live stream", "video"),
            (RunningMode.LIVE_STREAM, "detect", "image", "live stream"),
            (RunningMode.LIVE_STREAM, "detect_for_video", "video", "live stream"),
        ],
    )
    def test_methods_of_other_modes_are_refused(
        self, make: Make, photo: mp.Image, mode: RunningMode, method: str, wanted: str, current: str
    ) -> None:
        live = mode is RunningMode.LIVE_STREAM
        landmarker = make(running_mode=mode, result_callback=mock.MagicMock() if live else None)
        arguments = (photo,) if method == "detect" else (photo, 0)
        with pytest.raises(ValueError, match="Task is not") as caught:
            getattr(landmarker, method)(*arguments)
        assert str(caught.value) == self.MESSAGE.format(wanted, current)

    def test_times_of_a_video_must_increase(self, make: Make, photo: mp.Image) -> None:
        landmarker = make(running_mode=RunningMode.VIDEO)
        landmarker.detect_for_video(photo, 1)
        for timestamp_ms in (1, 0):
            with pytest.raises(ValueError, match="Input") as caught:
                landmarker.detect_for_video(photo, timestamp_ms)
            assert str(caught.value) == "Input timestamp must be monotonically increasing."
        assert len(landmarker.detect_for_video(photo, 2).pose_landmarks) == 1

    @pytest.mark.parametrize("mode", list(RunningMode))
    def test_regions_of_interest_are_refused(self, make: Make, photo: mp.Image, mode: RunningMode) -> None:
        live = mode is RunningMode.LIVE_STREAM
        landmarker: Any = make(running_mode=mode, result_callback=mock.MagicMock() if live else None)
        everything = vision.ImageProcessingOptions(region_of_interest=rect_module.RectF(0.0, 0.0, 1.0, 1.0))
        calls = {
            RunningMode.IMAGE: lambda: landmarker.detect(photo, everything),
            RunningMode.VIDEO: lambda: landmarker.detect_for_video(photo, 0, everything),
            RunningMode.LIVE_STREAM: lambda: landmarker.detect_async(photo, 0, everything),
        }
        with pytest.raises(ValueError, match="region") as caught:
            calls[mode]()
        assert str(caught.value) == "This task doesn't support region-of-interest."

    def test_turns_are_multiples_of_90(self, make: Make, photo: mp.Image) -> None:
        with pytest.raises(ValueError, match="Expected rotation to be a multiple of 90°"):
            make().detect(photo, vision.ImageProcessingOptions(rotation_degrees=45))

    def test_turned_pictures_are_looked_at_like_the_reference_does(self) -> None:
        turned = our_processing(vision.ImageProcessingOptions(rotation_degrees=-90))
        assert turned is not None
        assert (turned.rotation_degrees, turned.reference_rotation) == (-90, True)

    def test_something_else_than_processing_options_is_refused(self, make: Make, photo: mp.Image) -> None:
        with pytest.raises(OptionTypeError, match="wanted ImageProcessingOptions"):
            make().detect(photo, 3)  # type: ignore[arg-type]

    def test_a_closed_landmarker_says_so(self, make: Make, photo: mp.Image) -> None:
        landmarker = make()
        landmarker.close()
        landmarker.close()
        with pytest.raises(ClosedError):
            landmarker.detect(photo)
        with pytest.raises(ClosedError):
            landmarker.__enter__()


class TestLive:
    def live(self, make: Make, callback: Callable[..., object], **options: Any) -> vision.PoseLandmarker:
        return make(running_mode=RunningMode.LIVE_STREAM, result_callback=callback, **options)

    def test_the_callback_gets_the_image_that_was_handed_over(self, make: Make, photo: mp.Image) -> None:
        got: list[Any] = []
        landmarker = self.live(make, lambda *given: got.append(given))
        landmarker.detect_async(photo, 7)
        wait_for(lambda: got)
        result, image, timestamp_ms = got[0]
        assert isinstance(result, vision.PoseLandmarkerResult)
        assert len(result.pose_landmarks) == 1
        assert image is photo
        assert timestamp_ms == 7

    def test_an_array_comes_back_as_an_image_of_what_it_held(self, make: Make) -> None:
        got: list[Any] = []
        array: Any = np.full((48, 64, 3), 5, np.uint8)
        with self.live(make, lambda *given: got.append(given)) as landmarker:
            landmarker.detect_async(array, 0)
            array[:] = 9
        assert isinstance(got[0][1], mp.Image)
        assert got[0][1].numpy_view().max() == 5

    def test_closing_works_on_what_was_handed_over(self, make: Make, photo: mp.Image) -> None:
        times: list[int] = []
        with self.live(make, lambda result, image, timestamp_ms: times.append(timestamp_ms)) as landmarker:
            for timestamp_ms in range(0, 300, 30):
                landmarker.detect_async(photo, timestamp_ms)
        assert times == sorted(times)
        assert times[-1] == 270

    def test_a_slow_callback_builds_no_queue(self, make: Make, photo: mp.Image) -> None:
        times: list[int] = []

        def slow(result: object, image: object, timestamp_ms: int) -> None:
            times.append(timestamp_ms)
            time.sleep(0.15)

        landmarker = self.live(make, slow)
        for timestamp_ms in range(60):
            landmarker.detect_async(photo, timestamp_ms)
            time.sleep(0.005)
        began = time.monotonic()
        landmarker.close()
        assert time.monotonic() - began < 1.5
        assert len(times) < 10

    def test_times_must_increase(self, make: Make, photo: mp.Image) -> None:
        landmarker = self.live(make, mock.MagicMock())
        landmarker.detect_async(photo, 100)
        with pytest.raises(ValueError, match="Input") as caught:
            landmarker.detect_async(photo, 0)
        assert str(caught.value) == "Input timestamp must be monotonically increasing."

    def test_errors_of_the_callback_are_reported_and_the_stream_goes_on(
        self, make: Make, photo: mp.Image, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        reported: list[Any] = []
        monkeypatch.setattr(threading, "excepthook", reported.append)
        calls: list[int] = []

        def fails(result: object, image: object, timestamp_ms: int) -> None:
            calls.append(timestamp_ms)
            raise KeyError("broken")

        with self.live(make, fails) as landmarker:
            landmarker.detect_async(photo, 0)
            wait_for(lambda: reported)
            landmarker.detect_async(photo, 1)
        assert calls == [0, 1]
        assert [report.exc_type for report in reported] == [KeyError, KeyError]

    def test_our_on_error_takes_errors_of_the_callback(self, task: str, photo: mp.Image) -> None:
        errors: list[Exception] = []
        options: Any = pose_landmarker.PoseLandmarkerOptions(
            base_options=pose_landmarker.BaseOptions(model_asset_path=task),
            running_mode=RunningMode.LIVE_STREAM,
            result_callback=lambda *_: 1 / 0,
            on_error=errors.append,
        )
        with vision.PoseLandmarker.create_from_options(options) as landmarker:
            landmarker.detect_async(photo, 0)
        assert [type(error) for error in errors] == [ZeroDivisionError]

    def test_closing_from_the_callback_does_not_wait_for_itself(self, make: Make, photo: mp.Image) -> None:
        took: list[float] = []

        def closes(result: object, image: object, timestamp_ms: int) -> None:
            time.sleep(0.05)  # meanwhile another frame waits
            began = time.monotonic()
            landmarker.close()
            took.append(time.monotonic() - began)

        landmarker = self.live(make, closes)
        landmarker.detect_async(photo, 0)
        time.sleep(0.02)
        landmarker.detect_async(photo, 1)
        wait_for(lambda: took)
        assert took[0] < 0.5

    def test_an_image_that_cannot_be_used_is_refused_at_once(self, make: Make) -> None:
        landmarker = self.live(make, mock.MagicMock())
        with pytest.raises(ImageError):
            landmarker.detect_async(mp.Image(mp.ImageFormat.VEC32F1, np.zeros((4, 5), np.float32)), 0)

    def test_a_closed_one_says_so(self, make: Make, photo: mp.Image) -> None:
        landmarker = self.live(make, mock.MagicMock())
        landmarker.close()
        with pytest.raises(ClosedError, match="closed"):
            landmarker.detect_async(photo, 0)


class TheirImage:
    """Like MediaPipe's own: nothing of ours but ``numpy_view``."""

    def __init__(self, pixels: RgbImage) -> None:
        self._pixels = pixels

    def numpy_view(self) -> RgbImage:
        return self._pixels


class TheirMode(Enum):
    IMAGE = "IMAGE"
    LIVE_STREAM = "LIVE_STREAM"


class TheirDelegate(IntEnum):
    CPU = 0
    GPU = 1


def their_options(task: str, **changes: Any) -> Any:
    base = SimpleNamespace(model_asset_path=task, model_asset_buffer=None, delegate=TheirDelegate.CPU)
    options = {
        "base_options": base,
        "running_mode": TheirMode.IMAGE,
        "num_poses": 1,
        "min_pose_detection_confidence": 0.5,
        "min_pose_presence_confidence": 0.5,
        "min_tracking_confidence": 0.5,
        "output_segmentation_masks": False,
        "result_callback": None,
    }
    return SimpleNamespace(**options | changes)


class TestObjectsOfTheRealPackage:
    def test_are_accepted(self, task: str, photo: mp.Image, make: Make) -> None:
        upright: Any = SimpleNamespace(rotation_degrees=0, region_of_interest=None)
        image: Any = TheirImage(photo.numpy_view())
        with vision.PoseLandmarker.create_from_options(their_options(task)) as landmarker:
            assert landmarker.detect(image, upright) == make().detect(photo)

    def test_their_image_comes_back_from_a_live_stream(self, task: str, photo: mp.Image) -> None:
        got: list[Any] = []
        image: Any = TheirImage(photo.numpy_view())
        options = their_options(
            task, running_mode=TheirMode.LIVE_STREAM, result_callback=lambda *given: got.append(given)
        )
        with vision.PoseLandmarker.create_from_options(options) as landmarker:
            landmarker.detect_async(image, 0)
        assert got[0][1] is image

    def test_their_delegate_is_known_by_its_name(self, task: str) -> None:
        options = their_options(task)
        options.base_options.delegate = TheirDelegate.GPU
        with pytest.warns(RuntimeWarning, match="computed by the processor here"):
            our_options(options)
