"""A TFLite flatbuffer as a list of layers: weights unpacked, paddings and activations with their layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pose_landmarker.engines.native.graph import Graph, Layer, Output
from pose_landmarker.errors import BundleError, EngineError
from pose_landmarker.models.tflite import Flatbuffer, Table, main_graph

# Field numbers, operators and values of schema.fbs.
_MODEL_CODES, _MODEL_BUFFERS, _CODE_DEPRECATED, _CODE_BUILTIN = 1, 4, 0, 3
_GRAPH_TENSORS, _GRAPH_INPUTS, _GRAPH_OUTPUTS, _GRAPH_OPERATORS = range(4)
_TENSOR_SHAPE, _TENSOR_TYPE, _TENSOR_BUFFER, _TENSOR_SPARSITY = 0, 1, 2, 6
_OPERATOR_CODE, _OPERATOR_INPUTS, _OPERATOR_OUTPUTS, _OPERATOR_OPTIONS = 0, 1, 2, 4
_SPARSITY_ORDER, _SPARSITY_BLOCKS, _SPARSITY_DIMENSIONS = range(3)
_DIMENSION_FORMAT, _DIMENSION_SIZE = 0, 1
_DIMENSION_SEGMENTS_TYPE, _DIMENSION_SEGMENTS, _DIMENSION_INDICES_TYPE, _DIMENSION_INDICES = 2, 3, 4, 5
_PADDING, _STRIDE_W, _STRIDE_H = 0, 1, 2  # of convolutions and pools
_ADD, _CONCATENATION, _CONV_2D, _DEPTHWISE_CONV_2D, _DEPTH_TO_SPACE, _DEQUANTIZE = 0, 2, 3, 4, 5, 6
_LOGISTIC, _MAX_POOL_2D, _RELU6, _RESHAPE, _RESIZE_BILINEAR, _PAD, _DENSIFY = 14, 17, 21, 22, 23, 34, 124
_SAME = 0
#: Of a layer; those of heavy have half a million at most.
_MOST_WEIGHTS = 1 << 24
_NO_ACTIVATION, _ACTIVATION_RELU6 = 0, 3
_TYPES: dict[int, str] = {0: "<f4", 1: "<f2", 2: "<i4"}
_INDEX_TYPES: dict[int, str] = {1: "<i4", 2: "<u2", 3: "u1"}


class _Operator(NamedTuple):
    inputs: list[int]
    output: int
    table: Table

    @property
    def options(self) -> Table:
        """What it was told; not every operator was told something."""
        return self.table.table(_OPERATOR_OPTIONS)


def read_graph(model: bytes) -> Graph:
    """The layers of a network.

    Raises:
        BundleError: The network is damaged.
        EngineError: It has an operator, or a use of one, that is not known here.
    """
    try:
        return _Reader(model).read()
    except (BundleError, EngineError):
        raise
    except (ValueError, IndexError, KeyError, TypeError, OverflowError) as error:
        raise BundleError(f"the network is damaged: {error}") from error


class _Reader:
    """Walks once over the operators of a flatbuffer."""

    def __init__(self, model: bytes) -> None:
        data = Flatbuffer(model)
        self._model = model
        root = data.root()
        graph = main_graph(data)
        self._codes = [
            max(code.byte(_CODE_DEPRECATED), code.integer(_CODE_BUILTIN))
            for code in root.tables(_MODEL_CODES)
        ]
        self._buffers = root.tables(_MODEL_BUFFERS)
        self._tensors = graph.tables(_GRAPH_TENSORS)
        self._operators = graph.tables(_GRAPH_OPERATORS)
        (self._input,) = graph.integers(_GRAPH_INPUTS)
        self._outputs = graph.integers(_GRAPH_OUTPUTS)
        self._sources: dict[int, int] = {}  # of constants, by the tensor that they are unpacked to
        self._padded: dict[int, tuple[int, Any, Any]] = {}  # tensor, rows and columns of zeros on both sides
        self._answers: dict[int, Output] = {}
        self._graph = Graph(self._input, [])

    def read(self) -> Graph:
        graph = self._graph
        graph.shapes[self._input] = self._plane(self._input)
        graph.layers.append(Layer(kind="crop", inputs=(), output=self._input))
        for operator in self._operators:
            kind = self._codes[operator.integer(_OPERATOR_CODE)]
            read = self._readers.get(kind)
            if read is None:
                raise EngineError(f"operator {kind} is not known to this engine")
            inputs, (output,) = operator.integers(_OPERATOR_INPUTS), operator.integers(_OPERATOR_OUTPUTS)
            read(self, _Operator(inputs, output, operator))
        graph.outputs = [self._answer(number) for number in self._outputs]
        return graph

    # --- tensors

    def _shape(self, number: int) -> tuple[int, ...]:
        return tuple(self._tensors[number].integers(_TENSOR_SHAPE))

    def _plane(self, number: int) -> tuple[int, int, int]:
        batch, height, width, depth = self._shape(number)
        if batch != 1 or min(height, width, depth) < 1 or height * width * depth > 1 << 26:
            raise EngineError(f"a tensor of shape {self._shape(number)} is not known to this engine")
        return height, width, depth

    def _constant(self, number: int) -> NDArray[Any]:
        """A constant, unpacked."""
        number = self._sources.get(number, number)
        tensor = self._tensors[number]
        values = self._bytes(self._buffers[tensor.integer(_TENSOR_BUFFER)], 0, 1)
        array = np.frombuffer(values, _TYPES[tensor.byte(_TENSOR_TYPE)])
        shape = self._shape(number)
        sparsity = tensor.vector(_TENSOR_SPARSITY)
        if sparsity:
            array = self._dense(array, shape, tensor.table(_TENSOR_SPARSITY))
        return array.reshape(shape)

    def _bytes(self, table: Table, number: int, size: int) -> memoryview:
        """A vector of elements of so many bytes."""
        start = table.vector(number)
        count = table.data.read("<I", start) if start else 0
        if start + 4 + count * size > len(self._model):
            raise BundleError(f"the network is damaged: {count} values end outside the file")
        return memoryview(self._model)[start + 4 : start + 4 + count * size]

    def _dense(self, values: NDArray[Any], shape: tuple[int, ...], sparsity: Table) -> NDArray[Any]:
        """An array from its values that are not zero: every axis is listed, or says where its values are."""
        order = sparsity.integers(_SPARSITY_ORDER)
        if order != list(range(len(shape))) or sparsity.integers(_SPARSITY_BLOCKS):
            raise EngineError("weights in blocks are not known to this engine")
        if np.prod(shape, dtype=float) > _MOST_WEIGHTS:
            raise EngineError("so many weights are not known to this engine")
        places = np.zeros(1, np.int64)
        for size, axis in zip(shape, sparsity.tables(_SPARSITY_DIMENSIONS), strict=True):
            if axis.byte(_DIMENSION_FORMAT) == 0:
                places = (places[:, None] * size + np.arange(size)).ravel()
            else:
                segments = self._indices(axis, _DIMENSION_SEGMENTS_TYPE, _DIMENSION_SEGMENTS)
                indices = self._indices(axis, _DIMENSION_INDICES_TYPE, _DIMENSION_INDICES)
                places = np.repeat(places, np.diff(segments)) * size + indices
        dense = np.zeros(int(np.prod(shape)), values.dtype)
        dense[places] = values[: len(places)]
        return dense

    def _indices(self, axis: Table, kind: int, number: int) -> NDArray[np.int64]:
        dtype = np.dtype(_INDEX_TYPES[axis.byte(kind)])
        found = np.frombuffer(self._bytes(axis.table(number), 0, dtype.itemsize), dtype)
        return found.astype(np.int64)

    # --- operators

    def _add_layer(self, kind: str, inputs: Sequence[int], output: int, **more: Any) -> None:
        reads = {*inputs, *((more["add"],) if "add" in more else ())}
        if not reads <= self._graph.shapes.keys() or output in self._graph.shapes:
            raise EngineError("an operator reads what no known one writes, or writes what is there")
        self._graph.shapes[output] = self._plane(output)
        self._graph.layers.append(Layer(kind=kind, inputs=tuple(inputs), output=output, **more))

    def _unpack(self, op: _Operator) -> None:
        self._sources[op.output] = self._sources.get(op.inputs[0], op.inputs[0])

    def _pad(self, op: _Operator) -> None:
        source, amounts = op.inputs
        around = self._constant(amounts)
        if around.dtype != np.int32 or around.shape != (4, 2) or around.min() < 0:
            raise EngineError("this padding is not known to this engine")
        if around[0].any() or around[3, 0]:
            raise EngineError("this padding is not known to this engine")
        if not around[3, 1]:
            self._padded[op.output] = source, tuple(around[1].tolist()), tuple(around[2].tolist())
            return
        height, width, depth = self._plane(source)
        if around[1:3].any() or self._plane(op.output) != (height, width, depth + int(around[3, 1])):
            raise EngineError("this padding is not known to this engine")
        self._add_layer("widen", [source], op.output)

    def _conv(self, op: _Operator) -> None:
        weights = self._constant(op.inputs[1])
        source, top, left = self._window(op, weights.shape[1:3], (4, 5))
        if weights.shape[0] != self._plane(op.output)[2] or weights.shape[3] != self._plane(source)[2]:
            raise BundleError("the network is damaged: weights do not fit what they are for")
        self._add_convolution("conv", op, source, weights, top, left, _clips(op.options.byte(3)))
        layer = self._graph.layers[-1]
        if weights.shape[0] == 1 and weights.shape[1] > 1 and layer.step == 1 and layer.top:
            self._split_into_channels(layer)

    def _split_into_channels(self, layer: Layer) -> None:
        """A convolution to one channel is one of every channel by itself, and their sum."""
        assert layer.weights is not None
        between = len(self._tensors) + len(self._graph.layers)  # a number that no tensor has
        kernel = layer.weights[0]
        depth = kernel.shape[-1]
        self._graph.shapes[between] = (*self._plane(layer.output)[:2], depth)
        zeros, ones = np.zeros(depth, np.float32), np.ones((1, 1, 1, depth), np.float32)
        alone = replace(layer, kind="depthwise", output=between, weights=kernel, bias=zeros, clip=False)
        self._graph.layers[-1:] = [alone, replace(layer, inputs=(between,), weights=ones, top=0, left=0)]

    def _depthwise(self, op: _Operator) -> None:
        weights = self._constant(op.inputs[1])[0]
        source, top, left = self._window(op, weights.shape[:2], (5, 6))
        if not weights.shape[2] == self._plane(op.output)[2] == self._plane(source)[2]:
            raise EngineError("several outputs for a channel are not known to this engine")
        self._add_convolution("depthwise", op, source, weights, top, left, _clips(op.options.byte(4)))

    def _window(
        self, op: _Operator, kernel: tuple[int, ...], dilations: tuple[int, int]
    ) -> tuple[int, int, int]:
        """What a convolution reads, and how many rows and columns of zeros are above and beside that."""
        dilated = any(op.options.integer(number) not in (0, 1) for number in dilations)
        step = op.options.integer(_STRIDE_W)
        if step < 1 or step != op.options.integer(_STRIDE_H) or dilated:
            raise EngineError("this convolution is not known to this engine")
        source, *around = self._padded.get(op.inputs[0], (op.inputs[0], (0, 0), (0, 0)))
        before = []
        for side, size, zeros, out in zip(
            self._plane(source), kernel, around, self._plane(op.output), strict=False
        ):
            if op.options.byte(_PADDING) == _SAME:
                needed = max((-(-side // step) - 1) * step + size - side, 0)
                zeros = needed // 2, needed - needed // 2
            if out != (side + sum(zeros) - size) // step + 1:
                raise BundleError("the network is damaged: a convolution has another size than what it reads")
            before.append(zeros[0])
        return source, before[0], before[1]

    def _add_convolution(
        self, kind: str, op: _Operator, source: int, weights: NDArray[Any], top: int, left: int, clip: bool
    ) -> None:
        bias = self._constant(op.inputs[2]).astype(np.float32)
        if bias.shape != self._plane(op.output)[2:]:
            raise BundleError("the network is damaged: there is not one number to add for each channel")
        step = op.options.integer(_STRIDE_W)
        self._add_layer(
            kind, [source], op.output, weights=weights, bias=bias, step=step, top=top, left=left, clip=clip
        )

    def _sum(self, op: _Operator) -> None:
        if not self._plane(op.inputs[0]) == self._plane(op.inputs[1]) == self._plane(op.output):
            raise EngineError("sums of tensors of different shapes are not known to this engine")
        if op.inputs[1] not in self._graph.shapes:
            raise EngineError("sums of constants are not known to this engine")
        clip = _clips(op.options.byte(0))
        self._add_layer("sum", op.inputs[:1], op.output, add=op.inputs[1], clip_sum=clip)

    def _upsample(self, op: _Operator) -> None:
        height, width, depth = self._plane(op.inputs[0])
        if not op.options.byte(3) or self._plane(op.output) != (2 * height, 2 * width, depth):
            raise EngineError("this scaling is not known to this engine")
        self._add_layer("upsample", op.inputs[:1], op.output)

    def _clip(self, op: _Operator) -> None:
        layers, source = self._graph.layers, op.inputs[0]
        if layers[-1].output != source or self._readers_of(source) != 1 or layers[-1].add is not None:
            raise EngineError("an activation by itself is not known to this engine")
        if self._plane(op.output) != self._plane(source) or layers[-1].kind in ("crop", "unfold", "widen"):
            raise EngineError("this activation is not known to this engine")
        self._graph.shapes[op.output] = self._plane(op.output)
        layers[-1] = replace(layers[-1], output=op.output, clip=True)

    def _readers_of(self, number: int) -> int:
        return sum(number in operator.integers(_OPERATOR_INPUTS) for operator in self._operators)

    def _maximum(self, op: _Operator) -> None:
        height, width, depth = self._plane(op.output)
        if [op.options.integer(number) for number in (1, 2, 3, 4)] != [2] * 4 or op.options.byte(5):
            raise EngineError("this pool is not known to this engine")
        if self._plane(op.inputs[0]) != (2 * height, 2 * width, depth):
            raise EngineError("a pool over an odd number of pixels is not known to this engine")
        self._add_layer("maximum", op.inputs, op.output)

    def _unfold(self, op: _Operator) -> None:
        height, width, depth = self._plane(op.inputs[0])
        if op.options.integer(0) != 2 or self._plane(op.output) != (2 * height, 2 * width, depth / 4):
            raise EngineError("this depth to space is not known to this engine")
        self._add_layer("unfold", op.inputs, op.output)

    def _reshape(self, op: _Operator) -> None:
        self._answers[op.output] = replace(self._answer(op.inputs[0]), shape=self._shape(op.output))

    def _concatenate(self, op: _Operator) -> None:
        parts = [self._answer(number) for number in op.inputs]
        if not parts or any(part.sigmoid for part in parts) or op.options.integer(0) != 1:
            raise EngineError("this concatenation is not known to this engine")
        tensors = tuple(number for part in parts for number in part.tensors)
        self._answers[op.output] = Output(self._shape(op.output), tensors)

    def _sigmoid(self, op: _Operator) -> None:
        self._answers[op.output] = replace(self._answer(op.inputs[0]), sigmoid=True)

    def _answer(self, number: int) -> Output:
        if number in self._answers:
            return self._answers[number]
        if number not in self._graph.shapes:
            raise EngineError("the network answers what no known operator writes")
        return Output(self._shape(number), (number,))

    _readers: ClassVar[dict[int, Callable[[_Reader, _Operator], None]]] = {
        _ADD: _sum,
        _CONCATENATION: _concatenate,
        _CONV_2D: _conv,
        _DEPTHWISE_CONV_2D: _depthwise,
        _DEPTH_TO_SPACE: _unfold,
        _DEQUANTIZE: _unpack,
        _DENSIFY: _unpack,
        _LOGISTIC: _sigmoid,
        _MAX_POOL_2D: _maximum,
        _PAD: _pad,
        _RELU6: _clip,
        _RESHAPE: _reshape,
        _RESIZE_BILINEAR: _upsample,
    }


def _clips(activation: int) -> bool:
    if activation not in (_NO_ACTIVATION, _ACTIVATION_RELU6):
        raise EngineError(f"activation {activation} is not known to this engine")
    return activation == _ACTIVATION_RELU6
