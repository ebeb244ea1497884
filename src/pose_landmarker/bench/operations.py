"""How much arithmetic a network is: its multiplications, counted in its flatbuffer."""

from __future__ import annotations

import math

from pose_landmarker.detector import DETECTOR_OUTPUTS
from pose_landmarker.errors import BundleError
from pose_landmarker.landmark_net import LandmarkNet
from pose_landmarker.models.bundle import Bundle
from pose_landmarker.models.rewriting import conv_before_resize
from pose_landmarker.models.tflite import Flatbuffer, Table, main_graph, with_outputs

# Field numbers and operators of schema.fbs.
_MODEL_CODES, _CODE_DEPRECATED, _CODE_BUILTIN = 1, 0, 3
_GRAPH_TENSORS, _GRAPH_OPERATORS, _TENSOR_SHAPE = 0, 3, 0
_OPERATOR_CODE, _OPERATOR_INPUTS, _OPERATOR_OUTPUTS = 0, 1, 2
_CONV_2D, _DEPTHWISE_CONV_2D, _FULLY_CONNECTED = 3, 4, 9


def multiplications(network: bytes) -> int:
    """Multiply-accumulates of one run: of convolutions and matrix products, which are nearly all.

    Args:
        network: A TFLite flatbuffer.

    Raises:
        BundleError: It is damaged.
    """
    data = Flatbuffer(network)
    codes = [
        max(code.byte(_CODE_DEPRECATED), code.integer(_CODE_BUILTIN))
        for code in data.root().tables(_MODEL_CODES)
    ]
    graph = main_graph(data)
    tensors = graph.tables(_GRAPH_TENSORS)
    try:
        return sum(
            _of_operator(codes[operator.integer(_OPERATOR_CODE)], operator, tensors)
            for operator in graph.tables(_GRAPH_OPERATORS)
        )
    except (IndexError, ValueError) as error:
        raise BundleError(f"the network is damaged: {error}") from error


def of_bundle(bundle: Bundle) -> dict[str, int]:
    """Multiplications of the networks of a model, as this package runs them.

    Returns:
        ``detector``, ``landmarks`` and ``landmarks_masks``, the latter with the head for silhouettes.
    """
    return {
        "detector": multiplications(with_outputs(conv_before_resize(bundle.detector), DETECTOR_OUTPUTS)),
        "landmarks": multiplications(with_outputs(bundle.landmarks, LandmarkNet.outputs(with_masks=False))),
        "landmarks_masks": multiplications(
            with_outputs(bundle.landmarks, LandmarkNet.outputs(with_masks=True))
        ),
    }


def _of_operator(kind: int, operator: Table, tensors: list[Table]) -> int:
    """Numbers that come out, times the products that each of them is the sum of."""
    if kind not in (_CONV_2D, _DEPTHWISE_CONV_2D, _FULLY_CONNECTED):
        return 0
    weights = tensors[operator.integers(_OPERATOR_INPUTS)[1]].integers(_TENSOR_SHAPE)
    out = math.prod(tensors[operator.integers(_OPERATOR_OUTPUTS)[0]].integers(_TENSOR_SHAPE))
    if kind == _DEPTHWISE_CONV_2D:  # (1, height, width, channels)
        _, height, width, _ = weights
        return out * height * width
    return out * math.prod(weights[1:])  # (channels out, ...)
