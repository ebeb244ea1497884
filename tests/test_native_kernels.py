"""The compiled kernels against OpenCV, against plain numpy, and against themselves with more threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pose_landmarker.arrays import FloatArray, RgbImage
from pose_landmarker.decoding import refine, refine_by_numpy
from pose_landmarker.engines.native.graph import Graph, Layer, Output, simplified
from pose_landmarker.engines.native.network import NativeNetwork
from pose_landmarker.engines.native.plan import Plan, bfloat16_of, plan
from pose_landmarker.engines.regions import run_on_regions
from pose_landmarker.errors import EngineError
from pose_landmarker.imaging import crop, crop_matrix
from pose_landmarker.native import library
from pose_landmarker.native.library import library_or_none
from pose_landmarker.results import Roi
from tests.conftest import needs_native

pytestmark = needs_native

_KERNELS = library_or_none()
#: Widths of vectors, in floats, that this processor has kernels for.
WIDTHS = [lanes for lanes in (4, 8, 16) if _KERNELS is not None and lanes <= _KERNELS.native_lanes()]
every_width = pytest.mark.parametrize("lanes", WIDTHS)
#: The pictures are scaled to [-1, 1].
SCALE, OFFSET = 2 / 255, -1.0
#: Sides of the crops that are compared with OpenCV.
SIDE = 256


class _OlderProcessor:
    """The kernels as a processor with shorter vectors sees them."""

    def __init__(self, lanes: int) -> None:
        self._lanes = lanes

    def __getattr__(self, name: str) -> Any:
        return getattr(_KERNELS, name)

    def native_lanes(self) -> int:
        return self._lanes

    def native_has_half(self) -> int:
        return int(self._lanes > 4)

    def native_has_bfloat16(self) -> int:
        return 0


def _planned(graph: Graph, lanes: int, *, scale: float = SCALE, offset: float = OFFSET) -> Plan:
    with pytest.MonkeyPatch.context() as patch:
        if _KERNELS is None or lanes != _KERNELS.native_lanes():
            patch.setattr(library, "library", lambda: _OlderProcessor(lanes))
        return plan(graph, scale=scale, offset=offset)


class _Draft:
    """A network that is put together layer by layer, with weights at random and the paddings of ``SAME``."""

    def __init__(self, height: int, width: int, seed: int = 1) -> None:
        self.graph = Graph(0, [])
        self._random = np.random.default_rng(seed)
        self.graph.layers.append(Layer(kind="crop", inputs=(), output=0))
        self.graph.shapes[0] = height, width, 3

    def layer(self, kind: str, source: int, shape: tuple[int, int, int], **more: Any) -> int:
        number = len(self.graph.layers)
        self.graph.layers.append(Layer(kind=kind, inputs=(source,), output=number, **more))
        self.graph.shapes[number] = shape
        return number

    def stem(self, count: int, **more: Any) -> int:
        """The first layer."""
        height, width, _ = self.graph.shapes[0]
        weights, bias = self._weights((count, 3, 3, 3), 27), self._weights((count,), 1)
        shape, places = _same((height, width), 3, 2)
        return self.layer("conv", 0, (*shape, count), weights=weights, bias=bias, step=2, **places, **more)

    def conv(self, source: int, count: int, *, half: bool = False, **more: Any) -> int:
        """A matrix product."""
        height, width, depth = self.graph.shapes[source]
        weights, bias = self._weights((count, 1, 1, depth), depth), self._weights((count,), 1)
        kept = weights.astype(np.float16) if half else weights
        return self.layer("conv", source, (height, width, count), weights=kept, bias=bias, **more)

    def window(self, source: int, count: int, **more: Any) -> int:
        """A convolution whose kernel is as large as the map."""
        weights = self._weights((count, *self.graph.shapes[source]), int(np.prod(self.graph.shapes[source])))
        bias = self._weights((count,), 1)
        return self.layer("conv", source, (1, 1, count), weights=weights, bias=bias, **more)

    def depthwise(self, source: int, kernel: int, step: int, **more: Any) -> int:
        height, width, depth = self.graph.shapes[source]
        weights, bias = self._weights((kernel, kernel, depth), kernel**2), self._weights((depth,), 1)
        shape, places = _same((height, width), kernel, step)
        more = {"weights": weights, "bias": bias, "step": step, **places, **more}
        return self.layer("depthwise", source, (*shape, depth), **more)

    def resized(self, kind: str, source: int, **more: Any) -> int:
        """An ``upsample``, ``maximum`` or ``unfold``."""
        height, width, depth = self.graph.shapes[source]
        shapes = {
            "upsample": (2 * height, 2 * width, depth),
            "maximum": (height // 2, width // 2, depth),
            "unfold": (2 * height, 2 * width, depth // 4),
        }
        return self.layer(kind, source, shapes[kind], **more)

    def sum(self, first: int, second: int, **more: Any) -> int:
        return self.layer("sum", first, self.graph.shapes[first], add=second, **more)

    def answering(self, *numbers: int, flat: bool = False) -> Graph:
        """The network, with these tensors as outputs: maps, or lists of their numbers."""
        for number in numbers:
            shape = self.graph.shapes[number]
            self.graph.outputs.append(Output((1, int(np.prod(shape))) if flat else (1, *shape), (number,)))
        return self.graph

    def _weights(self, shape: tuple[int, ...], of: int) -> FloatArray:
        weights: FloatArray = (self._random.normal(size=shape) * of**-0.5).astype(np.float32)
        return weights


def _same(sides: tuple[int, int], kernel: int, step: int) -> tuple[tuple[int, int], dict[str, int]]:
    """Sides of an output, and the zeros above and beside the input."""
    out = -(-sides[0] // step), -(-sides[1] // step)
    before = [max((there - 1) * step + kernel - side, 0) // 2 for there, side in zip(out, sides, strict=True)]
    return out, {"top": before[0], "left": before[1]}


# --- the same in numpy


def _by_numpy(graph: Graph, picture: RgbImage) -> dict[int, NDArray[np.float64]]:
    """All tensors, one layer after the other, in float64."""
    tensors = {graph.input: picture.astype(np.float64) * SCALE + OFFSET}
    for layer in graph.layers[1:]:
        values = _LAYERS[layer.kind](layer, tensors[layer.inputs[0]], graph.shapes[layer.output])
        values = np.clip(values, 0, 6) if layer.clip else values
        if layer.add is not None:
            values = values + tensors[layer.add]
            values = np.clip(values, 0, 6) if layer.clip_sum else values
        assert values.shape == graph.shapes[layer.output]
        tensors[layer.output] = values
    return tensors


def _windows(
    layer: Layer, x: NDArray[np.float64], kernel: tuple[int, ...], shape: tuple[int, int, int]
) -> NDArray[np.float64]:
    """(height, width, channels, rows, columns): what each pixel of the output sees, zeros all around."""
    padded = np.pad(x, ((layer.top, kernel[0] + 1), (layer.left, kernel[1] + 1), (0, 0)))
    seen = np.lib.stride_tricks.sliding_window_view(padded, kernel, (0, 1))[:: layer.step, :: layer.step]
    return seen[: shape[0], : shape[1]]


def _conv(layer: Layer, x: NDArray[np.float64], shape: tuple[int, int, int]) -> NDArray[np.float64]:
    assert layer.weights is not None
    assert layer.bias is not None
    seen = _windows(layer, x, layer.weights.shape[1:3], shape)
    weights = layer.weights.astype(np.float64)
    return np.tensordot(seen, weights, axes=((2, 3, 4), (3, 1, 2))) + layer.bias


def _depthwise(layer: Layer, x: NDArray[np.float64], shape: tuple[int, int, int]) -> NDArray[np.float64]:
    assert layer.weights is not None
    assert layer.bias is not None
    seen = _windows(layer, x, layer.weights.shape[:2], shape)
    product: NDArray[np.float64] = np.einsum("yxcij,ijc->yxc", seen, layer.weights) + layer.bias
    return product


def _upsample(layer: Layer, x: NDArray[np.float64], shape: tuple[int, int, int]) -> NDArray[np.float64]:
    for axis in (0, 1):
        size = x.shape[axis]
        places = (np.arange(2 * size) + 0.5) / 2 - 0.5
        weights = np.stack([np.interp(places, np.arange(size), one) for one in np.eye(size)])
        x = np.moveaxis(np.tensordot(x, weights, axes=(axis, 0)), -1, axis)
    return x


def _maximum(layer: Layer, x: NDArray[np.float64], shape: tuple[int, int, int]) -> NDArray[np.float64]:
    highest: NDArray[np.float64] = x.reshape(shape[0], 2, shape[1], 2, shape[2]).max(axis=(1, 3))
    return highest


def _unfold(layer: Layer, x: NDArray[np.float64], shape: tuple[int, int, int]) -> NDArray[np.float64]:
    height, width, _ = x.shape
    return x.reshape(height, width, 2, 2, shape[2]).transpose(0, 2, 1, 3, 4).reshape(shape)


def _widen(layer: Layer, x: NDArray[np.float64], shape: tuple[int, int, int]) -> NDArray[np.float64]:
    return np.pad(x, ((0, 0), (0, 0), (0, shape[2] - x.shape[2])))


def _as_it_is(layer: Layer, x: NDArray[np.float64], shape: tuple[int, int, int]) -> NDArray[np.float64]:
    return x


_LAYERS: dict[str, Callable[[Layer, NDArray[np.float64], tuple[int, int, int]], NDArray[np.float64]]] = {
    "conv": _conv,
    "depthwise": _depthwise,
    "upsample": _upsample,
    "maximum": _maximum,
    "unfold": _unfold,
    "widen": _widen,
    "sum": _as_it_is,
}


def _pictures(graph: Graph, count: int, seed: int = 3) -> RgbImage:
    shape = (count, *graph.shapes[graph.input])
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def _agrees(graph: Graph, lanes: int, threads: int = 1) -> None:
    """Compare the outputs of two pictures with those that numpy computes."""
    pictures = _pictures(graph, 2)
    found = NativeNetwork(graph, _planned(graph, lanes), threads)(pictures)
    for i, picture in enumerate(pictures):
        tensors = _by_numpy(graph, picture)
        for output, values in zip(graph.outputs, found, strict=True):
            wanted = np.concatenate([tensors[number].ravel() for number in output.tensors])
            one = values[i] if len(output.shape) < 4 else values[i][..., : output.shape[3]]
            np.testing.assert_allclose(one.ravel(), wanted, rtol=0, atol=1e-4)


# --- every kind of layer


@every_width
class TestLayers:
    @pytest.mark.parametrize("size", [(33, 45), (21, 101)])  # computed together with the crop, and by itself
    @pytest.mark.parametrize("vectors", [1, 2, 3, 4, 5, 8])
    def test_first_layer(self, lanes: int, vectors: int, size: tuple[int, int]) -> None:
        draft = _Draft(*size)
        stem = draft.stem(vectors * lanes - 1, clip=vectors % 2 == 0)
        _agrees(draft.answering(stem), lanes)

    def test_a_first_layer_of_few_channels(self, lanes: int) -> None:
        draft = _Draft(40, 56)
        _agrees(draft.answering(draft.stem(3)), lanes)

    @pytest.mark.parametrize("vectors", [1, 2, 3, 4, 5, 7])
    @pytest.mark.parametrize("size", [(33, 47), (27, 99), (13, 97)])  # together, by pixels, by channels
    def test_matrix_product(self, lanes: int, size: tuple[int, int], vectors: int) -> None:
        draft = _Draft(*size)
        source = draft.stem(3 * lanes)
        while draft.graph.shapes[source][0] < 10 and draft.graph.shapes[source][1] > 9:
            source = draft.depthwise(source, 3, 2)
        last = draft.conv(source, vectors * lanes - 3 if vectors > 1 else lanes, clip=vectors % 2 == 1)
        _agrees(draft.answering(last), lanes)

    @pytest.mark.parametrize("step", [1, 2])  # 252 pixels, and 63
    def test_matrix_product_with_weights_that_stay_float16(self, lanes: int, step: int) -> None:
        draft = _Draft(35, 27)
        wide = draft.conv(draft.depthwise(draft.stem(2 * lanes), 3, step), 256)
        graph = draft.answering(draft.conv(wide, 253, half=True, clip=True))
        has_half = lanes > 4 or (_KERNELS is not None and lanes == _KERNELS.native_lanes())
        assert bool(_planned(graph, lanes).operations[-1].half) == (
            has_half and library_or_none().native_has_half()
        )
        _agrees(graph, lanes)

    @pytest.mark.parametrize("kernel", [3, 5])
    @pytest.mark.parametrize("step", [1, 2])
    @pytest.mark.parametrize(
        "size", [(70, 64), (70, 58), (41, 42), (33, 90), (29, 97)]
    )  # widths of 8 n, 7 n, 4 n and others; of heights some are computed together with the first layer
    def test_every_channel_by_itself(self, lanes: int, size: tuple[int, int], step: int, kernel: int) -> None:
        draft = _Draft(*size)
        once = draft.depthwise(draft.stem(lanes + 1), kernel, step, clip=True)
        _agrees(draft.answering(draft.depthwise(once, 8 - kernel, 2), draft.depthwise(once, 3, 1)), lanes)

    @pytest.mark.parametrize("count", [5, 24])
    def test_every_channel_of_a_small_map_by_itself(self, lanes: int, count: int) -> None:
        draft = _Draft(26, 98)
        small = draft.depthwise(draft.depthwise(draft.stem(3 * lanes), 3, 2), 5, 2)
        deep = draft.conv(draft.depthwise(small, 3, 2), count)
        _agrees(draft.answering(draft.depthwise(deep, 5, 1), draft.depthwise(deep, 3, 2)), lanes)

    @pytest.mark.parametrize("clip", [False, True])
    @pytest.mark.parametrize("count", [8, 20])
    def test_twice_as_large(self, lanes: int, count: int, clip: bool) -> None:
        draft = _Draft(38, 30)
        source = draft.conv(draft.stem(lanes), count)
        _agrees(draft.answering(draft.resized("upsample", source, clip=clip)), lanes)

    @pytest.mark.parametrize("clip", [False, True])
    @pytest.mark.parametrize("count", [8, 20])
    def test_highest_of_four(self, lanes: int, count: int, clip: bool) -> None:
        draft = _Draft(44, 36)
        source = draft.conv(draft.stem(lanes), count)
        _agrees(draft.answering(draft.resized("maximum", source, clip=clip)), lanes)

    @pytest.mark.parametrize("count", [4, 12, 40])
    def test_channels_become_pixels(self, lanes: int, count: int) -> None:
        draft = _Draft(38, 30)
        source = draft.conv(draft.stem(lanes), count)
        _agrees(draft.answering(draft.resized("unfold", source)), lanes)

    @pytest.mark.parametrize(("count", "wide"), [(3, 5), (8, 16), (11, 40)])
    def test_more_channels(self, lanes: int, count: int, wide: int) -> None:
        draft = _Draft(38, 30)
        source = draft.conv(draft.stem(lanes), count)
        _agrees(draft.answering(draft.layer("widen", source, (19, 15, wide))), lanes)

    @pytest.mark.parametrize("clip", [False, True])
    @pytest.mark.parametrize("count", [7, 30])
    def test_sums(self, lanes: int, count: int, clip: bool) -> None:
        draft = _Draft(38, 30)
        stem = draft.stem(lanes)
        one, other = draft.conv(stem, count), draft.conv(stem, count)
        _agrees(draft.answering(draft.sum(one, other, clip_sum=clip), draft.sum(one, one)), lanes)

    @pytest.mark.parametrize("count", [1, 9, 50])
    def test_one_window_over_a_whole_map(self, lanes: int, count: int) -> None:
        draft = _Draft(26, 98)
        small = draft.depthwise(draft.depthwise(draft.stem(lanes), 3, 2), 5, 2)
        source = draft.conv(small, lanes + 2)
        _agrees(
            draft.answering(draft.window(source, count), draft.window(source, 3, clip=True), flat=True), lanes
        )

    @pytest.mark.parametrize("clips", [(False, False), (True, False), (True, True)])
    @pytest.mark.parametrize("kind", ["conv", "depthwise", "upsample", "maximum", "window"])
    def test_sums_that_layers_make(self, lanes: int, kind: str, clips: tuple[bool, bool]) -> None:
        draft = _Draft(40, 56)
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
        _agrees(draft.answering(last, flat=kind == "window"), lanes)

    def test_padding_is_no_part_of_lists_and_logits_become_probabilities(self, lanes: int) -> None:
        draft = _Draft(38, 30)
        stem = draft.stem(lanes)
        one, other = draft.conv(stem, 5), draft.conv(stem, 2)
        graph = draft.answering(one, other, flat=True)
        graph.outputs += [
            Output((1, 19 * 15 * 7), (one, other)),  # one behind the other
            Output((1, 19 * 15 * 5, 1), (one,), sigmoid=True),
        ]
        ones, others, both, probabilities = NativeNetwork(graph, _planned(graph, lanes), 1)(
            _pictures(graph, 2)
        )
        np.testing.assert_array_equal(both, np.concatenate([ones, others], axis=1))
        np.testing.assert_allclose(probabilities[..., 0], 1 / (1 + np.exp(-ones)), atol=1e-6)
        _agrees(Graph(0, graph.outputs[:3], graph.layers, graph.shapes), lanes)

    def test_a_map_of_logits(self, lanes: int) -> None:
        draft = _Draft(38, 30)
        last = draft.conv(draft.stem(lanes), 5)
        graph = draft.answering(last)
        graph.outputs = [Output((1, 19, 15, 5), (last,), sigmoid=True)]
        (found,) = NativeNetwork(graph, _planned(graph, lanes), 1)(_pictures(graph, 1))
        logits = _by_numpy(graph, _pictures(graph, 1)[0])[last]
        np.testing.assert_allclose(found[0, ..., :5], 1 / (1 + np.exp(-logits)), atol=1e-5)


# --- several layers


def _composite(lanes: int, height: int = 134, width: int = 110) -> Graph:
    """Layers that are computed row by row together, sums, and two outputs."""
    draft = _Draft(height, width)
    stem = draft.stem(lanes + 4, clip=True)
    middle = draft.depthwise(draft.conv(stem, 3 * lanes, clip=True), 5, 1, clip=True)
    first = draft.conv(middle, lanes + 4, add=stem)
    deep = draft.conv(draft.depthwise(draft.conv(first, 40, clip=True), 3, 2, clip=True), 24)
    last = draft.depthwise(draft.conv(deep, 2 * lanes), 5, 2)
    up = draft.resized("upsample", draft.conv(last, 24))
    wide = draft.sum(draft.depthwise(deep, 3, 1), deep, clip_sum=True)
    return draft.answering(first, wide, up)


@every_width
@pytest.mark.parametrize("simpler", [False, True])
@pytest.mark.parametrize("threads", [1, 3])
def test_layers_together(lanes: int, threads: int, simpler: bool) -> None:
    graph = _composite(lanes)
    _agrees(simplified(graph) if simpler else graph, lanes, threads)


@every_width
@given(st.data())
@settings(derandomize=True, max_examples=12, deadline=None)
def test_any_chain_of_layers(lanes: int, data: st.DataObject) -> None:
    height, width = data.draw(st.integers(32, 90), "height"), data.draw(st.integers(97, 120), "width")
    draft = _Draft(height, width, seed=data.draw(st.integers(0, 99), "weights"))
    made = [draft.stem(data.draw(st.sampled_from([3, 8, 16, 24]), "channels"))]
    for _ in range(data.draw(st.integers(1, 9), "layers")):
        made.append(_one_more(draft, made, data))
    graph = draft.answering(made[-1], flat=data.draw(st.booleans(), "flat"))
    _agrees(simplified(graph), lanes, threads=data.draw(st.integers(1, 2), "threads"))


def _one_more(draft: _Draft, made: list[int], data: st.DataObject) -> int:
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
    _KERNELS is None or not _KERNELS.native_has_bfloat16(), reason="this processor has no bfloat16"
)
@pytest.mark.parametrize("step", [1, 2])  # of 16x14 pixels, by pixels, and of 8x7, by channels
@pytest.mark.parametrize("depths", [(16, 16), (40, 72), (96, 250), (130, 48)])
def test_products_of_bfloat16_numbers(depths: tuple[int, int], step: int) -> None:
    draft = _Draft(32, 28)
    wide = draft.conv(draft.stem(16), depths[0])
    brief = draft.depthwise(wide, 3, step, clip=True)
    add = draft.depthwise(draft.conv(wide, depths[1]), 5, step)
    last = draft.conv(brief, depths[1], add=add, clip_sum=True)
    twice = draft.conv(last, depths[1])  # this one reads float32, and shortens it
    graph = draft.answering(last, twice)
    pictures = _pictures(graph, 1)
    planned = plan(graph, scale=SCALE, offset=OFFSET, fast=True)
    assert [bool(operation.brief) for operation in planned.operations[last : twice + 1]] == [True, True]
    assert planned.operations[last].short_in
    assert not planned.operations[twice].short_in
    found = NativeNetwork(graph, planned, 2)(pictures)
    tensors = _by_numpy(graph, pictures[0])
    for values, number in zip(found, (last, twice), strict=True):
        off = np.abs(values[0][..., : depths[1]] - tensors[number])
        assert off.max() < 0.05
        assert 1e-5 < off.mean() < 0.005  # it was bfloat16, and rounded to the nearest


def test_weights_are_rounded_like_what_they_multiply() -> None:
    values = np.array([1.0, 1 + 2**-8, 1 + 3 * 2**-8, -1 - 2**-8 - 2**-20], np.float32)
    back = (bfloat16_of(values).astype(np.uint32) << 16).view(np.float32)
    np.testing.assert_array_equal(back, [1.0, 1.0, 1 + 2**-6, -1 - 2**-7])


# --- the picture


@cache
def _cutter(lanes: int, threads: int = 1) -> NativeNetwork:
    """A network that answers its crop: every 2x2 pixels as 12 channels."""
    weights = np.zeros((2, 2, 3, 3, 3, 3), np.float32)
    for y, x, c in np.ndindex(2, 2, 3):
        weights[y, x, c, y, x, c] = 1
    half = SIDE // 2
    draft = _Draft(SIDE, SIDE)
    draft.layer(
        "conv",
        0,
        (half, half, 12),
        weights=weights.reshape(12, 3, 3, 3),
        bias=np.zeros(12, np.float32),
        step=2,
    )
    graph = draft.answering(1)
    return NativeNetwork(graph, _planned(graph, lanes, scale=1.0, offset=0.0), threads)


def _crops(output: FloatArray) -> FloatArray:
    """(N, SIDE, SIDE, 3) from what a cutter answers."""
    half = SIDE // 2
    blocks = output[..., :12].reshape(-1, half, half, 2, 2, 3)
    return blocks.transpose(0, 1, 3, 2, 4, 5).reshape(-1, SIDE, SIDE, 3)


def _cuts_like_opencv(image: RgbImage, roi: Roi, lanes: int) -> None:
    for replicate in (True, False):
        wanted = crop(image, roi, SIDE, replicate=replicate)
        (found,) = _cutter(lanes).regions(image, [crop_matrix(roi, SIDE)], replicate=replicate)
        np.testing.assert_array_equal(_crops(found)[0], wanted)


_RANDOM = np.random.default_rng(11)
PICTURES = {
    (height, width): _RANDOM.integers(0, 256, (height, width, 3), dtype=np.uint8)
    for height, width in [
        *[(1, 1), (1, 2), (1, 33), (2, 1), (33, 1), (2, 2), (2, 3), (3, 2), (3, 3)],
        *[(17, 31), (120, 161), (255, 257), (720, 1280)],
    ]
}
#: Not exact quarter turns (see below).
_ROTATIONS = st.just(0.0) | st.floats(0.01, 1.55) | st.floats(-3.12, -1.6) | st.floats(1.6, 3.12)


@every_width
class TestCrop:
    @pytest.mark.parametrize("size", PICTURES)
    def test_regions_of_many_kinds(self, lanes: int, size: tuple[int, int]) -> None:
        height, width = size
        side = float(max(size))
        for roi in (
            Roi(width / 2, height / 2, side, 0.0),  # all of it
            Roi(width / 2, height / 2, side, 0.3),
            Roi(width / 2 + 0.25, height / 3, side / 2, -2.2),
            Roi(0.0, height, side, 1.1),  # over a corner
            Roi(-2 * side, height / 2, side, 0.2),  # outside
            Roi(width / 2, 5 * side, side, 3.0),
            Roi(width / 2, height / 2, 90 * side, 0.7),  # a speck in it
            Roi(width / 3, height / 2, 0.01, 2.9),  # a part of one pixel
            Roi(1e6, -1e7, 40.0, 0.5),
            Roi(0.5, 0.5, 1e8, 0.1),
            Roi(1e9, 1e9, 1e9, 1.0),
        ):
            _cuts_like_opencv(PICTURES[size], roi, lanes)

    @given(
        size=st.sampled_from(sorted(PICTURES)),
        x=st.floats(-1, 2),
        y=st.floats(-1, 2),
        side=st.floats(0.001, 4),
        rotation=_ROTATIONS,
    )
    @settings(derandomize=True, max_examples=60, deadline=None)
    def test_any_region(
        self, lanes: int, size: tuple[int, int], x: float, y: float, side: float, rotation: float
    ) -> None:
        roi = Roi(x * size[1], y * size[0], side * max(size), rotation)
        _cuts_like_opencv(PICTURES[size], roi, lanes)

    @given(st.integers(-40, 200), st.integers(-40, 200), st.integers(1, 300))
    @settings(derandomize=True, max_examples=30, deadline=None)
    def test_upright_regions_of_whole_pixels(self, lanes: int, x: int, y: int, side: int) -> None:
        _cuts_like_opencv(PICTURES[120, 161], Roi(x / 2, y / 2, float(side), 0.0), lanes)

    @pytest.mark.parametrize("rotation", [np.pi / 2, -np.pi / 2, -np.pi])
    def test_quarter_turns(self, lanes: int, rotation: float) -> None:
        # Where sides are round numbers, places may lie half way between two steps of 1/32 of a pixel. There
        # the last bit decides, in which builds of OpenCV differ from each other, too.
        for roi in (
            Roi(1.0, -2.0, 2.0, rotation),
            Roi(2.0, 1.0, 6.0, rotation),
            Roi(80.0, 60.0, 96.0, rotation),
        ):
            wanted = crop(PICTURES[120, 161], roi, SIDE, replicate=True).astype(int)
            (found,) = _cutter(lanes).regions(PICTURES[120, 161], [crop_matrix(roi, SIDE)], replicate=True)
            assert np.abs(_crops(found)[0] - wanted).max() <= 2 * 255 / 32

    def test_a_part_of_a_larger_array(self, lanes: int) -> None:
        _cuts_like_opencv(PICTURES[720, 1280][100:501:2, 900:200:-1], Roi(300.0, 80.0, 333.0, 0.4), lanes)

    def test_a_picture_of_the_right_size_is_taken_as_it_is(self, lanes: int) -> None:
        pictures = np.random.default_rng(2).integers(0, 256, (3, SIDE, SIDE, 3), dtype=np.uint8)
        np.testing.assert_array_equal(_crops(_cutter(lanes)(pictures)[0]), pictures)
        backwards = pictures[:, ::-1, :, ::-1]
        np.testing.assert_array_equal(_crops(_cutter(lanes)(backwards)[0]), backwards)

    def test_pictures_are_not_written_to(self, lanes: int) -> None:
        picture = PICTURES[17, 31].copy()
        picture.setflags(write=False)
        _cuts_like_opencv(picture, Roi(20.0, 9.0, 40.0, 0.6), lanes)
        np.testing.assert_array_equal(picture, PICTURES[17, 31])


ROIS = [Roi(300.0 + 70 * i, 340.0 - 31 * i, 90.0 + 150 * i, 0.3 * i) for i in range(7)]


class TestManyRegions:
    @pytest.mark.parametrize("threads", [1, 2, 3])
    @pytest.mark.parametrize("count", [1, 2, 3, 5, 7])
    def test_together_they_are_what_they_are_one_by_one(self, count: int, threads: int) -> None:
        image, replicate = PICTURES[720, 1280], count % 2 == 0
        together = run_on_regions(
            _cutter(WIDTHS[-1], threads), image, ROIS[:count], SIDE, replicate=replicate
        )
        assert together[0].shape[0] == count
        for found, roi in zip(_crops(together[0]), ROIS, strict=False):
            np.testing.assert_array_equal(found, crop(image, roi, SIDE, replicate=replicate))

    @every_width
    @pytest.mark.parametrize("count", [1, 2, 5])
    def test_more_threads_give_the_same_bits(self, lanes: int, count: int) -> None:
        graph = simplified(_composite(lanes))
        pictures = _pictures(graph, count)
        one, two, three = (
            NativeNetwork(graph, _planned(graph, lanes), threads)(pictures) for threads in (1, 2, 3)
        )
        for values, of_two, of_three in zip(one, two, three, strict=True):
            assert np.abs(values).max() > 0.1
            np.testing.assert_array_equal(of_two, values)
            np.testing.assert_array_equal(of_three, values)

    @every_width
    @pytest.mark.parametrize("threads", [1, 2])
    @pytest.mark.parametrize("replicate", [True, False])
    def test_regions_are_the_network_on_their_crops(self, lanes: int, threads: int, replicate: bool) -> None:
        graph, image = simplified(_composite(lanes, 128, 128)), PICTURES[720, 1280]
        network = NativeNetwork(graph, _planned(graph, lanes), threads)
        matrices = [crop_matrix(roi, 128) for roi in ROIS[:3]]
        crops = np.stack([crop(image, roi, 128, replicate=replicate) for roi in ROIS[:3]])
        found, wanted = network.regions(image, matrices, replicate=replicate), network(crops)
        for values, others in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(values, others)

    def test_none(self) -> None:
        assert _cutter(WIDTHS[-1], 2).regions(PICTURES[17, 31], [], replicate=True)[0].shape[0] == 0

    @pytest.mark.parametrize(
        "wrong",
        [
            np.zeros((1, SIDE, SIDE, 3), np.float32),
            np.zeros((1, SIDE, SIDE, 3), np.int8),
            np.zeros((1, SIDE, SIDE, 4), np.uint8),
            np.zeros((1, SIDE, SIDE - 1, 3), np.uint8),
            np.zeros((SIDE, SIDE, 3), np.uint8),
        ],
    )
    def test_wrong_pixels(self, wrong: NDArray[Any]) -> None:
        with pytest.raises(EngineError, match=r"wants uint8 \(256, 256, 3\), not"):
            _cutter(WIDTHS[-1])(wrong)

    @pytest.mark.parametrize(
        "wrong", [np.zeros((9, 9), np.uint8), np.zeros((9, 9, 4), np.uint8), np.zeros((9, 9, 3), np.float32)]
    )
    def test_wrong_pictures(self, wrong: NDArray[Any]) -> None:
        with pytest.raises(EngineError):
            _cutter(WIDTHS[-1]).regions(wrong, [crop_matrix(ROIS[0], SIDE)], replicate=True)


class TestOutputs:
    @pytest.mark.parametrize("count", [1, 3])
    def test_they_stay_what_they_are(self, count: int) -> None:
        network = _cutter(WIDTHS[-1], 2)
        held, wanted = [], []
        for i in range(12):  # more than are kept to be used again
            image, rois = PICTURES[255, 257], [Roi(100.0 + i, 90.0, 150.0, 0.1 * j) for j in range(count)]
            held.append(run_on_regions(network, image, rois, SIDE, replicate=True)[0])
            wanted.append(np.stack([crop(image, roi, SIDE, replicate=True) for roi in rois]))
        for found, crops in zip(held, wanted, strict=True):
            np.testing.assert_array_equal(_crops(found), crops)

    def test_a_view_is_enough_to_keep_them(self) -> None:
        network, image = _cutter(WIDTHS[-1]), PICTURES[255, 257]
        matrices = [crop_matrix(Roi(100.0, 90.0, side, 0.0), SIDE) for side in (50.0, 200.0)]
        corner = network.regions(image, matrices[:1], replicate=True)[0][0, :4, :4]
        before = corner.copy()
        network.regions(image, matrices[1:], replicate=True)
        np.testing.assert_array_equal(corner, before)

    def test_they_may_be_written_to(self) -> None:
        network, image = _cutter(WIDTHS[-1]), PICTURES[255, 257]
        roi = Roi(100.0, 90.0, 150.0, 0.3)
        network.regions(image, [crop_matrix(roi, SIDE)], replicate=True)[0][:] = np.nan
        (found,) = network.regions(image, [crop_matrix(roi, SIDE)], replicate=True)
        np.testing.assert_array_equal(_crops(found)[0], crop(image, roi, SIDE, replicate=True))

    @pytest.mark.parametrize("threads", [1, 2])
    def test_several_callers_at_once(self, threads: int) -> None:
        network, image = _cutter(WIDTHS[-1], threads), PICTURES[255, 257]
        wrong: list[int] = []

        def call(hand: int) -> None:
            rois = [Roi(60.0 * hand, 90.0, 150.0, 0.3 * j) for j in range(1 + hand % 3)]
            wanted = np.stack([crop(image, roi, SIDE, replicate=False) for roi in rois])
            held = [run_on_regions(network, image, rois, SIDE, replicate=False)[0] for _ in range(6)]
            wrong.extend(hand for found in held if not np.array_equal(_crops(found), wanted))

        callers = [threading.Thread(target=call, args=(hand,)) for hand in range(4)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        assert wrong == []


# --- landmarks moved to their heat maps


def _refined_alike(points: FloatArray, heatmaps: FloatArray) -> FloatArray:
    """The landmarks, moved by the kernel; numpy must agree."""
    before, (found, peaks) = points.copy(), refine(points, heatmaps)
    by_numpy, peaks_by_numpy = refine_by_numpy(points, heatmaps)
    np.testing.assert_allclose(found, by_numpy, rtol=0, atol=2e-6)
    np.testing.assert_array_equal(peaks, peaks_by_numpy)
    np.testing.assert_array_equal(points, before)
    assert found.dtype == np.float32
    return found


class TestRefinement:
    # Sides are powers of two: with others, a point on the edge of a cell may be rounded into the next one.
    @pytest.mark.parametrize(("height", "width"), [(64, 64), (32, 64), (4, 8), (1, 1), (2, 64)])
    @pytest.mark.parametrize(("landmarks", "depth"), [(1, 1), (35, 39), (35, 48)])
    def test_random_maps(self, height: int, width: int, landmarks: int, depth: int) -> None:
        random = np.random.default_rng(height + depth)
        heatmaps = random.normal(-2, 3, (3, height, width, depth)).astype(np.float32)
        points = random.uniform(-0.3, 1.3, (3, landmarks, 2)).astype(np.float32)
        found = _refined_alike(points, heatmaps)
        outside = ((points < -1) | (points >= 1)).any(axis=2)
        np.testing.assert_array_equal(found[outside], points[outside])
        assert landmarks == 1 or (found != points).any()

    def test_what_the_padding_holds_is_of_no_meaning(self) -> None:
        random = np.random.default_rng(4)
        heatmaps = random.normal(-2, 3, (2, 64, 64, 48)).astype(np.float32)
        points = random.uniform(0, 1, (2, 35, 2)).astype(np.float32)
        found = _refined_alike(points, heatmaps)
        heatmaps[..., 35:] = np.nan
        np.testing.assert_array_equal(_refined_alike(points, heatmaps), found)

    @pytest.mark.parametrize(
        "place",
        [
            *[(np.nan, 0.5), (0.5, np.nan), (np.inf, 0.5), (-np.inf, 0.5), (0.5, np.inf), (3e38, -3e38)],
            *[(1.0, 0.5), (0.5, 1.0), (-1 / 64, 0.5), (0.5, -1.0), (1.0 + 1e-7, 0.5)],
        ],
    )
    def test_points_outside_stay(self, place: tuple[float, float]) -> None:
        points = np.array([[place, (0.5, 0.5)]], np.float32)
        found = _refined_alike(points, np.full((1, 64, 64, 2), 3, np.float32))
        np.testing.assert_array_equal(found[0, 0], points[0, 0])
        assert found[0, 1] == pytest.approx([32 / 64, 32 / 64])

    @pytest.mark.parametrize("place", [(-0.015, 0.5), (0.5, -0.015), (0.0, 0.0), (0.99999994, 0.99999994)])
    def test_points_just_inside_move(self, place: tuple[float, float]) -> None:
        points = np.array([[place]], np.float32)
        found = _refined_alike(points, np.full((1, 64, 64, 1), 3, np.float32))
        assert (found != points).any()

    def test_certain_and_impossible_cells(self) -> None:
        heatmaps = np.full((1, 64, 64, 1), -np.inf, np.float32)
        points = np.array([[[0.5, 0.5]]], np.float32)
        np.testing.assert_array_equal(_refined_alike(points, heatmaps), points)
        heatmaps[0, 34, 30] = np.inf
        np.testing.assert_array_equal(_refined_alike(points, heatmaps), [[[30 / 64, 34 / 64]]])
        heatmaps[0, 34, 34] = 88.0
        np.testing.assert_array_equal(_refined_alike(points, heatmaps), [[[32 / 64, 34 / 64]]])

    def test_doubles_and_strange_layouts(self) -> None:
        random = np.random.default_rng(6)
        heatmaps = random.normal(-2, 3, (2, 39, 64, 64)).astype(np.float32).transpose(0, 2, 3, 1)
        points = random.uniform(0, 1, (2, 39, 3))[..., :2]
        wanted = refine_by_numpy(points.astype(np.float32), heatmaps)[0]
        np.testing.assert_allclose(refine(points.astype(np.float32), heatmaps)[0], wanted, atol=2e-6)
        in_order = np.ascontiguousarray(heatmaps)
        np.testing.assert_allclose(
            refine(points.astype(np.float32)[:, ::-1], in_order[..., ::-1])[0], wanted[:, ::-1], atol=2e-6
        )
        np.testing.assert_allclose(refine(points.astype(np.float32), in_order)[0], wanted, atol=2e-6)

    @given(
        st.lists(st.tuples(st.floats(width=32), st.floats(width=32)), min_size=3, max_size=3),
        st.integers(0, 99),
    )
    @settings(derandomize=True, max_examples=60, deadline=None)
    def test_any_point(self, places: list[tuple[float, float]], seed: int) -> None:
        heatmaps = np.random.default_rng(seed).normal(-2, 3, (1, 64, 64, 3)).astype(np.float32)
        _refined_alike(np.array([places], np.float32), heatmaps)
