"""Networks as TFLite files, put together for tests; and what the real ones are called."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pose_landmarker.arrays import FloatArray
from pose_landmarker.engines.litert import compile_litert
from pose_landmarker.engines.native.network import compile_native
from pose_landmarker.models.tflite import Flatbuffer, main_graph

SAME, VALID = 0, 1
RELU, RELU6 = 1, 3


class Tflite:
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
        self, source: int, count: int, kernel: int = 1, step: int = 1, padding: int = SAME, **options: Any
    ) -> int:
        _, height, width, depth = self.shape(source)
        weights = self.weights(count, kernel, kernel, depth)
        inputs = [source, self.constant(weights), self.constant(self.weights(count))]
        shape = (1, *(_side(side, kernel, step, padding) for side in (height, width)), count)
        told = {"padding": padding, "strideH": step, "strideW": step, "dilationHFactor": 1}
        return self.add(
            "CONV_2D", inputs, shape, "Conv2DOptions", **{**told, "dilationWFactor": 1, **options}
        )

    def depthwise(self, source: int, kernel: int, step: int = 1, padding: int = SAME, **options: Any) -> int:
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
        told = {"padding": SAME, "strideW": size, "strideH": size, "filterWidth": size, "filterHeight": size}
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
    return -(-side // step) if padding == SAME else (side - kernel) // step + 1


def outputs_of(compile_: Any, model: bytes) -> tuple[FloatArray, ...]:
    """What a network says of a picture of noise."""
    _, height, width, _ = _input_shape(model)
    pixels = np.random.default_rng(4).integers(0, 256, (1, height, width, 3), dtype=np.uint8)
    network = compile_(model, scale=2 / 255, offset=-1.0, threads=1)
    outputs: tuple[FloatArray, ...] = network(pixels)
    return outputs


def _input_shape(model: bytes) -> list[int]:
    graph = main_graph(Flatbuffer(model))
    return graph.tables(0)[graph.integers(1)[0]].integers(0)


def assert_like_litert(model: bytes) -> None:
    for found, wanted in zip(
        outputs_of(compile_native, model), outputs_of(compile_litert, model), strict=True
    ):
        there = found[..., : wanted.shape[-1]]
        assert found.shape[:-1] == wanted.shape[:-1]
        np.testing.assert_allclose(there, wanted, rtol=0, atol=1e-4)


def first_layer(net: Tflite) -> int:
    return net.conv(0, 8, 3, 2)


def small_network() -> bytes:
    net = Tflite(64, 64)
    return net.packed(net.conv(0, 8, 3, 2))


NETWORK_NAMES = [
    *[f"{name}, {with_masks}" for name in ("lite", "full", "heavy") for with_masks in (False, True)],
    *["detector as it is", "detector"],
]
every_network = pytest.mark.parametrize("name", NETWORK_NAMES)
