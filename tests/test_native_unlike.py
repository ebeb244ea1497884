"""Networks unlike those that the kernels were made for: right, or refused."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import numpy as np
import pytest

from pose_landmarker.engines.native.graph import simplified
from pose_landmarker.engines.native.plan import plan
from pose_landmarker.engines.native.reading import read_graph
from pose_landmarker.errors import BundleError, EngineError
from tests.conftest import needs_native
from tests.tflite_builder import (
    SAME,
    VALID,
    Tflite,
    assert_like_litert,
    first_layer,
)


def _map_and(net: Tflite, kind: str) -> bytes:
    last = net.conv(first_layer(net), 12)
    other = net.add(kind, [last], net.shape(last)) if kind != "RESHAPE" else net.reshape(last, 1, 12_288)
    return net.packed(last, other)


def _map_of_another_shape(net: Tflite) -> bytes:
    return net.packed(net.reshape(net.conv(first_layer(net), 12), 1, 16, 16, 48))


def _maps_below_each_other(net: Tflite) -> bytes:
    stem = first_layer(net)
    parts = [net.conv(stem, 12), net.conv(stem, 12)]
    return net.packed(net.add("CONCATENATION", parts, (1, 64, 32, 12), "ConcatenationOptions", axis=1))


def _two_stems(net: Tflite) -> bytes:
    parts = [first_layer(net), first_layer(net)]
    return net.packed(net.add("ADD", parts, net.shape(parts[0]), "AddOptions"))


def _clipped(net: Tflite, source: int) -> bytes:
    return net.packed(net.add("RELU6", [source], net.shape(source)))


def _padded_product(net: Tflite) -> bytes:
    padded = net.pad(first_layer(net), (0, 0), (1, 1), (1, 1), (0, 0))
    return net.packed(net.conv(padded, 12, padding=VALID))


def _wide_padding(net: Tflite) -> bytes:
    padded = net.pad(0, (0, 0), (0, 100), (0, 100), (0, 0))
    return net.packed(net.conv(padded, 8, 3, 2, VALID))


def _small_window(net: Tflite) -> bytes:
    source = first_layer(net)
    for _ in range(4):
        source = net.depthwise(source, 3, 2)
    return net.packed(net.conv(source, 5, 2))


def _tall_window(net: Tflite) -> bytes:
    return net.packed(net.conv(net.depthwise(first_layer(net), 3), 5, 32, padding=VALID))


def _tall_half(net: Tflite) -> bytes:
    narrow = net.conv(net.conv(0, 32, 3, 2), 256)
    weights = net.add(
        "DEQUANTIZE", [net.constant(net.weights(256, 1, 1, 256).astype(np.float16))], (256, 1, 1, 256)
    )
    inputs = [narrow, weights, net.constant(net.weights(256))]
    told = {"padding": SAME, "strideW": 1, "strideH": 1}
    return net.packed(net.add("CONV_2D", inputs, net.shape(narrow), "Conv2DOptions", **told))


def _impossible(net: Tflite) -> bytes:
    """A logit whose exponential is beyond the largest float32."""
    inputs = [
        first_layer(net),
        net.constant(net.weights(4, 1, 1, 8)),
        net.constant(np.full(4, -200, np.float32)),
    ]
    told = {"padding": SAME, "strideW": 1, "strideH": 1}
    last = net.add("CONV_2D", inputs, (1, 32, 32, 4), "Conv2DOptions", **told)
    return net.packed(net.add("LOGISTIC", [last], net.shape(last)))


def _before_and_after(net: Tflite) -> bytes:
    before = net.conv(first_layer(net), 12)
    return net.packed(before, net.add("RELU6", [before], net.shape(before)))


def _deep(net: Tflite) -> bytes:
    source = first_layer(net)
    for _ in range(1100):
        source = net.conv(source, 2)
    return net.packed(source)


_Make = Callable[[Tflite], bytes]
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
            net,
            net.add("DEPTH_TO_SPACE", [first_layer(net)], (1, 64, 64, 2), "DepthToSpaceOptions", blockSize=2),
        ),
        "that kernel clips nothing",
    ),
    "activation of more channels": (
        (64, 64),
        lambda net: _clipped(net, net.pad(first_layer(net), (0, 0), (0, 0), (0, 0), (0, 7))),
        "that kernel clips nothing",
    ),
    "dilation along one axis": (
        (64, 64),
        lambda net: net.packed(net.depthwise(first_layer(net), 3, dilationHFactor=2)),
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
        lambda net: net.packed(first_layer(net), 0),
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
        lambda net: net.packed(first_layer(net)),
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
    model = make(Tflite(*size))
    with contextlib.suppress(EngineError):
        assert_like_litert(model)


def _sparse_and_huge() -> bytes:
    net = Tflite(64, 64)
    stem, packed = first_layer(net), net.constant(net.weights(4))
    net.make_sparse(packed, (1 << 22, 1 << 22, 1, 8))
    inputs = [stem, net.add("DENSIFY", [packed], (4, 1, 1, 8)), net.constant(net.weights(4))]
    return net.packed(net.add("CONV_2D", inputs, (1, 32, 32, 4), "Conv2DOptions"))


def _of_nothing() -> bytes:
    net = Tflite(64, 64)
    first_layer(net)
    return net.packed(net.add("CONCATENATION", [], (1, 5), "ConcatenationOptions", axis=1))


def _of_itself() -> bytes:
    net = Tflite(64, 64)
    stem = first_layer(net)
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
