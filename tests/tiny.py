"""Tiny TFLite networks and bundles, made with the flatbuffers runtime."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from typing import Any

import flatbuffers

from pose_landmarker.models.bundle import DETECTOR, LANDMARKS, SHAPES

#: (name, shape, element type); 0 is float32.
Tensor = tuple[str, tuple[int, ...], int]
#: (inputs, outputs) as indices of tensors.
Operator = tuple[Sequence[int], Sequence[int]]


def tiny_network(
    tensors: Sequence[Tensor],
    inputs: Sequence[int],
    outputs: Sequence[int],
    operators: Sequence[Operator] = (),
    subgraphs: int = 1,
) -> bytes:
    """A TFLite flatbuffer of these tables; field numbers are those of schema.fbs."""
    b = flatbuffers.Builder(1024)

    def integers(values: Sequence[int]) -> int:
        b.StartVector(4, len(values), 4)
        for value in reversed(values):
            b.PrependInt32(value)
        return int(b.EndVector())

    def offsets(values: Sequence[int]) -> int:
        b.StartVector(4, len(values), 4)
        for value in reversed(values):
            b.PrependUOffsetTRelative(value)
        return int(b.EndVector())

    def table(fields: dict[int, Any]) -> int:
        b.StartObject(max(fields, default=0) + 1)
        for number, value in fields.items():
            if isinstance(value, bytes):
                b.PrependByteSlot(number, value[0], 127)
            else:
                b.PrependUOffsetTRelativeSlot(number, value, 0)
        return int(b.EndObject())

    made = []
    for name, shape, kind in tensors:
        fields: dict[int, Any] = {0: integers(shape), 3: b.CreateString(name)}
        if kind:
            fields[1] = bytes([kind])
        made.append(table(fields))
    ops = [table({1: integers(op_inputs), 2: integers(op_outputs)}) for op_inputs, op_outputs in operators]
    graph = table({0: offsets(made), 1: integers(inputs), 2: integers(outputs), 3: offsets(ops)})
    addition = table({})  # operator 0
    root = table({1: offsets([addition]), 2: offsets([graph] * subgraphs)})
    b.Finish(root, file_identifier=b"TFL3")
    return bytes(b.Output())


def shaped_network(member: str) -> bytes:
    """A network of the shapes that a bundle's member must have."""
    input_shape, output_shapes = SHAPES[member]
    names = ["Identity"] + [f"Identity_{i}" for i in range(1, len(output_shapes))]
    tensors: list[Tensor] = [("input_1", input_shape, 0)]
    tensors += [(name, shape, 0) for name, shape in zip(names, output_shapes, strict=True)]
    outputs = list(range(1, len(tensors)))
    return tiny_network(tensors, [0], outputs, [([0], [i]) for i in outputs])


def archive(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as zip_file:
        for name, content in members.items():
            zip_file.writestr(name, content)
    return buffer.getvalue()


def tiny_bundle() -> bytes:
    return archive({name: shaped_network(name) for name in (DETECTOR, LANDMARKS)})
