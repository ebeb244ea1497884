"""Where numbers of a network lie, and how they are written down."""

from __future__ import annotations

import weakref
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pose_landmarker.arrays import FloatArray
from pose_landmarker.engines.native.graph import fused, simplified
from pose_landmarker.engines.native.memory import Memory
from pose_landmarker.engines.native.plan import aligned, bfloat16_of, blocks, plan
from pose_landmarker.engines.native.reading import read_graph
from pose_landmarker.engines.pool import Pool
from pose_landmarker.native.library import PACK
from tests.conftest import needs_native
from tests.tflite_builder import (
    every_network,
)


class TestMemory:
    @given(st.lists(st.tuples(st.booleans(), st.integers(1, 700), st.integers(0, 9)), max_size=60))
    @settings(derandomize=True, max_examples=150)
    def test_places_never_overlap(self, turns: list[tuple[bool, int, int]]) -> None:
        memory, held = Memory(64), list[tuple[int, int]]()
        for takes, size, which in turns:
            if takes:
                place = memory.take(size)
                assert place % 64 == 0
                assert place + size <= memory.size
                assert all(place + size <= other or other + room <= place for other, room in held)
                held.append((place, size))
            elif held:
                memory.give(*held.pop(which % len(held)))
        for piece in held:
            memory.give(*piece)
        assert memory.size == 0 or memory.take(memory.size) == 0  # all of it is one piece again

    def test_places_are_used_again(self) -> None:
        memory = Memory(64)
        first, second = memory.take(100), memory.take(64)
        assert (first, second, memory.size) == (0, 128, 192)
        memory.give(first, 100)
        assert memory.take(70) == 0
        assert memory.size == 192

    def test_the_smallest_that_fits(self) -> None:
        memory = Memory(1)
        places = [memory.take(size) for size in (50, 1, 20, 1, 30, 1)]
        for place, size in zip(places[::2], (50, 20, 30), strict=True):
            memory.give(place, size)
        assert memory.take(25) == places[4]
        assert memory.take(20) == places[2]
        assert memory.take(5) == places[4] + 25

    @pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (2, 1, 0)])
    def test_neighbours_become_one(self, order: tuple[int, ...]) -> None:
        memory = Memory(64)
        places = [memory.take(64) for _ in range(4)]
        for number in order:
            memory.give(places[number], 64)
        assert memory.take(192) == 0


@needs_native
@every_network
def test_no_tensor_is_written_over_while_it_is_needed(networks: dict[str, bytes], name: str) -> None:
    graph = simplified(read_graph(networks[name]))
    planned = plan(graph, scale=1.0, offset=0.0)
    owner = np.full(planned.arena.nbytes // 64, -1)  # of each line of the cache the tensor in it

    def lines(address: int, pixels: int, stride: int) -> NDArray[np.int64]:
        start, end = (address - planned.arena.ctypes.data + more for more in (0, 4 * pixels * stride))
        assert start % 64 == 0
        assert 0 <= start < end <= planned.arena.nbytes
        return np.arange(start // 64, -(-end // 64))

    for group in fused(graph, lambda _: False):
        head, last = planned.operations[group.start], planned.operations[group[-1]]
        read = [np.arange(0)]
        if graph.layers[group.start].inputs:
            read.append(lines(head.input, head.height * head.width, head.stride_in))
            assert set(owner[read[-1]]) == set(graph.layers[group.start].inputs)
        for number in group:
            operation, layer = planned.operations[number], graph.layers[number]
            if layer.add is not None:
                area = operation.out_height * operation.out_width
                read.append(lines(operation.add, area, operation.stride_out))
                assert set(owner[read[-1]]) == {layer.add}
        written = lines(last.output, last.out_height * last.out_width, last.stride_out)
        assert not set(np.concatenate(read)) & set(written)
        owner[written] = graph.layers[group[-1]].output
    for output, writers in zip(graph.outputs, planned.outputs, strict=True):
        packs = [planned.operations[number] for number, _ in writers]
        for tensor, pack in zip(output.tensors, packs, strict=True):
            if pack.kind == PACK:
                assert set(owner[lines(pack.input, pack.height * pack.width, pack.stride_in)]) == {tensor}


@needs_native
@every_network
def test_real_networks_have_the_memory_of_a_few_maps(networks: dict[str, bytes], name: str) -> None:
    graph = simplified(read_graph(networks[name]))
    planned = plan(graph, scale=1.0, offset=0.0)
    everything = sum(4 * height * width * depth for height, width, depth in graph.shapes.values())
    assert planned.arena.nbytes < everything / 4
    assert planned.arena.ctypes.data % 64 == 0


@pytest.mark.parametrize("size", [0, 1, 64, 1000])
def test_blocks_begin_with_a_line_of_the_cache(size: int) -> None:
    block = aligned(size)
    assert block.nbytes == size
    assert size == 0 or block.ctypes.data % 64 == 0
    assert not block.any()


@pytest.mark.parametrize(
    ("vectors", "wanted"),
    [(1, [1]), (2, [2]), (3, [3]), (4, [2, 2]), (5, [3, 2]), (6, [3, 3]), (7, [3, 2, 2]), (11, [3, 3, 3, 2])],
)
def test_vectors_of_channels_come_in_threes_and_twos(vectors: int, wanted: list[int]) -> None:
    assert list(blocks(vectors)) == wanted


@given(st.integers(1, 500))
@settings(derandomize=True)
def test_no_vector_of_channels_is_lost(vectors: int) -> None:
    assert sum(blocks(vectors)) == vectors
    assert set(blocks(vectors)) <= ({2, 3} if vectors > 1 else {1})
    assert list(blocks(vectors)) == sorted(blocks(vectors), reverse=True)


class TestBfloat16:
    @pytest.mark.parametrize(
        ("value", "bits"),
        [
            (1.0, 0x3F80),
            (-2.5, 0xC020),
            (0.0, 0x0000),
            (1 + 2**-8, 0x3F80),  # half way: to the even one below
            (1 + 3 * 2**-8, 0x3F82),  # half way: to the even one above
            (1 + 2**-8 + 2**-20, 0x3F81),
            (1 + 2**-8 - 2**-20, 0x3F80),
            (-1 - 2**-8, 0xBF80),
            (3.3895e38, 0x7F7F),
            (3.4e38, 0x7F80),  # beyond the largest one
            (np.inf, 0x7F80),
            (2**-133, 0x0001),
        ],
    )
    def test_known_numbers(self, value: float, bits: int) -> None:
        assert bfloat16_of(np.array([value], np.float32)).tolist() == [bits]

    @given(st.lists(st.floats(-(2.0**120), 2.0**120, width=32), min_size=1, max_size=20))
    @settings(derandomize=True)
    def test_is_the_nearest(self, values: list[float]) -> None:
        exact = np.array(values, np.float32)
        bits = bfloat16_of(exact).astype(np.uint32)
        rounded, off = (
            (near << 16).astype(np.uint32).view(np.float32).astype(np.float64) for near in (bits, bits ^ 1)
        )
        assert (abs(rounded - exact) <= abs(off - exact)).all()
        assert (abs(rounded - exact) <= abs(exact) * 2**-8 + 2.0**-134).all()

    def test_an_array_of_many_axes_keeps_them(self) -> None:
        assert bfloat16_of(np.zeros((2, 3, 4), np.float32)).shape == (2, 3, 4)


class TestPool:
    def test_an_array_that_nobody_holds_is_used_again(self) -> None:
        pool = Pool((2, 3))
        addresses = {pool.take()[1] for _ in range(20)}
        assert len(addresses) == 1

    def test_its_address_and_type(self) -> None:
        array, address = Pool([2, 3]).take()
        assert (array.shape, array.dtype.name) == ((2, 3), "float32")
        assert address == array.ctypes.data

    @pytest.mark.parametrize(
        "view",
        [
            lambda array: array,
            lambda array: array[0],
            lambda array: array[..., 0][:1],
            lambda array: array.reshape(-1),
            lambda array: array.T,
            lambda array: memoryview(array),
            lambda array: [array],
            lambda array: array.flat,
        ],
    )
    def test_one_that_is_looked_at_is_not(self, view: Callable[[FloatArray], object]) -> None:
        pool = Pool((2, 3))
        array, address = pool.take()
        held = view(array)
        del array
        assert pool.take()[1] != address
        del held
        assert pool.take()[1] == address

    def test_eight_are_kept(self) -> None:
        pool = Pool((5,))
        held = [pool.take() for _ in range(20)]
        kept = [address for _, address in held[:8]]
        assert len({address for _, address in held}) == 20
        held.clear()
        again = [pool.take() for _ in range(8)]
        assert sorted(address for _, address in again) == sorted(kept)

    def test_what_is_not_kept_is_freed(self) -> None:
        pool = Pool((5,))
        held = [pool.take()[0] for _ in range(9)]
        last = weakref.ref(held.pop())
        assert last() is None
        first = weakref.ref(held.pop(0))
        assert first() is not None
