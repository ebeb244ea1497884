"""What is read of a network, and which networks are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pose_landmarker import engines
from pose_landmarker.engines import load_engine
from pose_landmarker.engines.litert import compile_litert
from pose_landmarker.engines.native.graph import Output
from pose_landmarker.engines.native.network import compile_native
from pose_landmarker.engines.native.reading import read_graph
from pose_landmarker.engines.sequential import SequentialNetwork
from pose_landmarker.errors import EngineError
from pose_landmarker.models.bundle import SHAPES
from tests.conftest import needs_native
from tests.tflite_builder import (
    RELU,
    RELU6,
    SAME,
    VALID,
    Tflite,
    assert_like_litert,
    every_network,
    first_layer,
    outputs_of,
)


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
        net = Tflite(2 * size, 2 * size)
        model = net.packed(net.depthwise(net.conv(0, 8, 3, 2), kernel, step))
        layer = read_graph(model).layers[-1]
        assert (layer.kind, layer.step, layer.top, layer.left) == ("depthwise", step, place, place)

    def test_an_operator_that_pads_becomes_part_of_the_next(self) -> None:
        net = Tflite(64, 64)
        padded = net.pad(net.conv(0, 8, 3, 2), (0, 0), (2, 1), (1, 2), (0, 0))
        model = net.packed(net.depthwise(padded, 5, 2, VALID))
        crop, stem, last = read_graph(model).layers
        assert (crop.kind, stem.kind, last.kind) == ("crop", "conv", "depthwise")
        assert (last.inputs, last.top, last.left) == ((stem.output,), 2, 1)
        assert_like_litert(model)

    def test_one_that_pads_channels_is_a_layer(self) -> None:
        net = Tflite(64, 64)
        model = net.packed(net.pad(net.conv(0, 8, 3, 2), (0, 0), (0, 0), (0, 0), (0, 7)))
        assert read_graph(model).layers[-1].kind == "widen"
        assert_like_litert(model)

    def test_activations_are_part_of_layers(self) -> None:
        net = Tflite(64, 64)
        stem = net.conv(0, 8, 3, 2, fusedActivationFunction=RELU6)
        up = net.resize(net.conv(stem, 12))
        model = net.packed(net.add("RELU6", [up], net.shape(up)))
        layers = read_graph(model).layers
        assert [(layer.kind, layer.clip) for layer in layers[1:]] == [
            *[("conv", True), ("conv", False), ("upsample", True)],
        ]
        assert_like_litert(model)

    def test_a_convolution_to_one_channel_becomes_two_layers(self) -> None:
        net = Tflite(64, 64)
        model = net.packed(net.conv(net.conv(0, 8, 3, 2), 1, 3, fusedActivationFunction=RELU6))
        *_, alone, total = read_graph(model).layers
        assert (alone.kind, alone.top, alone.clip) == ("depthwise", 1, False)
        assert (total.is_pointwise, total.top, total.clip) == (True, 0, True)
        assert_like_litert(model)

    def test_a_window_as_large_as_the_map(self) -> None:
        net = Tflite(64, 64)
        small = net.pool(net.pool(net.conv(0, 8, 3, 2), (1, 16, 16, 8)), (1, 8, 8, 8))
        one = net.conv(small, 5, 8, padding=VALID)
        model = net.packed(net.reshape(one, 1, 5))
        assert read_graph(model).outputs == [Output((1, 5), (one,))]
        assert_like_litert(model)

    def test_float16_weights_that_are_unpacked_first(self) -> None:
        net = Tflite(64, 64)
        stem = net.conv(0, 8, 3, 2)
        packed = [net.constant(net.weights(*shape).astype(np.float16)) for shape in [(12, 1, 1, 8), (12,)]]
        weights, bias = (net.add("DEQUANTIZE", [number], net.shape(number)) for number in packed)
        told = {"padding": SAME, "strideW": 1, "strideH": 1, "dilationWFactor": 1, "dilationHFactor": 1}
        last = net.add("CONV_2D", [stem, weights, bias], (1, 32, 32, 12), "Conv2DOptions", **told)
        model = net.packed(last)
        layer = read_graph(model).layers[-1]
        assert layer.weights is not None
        assert layer.bias is not None
        assert layer.weights.dtype == np.float16
        assert layer.bias.dtype == np.float32
        assert_like_litert(model)

    def test_sums_and_depth_to_space(self) -> None:
        net = Tflite(64, 64)
        stem = net.conv(0, 16, 3, 2)
        told = {"fusedActivationFunction": RELU6}
        total = net.add("ADD", [net.conv(stem, 16), stem], net.shape(stem), "AddOptions", **told)
        twice = net.add("ADD", [total, total], net.shape(stem), "AddOptions")
        wide = net.add("DEPTH_TO_SPACE", [twice], (1, 64, 64, 4), "DepthToSpaceOptions", blockSize=2)
        model = net.packed(wide)
        assert [layer.kind for layer in read_graph(model).layers[2:]] == ["conv", "sum", "sum", "unfold"]
        assert_like_litert(model)

    def test_outputs_that_are_put_together(self) -> None:
        net = Tflite(64, 64)
        small = net.pool(net.conv(0, 8, 3, 2), (1, 16, 16, 8))
        parts = [net.conv(small, 6), net.conv(net.depthwise(small, 3, 2), 6)]
        lists = [net.reshape(parts[0], 1, 512, 3), net.reshape(parts[1], 1, 128, 3)]
        both = net.add("CONCATENATION", lists, (1, 640, 3), "ConcatenationOptions", axis=1)
        score = net.conv(small, 1, 16, padding=VALID)
        sure = net.add("LOGISTIC", [net.reshape(score, 1, 1)], (1, 1))
        model = net.packed(both, sure)
        assert read_graph(model).outputs == [
            Output((1, 640, 3), tuple(parts)),
            Output((1, 1), (score,), sigmoid=True),
        ]
        assert_like_litert(model)

    def test_what_is_written_at_the_end_of_a_file(self) -> None:
        net = Tflite(64, 64)
        model = net.packed(net.conv(0, 8, 3, 2))
        assert len(read_graph(model + b"more").layers) == 2


def _resized(net: Tflite, **options: Any) -> int:
    return net.resize(first_layer(net), **options)


def _one(net: Tflite, kind: str) -> int:
    stem = first_layer(net)
    return net.add(kind, [stem], net.shape(stem))


def _sum_with(net: Tflite, *shape: int) -> int:
    stem = first_layer(net)
    return net.add("ADD", [stem, net.constant(net.weights(*shape))], net.shape(stem), "AddOptions")


def _two_readers(net: Tflite) -> int:
    stem = first_layer(net)
    clipped = net.add("RELU6", [stem], net.shape(stem))
    return net.add("ADD", [stem, clipped], net.shape(stem), "AddOptions")


def _joined_channels(net: Tflite) -> int:
    stem = first_layer(net)
    told = {"axis": 3}
    return net.add("CONCATENATION", [stem, stem], (1, 32, 32, 16), "ConcatenationOptions", **told)


def _many_for_each(net: Tflite) -> int:
    stem = first_layer(net)
    inputs = [stem, net.constant(net.weights(1, 3, 3, 16)), net.constant(net.weights(16))]
    told = {"padding": SAME, "strideW": 1, "strideH": 1, "depthMultiplier": 2}
    return net.add("DEPTHWISE_CONV_2D", inputs, (1, 32, 32, 16), "DepthwiseConv2DOptions", **told)


def _space(net: Tflite, size: int, *shape: int) -> int:
    deep = net.conv(first_layer(net), 16)
    return net.add("DEPTH_TO_SPACE", [deep], shape, "DepthToSpaceOptions", blockSize=size)


def _padding_in_floats(net: Tflite) -> int:
    around = net.constant(np.array([[0, 0], [1, 1], [1, 1], [0, 0]], np.float32))
    return net.add("PAD", [first_layer(net), around], (1, 34, 34, 8))


#: What LiteRT can do and this engine cannot, and what is said of it.
_UNKNOWN: dict[str, tuple[Callable[[Tflite], int], str]] = {
    "hard swish": (lambda net: _one(net, "HARD_SWISH"), "operator 117 is not known"),
    "ReLU": (lambda net: net.conv(first_layer(net), 8, fusedActivationFunction=RELU), "activation 1 is not"),
    "ReLU6 of what is needed": (_two_readers, "an activation by itself"),
    "dilation": (lambda net: net.conv(first_layer(net), 8, 1, dilationWFactor=2), "this convolution"),
    "two steps": (lambda net: net.depthwise(first_layer(net), 3, 2, strideW=1), "this convolution"),
    "two for each channel": (_many_for_each, "several outputs for a channel"),
    "sum with numbers": (lambda net: _sum_with(net, 1, 32, 32, 8), "sums of constants"),
    "sum with one number": (lambda net: _sum_with(net, 1), "."),
    "sum with a row": (lambda net: _sum_with(net, 1, 1, 1, 8), "sums of tensors of different shapes"),
    "corners": (lambda net: _resized(net, halfPixelCenters=False), "this scaling"),
    "pool of three": (lambda net: net.pool(first_layer(net), (1, 11, 11, 8), 3), "this pool"),
    "pool of odd sides": (lambda net: net.pool(net.depthwise(0, 3, 2), (1, 8, 8, 3)), "."),
    "four by four": (lambda net: _space(net, 4, 1, 128, 128, 1), "this depth to space"),
    "side by side": (_joined_channels, "this concatenation"),
    "three by three": (lambda net: net.conv(first_layer(net), 4, 3), "a convolution of 3x3"),
    "skipped pixels": (lambda net: net.conv(first_layer(net), 8, 1, 2), "skips pixels"),
    "another first layer": (lambda net: net.conv(0, 8, 3, 1), "the first layer"),
    "large kernels": (lambda net: net.depthwise(first_layer(net), 7), "a convolution of 7x7"),
    "padding in floats": (_padding_in_floats, "this padding"),
    "both before and behind": (
        lambda net: net.pad(first_layer(net), (0, 0), (0, 0), (0, 0), (1, 1)),
        "this padding",
    ),
}


@needs_native
@pytest.mark.parametrize("what", _UNKNOWN)
def test_networks_that_are_refused(what: str) -> None:
    make, why = _UNKNOWN[what]
    net = Tflite(64, 64)
    with pytest.raises(EngineError, match=why):
        compile_native(net.packed(make(net)), scale=1.0, offset=0.0, threads=1)


@needs_native
@pytest.mark.parametrize("what", ["hard swish", "ReLU", "three by three", "sum with a row"])
def test_litert_takes_the_networks_that_are_refused(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    monkeypatch.setattr(engines, "has_fast_kernels", lambda: True)
    name, engine = load_engine("auto")
    assert name == "native"
    net = Tflite(64, 64)
    model = net.packed(_UNKNOWN[what][0](net))
    assert isinstance(engine(model, scale=1.0, offset=0.0, threads=1), SequentialNetwork)
    for found, wanted in zip(outputs_of(engine, model), outputs_of(compile_litert, model), strict=True):
        np.testing.assert_array_equal(found, wanted)


@needs_native
def test_what_nobody_can_read_is_an_error_of_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "has_fast_kernels", lambda: True)
    with pytest.raises(EngineError, match="LiteRT cannot compile"):
        load_engine("auto")[1](b"no network at all", scale=1.0, offset=0.0, threads=1)
    with pytest.raises(EngineError, match="the native engine cannot compile"):
        compile_native(b"no network at all", scale=1.0, offset=0.0, threads=1)
