"""PyTorch as an engine: what it answers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pose_landmarker import PoseLandmarker, RunningMode
from pose_landmarker.arrays import FloatArray, RgbImage
from pose_landmarker.decoding import refine_by_numpy
from pose_landmarker.engines.regions import run_on_regions
from pose_landmarker.errors import EngineError
from pose_landmarker.imaging import crop
from pose_landmarker.landmark_net import LANDMARK_OFFSET, LANDMARK_SCALE
from pose_landmarker.results import Roi
from tests.conftest import needs_torch
from tests.poses import HER, NOBODY, astronaut_photo


@needs_torch
class TestAnswers:
    @pytest.mark.parametrize("name", ["detector", "lite, True", "full, True", "heavy, True"])
    def test_are_those_of_litert(self, name: str, made: Callable[..., Any], astronaut: RgbImage) -> None:
        size = 224 if name == "detector" else 256
        pixels = np.stack([crop(astronaut, roi, size, replicate=True) for roi in (HER, NOBODY)])
        for found, wanted in zip(made(name)(pixels), made(name, "litert")(pixels), strict=True):
            assert found.shape == wanted.shape
            assert found.dtype == np.float32
            # Of values up to 1,700.
            np.testing.assert_allclose(found, wanted, rtol=0, atol=max(5e-3, 1e-3 * np.abs(wanted).max()))

    @pytest.mark.parametrize("name", ["detector", "lite, False"])
    def test_regions_are_crops(self, name: str, made: Callable[..., Any], astronaut: RgbImage) -> None:
        size, replicate = (224, False) if name == "detector" else (256, True)
        network, rois = made(name), [HER, NOBODY, Roi(500, 500, 300, 1.0)]
        crops = np.stack([crop(astronaut, roi, size, replicate=replicate) for roi in rois])
        for found, wanted in zip(
            run_on_regions(network, astronaut, rois, size, replicate=replicate), network(crops), strict=True
        ):
            np.testing.assert_array_equal(found, wanted)

    def test_many_threads_with_pictures_of_many_sizes(
        self, made: Callable[..., Any], astronaut: RgbImage
    ) -> None:
        network = made("lite, False")
        random = np.random.default_rng(0)
        work = []
        for i in range(9):
            image = astronaut[i : 512 - 3 * i, : 512 - 7 * i]
            rois = [
                Roi(random.uniform(100, 300), random.uniform(100, 300), 200.0, random.uniform(-3, 3))
                for _ in range(1 + i % 3)
            ]
            work.append((image, rois))

        def ask(image: RgbImage, rois: list[Roi]) -> tuple[FloatArray, ...]:
            return run_on_regions(network, image, rois, 256, replicate=True)

        alone = [ask(*one) for one in work]
        with ThreadPoolExecutor(9) as crew:
            together = list(crew.map(ask, *zip(*work, strict=True)))
        for found, wanted in zip(together, alone, strict=True):
            for a, b in zip(found, wanted, strict=True):
                np.testing.assert_allclose(a, b, rtol=0, atol=5e-3)

    def test_numbers_of_pictures_are_few(self) -> None:
        from pose_landmarker.engines.pytorch.runner import rounded_up

        rounded = [rounded_up(count) for count in range(1, 257)]
        assert sorted(set(rounded)) == [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256]
        assert all(count <= more < 1.5 * count for count, more in enumerate(rounded, 1))

    def test_more_pictures_than_are_computed_together(self, made: Callable[..., Any]) -> None:
        network = made("lite, False")
        pixels = np.random.default_rng(2).integers(0, 256, (11, 256, 256, 3), dtype=np.uint8)
        outputs = network(pixels)
        for output, last in zip(outputs, network(pixels[10:]), strict=True):
            assert len(output) == 11
            np.testing.assert_allclose(output[10:], last, rtol=0, atol=5e-3)

    def test_outputs_belong_to_the_caller(self, made: Callable[..., Any], astronaut: RgbImage) -> None:
        network = made("lite, False")
        first = run_on_regions(network, astronaut, [HER], 256, replicate=True)
        kept = [output.copy() for output in first]
        for output in first:
            assert output.base is None  # not a view of what others hold as well
            output[:] = 0
        for again, wanted in zip(
            run_on_regions(network, astronaut, [HER], 256, replicate=True), kept, strict=True
        ):
            np.testing.assert_array_equal(again, wanted)

    @pytest.mark.parametrize(
        "pixels",
        [
            np.zeros((1, 255, 256, 3), np.uint8),
            np.zeros((1, 256, 256, 3), np.float32),
            np.zeros((0, 256, 256, 3), np.uint8),
            np.zeros((256, 256, 3), np.uint8),
        ],
    )
    def test_pictures_that_are_none(self, made: Callable[..., Any], pixels: RgbImage) -> None:
        network = made("lite, False")
        with pytest.raises(EngineError, match="the network wants uint8"):
            network(pixels)

    @pytest.mark.parametrize(
        "image", [np.zeros((9, 9), np.uint8), np.zeros((9, 9, 3)), np.zeros((0, 9, 3), np.uint8)]
    )
    def test_pictures_without_regions(self, made: Callable[..., Any], image: RgbImage) -> None:
        network = made("lite, False")
        with pytest.raises(EngineError, match="the network wants uint8"):
            network.regions(image, [np.eye(3)], replicate=True)
        with pytest.raises(EngineError, match="one region or more"):
            network.regions(np.zeros((9, 9, 3), np.uint8), [], replicate=True)


@needs_torch
class TestRefinement:
    @pytest.mark.parametrize("size", [(64, 64), (32, 64), (4, 8), (1, 1)])
    def test_is_that_of_numpy(self, size: tuple[int, int]) -> None:
        random = np.random.default_rng(size[0])
        maps = random.normal(-2, 3, (3, *size, 39)).astype(np.float32)
        raw = random.uniform(-80, 340, (3, 195)).astype(np.float32)
        _refined_alike(raw, maps)

    @pytest.mark.parametrize("place", [np.nan, np.inf, -np.inf, 256.0, -4.0, -3.9, 255.99, 3e38, -3e38])
    def test_places_at_the_border_and_beyond(self, place: float) -> None:
        raw = np.full((1, 39, 5), 128, np.float32)
        raw[0, 0, 0] = raw[0, 1, 1] = place
        _refined_alike(raw.reshape(1, 195), np.full((1, 64, 64, 39), 3, np.float32))

    def test_landmarks_are_those_of_other_engines(self, model_file: Callable[[str], Path]) -> None:
        poses = {}
        for engine in ("litert", "torch"):
            with PoseLandmarker.create(
                model_file("lite"), engine=engine, threads=1, output_segmentation_masks=True, mirror=True
            ) as landmarker:
                assert landmarker.engine == engine
                (poses[engine],) = landmarker.detect(astronaut_photo())
        one, other = poses["litert"], poses["torch"]
        assert np.abs(one.pixels - other.pixels)[one.visible].max() < 0.15  # 0.05 pixels of the crop
        assert one.peaks is not None
        assert other.peaks is not None
        np.testing.assert_allclose(one.peaks, other.peaks, atol=1e-3)
        np.testing.assert_allclose(one.visibility, other.visibility, atol=1e-3)
        assert one.mask is not None
        assert other.mask is not None
        assert np.abs(one.mask - other.mask).mean() < 1e-3


def _refined_alike(raw: FloatArray, maps: FloatArray) -> None:
    import torch

    from pose_landmarker.engines.pytorch.refinement import refined

    torch.set_num_threads(1)
    found, peaks = (part.numpy() for part in refined(torch.from_numpy(raw), torch.from_numpy(maps)))
    rows = raw.reshape(len(raw), 39, 5)
    points, best = refine_by_numpy(rows[:, :35, :2] / np.float32(256), maps)
    wanted = rows.copy()
    wanted[:, :35, :2] = points * 256
    np.testing.assert_allclose(found, wanted.reshape(raw.shape), rtol=0, atol=5e-4)
    np.testing.assert_array_equal(peaks, best)


@needs_torch
class TestFloat32:
    def test_is_not_shortened_and_everything_is_as_before(self) -> None:
        from torch import backends

        from pose_landmarker.engines.pytorch.float32 import full_float32

        before = backends.cudnn.conv.fp32_precision, backends.mkldnn.conv.fp32_precision
        inside: list[str] = []
        entered, leave = threading.Event(), threading.Event()

        def other() -> None:
            with full_float32():
                entered.set()
                leave.wait(30)
                inside.append(backends.cudnn.conv.fp32_precision)

        thread = threading.Thread(target=other)
        with full_float32():
            thread.start()
            assert entered.wait(30)
        inside.append(backends.cudnn.conv.fp32_precision)  # the other one is still at it
        leave.set()
        thread.join()
        assert inside == ["ieee", "ieee"]
        assert (backends.cudnn.conv.fp32_precision, backends.mkldnn.conv.fp32_precision) == before

    def test_settings_above_and_beside_stay(self) -> None:
        import torch
        from torch import backends

        from pose_landmarker.engines.pytorch.float32 import full_float32

        before = backends.cudnn.conv.fp32_precision
        backends.cudnn.conv.fp32_precision = "none"
        torch.set_float32_matmul_precision("high")
        try:
            with full_float32():
                assert backends.cudnn.conv.fp32_precision == "ieee"
                assert torch.get_float32_matmul_precision() == "high"
                assert backends.cuda.matmul.allow_tf32  # raises where switches are mixed
            for precision in ("tf32", "ieee"):
                backends.cudnn.fp32_precision = precision
                assert backends.cudnn.conv.fp32_precision == precision
                with full_float32():
                    pass
        finally:
            torch.set_float32_matmul_precision("highest")
            backends.cudnn.fp32_precision = "none"
            backends.cudnn.conv.fp32_precision = before

    def test_float16_is_near(self, networks: dict[str, bytes], astronaut: RgbImage) -> None:
        import torch

        from pose_landmarker.engines.native.reading import read_graph
        from pose_landmarker.engines.pytorch.module import Module

        torch.set_num_threads(1)
        graph = read_graph(networks["full, False"])
        pixels = torch.from_numpy(crop(astronaut, HER, 256, replicate=True)[None])
        exact, half = (
            Module(graph, scale=LANDMARK_SCALE, offset=LANDMARK_OFFSET, device="cpu", half=half)
            for half in (False, True)
        )
        with torch.inference_mode():
            wanted, found = exact(pixels)[0].numpy(), half(pixels)[0].numpy()
        apart = np.abs(found - wanted).reshape(39, 5)[:33, :2]
        assert 0 < apart.mean() < 0.5  # pixels of the crop


@needs_torch
def test_a_video(model_file: Callable[[str], Path], astronaut: RgbImage) -> None:
    with PoseLandmarker.create(
        model_file("lite"), engine="torch", threads=1, running_mode=RunningMode.VIDEO
    ) as landmarker:
        for i in range(3):
            result = landmarker.detect_for_video(astronaut[2 * i :], 33 * i)
            assert [pose.track_id for pose in result] == [1]
