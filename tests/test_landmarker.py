from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import pose_landmarker
from pose_landmarker import (
    BaseOptions,
    BundleError,
    ClosedError,
    ImageError,
    ImageProcessingOptions,
    ModelNotFoundError,
    OptionError,
    OptionTypeError,
    PoseLandmarker,
    PoseLandmarkerOptions,
)
from pose_landmarker.arrays import RgbImage
from pose_landmarker.engines.cpu import default_threads
from pose_landmarker.engines.fake import FakeEngine, FakeNetwork
from pose_landmarker.media import read_image
from tests.poses import astronaut_photo


@pytest.fixture(scope="module")
def astronaut() -> RgbImage:
    return astronaut_photo()


@pytest.fixture(scope="module")
def landmarker(model_file: Callable[[str], Path]) -> Iterator[PoseLandmarker]:
    with PoseLandmarker.create(model_file("full"), engine="litert", num_poses=2) as made:
        yield made


class TestCreation:
    def test_from_a_path_bytes_and_options(
        self, model_file: Callable[[str], Path], astronaut: RgbImage
    ) -> None:
        path = model_file("lite")
        options = PoseLandmarkerOptions(base_options=BaseOptions(model_asset_path=str(path)))
        by_options = PoseLandmarker.create_from_options(options)
        assert by_options.options is options
        for made in (
            by_options,
            PoseLandmarker.create_from_model_path(path),
            PoseLandmarker.create(path),
            PoseLandmarker.create(path.read_bytes()),
        ):
            with made:
                assert len(made.detect(astronaut)) == 1

    def test_by_name_from_the_cache(self, model_file: Callable[[str], Path], empty_cache: Path) -> None:
        target = empty_cache / "models" / "pose_landmarker_lite.task"
        target.parent.mkdir(parents=True)
        target.write_bytes(model_file("lite").read_bytes())
        with PoseLandmarker.create("lite", engine="litert") as made:
            assert made.options.base_options.model == "lite"

    def test_threads_by_default_and_by_choice(self, model_file: Callable[[str], Path]) -> None:
        with PoseLandmarker.create(model_file("lite"), engine="litert") as made:
            assert made.threads == default_threads()
        with PoseLandmarker.create(model_file("lite"), engine="litert", threads=1) as made:
            assert made.threads == 1
            assert repr(made) == "<PoseLandmarker IMAGE, litert, exact, 1 threads>"

    def test_an_engine_of_ones_own(self, tiny_task: bytes) -> None:
        networks = [FakeNetwork((2254, 12), (2254, 1)), FakeNetwork()]
        with PoseLandmarker.create(tiny_task, engine=FakeEngine(networks), num_poses=2) as made:
            assert made.engine == "FakeEngine"
            assert made.detect(np.zeros((4, 4), np.uint8)).poses == ()

    def test_missing_and_damaged_models(self, tmp_path: Path) -> None:
        with pytest.raises(ModelNotFoundError, match=r"pose_landmarker_full.task.*model='lite'"):
            PoseLandmarker.create_from_model_path(tmp_path / "pose_landmarker_full.task")
        (tmp_path / "x.task").write_bytes(b"PK")
        with pytest.raises(BundleError, match="truncated"):
            PoseLandmarker.create(tmp_path / "x.task")

    def test_wrong_options_are_named(self) -> None:
        with pytest.raises(
            OptionTypeError, match=r"num_pose.*the options are base_options, running_mode, num_poses"
        ):
            PoseLandmarker.create("full", num_pose=2)  # type: ignore[call-arg]
        with pytest.raises(OptionTypeError, match="num_poses"):
            PoseLandmarker.create("full", num_poses="2")  # type: ignore[arg-type]
        with pytest.raises(OptionTypeError, match="PoseLandmarkerOptions"):
            PoseLandmarker.create_from_options({"num_poses": 1})  # type: ignore[arg-type]
        with pytest.raises(OptionError, match="'lite', 'full' or 'heavy'"):
            PoseLandmarker.create("fulll")


class TestDetection:
    def test_a_real_person(self, landmarker: PoseLandmarker, astronaut: RgbImage) -> None:
        result = landmarker.detect(astronaut)
        assert result.image_size == (512, 512)
        assert result.timestamp_ms is None
        assert result.segmentation_masks is None
        (pose,) = result.poses
        assert pose.score > 0.9
        assert pose.track_id is None
        x, y = pose.pixels[0]
        assert 200 < x < 250  # the nose of Eileen Collins, by eye
        assert 110 < y < 150
        assert pose["left_shoulder"].x > pose["right_shoulder"].x  # she faces the camera

    def test_the_same_picture_in_every_form(
        self, landmarker: PoseLandmarker, astronaut: RgbImage, tmp_path: Path
    ) -> None:
        class Reference:
            def numpy_view(self) -> RgbImage:
                return astronaut

        path = tmp_path / "photo.png"
        Image.fromarray(astronaut).save(path)
        rgba = np.dstack([astronaut, np.full((512, 512), 9, np.uint8)])
        wanted = landmarker.detect(astronaut).poses[0].landmarks
        for form in (
            path,
            str(path),
            Image.fromarray(astronaut),
            Reference(),
            rgba,
            astronaut[:, ::-1][:, ::-1],
        ):
            np.testing.assert_array_equal(landmarker.detect(form).poses[0].landmarks, wanted)

    def test_greyscale_finds_the_same_person(self, landmarker: PoseLandmarker, astronaut: RgbImage) -> None:
        grey = astronaut.mean(axis=2).astype(np.uint8)
        (pose,) = landmarker.detect(grey).poses
        colour = landmarker.detect(astronaut).poses[0]
        assert np.abs(pose.pixels - colour.pixels)[:13].max() < 20

    @pytest.mark.parametrize("shape", [(1, 1, 3), (1, 5000, 3), (5000, 1, 3), (2, 2), (17, 31, 4)])
    def test_odd_sizes_hold_nobody(self, landmarker: PoseLandmarker, shape: tuple[int, ...]) -> None:
        assert landmarker.detect(np.full(shape, 127, np.uint8)).poses == ()

    def test_a_bad_image_harms_nothing(self, landmarker: PoseLandmarker, astronaut: RgbImage) -> None:
        with pytest.raises(ImageError):
            landmarker.detect(np.zeros((4, 4, 2), np.uint8))
        assert len(landmarker.detect(astronaut)) == 1

    def test_read_only_pictures_are_fine_and_stay_as_they_are(
        self, landmarker: PoseLandmarker, astronaut: RgbImage
    ) -> None:
        image = astronaut.copy()
        image.setflags(write=False)
        landmarker.detect(image)
        np.testing.assert_array_equal(image, astronaut)

    def test_options_for_one_image(self, landmarker: PoseLandmarker, astronaut: RgbImage) -> None:
        upright = landmarker.detect(astronaut).poses[0].pixels
        turned = landmarker.detect(
            np.ascontiguousarray(np.rot90(astronaut)), ImageProcessingOptions(rotation_degrees=90)
        )
        back = np.stack([512 - turned.poses[0].pixels[:, 1], turned.poses[0].pixels[:, 0]], axis=1)
        assert np.abs(back - upright)[:13].max() < 20
        with pytest.raises(OptionTypeError, match="image_processing_options"):
            landmarker.detect(astronaut, 90)  # type: ignore[call-overload]

    def test_a_region_chooses_who_is_found(self, media: Path, landmarker: PoseLandmarker) -> None:
        image = read_image(media / "multi" / "tfjs_three_people.jpg")
        centers = []
        for region in ((0.6, 0, 1, 1), (0, 0, 0.3, 0.7)):
            options = ImageProcessingOptions(region_of_interest=region)
            (pose, *_) = landmarker.detect(image, options).poses
            centers.append(pose["nose"].x)
        assert centers[0] > 0.75
        assert centers[1] < 0.3

    def test_no_least_confidence_at_all(self, model_file: Callable[[str], Path], astronaut: RgbImage) -> None:
        path = model_file("lite")
        options: Any = {"min_pose_detection_confidence": 0, "min_pose_presence_confidence": 0}
        with PoseLandmarker.create(path, engine="litert", num_poses=3, **options) as made:
            poses = made.detect(astronaut).poses
        assert len(poses) == 3
        assert all(np.isfinite(pose.landmarks).all() for pose in poses)

    def test_masks_when_asked_for(self, model_file: Callable[[str], Path], astronaut: RgbImage) -> None:
        path = model_file("full")
        with PoseLandmarker.create(path, engine="litert", output_segmentation_masks=True) as made:
            result = made.detect(astronaut)
            assert result.segmentation_masks is not None
            (mask,) = result.segmentation_masks
            assert mask.shape == (512, 512)
            assert mask[400, 200] > 0.9  # her suit
            assert mask[60, 480] < 0.1  # the shuttle
            assert made.detect(np.zeros((64, 64, 3), np.uint8)).segmentation_masks == []

    def test_several_threads(self, landmarker: PoseLandmarker, astronaut: RgbImage) -> None:
        pictures = [astronaut, np.ascontiguousarray(astronaut[:, 40:])]
        wanted = [landmarker.detect(picture).poses[0].landmarks for picture in pictures]
        wrong: list[int] = []

        def work(i: int) -> None:
            for _ in range(6):
                if not np.array_equal(landmarker.detect(pictures[i]).poses[0].landmarks, wanted[i]):
                    wrong.append(i)

        threads = [threading.Thread(target=work, args=(i % 2,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []


class TestClosing:
    def test_twice_is_fine_and_use_afterwards_raises(self, model_file: Callable[[str], Path]) -> None:
        made = PoseLandmarker.create(model_file("lite"), engine="litert")
        made.close()
        made.close()
        with pytest.raises(ClosedError, match="closed"):
            made.detect(np.zeros((4, 4, 3), np.uint8))
        with pytest.raises(ClosedError), made:
            pass
        assert "closed" in repr(made)

    def test_an_error_inside_with_comes_through(self, model_file: Callable[[str], Path]) -> None:
        with (
            pytest.raises(RuntimeError, match="mine"),
            PoseLandmarker.create(model_file("lite"), engine="litert") as made,
        ):
            raise RuntimeError("mine")
        with pytest.raises(ClosedError):
            made.detect(np.zeros((4, 4, 3), np.uint8))


class TestPublicSurface:
    def test_names(self) -> None:
        assert {name for name in dir(pose_landmarker) if name[0].isupper()} == {
            name for name in pose_landmarker.__all__ if name[0].isupper()
        }
        assert {name for name in pose_landmarker.__all__ if name[0].islower()} == {"process", "record"}
        assert all(hasattr(pose_landmarker, name) for name in pose_landmarker.__all__)

    def test_methods_of_the_landmarker(self) -> None:
        assert {name for name in dir(PoseLandmarker) if not name.startswith("_")} == {
            "close",
            "create",
            "create_from_model_path",
            "create_from_options",
            "detect",
            "detect_async",
            "detect_for_video",
            "reset",
            "stats",
            "stream",
        }

    def test_importing_is_light(self) -> None:
        script = (
            "import sys, pose_landmarker\n"
            "heavy = {'cv2', 'ai_edge_litert', 'openvino', 'PIL', 'tqdm', 'filelock', 'urllib.request'}\n"
            "heavy |= {'asyncio', 'av', 'statistics'}\n"
            "print(sorted(heavy & set(sys.modules)))"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[]"
