"""The same network, computed in a cheaper order.

The detector scales feature maps up and convolves them with 1x1 kernels afterwards. Both are linear
and work on different axes, so they can change places: convolved before it is scaled up, a map has a
quarter of the pixels. 430 million multiplications become 386 million. What remains different is the
rounding of float32.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

from pose_landmarker.errors import BundleError
from pose_landmarker.models.tflite import Flatbuffer, Table, main_graph

# Field numbers, operators and values of schema.fbs, beside those in tflite.py.
_MODEL_VERSION, _MODEL_CODES, _MODEL_SUBGRAPHS, _MODEL_FIELDS = 0, 1, 2, 8
_CODE_DEPRECATED, _CODE_BUILTIN = 0, 3
_GRAPH_TENSORS, _GRAPH_OPERATORS, _GRAPH_FIELDS = 0, 3, 5
_TENSOR_SHAPE, _TENSOR_NAME = 0, 3
_OPERATOR_CODE, _OPERATOR_INPUTS, _OPERATOR_OUTPUTS, _OPERATOR_OPTIONS_TYPE, _OPERATOR_OPTIONS = range(5)
_CONV_STRIDE_W, _CONV_STRIDE_H, _CONV_ACTIVATION = 1, 2, 3
_CONV_2D, _RELU6, _RESIZE_BILINEAR = 3, 21, 23
_CONV_2D_OPTIONS, _RESIZE_BILINEAR_OPTIONS = 1, 15
_ACTIVATION_RELU6 = 3


def conv_before_resize(model: bytes) -> bytes:
    """A TFLite network in which 1x1 convolutions go before the upsampling that they followed.

    Networks without such a pair come back as they are.

    Raises:
        BundleError: The network is damaged.
    """
    data = Flatbuffer(model)
    root = data.root()
    graph = main_graph(data)
    try:
        codes = [_builtin(code) for code in root.tables(_MODEL_CODES)]
        pairs = _pairs(graph, codes)
        return _Rewriter(model, root, graph).swapped(pairs, codes) if pairs else model
    except BundleError:
        raise
    except (ValueError, IndexError, TypeError, RuntimeError, struct.error) as error:
        # Operators with other numbers of inputs, say, or numbers that the builder refuses.
        raise BundleError(f"the network is damaged: {error}") from error


def _builtin(code: Table) -> int:
    # Old files have only the deprecated field of one byte.
    return max(code.byte(_CODE_DEPRECATED), code.integer(_CODE_BUILTIN))


def _pairs(graph: Table, codes: list[int]) -> list[tuple[Table, Table]]:
    """Upsampling operators, each with the 1x1 convolution that alone reads what it writes."""
    operators = graph.tables(_GRAPH_OPERATORS)
    kinds = [codes[operator.integer(_OPERATOR_CODE)] for operator in operators]
    if _RESIZE_BILINEAR not in kinds:
        return []
    readers: dict[int, list[int]] = {}
    for i, operator in enumerate(operators):
        for tensor in operator.integers(_OPERATOR_INPUTS):
            readers.setdefault(tensor, []).append(i)
    pairs = []
    for resize, kind in zip(operators, kinds, strict=True):
        if kind == _RESIZE_BILINEAR:
            (scaled,) = resize.integers(_OPERATOR_OUTPUTS)
            reader, *others = readers.get(scaled, [0, 0])
            if not others and kinds[reader] == _CONV_2D and _is_plain(operators[reader], graph):
                pairs.append((resize, operators[reader]))
    return pairs


def _is_plain(conv: Table, graph: Table) -> bool:
    """Whether a convolution has 1x1 kernels, no stride, and ReLU6 behind it."""
    kernel = graph.tables(_GRAPH_TENSORS)[conv.integers(_OPERATOR_INPUTS)[1]].integers(_TENSOR_SHAPE)
    options = conv.table(_OPERATOR_OPTIONS)
    strides = options.integer(_CONV_STRIDE_W), options.integer(_CONV_STRIDE_H)
    return kernel[1:3] == [1, 1] and strides == (1, 1) and options.byte(_CONV_ACTIVATION) == _ACTIVATION_RELU6


class _Rewriter:
    """Builds new tables in front of the old file, where they can point to everything in it."""

    def __init__(self, model: bytes, root: Table, graph: Table) -> None:
        import flatbuffers

        self._model, self._root, self._graph = model, root, graph
        self._builder: Any = flatbuffers.Builder(1 << 16)
        self._builder.Prep(16, 0)  # what follows keeps the alignment of its weights

    def swapped(self, pairs: list[tuple[Table, Table]], codes: list[int]) -> bytes:
        """The network with the operators of each pair exchanged."""
        tensors = self._graph.tables(_GRAPH_TENSORS)
        tensor_offsets = [self._old(tensor) for tensor in tensors]
        replaced: dict[int, list[int]] = {}
        for resize, conv in pairs:
            source, size = resize.integers(_OPERATOR_INPUTS)
            _, *weights = conv.integers(_OPERATOR_INPUTS)
            (result,) = conv.integers(_OPERATOR_OUTPUTS)
            before, after = (tensors[i].integers(_TENSOR_SHAPE) for i in (source, result))
            small, large = len(tensor_offsets), len(tensor_offsets) + 1
            tensor_offsets.append(self._tensor([*before[:3], after[3]], f"small_{small}"))
            tensor_offsets.append(self._tensor(after, f"large_{large}"))
            replaced[resize.offset] = []
            replaced[conv.offset] = [
                self._conv(conv.integer(_OPERATOR_CODE), [source, *weights], [small]),
                self._operator(
                    resize.integer(_OPERATOR_CODE),
                    [small, size],
                    [large],
                    _RESIZE_BILINEAR_OPTIONS,
                    self._old(resize.table(_OPERATOR_OPTIONS)),
                ),
                self._operator(len(codes), [large], [result]),
            ]
        operator_offsets = [
            offset
            for operator in self._graph.tables(_GRAPH_OPERATORS)
            for offset in replaced.get(operator.offset, [self._old(operator)])
        ]
        return self._finish(tensor_offsets, operator_offsets)

    def _finish(self, tensors: list[int], operators: list[int]) -> bytes:
        graph = {
            _GRAPH_TENSORS: self._offsets(tensors),
            _GRAPH_OPERATORS: self._offsets(operators),
        }
        new_graph = self._table(_GRAPH_FIELDS, self._kept(self._graph, _GRAPH_FIELDS, graph))
        codes = [self._old(code) for code in self._root.tables(_MODEL_CODES)] + [self._relu6_code()]
        root = {_MODEL_CODES: self._offsets(codes), _MODEL_SUBGRAPHS: self._offsets([new_graph])}
        fields = self._kept(self._root, _MODEL_FIELDS, root)
        version = self._root.integer(_MODEL_VERSION)
        self._builder.StartObject(_MODEL_FIELDS)
        self._builder.PrependUint32Slot(_MODEL_VERSION, version, 0)
        self._slots(fields)
        self._builder.Finish(self._builder.EndObject(), file_identifier=b"TFL3")
        return bytes(self._builder.Output()) + self._model

    @staticmethod
    def _old(table: Table) -> int:
        # The builder counts from the end of what it builds, backwards; the old file lies beyond it.
        return -table.offset

    def _kept(self, table: Table, count: int, changed: dict[int, int]) -> dict[int, int]:
        """Offsets of all vectors and strings of an old table, but for those that are replaced."""
        places = {number: table.vector(number) for number in range(count) if number not in changed}
        if table is self._root:
            del places[_MODEL_VERSION]  # a number, no offset
        return {**{number: -place for number, place in places.items() if place}, **changed}

    def _tensor(self, shape: Sequence[int], name: str) -> int:
        # float32 and without a buffer by default; OpenVINO wants a name.
        fields = {_TENSOR_SHAPE: self._integers(shape), _TENSOR_NAME: int(self._builder.CreateString(name))}
        return self._table(4, fields)

    def _conv(self, code: int, inputs: Sequence[int], outputs: Sequence[int]) -> int:
        """A 1x1 convolution without activation: padding does not matter, dilation is 1 by default."""
        self._builder.StartObject(6)
        self._builder.PrependInt32Slot(_CONV_STRIDE_W, 1, 0)
        self._builder.PrependInt32Slot(_CONV_STRIDE_H, 1, 0)
        return self._operator(code, inputs, outputs, _CONV_2D_OPTIONS, int(self._builder.EndObject()))

    def _operator(
        self, code: int, inputs: Sequence[int], outputs: Sequence[int], kind: int = 0, options: int = 0
    ) -> int:
        vectors = {_OPERATOR_INPUTS: self._integers(inputs), _OPERATOR_OUTPUTS: self._integers(outputs)}
        self._builder.StartObject(5)
        self._builder.PrependUint32Slot(_OPERATOR_CODE, code, 0)
        self._slots(vectors)
        self._builder.PrependUint8Slot(_OPERATOR_OPTIONS_TYPE, kind, 0)
        self._builder.PrependUOffsetTRelativeSlot(_OPERATOR_OPTIONS, options, 0)
        return int(self._builder.EndObject())

    def _relu6_code(self) -> int:
        self._builder.StartObject(4)
        self._builder.PrependInt8Slot(_CODE_DEPRECATED, _RELU6, 0)
        self._builder.PrependInt32Slot(_CODE_BUILTIN, _RELU6, 0)
        return int(self._builder.EndObject())

    def _table(self, count: int, fields: dict[int, int]) -> int:
        self._builder.StartObject(count)
        self._slots(fields)
        return int(self._builder.EndObject())

    def _slots(self, fields: dict[int, int]) -> None:
        for number, offset in fields.items():
            self._builder.PrependUOffsetTRelativeSlot(number, offset, 0)

    def _integers(self, values: Sequence[int]) -> int:
        self._builder.StartVector(4, len(values), 4)
        for value in reversed(values):
            self._builder.PrependInt32(value)
        return int(self._builder.EndVector())

    def _offsets(self, offsets: Sequence[int]) -> int:
        self._builder.StartVector(4, len(offsets), 4)
        for offset in reversed(offsets):
            self._builder.PrependUOffsetTRelative(offset)
        return int(self._builder.EndVector())
