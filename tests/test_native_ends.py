"""Without kernels another engine takes over; and what is left when a network ends."""

from __future__ import annotations

import gc
import sys
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pose_landmarker import engines
from pose_landmarker.decoding import refine, refine_by_numpy
from pose_landmarker.engines import load_engine
from pose_landmarker.engines.native.graph import simplified
from pose_landmarker.engines.native.network import compile_native
from pose_landmarker.engines.native.reading import read_graph
from pose_landmarker.errors import MissingExtraError
from pose_landmarker.native import library
from tests.conftest import needs_native
from tests.tflite_builder import (
    outputs_of,
    small_network,
)


@pytest.fixture
def no_kernels(no_native: None) -> Iterator[None]:
    """As if the kernels had not been compiled, for landmarks, too."""
    library.library_or_none.cache_clear()
    yield
    library.library_or_none.cache_clear()


@pytest.mark.usefixtures("no_kernels")
class TestWithoutKernels:
    def test_the_engine_names_what_is_missing(self) -> None:
        with pytest.raises(MissingExtraError, match=r"install a C compiler \(gcc or clang\)"):
            load_engine("native")
        with pytest.raises(MissingExtraError, match="C compiler"):
            compile_native(small_network(), scale=1.0, offset=0.0, threads=1)

    def test_another_engine_is_taken(self) -> None:
        name, engine = load_engine("auto")
        assert name in ("openvino", "litert")
        assert outputs_of(engine, small_network())[0].shape == (1, 32, 32, 8)

    def test_so_does_who_wants_it_fast(self) -> None:
        assert "C compiler" in str(engines.fast_obstacle("native"))

    def test_networks_can_be_read(self) -> None:
        assert len(simplified(read_graph(small_network())).layers) == 2

    def test_landmarks_are_moved_by_numpy(self) -> None:
        assert library.library_or_none() is None
        rng = np.random.default_rng(1)
        heatmaps = rng.normal(-2, 3, (1, 64, 64, 39)).astype(np.float32)
        points = rng.uniform(0, 1, (1, 39, 2)).astype(np.float32)
        np.testing.assert_array_equal(refine(points, heatmaps)[0], refine_by_numpy(points, heatmaps)[0])

    def test_a_file_that_is_no_library(self) -> None:
        library.LIBRARY.write_bytes(b"for another machine")
        with pytest.raises(MissingExtraError, match="cannot be loaded"):
            library.library()


@needs_native
def test_kernels_are_there_again_after_that() -> None:
    assert library.library_or_none() is library.library()
    assert load_engine("native")[1] is compile_native


@needs_native
@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
@pytest.mark.parametrize("pictures", [1, 3])
def test_threads_end_with_their_network(pictures: int) -> None:
    before = _threads()
    network = compile_native(small_network(), scale=1.0, offset=0.0, threads=3)
    network(np.zeros((pictures, 64, 64, 3), np.uint8))
    started = _threads() - before
    assert len(started) in ((2,) if pictures == 1 else (3, 4))  # and one or two that take pictures
    gone = weakref.ref(network)
    del network
    gc.collect()
    assert gone() is None
    deadline = time.monotonic() + 5
    while started & _threads() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not started & _threads()


@needs_native
def test_outputs_outlive_their_network() -> None:
    network = compile_native(small_network(), scale=1.0, offset=0.0, threads=2)
    (found,) = network(np.full((1, 64, 64, 3), 9, np.uint8))
    kept = found.copy()
    del network
    gc.collect()
    np.testing.assert_array_equal(found, kept)


def _threads() -> set[str]:
    return {path.name for path in Path("/proc/self/task").iterdir()}
