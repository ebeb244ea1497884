"""From a TFLite file to operations: what is read, what is put together, where it lies, what is refused."""

from __future__ import annotations

import contextlib
import gc
import itertools
import random
import struct
import sys
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pose_landmarker import engines
from pose_landmarker.arrays import FloatArray
from pose_landmarker.decoding import refine, refine_by_numpy
from pose_landmarker.detector import DETECTOR_OUTPUTS
from pose_landmarker.engines import load_engine
from pose_landmarker.engines.litert import compile_litert
from pose_landmarker.engines.native.graph import Graph, Layer, Output, fused, simplified
from pose_landmarker.engines.native.memory import Memory
from pose_landmarker.engines.native.network import compile_native
from pose_landmarker.engines.native.plan import aligned, bfloat16_of, blocks, plan
from pose_landmarker.engines.native.reading import read_graph
from pose_landmarker.engines.pool import Pool
from pose_landmarker.engines.sequential import SequentialNetwork
from pose_landmarker.errors import BundleError, EngineError, MissingExtraError
from pose_landmarker.landmark_net import LandmarkNet
from pose_landmarker.models.bundle import SHAPES, read_bundle
from pose_landmarker.models.rewriting import conv_before_resize
from pose_landmarker.models.tflite import Flatbuffer, main_graph, with_outputs
from pose_landmarker.native import library
from pose_landmarker.native.library import PACK
from tests.conftest import needs_native

_SAME, _VALID = 0, 1
_RELU, _RELU6 = 1, 3


class _Tflite:
    """A TFLite network that is put together operator by operator, by LiteRT's own schema."""

    def __init__(self, height: int, width: int) -> None:
        from ai_edge_litert import schema_py_generated as schema

        self._schema: Any = schema
        self._random = np.random.default_rng(8)
        self._graph = schema.SubGraphT()
        self._model = schema.ModelT()
        self._model.version, self._model.buffers, self._model.operatorCodes = 3, [schema.BufferT()], []
        self._graph.tensors, self._graph.operators = [], []
        self._graph.inputs = [self.tensor((1, height, width, 3))]

    def tensor(self, shape: tuple[int, ...], values: NDArray[Any] | None = None) -> int:
        """A tensor: of these values, or what an operator writes; its number."""
        tensor = self._schema.TensorT()
        tensor.shape, tensor.name, tensor.buffer = list(shape), f"t{len(self._graph.tensors)}", 0
        if values is not None:
            kinds = {"float32": "FLOAT32", "float16": "FLOAT16", "int32": "INT32"}
            tensor.type = getattr(self._schema.TensorType, kinds[values.dtype.name])
            tensor.buffer = len(self._model.buffers)
            self._model.buffers.append(self._schema.BufferT())
            self._model.buffers[-1].data = np.frombuffer(values.tobytes(), np.uint8)
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def constant(self, values: NDArray[Any]) -> int:
        return self.tensor(values.shape, values)

    def shape(self, number: int) -> tuple[int, ...]:
        return tuple(self._graph.tensors[number].shape)

    def add(
        self, kind: str, inputs: list[int], shape: tuple[int, ...], told: str = "", **options: Any
    ) -> int:
        """An operator, and what it is told; the tensor that it writes."""
        operator, code = self._schema.OperatorT(), self._schema.OperatorCodeT()
        code.builtinCode = getattr(self._schema.BuiltinOperator, kind)
        code.deprecatedBuiltinCode, code.version = min(127, code.builtinCode), 1
        operator.opcodeIndex, operator.inputs = len(self._model.operatorCodes), inputs
        operator.outputs = [self.tensor(shape)]
        if told:
            operator.builtinOptionsType = getattr(self._schema.BuiltinOptions, told)
            operator.builtinOptions = getattr(self._schema, f"{told}T")()
            for name, value in options.items():
                assert hasattr(operator.builtinOptions, name)
                setattr(operator.builtinOptions, name, value)
        self._model.operatorCodes.append(code)
        self._graph.operators.append(operator)
        return int(operator.outputs[0])

    def conv(
        self, source: int, count: int, kernel: int = 1, step: int = 1, padding: int = _SAME, **options: Any
    ) -> int:
        _, height, width, depth = self.shape(source)
        weights = self.weights(count, kernel, kernel, depth)
        inputs = [source, self.constant(weights), self.constant(self.weights(count))]
        shape = (1, *(_side(side, kernel, step, padding) for side in (height, width)), count)
        told = {"padding": padding, "strideH": step, "strideW": step, "dilationHFactor": 1}
        return self.add(
            "CONV_2D", inputs, shape, "Conv2DOptions", **{**told, "dilationWFactor": 1, **options}
        )

    def depthwise(self, source: int, kernel: int, step: int = 1, padding: int = _SAME, **options: Any) -> int:
        _, height, width, depth = self.shape(source)
        weights = self.weights(1, kernel, kernel, depth)
        inputs = [source, self.constant(weights), self.constant(self.weights(depth))]
        shape = (1, *(_side(side, kernel, step, padding) for side in (height, width)), depth)
        told = {"padding": padding, "strideH": step, "strideW": step, "depthMultiplier": 1}
        told |= {"dilationHFactor": 1, "dilationWFactor": 1}
        return self.add("DEPTHWISE_CONV_2D", inputs, shape, "DepthwiseConv2DOptions", **{**told, **options})

    def pad(self, source: int, *around: tuple[int, int]) -> int:
        shape = tuple(side + sum(more) for side, more in zip(self.shape(source), around, strict=True))
        return self.add("PAD", [source, self.constant(np.array(around, np.int32))], shape, "PadOptions")

    def resize(self, source: int, **options: Any) -> int:
        batch, height, width, depth = self.shape(source)
        size = self.constant(np.array([2 * height, 2 * width], np.int32))
        shape = (batch, 2 * height, 2 * width, depth)
        told = {"halfPixelCenters": True, **options}
        return self.add("RESIZE_BILINEAR", [source, size], shape, "ResizeBilinearOptions", **told)

    def reshape(self, source: int, *shape: int) -> int:
        wanted = self.constant(np.array(shape, np.int32))
        return self.add("RESHAPE", [source, wanted], shape, "ReshapeOptions", newShape=list(shape))

    def pool(self, source: int, shape: tuple[int, ...], size: int = 2, **options: Any) -> int:
        told = {"padding": _SAME, "strideW": size, "strideH": size, "filterWidth": size, "filterHeight": size}
        return self.add("MAX_POOL_2D", [source], shape, "Pool2DOptions", **{**told, **options})

    def make_sparse(self, number: int, shape: tuple[int, ...]) -> None:
        """Give a constant another shape, of which it holds the values that are not zero: all of them."""
        tensor, sparsity = self._graph.tensors[number], self._schema.SparsityParametersT()
        tensor.shape, tensor.sparsity = list(shape), sparsity
        sparsity.traversalOrder, sparsity.dimMetadata = list(range(len(shape))), []
        for side in shape:
            sparsity.dimMetadata.append(self._schema.DimensionMetadataT())
            sparsity.dimMetadata[-1].denseSize = side

    def packed(self, *outputs: int) -> bytes:
        import flatbuffers

        self._graph.outputs = list(outputs)
        self._model.subgraphs = [self._graph]
        builder = flatbuffers.Builder(1024)
        builder.Finish(self._model.Pack(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())

    def weights(self, *shape: int) -> FloatArray:
        values: FloatArray = (self._random.normal(size=shape) / np.prod(shape[1:]) ** 0.5).astype(np.float32)
        return values


def _side(side: int, kernel: int, step: int, padding: int) -> int:
    return -(-side // step) if padding == _SAME else (side - kernel) // step + 1


def _outputs(compile_: Any, model: bytes) -> tuple[FloatArray, ...]:
    """What a network says of a picture of noise."""
    _, height, width, _ = _input_shape(model)
    pixels = np.random.default_rng(4).integers(0, 256, (1, height, width, 3), dtype=np.uint8)
    network = compile_(model, scale=2 / 255, offset=-1.0, threads=1)
    outputs: tuple[FloatArray, ...] = network(pixels)
    return outputs


def _input_shape(model: bytes) -> list[int]:
    graph = main_graph(Flatbuffer(model))
    return graph.tables(0)[graph.integers(1)[0]].integers(0)


def _like_litert(model: bytes) -> None:
    for found, wanted in zip(_outputs(compile_native, model), _outputs(compile_litert, model), strict=True):
        there = found[..., : wanted.shape[-1]]
        assert found.shape[:-1] == wanted.shape[:-1]
        np.testing.assert_allclose(there, wanted, rtol=0, atol=1e-4)


# --- reading


@pytest.fixture(scope="module")
def networks(model_file: Callable[[str], Path]) -> dict[str, bytes]:
    """The networks that are really run, each with and without what it can answer more."""
    found = {}
    for name in ("lite", "full", "heavy"):
        bundle = read_bundle(model_file(name))
        for with_masks in (False, True):
            outputs = LandmarkNet.outputs(with_masks=with_masks)
            found[f"{name}, {with_masks}"] = with_outputs(bundle.landmarks, outputs)
    found["detector as it is"] = bundle.detector
    found["detector"] = with_outputs(conv_before_resize(bundle.detector), DETECTOR_OUTPUTS)
    return found


_NAMES = [
    *[f"{name}, {with_masks}" for name in ("lite", "full", "heavy") for with_masks in (False, True)],
    *["detector as it is", "detector"],
]
every_network = pytest.mark.parametrize("name", _NAMES)


@every_network
def test_real_networks(networks: dict[str, bytes], name: str) -> None:
    graph = read_graph(networks[name])
    member = "pose_detector.tflite" if "detector" in name else "pose_landmarks_detector.tflite"
    input_shape, output_shapes = SHAPES[member]
    assert (1, *graph.shapes[graph.input]) == input_shape
    assert {output.shape for output in graph.outputs} <= set(output_shapes)
    assert [layer.kind for layer in graph.layers].count("crop") == 1
    written: set[int] = set()
    for layer in graph.layers:
        assert set(layer.reads) <= written
        assert layer.output not in written
        written.add(layer.output)
        if layer.kind == "conv":
            assert layer.weights is not None
            assert layer.weights.shape[0] == graph.shapes[layer.output][2]
            assert layer.weights.shape[3] == graph.shapes[layer.inputs[0]][2]
    assert {number for output in graph.outputs for number in output.tensors} <= written


@every_network
def test_real_networks_answer_what_all_of_a_tensor_is(networks: dict[str, bytes], name: str) -> None:
    graph = read_graph(networks[name])
    for output in graph.outputs:
        numbers = sum(int(np.prod(graph.shapes[number])) for number in output.tensors)
        assert numbers == np.prod(output.shape)


class TestReading:
    @pytest.mark.parametrize(
        ("size", "kernel", "step", "place"),
        [(13, 3, 1, 1), (13, 3, 2, 1), (14, 3, 2, 0), (13, 5, 2, 2), (14, 5, 2, 1), (14, 5, 1, 2)],
    )
    def test_zeros_around(self, size: int, kernel: int, step: int, place: int) -> None:
        net = _Tflite(2 * size, 2 * size)
        model = net.packed(net.depthwise(net.conv(0, 8, 3, 2), kernel, step))
        layer = read_graph(model).layers[-1]
        assert (layer.kind, layer.step, layer.top, layer.left) == ("depthwise", step, place, place)

    def test_an_operator_that_pads_becomes_part_of_the_next(self) -> None:
        net = _Tflite(64, 64)
        padded = net.pad(net.conv(0, 8, 3, 2), (0, 0), (2, 1), (1, 2), (0, 0))
        model = net.packed(net.depthwise(padded, 5, 2, _VALID))
        crop, stem, last = read_graph(model).layers
        assert (crop.kind, stem.kind, last.kind) == ("crop", "conv", "depthwise")
        assert (last.inputs, last.top, last.left) == ((stem.output,), 2, 1)
        _like_litert(model)

    def test_one_that_pads_channels_is_a_layer(self) -> None:
        net = _Tflite(64, 64)
        model = net.packed(net.pad(net.conv(0, 8, 3, 2), (0, 0), (0, 0), (0, 0), (0, 7)))
        assert read_graph(model).layers[-1].kind == "widen"
        _like_litert(model)

    def test_activations_are_part_of_layers(self) -> None:
        net = _Tflite(64, 64)
        stem = net.conv(0, 8, 3, 2, fusedActivationFunction=_RELU6)
        up = net.resize(net.conv(stem, 12))
        model = net.packed(net.add("RELU6", [up], net.shape(up)))
        layers = read_graph(model).layers
        assert [(layer.kind, layer.clip) for layer in layers[1:]] == [
            *[("conv", True), ("conv", False), ("upsample", True)],
        ]
        _like_litert(model)

    def test_a_convolution_to_one_channel_becomes_two_layers(self) -> None:
        net = _Tflite(64, 64)
        model = net.packed(net.conv(net.conv(0, 8, 3, 2), 1, 3, fusedActivationFunction=_RELU6))
        *_, alone, total = read_graph(model).layers
        assert (alone.kind, alone.top, alone.clip) == ("depthwise", 1, False)
        assert (total.is_pointwise, total.top, total.clip) == (True, 0, True)
        _like_litert(model)

    def test_a_window_as_large_as_the_map(self) -> None:
        net = _Tflite(64, 64)
        small = net.pool(net.pool(net.conv(0, 8, 3, 2), (1, 16, 16, 8)), (1, 8, 8, 8))
        one = net.conv(small, 5, 8, padding=_VALID)
        model = net.packed(net.reshape(one, 1, 5))
        assert read_graph(model).outputs == [Output((1, 5), (one,))]
        _like_litert(model)

    def test_float16_weights_that_are_unpacked_first(self) -> None:
        net = _Tflite(64, 64)
        stem = net.conv(0, 8, 3, 2)
        packed = [net.constant(net.weights(*shape).astype(np.float16)) for shape in [(12, 1, 1, 8), (12,)]]
        weights, bias = (net.add("DEQUANTIZE", [number], net.shape(number)) for number in packed)
        told = {"padding": _SAME, "strideW": 1, "strideH": 1, "dilationWFactor": 1, "dilationHFactor": 1}
        last = net.add("CONV_2D", [stem, weights, bias], (1, 32, 32, 12), "Conv2DOptions", **told)
        model = net.packed(last)
        layer = read_graph(model).layers[-1]
        assert layer.weights is not None
        assert layer.bias is not None
        assert layer.weights.dtype == np.float16
        assert layer.bias.dtype == np.float32
        _like_litert(model)

    def test_sums_and_depth_to_space(self) -> None:
        net = _Tflite(64, 64)
        stem = net.conv(0, 16, 3, 2)
        told = {"fusedActivationFunction": _RELU6}
        total = net.add("ADD", [net.conv(stem, 16), stem], net.shape(stem), "AddOptions", **told)
        twice = net.add("ADD", [total, total], net.shape(stem), "AddOptions")
        wide = net.add("DEPTH_TO_SPACE", [twice], (1, 64, 64, 4), "DepthToSpaceOptions", blockSize=2)
        model = net.packed(wide)
        assert [layer.kind for layer in read_graph(model).layers[2:]] == ["conv", "sum", "sum", "unfold"]
        _like_litert(model)

    def test_outputs_that_are_put_together(self) -> None:
        net = _Tflite(64, 64)
        small = net.pool(net.conv(0, 8, 3, 2), (1, 16, 16, 8))
        parts = [net.conv(small, 6), net.conv(net.depthwise(small, 3, 2), 6)]
        lists = [net.reshape(parts[0], 1, 512, 3), net.reshape(parts[1], 1, 128, 3)]
        both = net.add("CONCATENATION", lists, (1, 640, 3), "ConcatenationOptions", axis=1)
        score = net.conv(small, 1, 16, padding=_VALID)
        sure = net.add("LOGISTIC", [net.reshape(score, 1, 1)], (1, 1))
        model = net.packed(both, sure)
        assert read_graph(model).outputs == [
            Output((1, 640, 3), tuple(parts)),
            Output((1, 1), (score,), sigmoid=True),
        ]
        _like_litert(model)

    def test_what_is_written_at_the_end_of_a_file(self) -> None:
        net = _Tflite(64, 64)
        model = net.packed(net.conv(0, 8, 3, 2))
        assert len(read_graph(model + b"more").layers) == 2


def _stem(net: _Tflite) -> int:
    return net.conv(0, 8, 3, 2)


def _resized(net: _Tflite, **options: Any) -> int:
    return net.resize(_stem(net), **options)


def _one(net: _Tflite, kind: str) -> int:
    stem = _stem(net)
    return net.add(kind, [stem], net.shape(stem))


def _sum_with(net: _Tflite, *shape: int) -> int:
    stem = _stem(net)
    return net.add("ADD", [stem, net.constant(net.weights(*shape))], net.shape(stem), "AddOptions")


def _two_readers(net: _Tflite) -> int:
    stem = _stem(net)
    clipped = net.add("RELU6", [stem], net.shape(stem))
    return net.add("ADD", [stem, clipped], net.shape(stem), "AddOptions")


def _joined_channels(net: _Tflite) -> int:
    stem = _stem(net)
    told = {"axis": 3}
    return net.add("CONCATENATION", [stem, stem], (1, 32, 32, 16), "ConcatenationOptions", **told)


def _many_for_each(net: _Tflite) -> int:
    stem = _stem(net)
    inputs = [stem, net.constant(net.weights(1, 3, 3, 16)), net.constant(net.weights(16))]
    told = {"padding": _SAME, "strideW": 1, "strideH": 1, "depthMultiplier": 2}
    return net.add("DEPTHWISE_CONV_2D", inputs, (1, 32, 32, 16), "DepthwiseConv2DOptions", **told)


def _space(net: _Tflite, size: int, *shape: int) -> int:
    deep = net.conv(_stem(net), 16)
    return net.add("DEPTH_TO_SPACE", [deep], shape, "DepthToSpaceOptions", blockSize=size)


def _padding_in_floats(net: _Tflite) -> int:
    around = net.constant(np.array([[0, 0], [1, 1], [1, 1], [0, 0]], np.float32))
    return net.add("PAD", [_stem(net), around], (1, 34, 34, 8))


#: What LiteRT can do and this engine cannot, and what is said of it.
_UNKNOWN: dict[str, tuple[Callable[[_Tflite], int], str]] = {
    "hard swish": (lambda net: _one(net, "HARD_SWISH"), "operator 117 is not known"),
    "ReLU": (lambda net: net.conv(_stem(net), 8, fusedActivationFunction=_RELU), "activation 1 is not"),
    "ReLU6 of what is needed": (_two_readers, "an activation by itself"),
    "dilation": (lambda net: net.conv(_stem(net), 8, 1, dilationWFactor=2), "this convolution"),
    "two steps": (lambda net: net.depthwise(_stem(net), 3, 2, strideW=1), "this convolution"),
    "two for each channel": (_many_for_each, "several outputs for a channel"),
    "sum with numbers": (lambda net: _sum_with(net, 1, 32, 32, 8), "sums of constants"),
    "sum with one number": (lambda net: _sum_with(net, 1), "."),
    "sum with a row": (lambda net: _sum_with(net, 1, 1, 1, 8), "sums of tensors of different shapes"),
    "corners": (lambda net: _resized(net, halfPixelCenters=False), "this scaling"),
    "pool of three": (lambda net: net.pool(_stem(net), (1, 11, 11, 8), 3), "this pool"),
    "pool of odd sides": (lambda net: net.pool(net.depthwise(0, 3, 2), (1, 8, 8, 3)), "."),
    "four by four": (lambda net: _space(net, 4, 1, 128, 128, 1), "this depth to space"),
    "side by side": (_joined_channels, "this concatenation"),
    "three by three": (lambda net: net.conv(_stem(net), 4, 3), "a convolution of 3x3"),
    "skipped pixels": (lambda net: net.conv(_stem(net), 8, 1, 2), "skips pixels"),
    "another first layer": (lambda net: net.conv(0, 8, 3, 1), "the first layer"),
    "large kernels": (lambda net: net.depthwise(_stem(net), 7), "a convolution of 7x7"),
    "padding in floats": (_padding_in_floats, "this padding"),
    "both before and behind": (
        lambda net: net.pad(_stem(net), (0, 0), (0, 0), (0, 0), (1, 1)),
        "this padding",
    ),
}


@needs_native
@pytest.mark.parametrize("what", _UNKNOWN)
def test_networks_that_are_refused(what: str) -> None:
    make, why = _UNKNOWN[what]
    net = _Tflite(64, 64)
    with pytest.raises(EngineError, match=why):
        compile_native(net.packed(make(net)), scale=1.0, offset=0.0, threads=1)


@needs_native
@pytest.mark.parametrize("what", ["hard swish", "ReLU", "three by three", "sum with a row"])
def test_litert_takes_the_networks_that_are_refused(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    monkeypatch.setattr(engines, "has_fast_kernels", lambda: True)
    name, engine = load_engine("auto")
    assert name == "native"
    net = _Tflite(64, 64)
    model = net.packed(_UNKNOWN[what][0](net))
    assert isinstance(engine(model, scale=1.0, offset=0.0, threads=1), SequentialNetwork)
    for found, wanted in zip(_outputs(engine, model), _outputs(compile_litert, model), strict=True):
        np.testing.assert_array_equal(found, wanted)


@needs_native
def test_what_nobody_can_read_is_an_error_of_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "has_fast_kernels", lambda: True)
    with pytest.raises(EngineError, match="LiteRT cannot compile"):
        load_engine("auto")[1](b"no network at all", scale=1.0, offset=0.0, threads=1)
    with pytest.raises(EngineError, match="the native engine cannot compile"):
        compile_native(b"no network at all", scale=1.0, offset=0.0, threads=1)


# --- networks unlike those that the kernels were made for


def _map_and(net: _Tflite, kind: str) -> bytes:
    last = net.conv(_stem(net), 12)
    other = net.add(kind, [last], net.shape(last)) if kind != "RESHAPE" else net.reshape(last, 1, 12_288)
    return net.packed(last, other)


def _map_of_another_shape(net: _Tflite) -> bytes:
    return net.packed(net.reshape(net.conv(_stem(net), 12), 1, 16, 16, 48))


def _maps_below_each_other(net: _Tflite) -> bytes:
    stem = _stem(net)
    parts = [net.conv(stem, 12), net.conv(stem, 12)]
    return net.packed(net.add("CONCATENATION", parts, (1, 64, 32, 12), "ConcatenationOptions", axis=1))


def _two_stems(net: _Tflite) -> bytes:
    parts = [_stem(net), _stem(net)]
    return net.packed(net.add("ADD", parts, net.shape(parts[0]), "AddOptions"))


def _clipped(net: _Tflite, source: int) -> bytes:
    return net.packed(net.add("RELU6", [source], net.shape(source)))


def _padded_product(net: _Tflite) -> bytes:
    padded = net.pad(_stem(net), (0, 0), (1, 1), (1, 1), (0, 0))
    return net.packed(net.conv(padded, 12, padding=_VALID))


def _wide_padding(net: _Tflite) -> bytes:
    padded = net.pad(0, (0, 0), (0, 100), (0, 100), (0, 0))
    return net.packed(net.conv(padded, 8, 3, 2, _VALID))


def _small_window(net: _Tflite) -> bytes:
    source = _stem(net)
    for _ in range(4):
        source = net.depthwise(source, 3, 2)
    return net.packed(net.conv(source, 5, 2))


def _tall_window(net: _Tflite) -> bytes:
    return net.packed(net.conv(net.depthwise(_stem(net), 3), 5, 32, padding=_VALID))


def _tall_half(net: _Tflite) -> bytes:
    narrow = net.conv(net.conv(0, 32, 3, 2), 256)
    weights = net.add(
        "DEQUANTIZE", [net.constant(net.weights(256, 1, 1, 256).astype(np.float16))], (256, 1, 1, 256)
    )
    inputs = [narrow, weights, net.constant(net.weights(256))]
    told = {"padding": _SAME, "strideW": 1, "strideH": 1}
    return net.packed(net.add("CONV_2D", inputs, net.shape(narrow), "Conv2DOptions", **told))


def _impossible(net: _Tflite) -> bytes:
    """A logit whose exponential is beyond the largest float32."""
    inputs = [_stem(net), net.constant(net.weights(4, 1, 1, 8)), net.constant(np.full(4, -200, np.float32))]
    told = {"padding": _SAME, "strideW": 1, "strideH": 1}
    last = net.add("CONV_2D", inputs, (1, 32, 32, 4), "Conv2DOptions", **told)
    return net.packed(net.add("LOGISTIC", [last], net.shape(last)))


def _before_and_after(net: _Tflite) -> bytes:
    before = net.conv(_stem(net), 12)
    return net.packed(before, net.add("RELU6", [before], net.shape(before)))


def _deep(net: _Tflite) -> bytes:
    source = _stem(net)
    for _ in range(1100):
        source = net.conv(source, 2)
    return net.packed(source)


_Make = Callable[[_Tflite], bytes]
#: Sides of the picture, the network, and what happens instead of an EngineError or the right numbers.
#: Each with what once went wrong.
_UNLIKE: dict[str, tuple[tuple[int, int], _Make, str]] = {
    "a map, and its probabilities": (
        (64, 64),
        lambda net: _map_and(net, "LOGISTIC"),
        "a map that is answered twice is written once",
    ),
    "a map, and its numbers as a list": (
        (64, 64),
        lambda net: _map_and(net, "RESHAPE"),
        "the list is made of what is not written",
    ),
    "a map, reshaped to a map": (
        (64, 64),
        _map_of_another_shape,
        "the array is made for the shape of the answer, the layer writes its own",
    ),
    "maps below each other": ((64, 64), _maps_below_each_other, "the first one alone is there"),
    "sum of two first layers": ((64, 64), _two_stems, "that kernel adds nothing"),
    "activation of unfolded channels": (
        (64, 64),
        lambda net: _clipped(
            net, net.add("DEPTH_TO_SPACE", [_stem(net)], (1, 64, 64, 2), "DepthToSpaceOptions", blockSize=2)
        ),
        "that kernel clips nothing",
    ),
    "activation of more channels": (
        (64, 64),
        lambda net: _clipped(net, net.pad(_stem(net), (0, 0), (0, 0), (0, 0), (0, 7))),
        "that kernel clips nothing",
    ),
    "dilation along one axis": (
        (64, 64),
        lambda net: net.packed(net.depthwise(_stem(net), 3, dilationHFactor=2)),
        "of the two dilations that of the width alone is looked at",
    ),
    "a pool of the picture": (
        (64, 128),
        lambda net: net.packed(net.pool(0, (1, 32, 64, 3))),
        "planes are taken for pixels",
    ),
    "the picture, channel by channel": (
        (64, 128),
        lambda net: net.packed(net.depthwise(0, 3)),
        "planes are taken for pixels",
    ),
    "the picture as an answer": (
        (64, 128),
        lambda net: net.packed(_stem(net), 0),
        "planes are taken for pixels",
    ),
    "a matrix product with zeros around": (
        (64, 64),
        _padded_product,
        "it is computed as if there were no zeros, for more pixels than there are",
    ),
    "more zeros beside the picture than there are": (
        (64, 64),
        _wide_padding,
        "zeros on the right and below are not limited",
    ),
    "a window that moves": ((64, 64), _small_window, "it is taken for one that does not"),
    "a window over a tall map": ((64, 64), _tall_window, "it is given one row of it"),
    "float16 weights for a tall and narrow map": (
        (64, 16),
        _tall_half,
        "row by row there is no memory to unpack them to",
    ),
    "a picture of few pixels": (
        (8, 8),
        lambda net: net.packed(_stem(net)),
        "the crop has zeros beside it, its memory has not",
    ),
    "an impossible answer": ((64, 64), _impossible, "overflow encountered in exp"),
    "an answer before its activation": ((64, 64), _before_and_after, "nobody writes it"),
    "many layers": ((64, 64), _deep, "one call for each layer"),
}


@needs_native
@pytest.mark.parametrize(
    ("size", "make"),
    [pytest.param(size, make, id=what) for what, (size, make, _) in _UNLIKE.items()],
)
def test_networks_unlike_ours_are_right_or_refused(size: tuple[int, int], make: _Make) -> None:
    model = make(_Tflite(*size))
    with contextlib.suppress(EngineError):
        _like_litert(model)


def _sparse_and_huge() -> bytes:
    net = _Tflite(64, 64)
    stem, packed = _stem(net), net.constant(net.weights(4))
    net.make_sparse(packed, (1 << 22, 1 << 22, 1, 8))
    inputs = [stem, net.add("DENSIFY", [packed], (4, 1, 1, 8)), net.constant(net.weights(4))]
    return net.packed(net.add("CONV_2D", inputs, (1, 32, 32, 4), "Conv2DOptions"))


def _of_nothing() -> bytes:
    net = _Tflite(64, 64)
    _stem(net)
    return net.packed(net.add("CONCATENATION", [], (1, 5), "ConcatenationOptions", axis=1))


def _of_itself() -> bytes:
    net = _Tflite(64, 64)
    stem = _stem(net)
    total = stem + 1
    return net.packed(net.add("ADD", [total, stem], net.shape(stem), "AddOptions"))


@needs_native
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(_sparse_and_huge, id="huge"),
        pytest.param(_of_nothing, id="of nothing"),
        pytest.param(_of_itself, id="of itself"),
    ],
)
def test_networks_that_cannot_be_are_refused(make: Callable[[], bytes]) -> None:
    with pytest.raises((BundleError, EngineError)):
        plan(simplified(read_graph(make())), scale=1.0, offset=0.0)


# --- fewer layers, in a better order


def _meanings(graph: Graph) -> list[object]:
    """What each output is, written out: it must not depend on how sums are made, nor on the order."""
    known: dict[int, object] = {}
    for layer in graph.layers:
        weights = None if layer.weights is None else id(layer.weights)
        inputs = tuple(hash(known[number]) for number in layer.inputs)
        means: object = (layer.kind, inputs, weights, layer.step, layer.top, layer.left, layer.clip)
        if layer.kind == "sum":
            means = known[layer.inputs[0]]
        if layer.add is not None:
            means = ("sum", frozenset([hash(means), hash(known[layer.add])]), layer.clip_sum)
        known[layer.output] = means
    return [[known[number] for number in output.tensors] for output in graph.outputs]


@every_network
def test_simplified_networks_mean_the_same(networks: dict[str, bytes], name: str) -> None:
    graph = read_graph(networks[name])
    simple = simplified(graph)
    assert _meanings(simple) == _meanings(graph)
    makers = {layer.output: layer for layer in simple.layers}
    assert len(makers) == len(simple.layers)
    place = {number: i for i, number in enumerate(makers)}
    left = [layer for layer in simple.layers if layer.kind == "sum"]
    for layer in left:  # those whose later part is made by a layer that can add nothing, or nothing more
        maker = makers[max(layer.reads, key=lambda number: place[number])]
        assert maker.kind in ("widen", "sum") or maker.add is not None
    sums = sum(layer.kind == "sum" for layer in graph.layers) - len(left)
    assert len(simple.layers) == len(graph.layers) - sums
    assert sum(layer.add is not None for layer in simple.layers if layer.kind != "sum") == sums


class TestSimplified:
    def test_a_sum_is_made_by_the_later_of_the_two(self) -> None:
        graph = _chain(("conv", 0), ("conv", 1), ("sum", 2, 1))
        assert [(layer.output, layer.add) for layer in simplified(graph).layers] == [
            *[(0, None), (1, None), (3, 1)],
        ]

    def test_not_where_that_is_needed_elsewhere(self) -> None:
        graph = _chain(("conv", 0), ("conv", 1), ("sum", 2, 1), ("depthwise", 2))
        graph.outputs = [Output((1, 32, 32, 8), (3,)), Output((1, 32, 32, 8), (4,))]
        assert [layer.kind for layer in simplified(graph).layers].count("sum") == 1

    def test_not_where_that_is_an_answer(self) -> None:
        graph = _chain(("conv", 0), ("conv", 1), ("sum", 2, 1))
        graph.outputs.append(Output((1, 32, 32, 8), (2,)))
        assert _meanings(simplified(graph)) == _meanings(graph)
        assert [layer.output for layer in simplified(graph).layers] == [0, 1, 2, 3]

    def test_not_of_a_tensor_and_itself(self) -> None:
        graph = _chain(("conv", 0), ("sum", 1, 1))
        assert [layer.output for layer in simplified(graph).layers] == [0, 1, 2]

    @pytest.mark.parametrize("kind", ["unfold", "widen", "sum"])
    def test_not_by_layers_that_only_move_numbers(self, kind: str) -> None:
        more = (1,) if kind == "sum" else ()
        graph = _chain(("conv", 0), ("conv", 1), (kind, 2, *more), ("sum", 3, 1))
        assert simplified(graph).layers[-1].kind == "sum"

    def test_layers_come_right_before_the_only_one_that_reads_them(self) -> None:
        graph = _chain(
            ("conv", 0), ("conv", 1), ("conv", 1), ("depthwise", 3), ("depthwise", 2), ("sum", 4, 5)
        )
        graph.outputs = [Output((1, 32, 32, 8), (6,))]
        order = [layer.output for layer in simplified(graph).layers]
        assert order == [0, 1, 3, 4, 2, 6]

    def test_the_network_given_stays_as_it_is(self) -> None:
        graph = _chain(("conv", 0), ("conv", 1), ("sum", 2, 1))
        before = list(graph.layers)
        simplified(graph)
        assert graph.layers == before


def _chain(*layers: tuple[Any, ...], side: int = 32) -> Graph:
    """A network of layers without weights: kind, what is read, and what is added; the last one answers."""
    graph = Graph(0, [Output((1, side, side, 8), (len(layers),))])
    graph.layers.append(Layer(kind="crop", inputs=(), output=0))
    graph.layers += [
        Layer(kind=kind, inputs=(source,), output=number, add=more[0] if more else None)
        for number, (kind, source, *more) in enumerate(layers, 1)
    ]
    graph.shapes = dict.fromkeys(range(len(layers) + 1), (side, side, 8))
    return graph


def _no(layer: Layer) -> bool:
    return False


class TestFused:
    @every_network
    def test_groups_hold_every_layer_once(self, networks: dict[str, bytes], name: str) -> None:
        graph = simplified(read_graph(networks[name]))
        groups = fused(graph, _no)
        assert [number for group in groups for number in group] == list(range(len(graph.layers)))
        assert max(len(group) for group in groups) in range(3, 9)
        answers = {number for output in graph.outputs for number in output.tensors}
        for group in groups:
            for before, number in itertools.pairwise(group):
                made, reader = graph.layers[before].output, graph.layers[number]
                assert reader.inputs == (made,)
                assert sum(made in layer.reads for layer in graph.layers) == 1
                assert graph.shapes[made][0] >= 32
                assert made not in answers

    def test_at_most_eight(self) -> None:
        groups = fused(_chain(*[("conv", number) for number in range(20)]), _no)
        assert [len(group) for group in groups] == [8, 8, 5]

    def test_small_maps_stay_alone(self) -> None:
        graph = _chain(("conv", 0), ("conv", 1), side=31)
        assert [len(group) for group in fused(graph, _no)] == [1, 1, 1]

    def test_so_do_others(self) -> None:
        graph = _chain(("conv", 0), ("depthwise", 1), ("upsample", 2), ("conv", 3), ("conv", 4))
        assert [list(group) for group in fused(graph, _no)] == [[0, 1, 2], [3], [4, 5]]
        alone = fused(graph, lambda layer: layer.kind == "depthwise")
        assert [list(group) for group in alone] == [[0, 1], [2], [3], [4, 5]]

    def test_what_is_needed_twice_or_is_an_answer_goes_to_memory(self) -> None:
        graph = _chain(("conv", 0), ("conv", 1), ("conv", 2, 1))
        assert [list(group) for group in fused(graph, _no)] == [[0, 1], [2, 3]]
        graph.outputs.append(Output((1, 32, 32, 8), (2,)))
        assert [list(group) for group in fused(graph, _no)] == [[0, 1], [2], [3]]


# --- memory


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

    for group in fused(graph, _no):
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


# --- damaged networks


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


# --- networks without kernels, and the end of networks


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
            compile_native(_small(), scale=1.0, offset=0.0, threads=1)

    def test_another_engine_is_taken(self) -> None:
        name, engine = load_engine("auto")
        assert name in ("openvino", "litert")
        assert _outputs(engine, _small())[0].shape == (1, 32, 32, 8)

    def test_so_does_who_wants_it_fast(self) -> None:
        assert "C compiler" in str(engines.fast_obstacle("native"))

    def test_networks_can_be_read(self) -> None:
        assert len(simplified(read_graph(_small())).layers) == 2

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


def _small() -> bytes:
    net = _Tflite(64, 64)
    return net.packed(net.conv(0, 8, 3, 2))


@needs_native
@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
@pytest.mark.parametrize("pictures", [1, 3])
def test_threads_end_with_their_network(pictures: int) -> None:
    before = _threads()
    network = compile_native(_small(), scale=1.0, offset=0.0, threads=3)
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
    network = compile_native(_small(), scale=1.0, offset=0.0, threads=2)
    (found,) = network(np.full((1, 64, 64, 3), 9, np.uint8))
    kept = found.copy()
    del network
    gc.collect()
    np.testing.assert_array_equal(found, kept)


def _threads() -> set[str]:
    return {path.name for path in Path("/proc/self/task").iterdir()}
