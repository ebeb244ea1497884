"""Damaged networks are refused, or read and planned, and crash nothing."""

from __future__ import annotations

import contextlib
import random
import struct

import pytest

from pose_landmarker.engines.native.graph import simplified
from pose_landmarker.engines.native.plan import plan
from pose_landmarker.engines.native.reading import read_graph
from pose_landmarker.errors import BundleError, EngineError
from pose_landmarker.models.tflite import Flatbuffer, main_graph
from tests.conftest import needs_native


def _survives(model: bytes) -> None:
    """Read and planned, never run: numbers may have changed that are nobody's business."""
    with contextlib.suppress(BundleError, EngineError):
        plan(simplified(read_graph(model)), scale=1.0, offset=0.0)


@needs_native
class TestDamage:
    @pytest.mark.parametrize("name", ["lite, False", "detector as it is"])
    @pytest.mark.parametrize("seed", range(5))
    def test_bytes_of_the_tables(self, networks: dict[str, bytes], name: str, seed: int) -> None:
        model, rng = networks[name], random.Random(seed)
        graph = main_graph(Flatbuffer(model))
        first, last = graph.offset - 20_000, graph.offset + 1_500  # what the graph consists of is before it
        for _ in range(40):
            damaged = bytearray(model)
            for _ in range(rng.choice([1, 1, 2, 5])):
                place = rng.randrange(len(model)) if rng.random() < 0.1 else rng.randrange(first, last)
                damaged[place] = rng.choice([0, 255, rng.randrange(8), rng.randrange(256)])
            _survives(bytes(damaged))

    @pytest.mark.parametrize("seed", range(5))
    def test_numbers_of_tensors_and_sides(self, networks: dict[str, bytes], seed: int) -> None:
        model, rng = networks["lite, False"], random.Random(seed)
        places = _integers(model)
        for _ in range(40):
            damaged = bytearray(model)
            for _ in range(rng.choice([1, 1, 2, 3])):
                place = rng.choice(places)
                (old,) = struct.unpack_from("<i", model, place)
                other = struct.unpack_from("<i", model, rng.choice(places))[0]
                new = rng.choice([other, other, old + 1, old - 1, 2 * old, -1, 0, 4096])
                struct.pack_into("<i", damaged, place, new)
            _survives(bytes(damaged))

    @pytest.mark.parametrize("seed", range(20))
    def test_the_end_is_missing(self, networks: dict[str, bytes], seed: int) -> None:
        model = networks["lite, False"]
        _survives(model[: random.Random(seed).randrange(len(model))])

    def test_no_bytes(self) -> None:
        for model in (b"", b"\0" * 100, b"\x1c\0\0\0TFL3" + b"\xff" * 100):
            with pytest.raises(BundleError):
                read_graph(model)

    @pytest.mark.parametrize("name", ["lite, False", "detector as it is"])
    def test_operators_that_nobody_knows(self, networks: dict[str, bytes], name: str) -> None:
        model = networks[name]
        damaged = bytearray(model)
        for code in Flatbuffer(model).root().tables(1):
            for field in (code._field(0), code._field(3)):  # in either of them, where they are there
                damaged[field or len(model) - 1] = 99
        with pytest.raises(EngineError, match="operator 99 is not known"):
            read_graph(bytes(damaged))


def _integers(model: bytes) -> list[int]:
    """Where a network has its tensors' sides and its operators' inputs and outputs."""
    data = Flatbuffer(model)
    graph = main_graph(data)
    vectors = [table.vector(0) for table in graph.tables(0)]
    vectors += [table.vector(number) for table in graph.tables(3) for number in (1, 2)]
    vectors += [graph.vector(1), graph.vector(2)] * 20
    return [place for vector in vectors for place in data.elements(vector)]
