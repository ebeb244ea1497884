from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pose_landmarker import engines
from pose_landmarker.arrays import FloatArray, RgbImage
from pose_landmarker.detector import DETECTOR_OFFSET, DETECTOR_OUTPUTS, DETECTOR_SCALE
from pose_landmarker.engines import Network, cpu, load_engine
from pose_landmarker.engines.cpu import available_cpus, cpu_features, default_threads
from pose_landmarker.engines.fake import FakeEngine, FakeNetwork
from pose_landmarker.engines.stderr import without_lines
from pose_landmarker.errors import EngineError, MissingExtraError
from pose_landmarker.models.bundle import read_bundle
from pose_landmarker.models.tflite import with_outputs
from tests.conftest import ALL_ENGINES, needs_native, needs_openvino
from tests.tiny import tiny_network


@pytest.fixture(scope="module")
def detector(model_file: Callable[[str], Path]) -> bytes:
    return with_outputs(read_bundle(model_file("full")).detector, DETECTOR_OUTPUTS)


def _compile(engine: str, model: bytes, threads: int = 2) -> Network:
    return load_engine(engine)[1](model, scale=DETECTOR_SCALE, offset=DETECTOR_OFFSET, threads=threads)


@pytest.fixture(scope="module")
def pixels() -> RgbImage:
    return np.random.default_rng(1).integers(0, 256, (3, 224, 224, 3), dtype=np.uint8)


def _assert_same(engine: str, found: FloatArray, wanted: FloatArray) -> None:
    """Bit by bit; PyTorch adds in another order where there are more pictures, of this thread or others."""
    np.testing.assert_allclose(found, wanted, rtol=0, atol=2e-3 if engine == "torch" else 0)


@pytest.mark.parametrize("engine", ALL_ENGINES)
class TestEveryEngine:
    def test_a_batch_is_its_images_one_by_one(self, engine: str, detector: bytes, pixels: RgbImage) -> None:
        network = _compile(engine, detector)
        boxes, scores = network(pixels)
        assert boxes.shape == (3, 2254, 12)
        assert scores.shape == (3, 2254, 1)
        assert boxes.dtype == np.float32
        for i in range(3):
            _assert_same(engine, network(pixels[i : i + 1])[0][0], boxes[i])

    def test_outputs_belong_to_the_caller(self, engine: str, detector: bytes, pixels: RgbImage) -> None:
        network = _compile(engine, detector)
        first = network(pixels[:1])[1]
        kept = first.copy()
        network(pixels[1:])
        np.testing.assert_array_equal(first, kept)
        first[:] = 0

    def test_threads_take_turns(self, engine: str, detector: bytes, pixels: RgbImage) -> None:
        network = _compile(engine, detector)
        wanted = [network(pixels[i : i + 1])[1] for i in range(3)]
        wrong: list[int] = []

        def work(i: int) -> None:
            for _ in range(5):
                try:
                    _assert_same(engine, network(pixels[i : i + 1])[1], wanted[i])
                except AssertionError:
                    wrong.append(i)

        workers = [threading.Thread(target=work, args=(i,)) for i in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert wrong == []

    def test_the_number_of_threads_changes_next_to_nothing(
        self, engine: str, detector: bytes, pixels: RgbImage
    ) -> None:
        one, two = _compile(engine, detector, 1)(pixels), _compile(engine, detector, 2)(pixels)
        np.testing.assert_allclose(one[0], two[0], atol=0.05)

    def test_what_cannot_be_compiled(self, engine: str) -> None:
        with pytest.raises(EngineError, match="cannot compile"):
            _compile(engine, tiny_network([("in", (1,), 0)], [0], [0], [([0], [0])])[:90])


@needs_openvino
def test_the_engines_agree(detector: bytes, pixels: RgbImage) -> None:
    litert, openvino = (_compile(engine, detector)(pixels) for engine in ("litert", "openvino"))
    np.testing.assert_allclose(litert[0], openvino[0], atol=0.05)  # of values up to 1,000
    np.testing.assert_allclose(litert[1], openvino[1], atol=0.05)  # logits up to 100


@needs_openvino
def test_openvino_keeps_what_it_compiled_and_survives_a_damaged_file(
    empty_cache: Path, detector: bytes, pixels: RgbImage
) -> None:
    wanted = _compile("openvino", detector)(pixels)
    (blob,) = (empty_cache / "openvino").iterdir()
    np.testing.assert_array_equal(_compile("openvino", detector)(pixels)[1], wanted[1])
    blob.write_bytes(b"damaged")
    np.testing.assert_array_equal(_compile("openvino", detector)(pixels)[1], wanted[1])
    assert blob.stat().st_size > 1000


@needs_openvino
def test_openvino_does_without_a_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, detector: bytes, pixels: RgbImage
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("POSE_LANDMARKER_CACHE", str(tmp_path / "file"))
    assert _compile("openvino", detector)(pixels)[1].shape == (3, 2254, 1)


def _pretend(monkeypatch: pytest.MonkeyPatch, version: str | None) -> None:
    """As if this version of OpenVINO were installed, or none."""
    monkeypatch.setattr(engines, "_installed_openvino", lambda: version)


class TestChoice:
    @needs_native
    def test_auto_takes_the_native_engine_where_the_processor_has_long_vectors(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(engines, "has_fast_kernels", lambda: True)
        assert load_engine("auto")[0] == "native"
        monkeypatch.setattr(engines, "has_fast_kernels", lambda: False)
        assert load_engine("auto")[0] != "native"

    @needs_openvino
    @pytest.mark.usefixtures("no_native")
    def test_auto_takes_openvino_where_it_works(self) -> None:
        assert load_engine("auto")[0] == "openvino"

    @pytest.mark.parametrize(
        ("version", "reason"),
        [(None, "needs OpenVINO"), ("2024.6.0", "needs OpenVINO 2026.4 or newer, not 2024.6.0")],
    )
    @pytest.mark.usefixtures("no_native")
    def test_auto_takes_litert_where_openvino_is_missing_or_old(
        self, monkeypatch: pytest.MonkeyPatch, version: str | None, reason: str
    ) -> None:
        _pretend(monkeypatch, version)
        assert load_engine("auto")[0] == "litert"
        with pytest.raises(MissingExtraError, match=reason) as caught:
            load_engine("openvino")
        assert "pip install 'openvino>=2026.4'" in str(caught.value)

    @pytest.mark.usefixtures("no_native")
    def test_auto_takes_litert_where_openvino_is_broken(self, monkeypatch: pytest.MonkeyPatch) -> None:
        _pretend(monkeypatch, "2026.4.1")
        monkeypatch.setitem(sys.modules, "openvino", None)
        assert load_engine("auto")[0] == "litert"
        with pytest.raises(MissingExtraError, match="cannot be loaded"):
            load_engine("openvino")

    def test_a_folder_of_that_name_is_not_openvino(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def not_found(package: str) -> str:
            raise importlib.metadata.PackageNotFoundError(package)

        monkeypatch.setattr(engines, "find_spec", lambda name: object())
        monkeypatch.setattr(importlib.metadata, "version", not_found)
        assert engines._installed_openvino() is None
        monkeypatch.setattr(engines, "find_spec", lambda name: None)
        assert engines._installed_openvino() is None

    def test_an_engine_of_ones_own(self) -> None:
        engine = FakeEngine([])
        assert load_engine(engine) == ("FakeEngine", engine)


_QUIET = """
import sys

def refuse_network(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "subprocess.Popen", "os.fork"):
        raise RuntimeError(f"{event} {arguments}")

sys.addaudithook(refuse_network)
from pathlib import Path
from pose_landmarker import PoseLandmarker
import numpy as np
with PoseLandmarker.create(Path(sys.argv[1]), engine=sys.argv[2]) as landmarker:
    landmarker.detect(np.zeros((64, 64, 3), np.uint8))
loaded = [name for name in sys.modules if name.partition(".")[0] == "openvino_telemetry"]
assert not loaded, loaded
"""


@pytest.mark.parametrize("engine", ALL_ENGINES)
def test_nothing_is_printed_and_nothing_is_sent(engine: str, model_file: Callable[[str], Path]) -> None:
    command = [sys.executable, "-c", _QUIET, str(model_file("full")), engine]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


class TestStandardError:
    def test_only_the_unwanted_lines_are_held_back(self, capfd: pytest.CaptureFixture[str]) -> None:
        with without_lines(b"chatter"):
            os.write(2, b"some chatter here\nan important line\n")
        os.write(2, b"chatter afterwards\n")
        assert capfd.readouterr().err == "an important line\nchatter afterwards\n"

    def test_it_is_given_back_after_an_error(self, capfd: pytest.CaptureFixture[str]) -> None:
        def fail() -> None:
            with without_lines(b"chatter"):
                os.write(2, b"before\n")
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail()
        os.write(2, b"after\n")
        assert capfd.readouterr().err == "before\nafter\n"

    def test_whatever_stands_in_for_sys_stderr(
        self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        for stand_in in (None, object()):
            monkeypatch.setattr(sys, "stderr", stand_in)
            with without_lines(b"chatter"):
                os.write(2, b"chatter\nkept\n")
        assert capfd.readouterr().err == "kept\nkept\n"

    def test_no_place_to_hold_it_back(
        self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        def refuse() -> None:
            raise FileNotFoundError("no usable temporary directory")

        monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
        with without_lines(b"chatter"):
            os.write(2, b"chatter\n")
        assert capfd.readouterr().err == "chatter\n"

    def test_a_process_without_standard_error(self) -> None:
        script = (
            "import os, sys; os.close(2); sys.stderr = None\n"
            "from pose_landmarker.engines.stderr import without_lines\n"
            "with without_lines(b'x'): print('inside')"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
        assert (done.returncode, done.stdout.strip()) == (0, b"inside")


class TestCpu:
    @pytest.mark.parametrize(
        ("files", "cpus"),
        [
            ({"cpu.max": "100000 100000"}, 1),
            ({"cpu.max": "50000 100000"}, 1),
            ({"cpu.max": "max 100000"}, None),
            ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, None),
            ({"cpu/cpu.cfs_quota_us": "100000", "cpu/cpu.cfs_period_us": "100000"}, 1),
            ({"cpu.max": "garbage"}, None),
            ({}, None),
        ],
    )
    def test_limits_of_containers(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], cpus: int | None
    ) -> None:
        monkeypatch.setattr("pose_landmarker.engines.cpu._OWN_CGROUP", tmp_path / "nowhere")
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text)
        assert available_cpus(tmp_path) == (cpus or available_cpus(tmp_path / "nothing"))

    def test_the_limit_of_a_group_further_down(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "own").write_text("1:name=systemd:/x\n0::/user.slice/job.scope\n")
        monkeypatch.setattr(cpu, "_OWN_CGROUP", tmp_path / "own")
        (tmp_path / "user.slice" / "job.scope").mkdir(parents=True)
        (tmp_path / "cpu.max").write_text("max 100000")
        (tmp_path / "user.slice" / "cpu.max").write_text("100000 100000")
        assert available_cpus(tmp_path) == 1

    @pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux has affinities")
    def test_affinity(self) -> None:
        before = os.sched_getaffinity(0)
        try:
            os.sched_setaffinity(0, {min(before)})
            assert available_cpus() == default_threads() == 1
        finally:
            os.sched_setaffinity(0, before)

    def test_the_default_is_at_most_four(self) -> None:
        assert 1 <= default_threads() <= 4

    def test_features_are_words(self) -> None:
        assert all(feature.isidentifier() for feature in cpu_features())


def test_the_fake_answers_and_remembers(pixels: RgbImage) -> None:
    network = FakeNetwork((2,), (4, 1))
    engine = FakeEngine([network])
    assert engine(b"model", scale=1.0, offset=0.0, threads=3) is network
    first, second = network(pixels)
    assert (first.shape, second.shape) == ((3, 2), (3, 4, 1))
    np.testing.assert_array_equal(network.seen[0], pixels)
    assert engine.compiled == [(b"model", 1.0, 0.0, 3)]
