"""From the layers of a network to operations for the kernels: packed weights, and places in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pose_landmarker.arrays import FloatArray
from pose_landmarker.engines.native.graph import TALL, Graph, Layer, Output, fused
from pose_landmarker.engines.native.memory import Memory
from pose_landmarker.errors import EngineError
from pose_landmarker.native import library
from pose_landmarker.native.library import PLANE_EDGE, Operation

#: Bytes of a line of the cache; vectors that cross one are slower.
_LINE = 64
#: Vectors of channels that a matrix product computes together (kernels.c).
_TOGETHER = 3
#: Weights of more bytes come from beyond the second cache. They are kept as float16 where they are used for
#: few pixels, as they come more quickly then.
_FAR, _FEW_PIXELS = 1 << 18, 256
#: Of what is between layers; heavy has 9 million.
_MOST_BYTES = 1 << 29
#: Sides of the maps in the middle of a network: 16 and 8 in the landmark networks, 14 and 7 in the detector.
#: Their products may be of bfloat16 numbers where speed was asked for; landmarks tremble when others are, too
#: (docs/precision.md).
MIDDLE = range(7, 17)
#: Products that a tile of bfloat16 numbers sums up, and rows that it has (bfloat16.c).
_DEPTH = 32
_KINDS = {
    "upsample": library.UPSAMPLE,
    "sum": library.SUM,
    "maximum": library.MAXIMUM,
    "unfold": library.UNFOLD,
    "widen": library.WIDEN,
}


@dataclass(slots=True, eq=False)
class Plan:
    """Operations that can be run, and the memory that they point to.

    Attributes:
        operations: In order; the first one reads the picture.
        outputs: For each output of the network the operations that write it, and where: floats from its
            start.
        shapes: Of the outputs; large ones have their padding.
        keep: Arrays that must outlive the operations.
        own_size: Floats that each thread needs for itself.
        arena: What tensors lie in; another run at the same time needs another one.
    """

    operations: list[Operation] = field(default_factory=list)
    outputs: list[list[tuple[int, int]]] = field(default_factory=list)
    shapes: list[tuple[int, ...]] = field(default_factory=list)
    keep: list[NDArray[Any]] = field(default_factory=list)
    own_size: int = 0
    arena: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))


def plan(graph: Graph, *, scale: float, offset: float, fast: bool = False) -> Plan:
    """What the kernels are to do for a network that sees ``pixel * scale + offset``.

    Args:
        graph: The network.
        scale: Of pixels.
        offset: Of pixels.
        fast: Whether products in the middle of the network are of bfloat16 numbers.

    Raises:
        EngineError: A layer is not what they can do.
        MissingExtraError: There are no kernels.
    """
    return _Planner(graph, scale, offset, fast).run()


class _Planner:
    def __init__(self, graph: Graph, scale: float, offset: float, fast: bool) -> None:
        self._graph = graph
        self._library = library.library()
        self._lanes = int(self._library.native_lanes())
        self._scale, self._offset = scale, offset
        self._fast = fast and bool(self._library.native_has_bfloat16())
        self._brief: set[int] = set()  # tensors of bfloat16 numbers
        self._plan = Plan()

    def run(self) -> Plan:
        plan, layers = self._plan, self._graph.layers
        groups = fused(self._graph, alone=self._is_brief)
        self._check_picture()
        if self._fast:
            self._brief = self._brief_tensors()
        plan.operations = [self._operation(layer) for layer in layers]
        for group in groups:
            plan.operations[group.start].together = len(group)
            self._add_rings(group)
        self._place(groups)
        makers = {layer.output: number for number, layer in enumerate(layers)}
        for output in self._graph.outputs:
            self._add_output(output, makers)
        return plan

    def _is_brief(self, layer: Layer) -> bool:
        """Whether a layer is a matrix product of bfloat16 numbers."""
        height, _, depth = self._graph.shapes[layer.output]
        return self._fast and layer.is_pointwise and height in MIDDLE and self._lanes_of(depth) == self._lanes

    def _brief_tensors(self) -> set[int]:
        """Tensors that are written as bfloat16 numbers, since one matrix product is all that reads them."""
        readers: dict[int, list[Layer]] = {}
        for layer in self._graph.layers:
            for tensor in layer.reads:
                readers.setdefault(tensor, []).append(layer)
        return {
            layer.output
            for layer in self._graph.layers
            if layer.kind == "depthwise"
            and layer.add is None
            and len(readers.get(layer.output, ())) == 1
            and self._is_brief(readers[layer.output][0])
            and readers[layer.output][0].add != layer.output
            and not any(layer.output in output.tensors for output in self._graph.outputs)
            and self._lanes_of(self._graph.shapes[layer.output][2]) == self._lanes
        }

    # --- memory

    def _place(self, groups: Sequence[range]) -> None:
        """Give every tensor that is written to memory a place there, as long as it is needed."""
        layers, operations = self._graph.layers, self._plan.operations
        last_use = self._last_uses()
        memory = Memory(_LINE)
        live: dict[int, int] = {}
        places: list[tuple[Operation, str, int]] = []
        for group in groups:
            output = layers[group[-1]].output
            live[output] = memory.take(self._bytes(output))
            places.append((operations[group[-1]], "output", live[output]))
            for number in group:
                layer = layers[number]
                if layer.inputs and number == group.start:
                    places.append((operations[number], "input", live[layer.inputs[0]]))
                if layer.add is not None:
                    places.append((operations[number], "add", live[layer.add]))
            for tensor in [t for t in live if last_use.get(t, 0) <= group[-1]]:
                memory.give(live.pop(tensor), self._bytes(tensor))
        if memory.size + 4 * self._plan.own_size > _MOST_BYTES:
            raise EngineError(f"the network needs {memory.size >> 20} MiB for what is between its layers")
        arena = self._plan.arena = self._aligned(memory.size)
        for operation, name, place in places:
            setattr(operation, name, arena.ctypes.data + place)

    def _last_uses(self) -> dict[int, int]:
        """The last layer that needs each tensor; what the network answers is needed to the end."""
        last: dict[int, int] = {}
        for number, layer in enumerate(self._graph.layers):
            last[layer.output] = number
            last.update(dict.fromkeys(layer.reads, number))
        for output in self._graph.outputs:
            last.update(dict.fromkeys(output.tensors, len(self._graph.layers)))
        return last

    def _add_rings(self, group: range) -> None:
        """Memory of each thread for what is between operations: the rows that the next one needs."""
        size = 0
        for number in group[:-1]:
            maker, reader = self._plan.operations[number : number + 2]
            maker.rows_out = reader.rows_in = max(1, reader.kernel)
            maker.ring = size
            size += _up(maker.rows_out * maker.out_width * maker.stride_out, 16)
        self._plan.own_size = max(self._plan.own_size, size)

    def _check_picture(self) -> None:
        """Its planes are for the first convolution only."""
        picture = self._graph.input
        readers = [layer for layer in self._graph.layers if picture in layer.reads]
        answers = [number for output in self._graph.outputs for number in output.tensors]
        alone = len(readers) == 1 and readers[0].kind == "conv" and picture not in answers
        if not alone or readers[0].is_pointwise:
            raise EngineError("what reads the picture is not known to the native engine")

    # --- what the network answers

    def _add_output(self, output: Output, makers: dict[int, int]) -> None:
        number = output.tensors[0]
        answers = [other for answer in self._graph.outputs for other in answer.tensors]
        is_read = any(number in layer.reads for layer in self._graph.layers) or answers.count(number) > 1
        is_map = output.tensors == (number,) and output.shape == (1, *self._graph.shapes[number])
        if is_map and min(output.shape[1:]) > 1 and not is_read and not output.sigmoid:
            # A large one is left where its layer writes it, padding and all.
            maker = makers[number]
            self._plan.outputs.append([(maker, 0)])
            self._plan.shapes.append((*output.shape[:3], self._plan.operations[maker].stride_out))
            return
        packs, place = [], 0
        for tensor in output.tensors:
            height, width, depth = self._graph.shapes[tensor]
            maker_of = self._plan.operations[makers[tensor]]
            pack = Operation(kind=library.PACK, lanes=self._lanes, together=1, ring=-1, height=height)
            pack.width, pack.depth, pack.stride_in, pack.input = (
                width,
                depth,
                maker_of.stride_out,
                maker_of.output,
            )
            packs.append((len(self._plan.operations), place))
            self._plan.operations.append(pack)
            place += height * width * depth
        if place != int(np.prod(output.shape)):
            raise EngineError("an output has another size than what it is made of")
        self._plan.outputs.append(packs)
        self._plan.shapes.append(output.shape)

    # --- one layer

    def _operation(self, layer: Layer) -> Operation:
        out_height, out_width, out_depth = self._graph.shapes[layer.output]
        operation = Operation(
            together=1,
            ring=-1,
            lanes=self._lanes_of(out_depth),
            out_height=out_height,
            out_width=out_width,
            rows_out=out_height,
            stride_out=self._stride(out_depth),
            scale=self._scale,
            offset=self._offset,
        )
        if layer.kind == "crop":
            operation.kind, operation.lanes = library.CROP, self._lanes
            operation.out_width, operation.stride_out = out_width + 2 * PLANE_EDGE, 3
            return operation
        operation.height, operation.width, operation.depth = self._graph.shapes[layer.inputs[0]]
        operation.rows_in, operation.stride_in = operation.height, self._stride(operation.depth)
        operation.step, operation.top, operation.left = layer.step, layer.top, layer.left
        operation.clip_first, operation.clip_last = layer.clip, layer.clip_sum
        if layer.kind == "conv":
            self._conv(layer, operation)
        elif layer.kind == "depthwise":
            self._depthwise(layer, operation)
        else:
            operation.kind = _KINDS[layer.kind]
        return operation

    def _conv(self, layer: Layer, operation: Operation) -> None:
        assert layer.weights is not None
        assert layer.bias is not None
        count, height, width, depth = layer.weights.shape
        columns = layer.weights
        operation.kind = library.POINTWISE
        if layer.inputs[0] == self._graph.input:
            beyond = 2 * operation.out_width + 1 - layer.left - operation.width
            if (height, width, depth, layer.step) != (3, 3, 3, 2) or max(
                layer.top, layer.left, beyond
            ) > PLANE_EDGE:
                raise EngineError("the first layer is not known to the native engine")
            operation.kind, operation.kernel = library.PIXELS, 3
            operation.width, operation.stride_in = operation.width + 2 * PLANE_EDGE, 3
            columns = columns.transpose(0, 1, 3, 2)  # planes, and columns of the kernel
        elif (height, width) != (1, 1):
            window = (operation.height, operation.width, layer.top, layer.left)
            if window != (height, width, 0, 0) or operation.out_height * operation.out_width != 1:
                raise EngineError(f"a convolution of {height}x{width} is not known to the native engine")
            # One window as large as the map: all of its pixels, with their padding, are one long pixel.
            operation.depth = height * width * operation.stride_in
            columns = _padded(columns, operation.stride_in)
        elif layer.step != 1 or (operation.out_height, operation.out_width) != (
            operation.height,
            operation.width,
        ):
            raise EngineError("a convolution that skips pixels, or adds some, is not known here")
        if self._is_brief(layer):
            self._pack_brief(layer, operation, columns.reshape(count, -1))
        else:
            self._pack(operation, columns.reshape(count, -1))
        operation.bias = self._kept(_padded(layer.bias, operation.stride_out))

    def _depthwise(self, layer: Layer, operation: Operation) -> None:
        assert layer.weights is not None
        assert layer.bias is not None
        height, width, _ = layer.weights.shape
        if height != width or height not in (3, 5) or layer.step not in (1, 2):
            raise EngineError(f"a convolution of {height}x{width} is not known to the native engine")
        operation.kind, operation.kernel = library.DEPTHWISE, height
        operation.short_out = layer.output in self._brief
        operation.depth_short = _up(operation.stride_out, _DEPTH)
        operation.weights = self._kept(_padded(layer.weights, operation.stride_out))
        operation.bias = self._kept(_padded(layer.bias, operation.stride_out))

    def _pack(self, operation: Operation, columns: NDArray[Any]) -> None:
        """Weights (out, in) in the order in which the kernels read them."""
        count, depth = columns.shape
        vectors, lanes = operation.stride_out // operation.lanes, operation.lanes
        operation.half = (
            operation.kind == library.POINTWISE
            and columns.dtype == np.float16
            and 4 * depth * operation.stride_out >= _FAR
            and operation.out_height * operation.out_width <= _FEW_PIXELS
            and operation.out_height < TALL  # row by row they are not unpacked
            and self._library.native_has_half()
        )
        if operation.half:  # a block of them is unpacked there
            self._plan.own_size = max(self._plan.own_size, depth * _TOGETHER * lanes)
        columns = np.ascontiguousarray(columns, np.float16 if operation.half else np.float32)
        size = columns.itemsize
        operation.weights = start = self._aligned(depth * operation.stride_out * size).ctypes.data
        channel = 0
        for block in blocks(vectors):
            where = start + channel * depth * size
            self._library.native_pack(columns.ctypes.data, count, depth, channel, block * lanes, size, where)
            channel += block * lanes

    def _pack_brief(self, layer: Layer, operation: Operation, columns: NDArray[Any]) -> None:
        """The same as bfloat16: tiles of 16 channels, in each of them pairs of inputs one after the other."""
        count, depth = columns.shape
        whole = _up(depth, _DEPTH)
        operation.brief, operation.depth_short = True, whole
        operation.short_in = layer.inputs[0] in self._brief
        if not operation.short_in:  # they are made there
            pixels = _up(operation.out_height * operation.out_width, _DEPTH)
            self._plan.own_size = max(self._plan.own_size, pixels * whole // 2)
        padded = np.zeros((operation.stride_out, whole), np.float32)
        padded[:count, :depth] = columns
        tiles = bfloat16_of(padded).reshape(-1, 16, whole // 2, 2).transpose(0, 2, 1, 3)
        kept = self._aligned(2 * padded.size)
        kept.view(np.uint16).reshape(tiles.shape)[:] = tiles
        operation.weights = kept.ctypes.data

    def _lanes_of(self, depth: int) -> int:
        """Half as wide vectors for maps of few channels: less to write and read, which is what they cost."""
        return self._lanes if self._lanes < 16 or depth > 8 else 8

    def _stride(self, depth: int) -> int:
        lanes = self._lanes_of(depth)
        return _up(depth, lanes)

    def _bytes(self, tensor: int) -> int:
        height, width, depth = self._graph.shapes[tensor]
        if tensor == self._graph.input:
            return 4 * height * (width + 2 * PLANE_EDGE) * depth
        if tensor in self._brief:
            return 2 * _up(height * width, _DEPTH) * _up(self._stride(depth), _DEPTH)
        return 4 * height * width * self._stride(depth)

    def _kept(self, values: FloatArray) -> int:
        """The address of a copy."""
        copy = self._aligned(4 * values.size)
        copy.view(np.float32)[:] = values.ravel()
        return int(copy.ctypes.data)

    def _aligned(self, size: int) -> NDArray[np.uint8]:
        block = aligned(size)
        self._plan.keep.append(block)
        return block


def aligned(size: int) -> NDArray[np.uint8]:
    """So many bytes that are zero, from the beginning of a line of the cache on."""
    raw = np.zeros(size + _LINE, np.uint8)
    start = -raw.ctypes.data % _LINE
    return raw[start : start + size]


def blocks(vectors: int) -> Sequence[int]:
    """How many vectors of channels are computed together: threes, then twos; one by itself is slow."""
    if vectors < _TOGETHER:
        return [vectors]
    count = -(-vectors // _TOGETHER)
    twos = _TOGETHER * count - vectors
    return [_TOGETHER] * (count - twos) + [2] * twos


def bfloat16_of(values: FloatArray) -> NDArray[np.uint16]:
    """The nearest bfloat16 numbers, of two the even one, as their bits."""
    bits = values.view(np.uint32)
    nearest: NDArray[np.uint16] = ((bits + (bits >> 16 & 1) + 0x7FFF) >> 16).astype(np.uint16)
    return nearest


def _up(number: int, step: int) -> int:
    return -(-number // step) * step


def _padded(values: NDArray[Any], stride: int) -> NDArray[Any]:
    padded = np.zeros((*values.shape[:-1], stride), values.dtype)
    padded[..., : values.shape[-1]] = values
    return padded
