"""precision="fast": close to exact where it can be had, exact with a warning where it cannot."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pose_landmarker import PoseLandmarker, PoseLandmarkerOptions, engines
from pose_landmarker.arrays import RgbImage
from pose_landmarker.cli import info
from pose_landmarker.cli.main import main
from pose_landmarker.engines import FAST_ENGINES, choose_engine, fast_obstacle
from pose_landmarker.engines.fake import FakeEngine
from pose_landmarker.errors import MissingExtraError, OptionError, OptionTypeError
from pose_landmarker.landmark_net import LANDMARK_OFFSET, LANDMARK_SCALE, LandmarkNet
from pose_landmarker.models.bundle import read_bundle
from pose_landmarker.models.tflite import with_outputs
from pose_landmarker.options import Precision
from tests.conftest import needs_native, needs_openvino
from tests.poses import astronaut_photo

_OBSTACLE = fast_obstacle("openvino")
needs_bfloat16 = pytest.mark.skipif(_OBSTACLE is not None, reason=str(_OBSTACLE))


@pytest.fixture(scope="module")
def astronaut() -> RgbImage:
    return astronaut_photo()


class TestOption:
    def test_is_exact_unless_said(self) -> None:
        assert PoseLandmarkerOptions().precision == "exact"

    def test_is_one_of_two_words(self) -> None:
        with pytest.raises(OptionError, match="precision must be"):
            PoseLandmarkerOptions(precision="bf16")  # type: ignore[arg-type]
        with pytest.raises(OptionTypeError, match="precision must be"):
            PoseLandmarkerOptions(precision=16)  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("engine", "named"), [("litert", "'litert'"), (FakeEngine([]), "an engine of your own")]
    )
    def test_what_is_fast_nowhere_is_an_error(self, engine: str | FakeEngine, named: str) -> None:
        with pytest.raises(OptionError, match=f"precision='fast' needs .*, not {named}"):
            PoseLandmarkerOptions(engine=engine, precision="fast")

    def test_an_engine_of_ones_own_is_called_as_ever(self) -> None:
        engine = FakeEngine([])
        assert choose_engine(engine, "exact") == ("FakeEngine", engine, "exact")


class TestFallback:
    @pytest.mark.usefixtures("no_native")
    def test_without_openvino(
        self, monkeypatch: pytest.MonkeyPatch, model_file: Callable[[str], Path]
    ) -> None:
        monkeypatch.setattr(engines, "_installed_openvino", lambda: None)
        with pytest.warns(RuntimeWarning, match=r"exact, with litert: .*pip install 'openvino>=") as caught:
            made = PoseLandmarker.create(model_file("lite"), precision="fast", threads=1)
        assert (made.engine, made.precision) == ("litert", "exact")
        assert repr(made) == "<PoseLandmarker IMAGE, litert, exact, 1 threads>"
        assert [warning.filename for warning in caught] == [__file__]

    def test_openvino_by_name_and_not_installed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(engines, "_installed_openvino", lambda: None)
        with pytest.raises(MissingExtraError, match="pip install"):
            choose_engine("openvino", "fast")

    @needs_openvino
    @pytest.mark.usefixtures("no_native")
    @pytest.mark.parametrize("engine", ["auto", "openvino"])
    def test_without_the_instructions(self, monkeypatch: pytest.MonkeyPatch, engine: str) -> None:
        monkeypatch.setattr("pose_landmarker.engines.openvino.has_bfloat16", lambda: False)
        with pytest.warns(RuntimeWarning, match="exact, with openvino: .*this processor has no") as caught:
            chosen = choose_engine(engine, "fast")
        assert len(caught) == 1
        assert chosen.precision == "exact"
        assert chosen[:2] == engines.load_engine("openvino")

    @needs_openvino
    def test_the_processor_is_asked_through_openvino(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Core:
            def get_property(self, device: str, name: str) -> list[str]:
                assert (device, name) == ("CPU", "OPTIMIZATION_CAPABILITIES")
                return ["FP32", "FP16", "INT8"]

        monkeypatch.setattr("pose_landmarker.engines.openvino._core", Core)
        assert fast_obstacle("openvino") == "this processor has no instructions for bfloat16"

    def test_exact_never_warns(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert choose_engine("auto", "exact").precision == "exact"

    @needs_native
    def test_native_is_the_first_choice(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("pose_landmarker.engines.native.network.has_bfloat16", lambda: True)
        assert choose_engine("auto", "fast")[::2] == ("native", "fast")
        assert choose_engine("native", "fast")[::2] == ("native", "fast")

    @needs_native
    def test_native_by_name_without_the_instructions(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("pose_landmarker.engines.native.network.has_bfloat16", lambda: False)
        with pytest.warns(RuntimeWarning, match="exact, with native: this processor has no"):
            assert choose_engine("native", "fast")[::2] == ("native", "exact")


class TestFast:
    @pytest.mark.parametrize("engine", FAST_ENGINES)
    def test_is_near_exact(self, engine: str, model_file: Callable[[str], Path], astronaut: RgbImage) -> None:
        obstacle = fast_obstacle(engine)
        if obstacle is not None:
            pytest.skip(obstacle)
        found = {}
        for precision in ("exact", "fast"):
            with PoseLandmarker.create(
                model_file("full"), engine=engine, precision=precision, threads=1
            ) as made:
                assert (made.engine, made.precision) == (engine, precision)
                (found[precision],) = made.detect(astronaut)
        exact, fast = found["exact"], found["fast"]
        seen = exact.visible
        apart = np.linalg.norm(exact.pixels - fast.pixels, axis=-1)[seen] * 256 / exact.roi.size
        assert 0 < apart.max() < 5  # pixels of the crop; 2.2 on the machine that this was written on
        assert apart.mean() < 1  # 0.3
        assert abs(exact.presence_score - fast.presence_score) < 0.02
        metres = np.linalg.norm(exact.world_landmarks - fast.world_landmarks, axis=-1)[seen]
        assert metres.mean() < 0.02

    @needs_bfloat16
    def test_what_was_kept_answers_the_same(
        self, empty_cache: Path, model_file: Callable[[str], Path]
    ) -> None:
        model = with_outputs(read_bundle(model_file("lite")).landmarks, LandmarkNet.outputs(with_masks=False))
        pixels = np.random.default_rng(3).integers(0, 256, (1, 256, 256, 3), dtype=np.uint8)

        def answer(precision: Precision) -> bytes:
            compiled = choose_engine("openvino", precision).compile(
                model, scale=LANDMARK_SCALE, offset=LANDMARK_OFFSET, threads=1
            )
            return b"".join(output.tobytes() for output in compiled(pixels))

        fast = answer("fast")
        assert answer("exact") != fast
        assert len(list((empty_cache / "openvino").iterdir())) == 2  # each has a place of its own
        assert answer("fast") == fast


class TestCommandLine:
    def test_the_flag(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        picture = str(tmp_path / "grey.png")
        Image.new("RGB", (80, 60)).save(picture)
        with pytest.raises(SystemExit):
            main(["image", picture, "--precision", "low"])
        assert "--precision: invalid choice: 'low'" in capsys.readouterr().err
        assert main(["image", picture, "--precision", "fast", "--engine", "litert"]) == 2
        assert "precision='fast' needs engine=" in capsys.readouterr().err

    def test_info_tells(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(info, "fast_obstacle", {"native": None, "openvino": "none"}.get)
        assert info.collect()["engine"]["precision 'fast'"] == "yes, by native"
        monkeypatch.setattr(info, "fast_obstacle", {"native": "too old", "openvino": "not there"}.get)
        assert info.collect()["engine"]["precision 'fast'"] == "no: native: too old; openvino: not there"
