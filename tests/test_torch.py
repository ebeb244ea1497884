"""PyTorch as an engine: what it answers, who shares what, and which devices there are."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pose_landmarker import BaseOptions, PoseLandmarker, PoseLandmarkerOptions, RunningMode, engines, process
from pose_landmarker.arrays import FloatArray, RgbImage
from pose_landmarker.cli import info
from pose_landmarker.cli.main import main
from pose_landmarker.decoding import refine_by_numpy
from pose_landmarker.detector import DETECTOR_OFFSET, DETECTOR_SCALE
from pose_landmarker.engines import choose_engine, load_engine
from pose_landmarker.engines.fake import FakeEngine
from pose_landmarker.engines.regions import run_on_regions
from pose_landmarker.errors import EngineError, MissingExtraError, OptionError, OptionTypeError
from pose_landmarker.imaging import crop
from pose_landmarker.landmark_net import LANDMARK_OFFSET, LANDMARK_SCALE
from pose_landmarker.results import Roi
from tests.conftest import needs_torch
from tests.poses import astronaut_photo

#: In a region of the photo that shows her; in one that shows nobody much.
HER, NOBODY = Roi(256, 250, 480, 0.05), Roi(60, 400, 100, -0.4)


@pytest.fixture(scope="module")
def astronaut() -> RgbImage:
    image = astronaut_photo().copy()
    image.setflags(write=False)
    return image


@pytest.fixture
def made(networks: dict[str, bytes]) -> Callable[[str], Any]:
    """Compiles one of the real networks. With one thread: several wait for each other busily."""

    def compiled(name: str, engine: str = "torch") -> Any:
        landmarks = name != "detector"
        scale, offset = (LANDMARK_SCALE, LANDMARK_OFFSET) if landmarks else (DETECTOR_SCALE, DETECTOR_OFFSET)
        return load_engine(engine)[1](networks[name], scale=scale, offset=offset, threads=1)

    return compiled


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
class TestSharing:
    def test_the_same_network_is_there_once(self, made: Callable[..., Any]) -> None:
        first, second, other = made("lite, False"), made("lite, False"), made("full, False")
        assert first._lane is second._lane
        assert first.refining(0, 2)._lane is second.refining(0, 2)._lane
        assert first._lane is not first.refining(0, 2)._lane
        assert first._shared.module is first.refining(0, 2)._shared.module
        assert first._lane is not other._lane

    def test_who_is_forgotten_is_freed(self, made: Callable[..., Any], astronaut: RgbImage) -> None:
        from pose_landmarker.engines.pytorch import network as module

        gc.collect()
        before = set(module._shared)
        network = made("lite, True")
        run_on_regions(network, astronaut, [HER], 256, replicate=True)
        (worker,) = {network._lane._worker}
        assert len(set(module._shared) - before) == 1
        del network
        gc.collect()
        worker.join(30)
        assert not worker.is_alive()
        assert set(module._shared) <= before

    def test_landmarkers_of_many_threads_share_batches(
        self, model_file: Callable[[str], Path], astronaut: RgbImage, tmp_path: Path
    ) -> None:
        for i in range(6):
            Image.fromarray(astronaut[i:]).save(tmp_path / f"{i}.png")
        done = list(process(tmp_path, model_file("lite"), engine="torch", workers=3, threads=1))
        assert [len(one.result or ()) for one in done] == [1] * 6

    @pytest.mark.parametrize(
        ("kind", "text"),
        [
            ("OutOfMemoryError", "CUDA: no room"),
            ("AcceleratorError", "CUDA error: out of memory"),
            ("RuntimeError", "cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
            ("RuntimeError", "Unable to find an engine to execute this computation"),
        ],
    )
    def test_memory_that_is_too_small_for_a_batch(
        self, made: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, kind: str, text: str
    ) -> None:
        import torch

        error = getattr(torch, kind, RuntimeError)
        network = made("lite, False")
        module, seen = network._shared.module, []

        class Small:
            size = module.size

            def __call__(self, crops: Any) -> Any:
                seen.append(len(crops))
                if len(crops) > 2:
                    raise error(text)
                return module(crops)

        monkeypatch.setattr(network._lane._run, "_module", Small())
        pixels = np.random.default_rng(2).integers(0, 256, (7, 256, 256, 3), dtype=np.uint8)
        assert [output.shape[0] for output in network(pixels)] == [7] * 4
        assert seen == [8, 3, 1, 1, 1, 1, 1, 1, 1]
        monkeypatch.setattr(
            network._lane._run, "_module", lambda crops: (_ for _ in ()).throw(torch.OutOfMemoryError("all"))
        )
        with pytest.raises(EngineError, match="PyTorch failed to run the network: all"):
            network(pixels)

    def test_other_errors_are_not_tried_again(
        self, made: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        network, seen = made("lite, False"), []

        def broken(crops: Any) -> Any:
            seen.append(len(crops))
            raise RuntimeError("the card has fallen off")

        monkeypatch.setattr(network._lane._run, "_module", broken)
        with pytest.raises(EngineError, match="fallen off"):
            network(np.zeros((4, 256, 256, 3), np.uint8))
        assert seen == [4]

    def test_memory_that_is_there_again_is_used(
        self, made: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import torch

        from pose_landmarker.engines.pytorch import runner as module

        monkeypatch.setattr(module, "_PATIENCE", 2)
        room, seen = 2, []

        def small(crops: Any) -> Any:
            seen.append(len(crops))
            if len(crops) > room:
                raise torch.OutOfMemoryError("out of memory")
            return (crops[:, 0, 0].float(),)

        small.size = (4, 4, 3)  # type: ignore[attr-defined]
        runner = module.Runner(small, device="cpu", threads=1, most=8, refined=None)  # type: ignore[arg-type]
        batch = [module.Crops(torch.zeros((8, 4, 4, 3), dtype=torch.uint8))]
        runner(batch)
        assert seen == [8, 4, 2, 2, 2, 2]
        room = 8
        for _ in range(5):
            seen.clear()
            runner(batch)
        assert seen == [8]

    def test_memory_that_is_too_small_for_the_pictures_of_all(
        self, made: Callable[..., Any], astronaut: RgbImage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import torch

        from pose_landmarker.engines.pytorch.runner import Crops

        runner = made("lite, False")._lane._run
        crops, seen = runner._crops, []

        def small(parts: Any, whole: Any) -> Any:
            seen.append(len(parts) + len(whole))
            if seen[-1] > 2:
                raise torch.OutOfMemoryError("out of memory")
            return crops(parts, whole)

        random = np.random.default_rng(5)
        pictures = [torch.from_numpy(random.integers(0, 256, (1, 256, 256, 3), np.uint8)) for _ in range(5)]
        requests = [Crops(picture) for picture in pictures]
        wanted = [runner([request])[0] for request in requests]
        monkeypatch.setattr(runner, "_crops", small)
        for one, other in zip(runner(requests), wanted, strict=True):
            np.testing.assert_allclose(one[0], other[0], rtol=0, atol=5e-3)
        assert seen == [5, 2, 3, 1, 2]

    def test_defaults_of_others_do_not_matter(self, made: Callable[..., Any], astronaut: RgbImage) -> None:
        import torch

        network = made("lite, False")
        wanted = run_on_regions(network, astronaut, [HER], 256, replicate=True)
        torch.set_default_dtype(torch.float64)
        torch.set_default_device("meta")
        try:
            found = run_on_regions(made("lite, False"), astronaut, [HER], 256, replicate=True)
        finally:
            torch.set_default_device(None)
            torch.set_default_dtype(torch.float32)
        for one, other in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(one, other)

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
    @pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
    def test_a_new_process_computes(self, made: Callable[..., Any]) -> None:
        network = made("lite, False")
        pixels = np.zeros((1, 256, 256, 3), np.uint8)
        wanted = network(pixels)[0]
        child = os.fork()
        if not child:
            same = np.array_equal(network(pixels)[0], wanted)
            os._exit(0 if same and np.array_equal(made("lite, False")(pixels)[0], wanted) else 1)
        assert os.waitpid(child, 0)[1] == 0


_ENDING = """
import sys, threading, time
import numpy as np
from pathlib import Path
from pose_landmarker.engines import load_engine
from pose_landmarker.errors import EngineError

model = Path(sys.argv[1]).read_bytes()
network = load_engine("torch")[1](model, scale=1 / 255, offset=0.0, threads=1)
begun = threading.Event()

def ask():
    pixels = np.zeros((1, 256, 256, 3), np.uint8)
    try:
        while True:
            network(pixels)
            begun.set()
    except EngineError:
        pass

for _ in range(4):
    threading.Thread(target=ask, daemon=True).start()
assert begun.wait(60)
"""


@needs_torch
def test_a_program_that_ends_in_the_middle(networks: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / "network").write_bytes(networks["lite, False"])
    command = [sys.executable, "-c", _ENDING, str(tmp_path / "network")]
    done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


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
class TestCard:
    """What can be told of one that is not there."""

    def test_without_kernels_for_it_is_told_at_once(
        self, networks: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import torch

        from pose_landmarker.engines.native.reading import read_graph
        from pose_landmarker.engines.pytorch.module import Module

        def missing(*_: Any, **__: Any) -> Any:
            raise RuntimeError("no kernel image is available")

        monkeypatch.setattr(torch.cuda, "synchronize", lambda device: None)
        values: Any = {"scale": 1.0, "offset": 0.0, "device": "meta", "half": True}
        graph = read_graph(networks["lite, False"])
        Module(graph, **values)
        monkeypatch.setattr(torch.nn.functional, "conv2d", missing)
        with pytest.raises(RuntimeError, match="no kernel image"):
            Module(graph, **values)

    def test_has_one_stream_for_all(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import torch

        from pose_landmarker.engines.pytorch import runner

        monkeypatch.setattr(runner, "_streams", {})
        monkeypatch.setattr(torch.cuda, "Stream", lambda device: [device])
        first = runner._stream_of("cuda:0")
        assert runner._stream_of("cuda:0") is first
        assert runner._stream_of("cuda:1") is not first


class TestDevice:
    @pytest.mark.parametrize("device", ["cpu", "cuda", "cuda:0", "cuda:17"])
    def test_is_an_option_of_the_base_options(self, device: str) -> None:
        assert BaseOptions(model="lite", device=device).device == device
        options = PoseLandmarkerOptions.of("lite", {"device": device, "num_poses": 2})
        assert (options.base_options.device, options.num_poses) == (device, 2)
        assert BaseOptions(model="lite").device == "cpu"

    @pytest.mark.parametrize(
        "device", ["", "gpu", "cuda:", "cuda:-1", "cuda:01", "cuda:100", "CUDA", "cuda:1\n"]
    )
    def test_is_one_of_some_words(self, device: str) -> None:
        with pytest.raises(
            OptionError, match=r"device must be 'cpu', 'cuda' or a numbered one .*'cuda:1', not"
        ):
            PoseLandmarker.create("lite", device=device)

    @pytest.mark.parametrize("device", [None, 0, b"cuda"])
    def test_is_a_word(self, device: Any) -> None:
        with pytest.raises(OptionTypeError, match="device must be"):
            PoseLandmarker.create("lite", device=device)

    @pytest.mark.parametrize("engine", ["native", "litert", "openvino", FakeEngine([])])
    def test_other_engines_are_for_processors(self, engine: Any) -> None:
        with pytest.raises(OptionError, match=r"device='cuda' needs engine='torch' or 'auto', not"):
            PoseLandmarker.create("lite", device="cuda", engine=engine)

    @pytest.mark.parametrize("name", ["auto", "torch"])
    def test_without_pytorch(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        monkeypatch.setattr(engines, "find_spec", lambda package: None)
        with pytest.raises(MissingExtraError, match=r"needs PyTorch: pip install 'torch>=2.9' \(.*\[gpu\]\)"):
            choose_engine(name, "exact", "cuda")

    def test_pytorch_that_is_too_old_or_broken(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(engines, "_installed", lambda package: "2.8.1+cu128")
        with pytest.raises(MissingExtraError, match=r"needs PyTorch 2.9 or newer, not 2.8.1\+cu128"):
            load_engine("torch")
        monkeypatch.setattr(engines, "_installed", lambda package: "2.10.0")
        monkeypatch.setitem(sys.modules, "torch", None)
        with pytest.raises(MissingExtraError, match=r"PyTorch 2.10.0 is installed but cannot be loaded"):
            load_engine("torch")

    @needs_torch
    @pytest.mark.parametrize("name", ["auto", "torch"])
    def test_without_a_graphics_card(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        import torch

        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        monkeypatch.setattr(torch.version, "cuda", None)
        with pytest.raises(EngineError, match=r"is_available\(\) is False .*built without CUDA.*pytorch.org"):
            choose_engine(name, "exact", "cuda")
        monkeypatch.setattr(torch.version, "cuda", "13.0")
        with pytest.raises(EngineError, match=r"built for CUDA 13.0.*nvidia-smi.*; or leave out device"):
            choose_engine(name, "exact", "cuda:1")

    @needs_torch
    def test_with_graphics_cards(self, monkeypatch: pytest.MonkeyPatch) -> None:
        _pretend_cards(monkeypatch, "Blue", "Green")
        for device, meant in (("cuda", "cuda:1"), ("cuda:0", "cuda:0"), ("cuda:1", "cuda:1")):
            chosen = choose_engine("auto", "exact", device)
            assert (chosen.name, chosen.precision) == ("torch", "exact")
            assert chosen.compile.keywords["device"] == meant  # type: ignore[attr-defined]
        wanted = r"'cuda:2' does not exist; here are cuda:0 \(Blue\), cuda:1 \(Green\)"
        with pytest.raises(EngineError, match=wanted):
            choose_engine("torch", "exact", "cuda:2")
        fast = choose_engine("auto", "fast", "cuda:0")
        assert (fast.name, fast.precision) == ("torch", "fast")
        assert fast.compile.keywords == {"device": "cuda:0", "precision": "fast"}  # type: ignore[attr-defined]

    @needs_torch
    @pytest.mark.parametrize(("forked", "told"), [(True, r"os.fork\(\).*'spawn'"), (False, "busy")])
    def test_a_card_that_cannot_be_used(
        self, monkeypatch: pytest.MonkeyPatch, forked: bool, told: str
    ) -> None:
        import torch

        def fail() -> int:
            raise RuntimeError("CUDA-capable devices are busy or unavailable")

        _pretend_cards(monkeypatch, "Blue")
        monkeypatch.setattr(torch.cuda, "current_device", fail)
        monkeypatch.setattr(torch.cuda, "_is_in_bad_fork", lambda: forked)
        with pytest.raises(EngineError, match=told):
            choose_engine("auto", "exact", "cuda")

    @needs_torch
    def test_workers_use_the_current_card_of_who_calls(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import torch

        from pose_landmarker import processing

        _pretend_cards(monkeypatch, "Blue", "Green")
        caller, used = threading.get_ident(), []
        monkeypatch.setattr(torch.cuda, "current_device", lambda: 1 if threading.get_ident() == caller else 0)

        def landmarker(options: PoseLandmarkerOptions) -> Any:
            used.append((threading.get_ident() == caller, options.base_options.device))
            raise EngineError("enough")

        monkeypatch.setattr("pose_landmarker.worker.PoseLandmarker", landmarker)
        picture = np.zeros((9, 9, 3), np.uint8)
        with pytest.raises(EngineError, match="enough"):
            list(processing.process([picture, picture], "lite", device="cuda", workers=2))
        assert set(used) == {(False, "cuda:1")}

    @needs_torch
    def test_fast_is_for_graphics_cards(self, model_file: Callable[[str], Path]) -> None:
        with pytest.warns(RuntimeWarning, match=r"exact, with torch: .*device='cuda' only") as caught:
            landmarker = PoseLandmarker.create(
                model_file("lite"), engine="torch", precision="fast", threads=1
            )
        assert (landmarker.engine, landmarker.precision) == ("torch", "exact")
        assert [warning.filename for warning in caught] == [__file__]

    @needs_torch
    def test_cuda_in_a_new_process(self, made: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
        network = made("lite, False")
        monkeypatch.setattr(network, "_pinned", True)
        monkeypatch.setattr(os, "getpid", lambda: -1)
        with pytest.raises(EngineError, match=r"CUDA does not survive os.fork\(\).*'spawn'"):
            network(np.zeros((1, 256, 256, 3), np.uint8))


def _pretend_cards(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """As if there were these graphics cards, the last one being the current one."""
    import torch

    class Card:
        total_memory = 24 << 30

        def __init__(self, name: str) -> None:
            self.name = name

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: len(names))
    monkeypatch.setattr(torch.cuda, "current_device", lambda: len(names) - 1)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda number: Card(names[number]))


class TestCommandLine:
    def test_the_flag(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        picture = str(tmp_path / "grey.png")
        Image.new("RGB", (80, 60)).save(picture)
        assert main(["image", picture, "--device", "tpu"]) == 2
        assert "device must be 'cpu', 'cuda'" in capsys.readouterr().err
        assert main(["image", picture, "--device", "cuda", "--engine", "litert"]) == 2
        assert "device='cuda' needs engine='torch' or 'auto', not 'litert'" in capsys.readouterr().err

    @needs_torch
    def test_a_picture(
        self, tmp_path: Path, model_file: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
    ) -> None:
        picture = tmp_path / "astronaut.png"
        Image.fromarray(astronaut_photo()).save(picture)
        command = [
            "image",
            str(picture),
            "-m",
            str(model_file("lite")),
            "--engine",
            "torch",
            "--threads",
            "1",
        ]
        assert main([*command, "--output", str(tmp_path / "out")]) == 0
        (found,) = (tmp_path / "out").glob("*.json")
        assert len(json.loads(found.read_text())["poses"]) == 1

    @needs_torch
    def test_info_tells_of_graphics_cards(self, monkeypatch: pytest.MonkeyPatch) -> None:
        _pretend_cards(monkeypatch, "Blue", "Green")
        facts = info.collect()
        assert facts["packages"]["torch"] != "not installed"
        assert facts["engine"]["graphics cards"] == ["cuda:0: Blue, 24 GiB", "cuda:1: Green, 24 GiB"]

    def test_info_tells_why_there_are_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(engines, "find_spec", lambda package: None)
        assert "pip install 'torch>=2.9'" in info.collect()["engine"]["graphics cards"]


@needs_torch
def test_a_video(model_file: Callable[[str], Path], astronaut: RgbImage) -> None:
    with PoseLandmarker.create(
        model_file("lite"), engine="torch", threads=1, running_mode=RunningMode.VIDEO
    ) as landmarker:
        for i in range(3):
            result = landmarker.detect_for_video(astronaut[2 * i :], 33 * i)
            assert [pose.track_id for pose in result] == [1]
