"""Small networks put together layer by layer, and what plain numpy says of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pose_landmarker.arrays import FloatArray, RgbImage
from pose_landmarker.engines.native.graph import Graph, Layer, Output
from pose_landmarker.engines.native.network import NativeNetwork
from pose_landmarker.engines.native.plan import Plan, plan
from pose_landmarker.native import library
from pose_landmarker.native.library import library_or_none

KERNELS = library_or_none()
#: Widths of vectors, in floats, that this processor has kernels for.
WIDTHS = [lanes for lanes in (4, 8, 16) if KERNELS is not None and lanes <= KERNELS.native_lanes()]
every_width = pytest.mark.parametrize("lanes", WIDTHS)
#: The pictures are scaled to [-1, 1].
SCALE, OFFSET = 2 / 255, -1.0


class _OlderProcessor:
    """The kernels as a processor with shorter vectors sees them."""

    def __init__(self, lanes: int) -> None:
        self._lanes = lanes

    def __getattr__(self, name: str) -> Any:
        return getattr(KERNELS, name)

    def native_lanes(self) -> int:
        return self._lanes

    def native_has_half(self) -> int:
        return int(self._lanes > 4)

    def native_has_bfloat16(self) -> int:
        return 0


def planned_for(graph: Graph, lanes: int, *, scale: float = SCALE, offset: float = OFFSET) -> Plan:
    with pytest.MonkeyPatch.context() as patch:
        if KERNELS is None or lanes != KERNELS.native_lanes():
            patch.setattr(library, "library", lambda: _OlderProcessor(lanes))
        return plan(graph, scale=scale, offset=offset)


class Draft:
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
        shape, places = same_padding((height, width), 3, 2)
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
        shape, places = same_padding((height, width), kernel, step)
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


def same_padding(sides: tuple[int, int], kernel: int, step: int) -> tuple[tuple[int, int], dict[str, int]]:
    """Sides of an output, and the zeros above and beside the input."""
    out = -(-sides[0] // step), -(-sides[1] // step)
    before = [max((there - 1) * step + kernel - side, 0) // 2 for there, side in zip(out, sides, strict=True)]
    return out, {"top": before[0], "left": before[1]}


# --- the same in numpy


def by_numpy(graph: Graph, picture: RgbImage) -> dict[int, NDArray[np.float64]]:
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


def noise_pictures(graph: Graph, count: int, seed: int = 3) -> RgbImage:
    shape = (count, *graph.shapes[graph.input])
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def assert_agrees(graph: Graph, lanes: int, threads: int = 1) -> None:
    """Compare the outputs of two pictures with those that numpy computes."""
    pictures = noise_pictures(graph, 2)
    found = NativeNetwork(graph, planned_for(graph, lanes), threads)(pictures)
    for i, picture in enumerate(pictures):
        tensors = by_numpy(graph, picture)
        for output, values in zip(graph.outputs, found, strict=True):
            wanted = np.concatenate([tensors[number].ravel() for number in output.tensors])
            one = values[i] if len(output.shape) < 4 else values[i][..., : output.shape[3]]
            np.testing.assert_allclose(one.ravel(), wanted, rtol=0, atol=1e-4)


# --- every kind of layer


def composite(lanes: int, height: int = 134, width: int = 110) -> Graph:
    """Layers that are computed row by row together, sums, and two outputs."""
    draft = Draft(height, width)
    stem = draft.stem(lanes + 4, clip=True)
    middle = draft.depthwise(draft.conv(stem, 3 * lanes, clip=True), 5, 1, clip=True)
    first = draft.conv(middle, lanes + 4, add=stem)
    deep = draft.conv(draft.depthwise(draft.conv(first, 40, clip=True), 3, 2, clip=True), 24)
    last = draft.depthwise(draft.conv(deep, 2 * lanes), 5, 2)
    up = draft.resized("upsample", draft.conv(last, 24))
    wide = draft.sum(draft.depthwise(deep, 3, 1), deep, clip_sum=True)
    return draft.answering(first, wide, up)
