"""Batches of requests on a device: pictures go there, crops are cut there, answers come back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeAlias

from pose_landmarker.arrays import FloatArray
from pose_landmarker.engines.pytorch.float32 import full_float32
from pose_landmarker.engines.pytorch.module import Module
from pose_landmarker.engines.pytorch.refinement import refined
from pose_landmarker.engines.pytorch.warp import Cut, crops_of, joined

Tensor = Any


class Crops(NamedTuple):
    """Pictures that have the size of the network's input."""

    pixels: Tensor
    """(N, H, W, 3) uint8, not on the device yet."""

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.pixels)


class Parts(NamedTuple):
    """Parts of a picture."""

    pixels: Tensor
    """(P, 3) uint8, not on the device yet: what the parts see of it."""
    cut: Cut
    """Where they are."""

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.cut.matrices)


Request: TypeAlias = "Crops | Parts"

#: Batches that fit before twice as many pictures are tried after memory was short.
_PATIENCE = 16

#: One for each device, as PyTorch keeps memory that was used for the stream that used it.
_streams: dict[str, Any] = {}


def rounded_up(count: int) -> int:
    """A power of two, or three quarters of one: so many pictures are computed, black ones among them.

    For every new number of pictures PyTorch's libraries choose and prepare a kernel for every layer (oneDNN:
    measured, tens of milliseconds for a network; cuDNN: expected). So there are few such numbers.
    """
    power = 1 << (count - 1).bit_length()
    fewer = 3 * power // 4
    return fewer if fewer >= count else power


def _stream_of(device: str) -> Any:
    import torch

    if device not in _streams:
        _streams.setdefault(device, torch.cuda.Stream(device))  # another thread may be as far
    return _streams[device]


def _is_out_of_memory(error: RuntimeError) -> bool:
    """Whether fewer pictures may do: each of CUDA's libraries has words of its own for it."""
    import torch

    told = str(error).lower()
    words = ("out of memory", "alloc_failed", "unable to find an engine")
    return isinstance(error, torch.OutOfMemoryError) or any(word in told for word in words)


class Runner:
    """Runs a network on batches of requests, always on the same thread."""

    def __init__(
        self, module: Module, *, device: str, threads: int, most: int, refined: tuple[int, int] | None
    ) -> None:
        """Prepare.

        Args:
            module: The network.
            device: Where it is.
            threads: Of the processor.
            most: Pictures that are computed together at most.
            refined: Numbers of the outputs that are landmarks and heat maps: the first are refined by the
                second, in whose place their highest cells are.
        """
        self._module = module
        self._device = device
        self._threads = threads
        self._most = most
        self._refined = refined
        self._limit = most
        """Of pictures that fit into the memory as far as is known."""
        self._fitted = 0
        """Batches since that was changed."""
        self._stream: Any = None

    def __call__(self, requests: Sequence[Request]) -> list[tuple[FloatArray, ...]]:
        """The outputs of the network for every request."""
        import torch

        try:
            return self._together(requests)
        except RuntimeError as error:
            if len(requests) == 1 or not _is_out_of_memory(error):
                raise
        torch.cuda.empty_cache()  # only here, where the error does not hold on to what is to be freed
        half = len(requests) // 2
        return self(requests[:half]) + self(requests[half:])

    def _together(self, requests: Sequence[Request]) -> list[tuple[FloatArray, ...]]:
        import torch

        with torch.inference_mode(), full_float32(), self._own_stream():
            parts = [request for request in requests if isinstance(request, Parts)]
            whole = [request for request in requests if isinstance(request, Crops)]
            outputs = self._fetched(self._computed(self._crops(parts, whole)))
        answers, start = {}, 0
        ordered: list[Request] = [*parts, *whole]
        for request in ordered:
            end = start + request.size
            answers[id(request)] = tuple(output[start:end] for output in outputs)
            start = end
        return [answers[id(request)] for request in requests]

    def _crops(self, parts: Sequence[Parts], whole: Sequence[Crops]) -> Tensor:
        import torch

        found = [request.pixels.to(self._device, non_blocking=True) for request in whole]
        if parts:
            sizes = [len(request.pixels) for request in parts]
            pictures = torch.empty((sum(sizes), 3), dtype=torch.uint8, device=self._device)
            for place, request in zip(pictures.split(sizes), parts, strict=True):
                place.copy_(request.pixels, non_blocking=True)
            cut = joined([request.cut for request in parts], sizes)
            found.insert(0, crops_of(pictures, cut, self._module.size[0]))
        return found[0] if len(found) == 1 else torch.cat(found)

    def _computed(self, crops: Tensor) -> list[Tensor]:
        """The outputs, on the device, computed in as few goes as fit into its memory."""
        import torch

        while True:
            try:
                return self._in_goes(crops)
            except RuntimeError as error:
                if self._limit == 1 or len(crops) == 1 or not _is_out_of_memory(error):
                    raise
            self._limit = max(1, min(self._limit, len(crops)) // 2)
            self._fitted = 0
            torch.cuda.empty_cache()  # outside of the error, which holds what was computed so far

    def _in_goes(self, crops: Tensor) -> list[Tensor]:
        import torch

        if self._limit < self._most and self._fitted >= _PATIENCE:  # what took the memory may be gone
            self._limit, self._fitted = min(2 * self._limit, self._most), 0
        goes = [self._answers(part) for part in crops.split(self._limit)]
        self._fitted += 1
        if len(goes) == 1:
            return goes[0]
        return [torch.cat(column) for column in zip(*goes, strict=True)]

    def _answers(self, crops: Tensor) -> list[Tensor]:
        import torch

        count = len(crops)
        black = min(rounded_up(count), self._limit) - count
        if black:
            crops = torch.nn.functional.pad(crops, (0, 0, 0, 0, 0, 0, 0, black))
        outputs = [output[:count] for output in self._module(crops)]
        if self._refined is not None:
            points, maps = self._refined
            outputs[points], outputs[maps] = refined(outputs[points], outputs[maps])
        return outputs

    def _fetched(self, outputs: Sequence[Tensor]) -> list[FloatArray]:
        import torch

        if self._device == "cpu":
            return [output.numpy() for output in outputs]
        # All said: somebody may have given PyTorch another default type or device.
        place = {"dtype": torch.float32, "device": "cpu", "pin_memory": True}
        arrays = [torch.empty(output.shape, **place) for output in outputs]
        for array, output in zip(arrays, outputs, strict=True):
            array.copy_(output, non_blocking=True)
        self._stream.synchronize()
        return [array.numpy() for array in arrays]

    @contextmanager
    def _own_stream(self) -> Iterator[None]:
        """The lanes' part of the device, prepared when this thread is there for the first time."""
        import torch

        if self._device == "cpu":
            if torch.get_num_threads() != self._threads:
                torch.set_num_threads(self._threads)
            yield
            return
        if self._stream is None:
            self._stream = _stream_of(self._device)
        with torch.cuda.stream(self._stream):
            yield
