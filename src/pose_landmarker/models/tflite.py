"""TFLite flatbuffers: what goes in and out of a network, and the same network with fewer outputs.

Only the few tables that matter here are read, by the field numbers of TensorFlow Lite's schema
(``schema.fbs``, version 3). Every offset is checked, so that a damaged or hostile file ends in a
:class:`BundleError` and not in a crash.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from pose_landmarker.errors import BundleError

_IDENTIFIER = b"TFL3"
#: Inputs or outputs of a network, and bytes of a tensor's name; ours have 5 and 10.
_MAX_TENSORS, _MAX_NAME = 64, 256
_FLOAT32 = 0
# Field numbers in schema.fbs.
_MODEL_SUBGRAPHS = 2
_SUBGRAPH_TENSORS, _SUBGRAPH_INPUTS, _SUBGRAPH_OUTPUTS, _SUBGRAPH_OPERATORS = 0, 1, 2, 3
_TENSOR_SHAPE, _TENSOR_TYPE, _TENSOR_NAME = 0, 1, 3
_OPERATOR_INPUTS, _OPERATOR_OUTPUTS = 1, 2


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """Name and shape of a float32 tensor."""

    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Signature:
    """Inputs and outputs of a network, in order."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]


def signature(model: bytes) -> Signature:
    """Inputs and outputs of a TFLite network.

    Raises:
        BundleError: The bytes are no TFLite network, or a damaged one.
    """
    graph = main_graph(Flatbuffer(model))
    return Signature(_tensors(graph, _SUBGRAPH_INPUTS), _tensors(graph, _SUBGRAPH_OUTPUTS))


def with_outputs(model: bytes, names: Sequence[str]) -> bytes:
    """The same network with only these outputs, in this order, and only what they need.

    Engines compute every operator of the graph, wanted or not, so those that no wanted output
    depends on are taken out of the list of operators. Both lists are written over the old ones,
    which are never shorter; the weights of what is gone stay in the file, unused.

    Args:
        model: A TFLite network.
        names: Names of outputs that it has.

    Raises:
        BundleError: The network is damaged or has no such output.
    """
    data = Flatbuffer(model)
    graph = main_graph(data)
    outputs = {_tensor(graph, i).name: i for i in graph.integers(_SUBGRAPH_OUTPUTS)}
    missing = [name for name in names if name not in outputs]
    if missing:
        raise BundleError(f"the network has no output {missing[0]!r}; it has {', '.join(outputs)}")
    wanted = [outputs[name] for name in names]
    kept = _needed(graph.tables(_SUBGRAPH_OPERATORS), wanted)
    outputs_at, operators_at = graph.vector(_SUBGRAPH_OUTPUTS), graph.vector(_SUBGRAPH_OPERATORS)
    return _patched(
        model, {outputs_at: _integer_vector(wanted), operators_at: _table_vector(operators_at, kept)}
    )


def _needed(operators: list[Table], outputs: list[int]) -> list[Table]:
    """The operators that ``outputs`` depend on. They are stored in the order of execution."""
    tensors = set(outputs)
    kept = []
    for operator in reversed(operators):
        if tensors.intersection(operator.integers(_OPERATOR_OUTPUTS)):
            tensors.update(operator.integers(_OPERATOR_INPUTS))
            kept.append(operator)
    return kept[::-1]


def main_graph(data: Flatbuffer) -> Table:
    """The one subgraph that a network has."""
    if bytes(data.buffer[4:8]) != _IDENTIFIER:
        raise BundleError("this is no TFLite network: the identifier TFL3 is missing")
    graphs = data.root().tables(_MODEL_SUBGRAPHS)
    if len(graphs) != 1:
        raise BundleError(f"the network has {len(graphs)} subgraphs, wanted 1")
    return graphs[0]


def _integer_vector(values: Sequence[int]) -> bytes:
    return struct.pack(f"<I{len(values)}i", len(values), *values)


def _table_vector(place: int, tables: Sequence[Table]) -> bytes:
    """A vector of tables that is to stand at ``place``: references are relative to themselves."""
    first = place + 4
    references = [table.offset - (first + 4 * i) for i, table in enumerate(tables)]
    if min(references, default=0) < 0:
        raise BundleError("the network is damaged: a list refers backwards")
    return struct.pack(f"<I{len(references)}I", len(references), *references)


def _patched(model: bytes, patches: dict[int, bytes]) -> bytes:
    """The bytes of a model with some of them replaced; 28 MB of weights are copied once."""
    old, parts, position = memoryview(model), [], 0
    for place, patch in sorted(patches.items()):
        if place < position:
            raise BundleError("the network is damaged: two of its lists overlap")
        parts += [old[position:place], memoryview(patch)]
        position = place + len(patch)
    return b"".join([*parts, old[position:]])


def _tensors(graph: Table, field: int) -> tuple[TensorSpec, ...]:
    indices = graph.integers(field)
    if len(indices) > _MAX_TENSORS:
        raise BundleError(f"the network has {len(indices)} inputs or outputs, wanted {_MAX_TENSORS} at most")
    return tuple(_tensor(graph, i) for i in indices)


def _tensor(graph: Table, index: int) -> TensorSpec:
    places = graph.data.elements(graph.vector(_SUBGRAPH_TENSORS))
    if not 0 <= index < len(places):
        raise BundleError(f"the network names tensor {index}; it has {len(places)}")
    tensor = Table(graph.data, graph.data.follow(places[index]))
    kind = tensor.byte(_TENSOR_TYPE)
    if kind != _FLOAT32:
        raise BundleError(f"tensor {index} has element type {kind}, wanted {_FLOAT32} (float32)")
    return TensorSpec(tensor.text(_TENSOR_NAME), tuple(tensor.integers(_TENSOR_SHAPE)))


class Flatbuffer:
    """Bytes that are read with every offset checked."""

    def __init__(self, buffer: bytes) -> None:
        self.buffer = buffer

    def read(self, form: str, offset: int) -> int:
        """The number at an offset, in a form of ``struct``."""
        size = struct.calcsize(form)
        if offset < 0 or offset + size > len(self.buffer):
            raise BundleError(
                f"the network is damaged: offset {offset} is outside its {len(self.buffer)} bytes"
            )
        value: int = struct.unpack_from(form, self.buffer, offset)[0]
        return value

    def follow(self, offset: int) -> int:
        """Where the reference at an offset leads."""
        return offset + self.read("<I", offset)

    def root(self) -> Table:
        """The model."""
        return Table(self, self.follow(0))

    def elements(self, vector: int) -> range:
        """Offsets of the 4-byte elements of a vector; none where there is no vector."""
        if vector == 0:
            return range(0)
        count = self.read("<I", vector)
        if count > (len(self.buffer) - vector) // 4:
            raise BundleError(f"the network is damaged: a list of {count} elements ends outside the file")
        return range(vector + 4, vector + 4 + 4 * count, 4)


class Table:
    """A flatbuffers table: fields by number, absent ones are empty or 0."""

    def __init__(self, data: Flatbuffer, offset: int) -> None:
        self.data = data
        self.offset = offset
        self._layout = offset - data.read("<i", offset)
        self._layout_size = data.read("<H", self._layout)

    def _field(self, number: int) -> int:
        slot = 4 + 2 * number
        if slot + 2 > self._layout_size:
            return 0
        relative = self.data.read("<H", self._layout + slot)
        return self.offset + relative if relative else 0

    def vector(self, number: int) -> int:
        """Where the vector in a field starts; 0 where there is none."""
        field = self._field(number)
        return self.data.follow(field) if field else 0

    def integers(self, number: int) -> list[int]:
        """The vector of 32-bit integers in a field."""
        return [self.data.read("<i", place) for place in self.data.elements(self.vector(number))]

    def tables(self, number: int) -> list[Table]:
        """The vector of tables in a field."""
        places = self.data.elements(self.vector(number))
        return [Table(self.data, self.data.follow(place)) for place in places]

    def table(self, number: int) -> Table:
        """The table in a field that is there."""
        return Table(self.data, self.vector(number))

    def byte(self, number: int) -> int:
        """The 8-bit integer in a field."""
        field = self._field(number)
        return self.data.read("<b", field) if field else 0

    def integer(self, number: int) -> int:
        """The 32-bit integer in a field."""
        field = self._field(number)
        return self.data.read("<i", field) if field else 0

    def text(self, number: int) -> str:
        """The string in a field."""
        start = self.vector(number)
        if start == 0:
            return ""
        length = self.data.read("<I", start)
        if length > _MAX_NAME:
            raise BundleError(f"the network is damaged: a name has {length} characters")
        return bytes(self.data.buffer[start + 4 : start + 4 + length]).decode("utf-8", "replace")
