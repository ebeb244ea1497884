"""A network as a list of layers, and the same network with fewer of them, in a better order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from numpy.typing import NDArray

from pose_landmarker.arrays import FloatArray

#: Operations that are computed row by row together at most (native.c) ...
_MOST_FUSED = 8
#: ... where what is between them has so many rows: else it stays in the cache anyway.
TALL = 32
_FUSED_KINDS = ("crop", "conv", "depthwise")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Layer:
    """An operator of the network.

    Attributes:
        kind: ``crop``, ``conv``, ``depthwise``, ``upsample``, ``sum``, ``maximum``, ``unfold`` or ``widen``.
        inputs: Numbers of tensors: one, or none for a crop.
        output: Number of a tensor.
        weights: (out, height, width, in) of a ``conv``, (height, width, channels) of a ``depthwise``; float16
            or float32, as they are kept.
        bias: (channels,).
        step: Of the kernel, pixels.
        top: Rows of zeros above the input.
        left: Columns of zeros beside it.
        clip: Whether ReLU6 follows.
        add: A tensor that is added afterwards.
        clip_sum: Whether ReLU6 follows that.
    """

    kind: str
    inputs: tuple[int, ...]
    output: int
    weights: NDArray[Any] | None = None
    bias: FloatArray | None = None
    step: int = 1
    top: int = 0
    left: int = 0
    clip: bool = False
    add: int | None = None
    clip_sum: bool = False

    @property
    def is_pointwise(self) -> bool:
        """Whether it is a matrix product: a convolution of 1x1."""
        return self.kind == "conv" and self.weights is not None and self.weights.shape[1:3] == (1, 1)

    @property
    def is_window(self) -> bool:
        """Whether it is a convolution of more than 1x1."""
        return self.kind == "conv" and self.weights is not None and not self.is_pointwise

    @property
    def reads(self) -> tuple[int, ...]:
        """Tensors that are needed."""
        return self.inputs if self.add is None else (*self.inputs, self.add)


@dataclass(frozen=True, slots=True)
class Output:
    """What a network answers: pixels of tensors, one after the other.

    Attributes:
        shape: Of the array.
        tensors: Where they are.
        sigmoid: Whether they are logits of what is wanted.
    """

    shape: tuple[int, ...]
    tensors: tuple[int, ...]
    sigmoid: bool = False


@dataclass(slots=True)
class Graph:
    """A network.

    Attributes:
        input: Number of the tensor of pixels.
        outputs: In order.
        layers: In the order of execution.
        shapes: (height, width, channels) of tensors by number.
    """

    input: int
    outputs: list[Output]
    layers: list[Layer] = field(default_factory=list)
    shapes: dict[int, tuple[int, int, int]] = field(default_factory=dict)


def simplified(graph: Graph) -> Graph:
    """The same network, quicker to compute."""
    return _with_neighbours(_with_sums_in_layers(graph))


def _with_sums_in_layers(graph: Graph) -> Graph:
    """The same network with sums made by the layers whose outputs they add to, where that alone is read."""
    uses: dict[int, int] = {}
    for layer in graph.layers:
        for number in layer.reads:
            uses[number] = uses.get(number, 0) + 1
    for output in graph.outputs:
        for number in output.tensors:
            uses[number] = uses.get(number, 0) + 1
    layers: list[Layer] = []
    place: dict[int, int] = {}
    for layer in graph.layers:
        if layer.kind == "sum" and layer.add is not None:
            last, other = sorted(layer.reads, key=lambda number: place[number], reverse=True)
            maker = layers[place[last]]
            joins = maker.kind not in ("crop", "unfold", "widen", "sum") and maker.inputs != (graph.input,)
            if maker.add is None and uses[last] == 1 and joins:
                layers[place[last]] = replace(maker, output=layer.output, add=other, clip_sum=layer.clip_sum)
                place[layer.output] = place[last]
                continue
        place[layer.output] = len(layers)
        layers.append(layer)
    return Graph(graph.input, graph.outputs, layers, graph.shapes)


def _with_neighbours(graph: Graph) -> Graph:
    """The same network with layers right before those that alone read what they write."""
    readers: dict[int, list[Layer]] = {}
    for layer in graph.layers:
        for number in layer.reads:
            readers.setdefault(number, []).append(layer)
    answers = {number for output in graph.outputs for number in output.tensors}
    held: dict[int, Layer] = {}
    layers: list[Layer] = []

    def put(layer: Layer) -> None:
        for number in reversed(layer.reads):
            if number in held:
                put(held.pop(number))
        layers.append(layer)

    for layer in graph.layers:
        if len(readers.get(layer.output, ())) == 1 and layer.output not in answers:
            held[layer.output] = layer
        else:
            put(layer)
    return Graph(graph.input, graph.outputs, layers, graph.shapes)


def fused(graph: Graph, alone: Callable[[Layer], bool]) -> list[range]:
    """Layers that are computed row by row together, as ranges of their numbers; most stand alone.

    A layer joins the one before where it alone reads what that writes, and that is large.

    Args:
        graph: The network.
        alone: Tells layers that join no others.
    """
    uses: dict[int, int] = {}
    for tensor in (tensor for layer in graph.layers for tensor in layer.reads):
        uses[tensor] = uses.get(tensor, 0) + 1
    for output in graph.outputs:
        uses.update(dict.fromkeys(output.tensors, 2))
    groups: list[range] = []
    for number, layer in enumerate(graph.layers):
        before = graph.layers[number - 1] if number else None
        joins = (
            before is not None
            and before.kind in _FUSED_KINDS
            and layer.kind in _FUSED_KINDS
            and layer.inputs == (before.output,)
            and not (layer.is_window and layer.inputs != (graph.input,))
            and uses[before.output] == 1
            and graph.shapes[before.output][0] >= TALL
            and len(groups[-1]) < _MOST_FUSED
            and not (alone(before) or alone(layer))
        )
        if joins:
            groups[-1] = range(groups[-1].start, number + 1)
        else:
            groups.append(range(number, number + 1))
    return groups
