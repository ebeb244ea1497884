"""Which devices PyTorch computes on, and what is said of those that are not there."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pose_landmarker import BaseOptions, PoseLandmarker, PoseLandmarkerOptions, engines
from pose_landmarker.cli import info
from pose_landmarker.cli.main import main
from pose_landmarker.engines import choose_engine, load_engine
from pose_landmarker.engines.fake import FakeEngine
from pose_landmarker.errors import EngineError, MissingExtraError, OptionError, OptionTypeError
from tests.conftest import needs_torch
from tests.poses import astronaut_photo


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
