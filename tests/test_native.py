"""The engine of our own: regions, threads, plans, memory, and what it refuses."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pose_landmarker import engines
from pose_landmarker.decoding import refine, refine_by_numpy
from pose_landmarker.engines.native.graph import Graph, Layer, Output, fused, simplified
from pose_landmarker.engines.native.memory import Memory
from pose_landmarker.engines.native.network import NativeNetwork, compile_native
from pose_landmarker.engines.native.plan import bfloat16_of, blocks, plan
from pose_landmarker.engines.native.reading import read_graph
from pose_landmarker.engines.pool import Pool
from pose_landmarker.errors import BundleError, EngineError, MissingExtraError
from pose_landmarker.imaging import crop, crop_matrix
from pose_landmarker.landmark_net import LandmarkNet
from pose_landmarker.models.bundle import read_bundle
from pose_landmarker.models.tflite import with_outputs
from pose_landmarker.native import library
from pose_landmarker.results import Roi
from tests.conftest import needs_native

pytestmark = needs_native


@pytest.fixture(scope="module")
def lite(model_file: Callable[[str], Path]) -> bytes:
    return with_outputs(read_bundle(model_file("lite")).landmarks, LandmarkNet.outputs(with_masks=False))


def _compile(model: bytes, threads: int = 2) -> NativeNetwork:
    return compile_native(model, scale=1 / 255, offset=0.0, threads=threads)


SIZES = [(1, 1), (1, 300), (300, 1), (2, 2), (5, 3), (97, 211), (360, 640)]


class TestRegions:
    @pytest.mark.parametrize("replicate", [True, False])
    def test_crops_are_those_of_opencv_to_the_bit(self, lite: bytes, replicate: bool) -> None:
        network, random = _compile(lite), np.random.default_rng(7)
        for height, width in SIZES:
            image = random.integers(0, 256, (height, width, 3), dtype=np.uint8)
            for size, rotation in ((0.7, 0.0), (30.0, 0.4), (400.0, -2.2), (5000.0, 1.5708)):
                x, y = random.uniform(-0.3, 1.3, 2) * (width, height)
                roi = Roi(float(x), float(y), size, rotation)
                by_itself = network.regions(image, [crop_matrix(roi, 256)], replicate=replicate)
                given = network(crop(image, roi, 256, replicate=replicate)[None])
                for a, b in zip(by_itself, given, strict=True):
                    np.testing.assert_array_equal(a, b)

    @pytest.mark.parametrize("count", [2, 3, 5])
    def test_several_are_each_as_one_and_stay(self, lite: bytes, count: int) -> None:
        image = np.random.default_rng(8).integers(0, 256, (200, 300, 3), dtype=np.uint8)
        matrices = [crop_matrix(Roi(60.0 * i, 90.0, 150.0, 0.2 * i), 256) for i in range(count)]
        network, alone = _compile(lite, 2), _compile(lite, 1)
        all_at_once = network.regions(image, matrices, replicate=True)
        for i, matrix in enumerate(matrices):
            for a, b in zip(all_at_once, alone.regions(image, [matrix], replicate=True), strict=True):
                np.testing.assert_array_equal(a[i : i + 1], b)
        before = [output.copy() for output in all_at_once]
        network.regions(image, matrices[::-1], replicate=True)
        for a, b in zip(all_at_once, before, strict=True):
            np.testing.assert_array_equal(a, b)

    def test_no_regions(self, lite: bytes) -> None:
        outputs = _compile(lite).regions(np.zeros((9, 9, 3), np.uint8), [], replicate=True)
        assert [output.shape[0] for output in outputs] == [0] * 4

    def test_wrong_pixels(self, lite: bytes) -> None:
        network = _compile(lite)
        for wrong in (np.zeros((1, 9, 9, 3), np.uint8), np.zeros((1, 256, 256, 3), np.float32)):
            with pytest.raises(EngineError, match="wants uint8"):
                network(wrong)  # type: ignore[arg-type]

    def test_calls_from_many_threads(self, lite: bytes) -> None:
        network, random = _compile(lite), np.random.default_rng(9)
        images = random.integers(0, 256, (4, 1, 256, 256, 3), dtype=np.uint8)
        wanted = [network(image)[0].copy() for image in images]
        wrong: list[int] = []

        def work(i: int) -> None:
            for _ in range(10):
                if not np.array_equal(network(images[i])[0], wanted[i]):
                    wrong.append(i)

        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []

    @pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
    def test_threads_end_with_the_network(self, lite: bytes) -> None:
        def count() -> int:
            """Once those of other networks have ended."""
            gc.collect()
            seen = [0, 1]
            while seen[-1] != seen[-2]:
                time.sleep(0.1)
                seen.append(len(list(Path("/proc/self/task").iterdir())))
            return seen[-1]

        before = count()
        network = _compile(lite, 3)
        assert count() == before + 2
        del network
        assert count() == before


_SCRIPT = """
import os, sys, threading, time
import numpy as np
from pose_landmarker.engines.native.network import compile_native
from pose_landmarker.landmark_net import LandmarkNet
from pose_landmarker.models.bundle import read_bundle
from pose_landmarker.models.tflite import with_outputs
from pathlib import Path

model = with_outputs(read_bundle(Path(sys.argv[1])).landmarks, LandmarkNet.outputs(with_masks=False))
network = compile_native(model, scale=1 / 255, offset=0.0, threads=2)
pictures = np.zeros((3, 256, 256, 3), np.uint8)
wanted = network(pictures)[0].copy()
"""
_FORK = """
for _ in range(5):
    network(pictures)
    child = os.fork()
    if child == 0:
        same = all(np.array_equal(network(pictures[:n])[0], wanted[:n]) for n in (1, 3))
        del network
        os._exit(0 if same else 3)
    assert os.waitpid(child, 0)[1] == 0
child = os.fork()
if child == 0:
    sys.exit()
assert os.waitpid(child, 0)[1] == 0
"""
_EXIT = """
def work():
    while True:
        network(pictures)

threading.Thread(target=work, daemon=True).start()
time.sleep(0.2)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_a_forked_child_computes_and_ends(model_file: Callable[[str], Path]) -> None:
    _python(_SCRIPT + _FORK, model_file("lite"))


def test_the_interpreter_may_end_while_a_thread_computes(model_file: Callable[[str], Path]) -> None:
    for _ in range(3):
        _python(_SCRIPT + _EXIT, model_file("lite"))


def _python(script: str, *arguments: Path) -> None:
    """Run a script; it hangs in no other process than its own."""
    command = [sys.executable, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_who_is_interrupted_leaves_nobody_at_work(lite: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    network = _compile(lite)
    pictures = np.zeros((4, 256, 256, 3), np.uint8)
    network(pictures)
    ended = threading.Event()

    def slow(*_: object) -> None:
        time.sleep(0.1)
        ended.set()

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(network._alone[0], "run", interrupted)
    monkeypatch.setattr(network._alone[1], "run", slow)
    with pytest.raises(KeyboardInterrupt):
        network(pictures)
    assert ended.is_set()


class TestPlanning:
    def test_sums_are_made_by_layers_and_layers_follow_each_other(self, lite: bytes) -> None:
        read = read_graph(lite)
        graph = simplified(read)
        assert len(read.layers) - len(graph.layers) == sum(layer.kind == "sum" for layer in read.layers)
        there: set[int] = set()
        for layer in graph.layers:
            assert set(layer.reads) <= there
            there.add(layer.output)
        groups = fused(graph, lambda _: False)
        assert [number for group in groups for number in group] == list(range(len(graph.layers)))
        assert max(len(group) for group in groups) <= 8

    def test_blocks_of_channels(self) -> None:
        assert [list(blocks(n)) for n in (1, 2, 3, 4, 5, 7, 9)] == [
            [1], [2], [3], [2, 2], [3, 2], [3, 2, 2], [3, 3, 3],
        ]  # fmt: skip

    def test_places_never_overlap_and_are_used_again(self) -> None:
        memory, random = Memory(64), np.random.default_rng(3)
        live: dict[int, int] = {}
        for _ in range(500):
            if live and random.random() < 0.5:
                place = int(random.choice(list(live)))
                memory.give(place, live.pop(place))
            else:
                size = int(random.integers(1, 5000))
                place = memory.take(size)
                assert all(place + size <= p or p + s <= place for p, s in live.items())
                assert place % 64 == 0
                live[place] = size
        for place, size in live.items():
            memory.give(place, size)
        assert memory.take(memory.size) == 0

    def test_bfloat16_is_the_nearest_and_even(self) -> None:
        values = np.array([1.0, 1 + 2**-8, 1 + 3 * 2**-8, -2.5, 3.1415927, 0.0], np.float32)
        back = (bfloat16_of(values).astype(np.uint32) << 16).view(np.float32)
        np.testing.assert_array_equal(back, np.array([1.0, 1.0, 1.015625, -2.5, 3.140625, 0.0], np.float32))

    def test_what_is_answered_stays_float32_where_speed_is_asked_for(self) -> None:
        random = np.random.default_rng(13)

        def layer(kind: str, source: int, *shape: int, **more: Any) -> Layer:
            weights = random.normal(size=shape).astype(np.float32)
            bias = np.zeros(32, np.float32)
            return Layer(kind=kind, inputs=(source,), output=source + 1, weights=weights, bias=bias, **more)

        layers = [
            Layer(kind="crop", inputs=(), output=0),
            layer("conv", 0, 32, 3, 3, 3, step=2, top=1, left=1),
            layer("depthwise", 1, 3, 3, 32, top=1, left=1),
            layer("conv", 2, 32, 1, 1, 32),
        ]
        shapes = {0: (32, 32, 3), **dict.fromkeys((1, 2, 3), (16, 16, 32))}
        graph = Graph(0, [Output((1, 16, 16, 32), (number,)) for number in (2, 3)], layers, shapes)
        pixels = random.integers(0, 256, (1, 32, 32, 3), dtype=np.uint8)
        exact, fast = (
            NativeNetwork(graph, plan(graph, scale=1 / 255, offset=0.0, fast=quick), 1)(pixels)
            for quick in (False, True)
        )
        np.testing.assert_array_equal(fast[0], exact[0])
        np.testing.assert_allclose(fast[1], exact[1], atol=0.02 * float(np.abs(exact[1]).max()))

    def test_damaged_networks_are_refused_or_read(self, lite: bytes) -> None:
        random = np.random.default_rng(11)
        for _ in range(150):
            damaged = bytearray(lite)
            for place in random.integers(0, 60_000, 3):
                damaged[place] = int(random.integers(256))
            try:
                plan(simplified(read_graph(bytes(damaged))), scale=1.0, offset=0.0)
            except (BundleError, EngineError):
                continue


class TestPool:
    def test_what_is_held_is_not_given_again(self) -> None:
        pool = Pool((2, 3))
        first, address = pool.take()
        view = first[0]
        del first
        assert pool.take()[1] != address
        del view
        assert pool.take()[1] == address

    def test_many_that_are_held(self) -> None:
        pool = Pool((4,))
        held = [pool.take() for _ in range(20)]
        assert len({address for _, address in held}) == 20


class TestRefinement:
    def test_is_that_of_numpy(self) -> None:
        random = np.random.default_rng(12)
        maps = (random.normal(size=(2, 64, 64, 48)) * 3 - 1).astype(np.float32)
        points = random.uniform(-0.2, 1.2, (2, 35, 2)).astype(np.float32)
        points[0, :4] = [[np.nan, 0.5], [np.inf, 0.5], [1.0, 0.5], [-0.005, 1e30]]
        np.testing.assert_allclose(refine(points, maps)[0], refine_by_numpy(points, maps)[0], atol=1e-6)

    def test_fewer_maps_than_points_are_an_error(self) -> None:
        with pytest.raises(IndexError):
            refine(np.full((1, 39, 2), 0.99, np.float32), np.zeros((1, 64, 64, 5), np.float32))[0]


class TestWithoutKernels:
    @pytest.mark.usefixtures("no_native")
    def test_says_what_is_missing(self) -> None:
        with pytest.raises(MissingExtraError, match="C compiler"):
            engines.load_engine("native")
        assert engines.load_engine("auto")[0] != "native"

    def test_a_library_that_is_none(
        self, no_native: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "native.so").write_bytes(b"no library")
        with pytest.raises(MissingExtraError, match="cannot be loaded"):
            library.library()

    def test_a_network_that_it_does_not_know(self, lite: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(model: bytes, **options: Any) -> None:
            raise EngineError("an operator is not known")

        monkeypatch.setattr(engines, "_native", lambda: refuse)
        monkeypatch.setattr(engines, "has_fast_kernels", lambda: True)
        name, engine = engines.load_engine("auto")
        network = engine(lite, scale=1 / 255, offset=0.0, threads=1)
        assert name == "native"
        assert network(np.zeros((1, 256, 256, 3), np.uint8))[0].shape == (1, 195)
