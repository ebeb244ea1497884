"""Every kind of layer against plain numpy, with vectors of each width and any number of threads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pose_landmarker.engines.native.graph import Graph, Output, simplified
from pose_landmarker.engines.native.network import NativeNetwork
from pose_landmarker.engines.native.plan import bfloat16_of, plan
from pose_landmarker.native.library import library_or_none
from tests.conftest import needs_native
from tests.native_drafts import (
    KERNELS,
    OFFSET,
    SCALE,
    Draft,
    assert_agrees,
    by_numpy,
    composite,
    every_width,
    noise_pictures,
    planned_for,
)

pytestmark = needs_native


@every_width
class TestLayers:
    @pytest.mark.parametrize("size", [(33, 45), (21, 101)])  # computed together with the crop, and by itself
    @pytest.mark.parametrize("vectors", [1, 2, 3, 4, 5, 8])
    def test_first_layer(self, lanes: int, vectors: int, size: tuple[int, int]) -> None:
        draft = Draft(*size)
        stem = draft.stem(vectors * lanes - 1, clip=vectors % 2 == 0)
        assert_agrees(draft.answering(stem), lanes)

    def test_a_first_layer_of_few_channels(self, lanes: int) -> None:
        draft = Draft(40, 56)
        assert_agrees(draft.answering(draft.stem(3)), lanes)

    @pytest.mark.parametrize("vectors", [1, 2, 3, 4, 5, 7])
    @pytest.mark.parametrize("size", [(33, 47), (27, 99), (13, 97)])  # together, by pixels, by channels
    def test_matrix_product(self, lanes: int, size: tuple[int, int], vectors: int) -> None:
        draft = Draft(*size)
        source = draft.stem(3 * lanes)
        while draft.graph.shapes[source][0] < 10 and draft.graph.shapes[source][1] > 9:
            source = draft.depthwise(source, 3, 2)
        last = draft.conv(source, vectors * lanes - 3 if vectors > 1 else lanes, clip=vectors % 2 == 1)
        assert_agrees(draft.answering(last), lanes)

    @pytest.mark.parametrize("step", [1, 2])  # 252 pixels, and 63
    def test_matrix_product_with_weights_that_stay_float16(self, lanes: int, step: int) -> None:
        draft = Draft(35, 27)
        wide = draft.conv(draft.depthwise(draft.stem(2 * lanes), 3, step), 256)
        graph = draft.answering(draft.conv(wide, 253, half=True, clip=True))
        has_half = lanes > 4 or (KERNELS is not None and lanes == KERNELS.native_lanes())
        assert bool(planned_for(graph, lanes).operations[-1].half) == (
            has_half and library_or_none().native_has_half()
        )
        assert_agrees(graph, lanes)

    @pytest.mark.parametrize("kernel", [3, 5])
    @pytest.mark.parametrize("step", [1, 2])
    @pytest.mark.parametrize(
        "size", [(70, 64), (70, 58), (41, 42), (33, 90), (29, 97)]
    )  # widths of 8 n, 7 n, 4 n and others; of heights some are computed together with the first layer
    def test_every_channel_by_itself(self, lanes: int, size: tuple[int, int], step: int, kernel: int) -> None:
        draft = Draft(*size)
        once = draft.depthwise(draft.stem(lanes + 1), kernel, step, clip=True)
        assert_agrees(
            draft.answering(draft.depthwise(once, 8 - kernel, 2), draft.depthwise(once, 3, 1)), lanes
        )

    @pytest.mark.parametrize("count", [5, 24])
    def test_every_channel_of_a_small_map_by_itself(self, lanes: int, count: int) -> None:
        draft = Draft(26, 98)
        small = draft.depthwise(draft.depthwise(draft.stem(3 * lanes), 3, 2), 5, 2)
        deep = draft.conv(draft.depthwise(small, 3, 2), count)
        assert_agrees(draft.answering(draft.depthwise(deep, 5, 1), draft.depthwise(deep, 3, 2)), lanes)

    @pytest.mark.parametrize("clip", [False, True])
    @pytest.mark.parametrize("count", [8, 20])
    def test_twice_as_large(self, lanes: int, count: int, clip: bool) -> None:
        draft = Draft(38, 30)
        source = draft.conv(draft.stem(lanes), count)
        assert_agrees(draft.answering(draft.resized("upsample", source, clip=clip)), lanes)

    @pytest.mark.parametrize("clip", [False, True])
    @pytest.mark.parametrize("count", [8, 20])
    def test_highest_of_four(self, lanes: int, count: int, clip: bool) -> None:
        draft = Draft(44, 36)
        source = draft.conv(draft.stem(lanes), count)
        assert_agrees(draft.answering(draft.resized("maximum", source, clip=clip)), lanes)

    @pytest.mark.parametrize("count", [4, 12, 40])
    def test_channels_become_pixels(self, lanes: int, count: int) -> None:
        draft = Draft(38, 30)
        source = draft.conv(draft.stem(lanes), count)
        assert_agrees(draft.answering(draft.resized("unfold", source)), lanes)

    @pytest.mark.parametrize(("count", "wide"), [(3, 5), (8, 16), (11, 40)])
    def test_more_channels(self, lanes: int, count: int, wide: int) -> None:
        draft = Draft(38, 30)
        source = draft.conv(draft.stem(lanes), count)
        assert_agrees(draft.answering(draft.layer("widen", source, (19, 15, wide))), lanes)

    @pytest.mark.parametrize("clip", [False, True])
    @pytest.mark.parametrize("count", [7, 30])
    def test_sums(self, lanes: int, count: int, clip: bool) -> None:
        draft = Draft(38, 30)
        stem = draft.stem(lanes)
        one, other = draft.conv(stem, count), draft.conv(stem, count)
        assert_agrees(draft.answering(draft.sum(one, other, clip_sum=clip), draft.sum(one, one)), lanes)

    @pytest.mark.parametrize("count", [1, 9, 50])
    def test_one_window_over_a_whole_map(self, lanes: int, count: int) -> None:
        draft = Draft(26, 98)
        small = draft.depthwise(draft.depthwise(draft.stem(lanes), 3, 2), 5, 2)
        source = draft.conv(small, lanes + 2)
        assert_agrees(
            draft.answering(draft.window(source, count), draft.window(source, 3, clip=True), flat=True), lanes
        )

    @pytest.mark.parametrize("clips", [(False, False), (True, False), (True, True)])
    @pytest.mark.parametrize("kind", ["conv", "depthwise", "upsample", "maximum", "window"])
    def test_sums_that_layers_make(self, lanes: int, kind: str, clips: tuple[bool, bool]) -> None:
        draft = Draft(40, 56)
        stem, (clip, clip_sum) = draft.stem(lanes + 3), clips
        shrunk = draft.depthwise(stem, 5, 2)
        add = {
            "conv": lambda: draft.conv(stem, lanes + 3),
            "depthwise": lambda: draft.conv(shrunk, lanes + 3),
            "upsample": lambda: draft.resized("upsample", shrunk),
            "maximum": lambda: draft.conv(shrunk, lanes + 3),
            "window": lambda: draft.window(shrunk, 5),
        }[kind]()
        more: dict[str, Any] = {"clip": clip, "add": add, "clip_sum": clip_sum}
        last = {
            "conv": lambda: draft.conv(stem, lanes + 3, **more),
            "depthwise": lambda: draft.depthwise(stem, 3, 2, **more),
            "upsample": lambda: draft.resized("upsample", shrunk, **more),
            "maximum": lambda: draft.resized("maximum", stem, **more),
            "window": lambda: draft.window(shrunk, 5, **more),
        }[kind]()
        assert_agrees(draft.answering(last, flat=kind == "window"), lanes)

    def test_padding_is_no_part_of_lists_and_logits_become_probabilities(self, lanes: int) -> None:
        draft = Draft(38, 30)
        stem = draft.stem(lanes)
        one, other = draft.conv(stem, 5), draft.conv(stem, 2)
        graph = draft.answering(one, other, flat=True)
        graph.outputs += [
            Output((1, 19 * 15 * 7), (one, other)),  # one behind the other
            Output((1, 19 * 15 * 5, 1), (one,), sigmoid=True),
        ]
        ones, others, both, probabilities = NativeNetwork(graph, planned_for(graph, lanes), 1)(
            noise_pictures(graph, 2)
        )
        np.testing.assert_array_equal(both, np.concatenate([ones, others], axis=1))
        np.testing.assert_allclose(probabilities[..., 0], 1 / (1 + np.exp(-ones)), atol=1e-6)
        assert_agrees(Graph(0, graph.outputs[:3], graph.layers, graph.shapes), lanes)

    def test_a_map_of_logits(self, lanes: int) -> None:
        draft = Draft(38, 30)
        last = draft.conv(draft.stem(lanes), 5)
        graph = draft.answering(last)
        graph.outputs = [Output((1, 19, 15, 5), (last,), sigmoid=True)]
        (found,) = NativeNetwork(graph, planned_for(graph, lanes), 1)(noise_pictures(graph, 1))
        logits = by_numpy(graph, noise_pictures(graph, 1)[0])[last]
        np.testing.assert_allclose(found[0, ..., :5], 1 / (1 + np.exp(-logits)), atol=1e-5)


# --- several layers


@every_width
@pytest.mark.parametrize("simpler", [False, True])
@pytest.mark.parametrize("threads", [1, 3])
def test_layers_together(lanes: int, threads: int, simpler: bool) -> None:
    graph = composite(lanes)
    assert_agrees(simplified(graph) if simpler else graph, lanes, threads)


@every_width
@given(st.data())
@settings(derandomize=True, max_examples=12, deadline=None)
def test_any_chain_of_layers(lanes: int, data: st.DataObject) -> None:
    height, width = data.draw(st.integers(32, 90), "height"), data.draw(st.integers(97, 120), "width")
    draft = Draft(height, width, seed=data.draw(st.integers(0, 99), "weights"))
    made = [draft.stem(data.draw(st.sampled_from([3, 8, 16, 24]), "channels"))]
    for _ in range(data.draw(st.integers(1, 9), "layers")):
        made.append(_one_more(draft, made, data))
    graph = draft.answering(made[-1], flat=data.draw(st.booleans(), "flat"))
    assert_agrees(simplified(graph), lanes, threads=data.draw(st.integers(1, 2), "threads"))


def _one_more(draft: Draft, made: list[int], data: st.DataObject) -> int:
    source, clip = data.draw(st.sampled_from(made[-2:]), "source"), data.draw(st.booleans(), "clip")
    height, width, depth = draft.graph.shapes[source]
    like_it = [number for number in made if draft.graph.shapes[number] == draft.graph.shapes[source]]
    kinds = ["conv", "depthwise", "sum", "widen"]
    kinds += ["upsample"] if height * width < 4000 else []
    kinds += ["maximum"] if height % 2 == width % 2 == 0 else []
    kinds += ["unfold"] if depth % 4 == 0 and height * width < 4000 else []
    kind = data.draw(st.sampled_from(kinds), "kind")
    if kind == "conv":
        return draft.conv(source, data.draw(st.integers(1, 70), "channels"), clip=clip)
    if kind == "depthwise":
        kernel, step = data.draw(st.sampled_from([(3, 1), (3, 2), (5, 1), (5, 2)]), "kernel, step")
        return draft.depthwise(source, kernel, step, clip=clip)
    if kind == "sum":
        return draft.sum(source, data.draw(st.sampled_from(like_it), "added"), clip_sum=clip)
    if kind == "widen":
        return draft.layer("widen", source, (height, width, depth + 5))
    return draft.resized(kind, source)


@pytest.mark.skipif(
    KERNELS is None or not KERNELS.native_has_bfloat16(), reason="this processor has no bfloat16"
)
@pytest.mark.parametrize("step", [1, 2])  # of 16x14 pixels, by pixels, and of 8x7, by channels
@pytest.mark.parametrize("depths", [(16, 16), (40, 72), (96, 250), (130, 48)])
def test_products_of_bfloat16_numbers(depths: tuple[int, int], step: int) -> None:
    draft = Draft(32, 28)
    wide = draft.conv(draft.stem(16), depths[0])
    brief = draft.depthwise(wide, 3, step, clip=True)
    add = draft.depthwise(draft.conv(wide, depths[1]), 5, step)
    last = draft.conv(brief, depths[1], add=add, clip_sum=True)
    twice = draft.conv(last, depths[1])  # this one reads float32, and shortens it
    graph = draft.answering(last, twice)
    pictures = noise_pictures(graph, 1)
    planned = plan(graph, scale=SCALE, offset=OFFSET, fast=True)
    assert [bool(operation.brief) for operation in planned.operations[last : twice + 1]] == [True, True]
    assert planned.operations[last].short_in
    assert not planned.operations[twice].short_in
    found = NativeNetwork(graph, planned, 2)(pictures)
    tensors = by_numpy(graph, pictures[0])
    for values, number in zip(found, (last, twice), strict=True):
        off = np.abs(values[0][..., : depths[1]] - tensors[number])
        assert off.max() < 0.05
        assert 1e-5 < off.mean() < 0.005  # it was bfloat16, and rounded to the nearest


def test_weights_are_rounded_like_what_they_multiply() -> None:
    values = np.array([1.0, 1 + 2**-8, 1 + 3 * 2**-8, -1 - 2**-8 - 2**-20], np.float32)
    back = (bfloat16_of(values).astype(np.uint32) << 16).view(np.float32)
    np.testing.assert_array_equal(back, [1.0, 1.0, 1 + 2**-6, -1 - 2**-7])
