"""The layers of a network as functions of PyTorch, on a device."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from pose_landmarker.engines.native.graph import Graph, Layer, Output

#: A torch.Tensor; PyTorch need not be there for types to be checked.
Tensor = Any


class _Step(NamedTuple):
    """A layer, ready to be computed."""

    compute: Callable[[Tensor], Tensor]
    layer: Layer
    full: bool
    last_reads: tuple[int, ...]


class Module:
    """A network on a device. Holds constants only, so calls from several threads are safe.

    Attributes:
        size: (height, width, channels) of the pictures that it looks at.
    """

    def __init__(self, graph: Graph, *, scale: float, offset: float, device: str, half: bool) -> None:
        """Put a network on a device.

        Args:
            graph: The network.
            scale: What pixels are multiplied by ...
            offset: ... before this is added.
            device: Of PyTorch, such as ``cuda:0``.
            half: Whether to compute in float16, but for the layers that answer: those tell positions, which
                float16 would round to an eighth of a pixel and more.

        Raises:
            RuntimeError: The device has too little memory, or does not compute it.
        """
        import torch

        self.size = graph.shapes[graph.input]
        self._input, self._outputs = graph.input, graph.outputs
        self._scale, self._offset = scale, offset
        self._type = torch.float16 if half else torch.float32
        self._format = torch.channels_last if half else torch.contiguous_format
        self._steps = self._made(graph, device)
        if device != "cpu":
            with torch.inference_mode():  # PyTorch may have been built without kernels for this card
                self(torch.zeros((1, *self.size), dtype=torch.uint8, device=device))
            torch.cuda.synchronize(device)  # threads with other streams may use the weights now

    def __call__(self, crops: Tensor) -> tuple[Tensor, ...]:
        """The outputs of the network, in the order of the flatbuffer.

        Args:
            crops: (N, H, W, 3) uint8 on the device.

        Returns:
            Each (N, ...) float32, on the device.
        """
        import torch

        pixels = crops.permute(0, 3, 1, 2).to(torch.float32, memory_format=self._format)
        pixels = pixels.mul_(self._scale).add_(self._offset).to(self._type)
        maps = {self._input: pixels}
        for step in self._steps:
            maps[step.layer.output] = self._computed(step, maps)
            for number in step.last_reads:
                del maps[number]
        return tuple(_answered(output, maps) for output in self._outputs)

    def _computed(self, step: _Step, maps: dict[int, Tensor]) -> Tensor:
        import torch

        layer, given = step.layer, maps[step.layer.inputs[0]]
        result = step.compute(given.float() if step.full else given)
        if layer.clip:
            result = torch.nn.functional.relu6(result)
        if layer.add is not None:
            result = result + maps[layer.add]
        return torch.nn.functional.relu6(result) if layer.clip_sum else result

    def _made(self, graph: Graph, device: str) -> list[_Step]:
        layers = [layer for layer in graph.layers if layer.kind != "crop"]
        answers = {number for output in graph.outputs for number in output.tensors}
        last = {number: i for i, layer in enumerate(layers) for number in layer.reads}
        steps = []
        for i, layer in enumerate(layers):
            full = layer.output in answers
            reads = tuple(n for n in set(layer.reads) if last[n] == i and n not in answers)
            steps.append(_Step(self._function(layer, graph, device, full), layer, full, reads))
        return steps

    def _function(self, layer: Layer, graph: Graph, device: str, full: bool) -> Callable[[Tensor], Tensor]:
        import torch
        from torch.nn import functional

        if layer.kind in ("conv", "depthwise"):
            place = {"device": device, "dtype": torch.float32 if full else self._type}
            return _convolution(layer, graph, place, self._format)
        if layer.kind == "upsample":
            return lambda x: functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        if layer.kind == "maximum":
            return lambda x: functional.max_pool2d(x, 2)
        if layer.kind == "unfold":
            return _unfold
        if layer.kind == "widen":
            more = graph.shapes[layer.output][2] - graph.shapes[layer.inputs[0]][2]
            return lambda x: functional.pad(x, (0, 0, 0, 0, 0, more))
        assert layer.kind == "sum"  # graph.py has the list
        return lambda x: x


def _convolution(
    layer: Layer, graph: Graph, place: dict[str, Any], memory_format: Any
) -> Callable[[Tensor], Tensor]:
    from torch.nn import functional

    assert layer.weights is not None
    assert layer.bias is not None
    if layer.kind == "conv":
        kernel, groups = layer.weights.transpose(0, 3, 1, 2), 1
    else:
        kernel, groups = layer.weights.transpose(2, 0, 1)[:, None], layer.weights.shape[2]
    weights = _on_device(kernel, place).contiguous(memory_format=memory_format)
    bias = _on_device(layer.bias, place)
    (height, width, _), (rows, columns, _) = graph.shapes[layer.inputs[0]], graph.shapes[layer.output]
    bottom = _zeros_after(height, rows, kernel.shape[2], layer.step, layer.top)
    right = _zeros_after(width, columns, kernel.shape[3], layer.step, layer.left)
    alike = (bottom, right) == (layer.top, layer.left)
    inside = (layer.top, layer.left) if alike else (0, 0)
    around = None if alike else (layer.left, right, layer.top, bottom)

    def convolved(x: Tensor) -> Tensor:
        if around is not None:  # PyTorch's own padding is the same on both sides
            x = functional.pad(x, around)
        return functional.conv2d(x, weights, bias, stride=layer.step, padding=inside, groups=groups)

    return convolved


def _zeros_after(side: int, out: int, kernel: int, step: int, before: int) -> int:
    """Rows of zeros below a map, or columns beside it, that its convolution needs."""
    return max((out - 1) * step + kernel - side - before, 0)


def _on_device(values: np.ndarray[Any, Any], place: dict[str, Any]) -> Tensor:
    import torch

    return torch.from_numpy(np.array(values, np.float32, order="C")).to(**place)


def _unfold(x: Tensor) -> Tensor:
    """Every pixel's channels become 2x2 pixels: the first quarter of them the upper left one, and so on."""
    count, depth, height, width = x.shape
    blocks = x.reshape(count, 2, 2, depth // 4, height, width).permute(0, 3, 4, 1, 5, 2)
    return blocks.reshape(count, depth // 4, 2 * height, 2 * width)


def _answered(output: Output, maps: dict[int, Tensor]) -> Tensor:
    import torch

    parts: Iterable[Tensor] = (maps[number] for number in output.tensors)
    flat = torch.cat([part.permute(0, 2, 3, 1).flatten(1) for part in parts], dim=1)
    shaped = flat.reshape(len(flat), *output.shape[1:]).float()
    return torch.sigmoid(shaped) if output.sigmoid else shaped
