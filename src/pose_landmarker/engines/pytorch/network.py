"""Networks by PyTorch: what many threads ask for at the same time is computed together."""

from __future__ import annotations

import hashlib
import os
import threading
import weakref
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from pose_landmarker.arrays import DoubleArray, FloatArray, RgbImage
from pose_landmarker.engines.native.reading import read_graph
from pose_landmarker.engines.pytorch.device import FORKED, check_device
from pose_landmarker.engines.pytorch.gate import GATE
from pose_landmarker.engines.pytorch.lane import Lane
from pose_landmarker.engines.pytorch.module import Module
from pose_landmarker.engines.pytorch.runner import Crops, Parts, Request, Runner
from pose_landmarker.engines.pytorch.warp import cut_of, window_of
from pose_landmarker.errors import BundleError, EngineError
from pose_landmarker.options import Precision

#: Pictures that are computed together at most. On a processor, more of them leave its cache.
_MOST = {"cuda": 256, "cpu": 8}


class _Key(NamedTuple):
    """What makes two networks the same."""

    model: bytes
    scale: float
    offset: float
    threads: int
    device: str
    precision: Precision
    pid: int


def compile_torch(
    model: bytes,
    *,
    scale: float,
    offset: float,
    threads: int,
    device: str = "cpu",
    precision: Precision = "exact",
) -> TorchNetwork:
    """Put a TFLite network on a device (see :class:`pose_landmarker.engines.Engine`).

    A network that is there already is shared.

    Args:
        model: The flatbuffer.
        scale: What pixels are multiplied by ...
        offset: ... before this is added.
        threads: Of the processor; a graphics card does not care.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        precision: With ``fast`` it computes in float16.

    Raises:
        EngineError: The device is not there, the network is damaged, or has layers that are not known.
    """
    device = check_device(device)
    threads = threads if device == "cpu" else 1
    key = _Key(hashlib.sha256(model).digest(), scale, offset, threads, device, precision, os.getpid())
    with GATE, _sharing:
        shared = _shared.get(key)
        if shared is None:
            shared = _shared[key] = _Shared(_compiled(model, key), key)
    return TorchNetwork(shared)


def _compiled(model: bytes, key: _Key) -> Module:
    try:
        graph = read_graph(model)
        return Module(
            graph, scale=key.scale, offset=key.offset, device=key.device, half=key.precision == "fast"
        )
    except (BundleError, EngineError, ArithmeticError, LookupError, RuntimeError, ValueError) as error:
        # Networks that are damaged in more ways than can be told apart; or no memory is left on the device.
        raise EngineError(f"PyTorch cannot compile the network: {error}") from error


class _Shared:
    """A network on a device, and the lanes to it: one for each pair of outputs that are refined."""

    def __init__(self, module: Module, key: _Key) -> None:
        self.module = module
        self.key = key
        self._lanes: weakref.WeakValueDictionary[Any, Lane[Request, tuple[FloatArray, ...]]] = (
            weakref.WeakValueDictionary()
        )

    def lane(self, refined: tuple[int, int] | None) -> Lane[Request, tuple[FloatArray, ...]]:
        """The lane to it."""
        with _sharing:
            lane = self._lanes.get(refined)
            if lane is None:
                most = _MOST[self.key.device.partition(":")[0]]
                runner = Runner(
                    self.module, device=self.key.device, threads=self.key.threads, most=most, refined=refined
                )
                lane = self._lanes[refined] = Lane(runner, most)
            return lane


_shared: weakref.WeakValueDictionary[_Key, _Shared] = weakref.WeakValueDictionary()
_sharing = threading.Lock()


def _share_anew() -> None:
    """In a new process: a thread that is not there any more may have held the lock."""
    global _sharing
    _sharing = threading.Lock()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_share_anew)


class TorchNetwork:
    """A network of this engine (see :class:`pose_landmarker.engines.RefiningNetwork`)."""

    def __init__(self, shared: _Shared, refined: tuple[int, int] | None = None) -> None:
        self._shared = shared
        self._lane = shared.lane(refined)
        self._shape = shared.module.size
        self._pinned = shared.key.device != "cpu"

    def refining(self, points: int, maps: int) -> TorchNetwork:
        """The same network with landmarks refined (see :class:`pose_landmarker.engines.RefiningNetwork`)."""
        return TorchNetwork(self._shared, (points, maps))

    def __call__(self, images: RgbImage) -> tuple[FloatArray, ...]:
        """Run on a batch (see :class:`pose_landmarker.engines.Network`)."""
        if images.shape[1:] != self._shape or images.dtype != np.uint8 or not len(images):
            raise EngineError(
                f"the network wants uint8 (N, *{self._shape}), not {images.dtype} {images.shape}"
            )
        return self._answer(Crops(self._staged(images)), len(images))

    def regions(
        self, image: RgbImage, matrices: Sequence[DoubleArray], *, replicate: bool
    ) -> tuple[FloatArray, ...]:
        """Run on parts of a picture (see :class:`pose_landmarker.engines.RegionNetwork`)."""
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
            raise EngineError(f"the network wants uint8 (H, W, 3), not {image.dtype} {image.shape}")
        if not len(matrices):
            raise EngineError("the network wants one region or more")
        window = window_of(matrices, self._shape[0], image.shape[1], image.shape[0])
        seen = image[window.top : window.bottom, window.left : window.right]
        cut = cut_of(image, window, matrices, replicate=replicate)
        return self._answer(Parts(self._staged(seen).reshape(-1, 3), cut), len(matrices))

    def _staged(self, pixels: RgbImage) -> Any:
        """A copy where the device can fetch it from, made by the thread that asks."""
        import torch

        if self._pinned and self._shared.key.pid != os.getpid():
            raise EngineError(FORKED)
        with GATE:
            try:
                copy = torch.empty(pixels.shape, dtype=torch.uint8, device="cpu", pin_memory=self._pinned)
            except RuntimeError as error:
                raise EngineError(f"PyTorch has no memory for a picture: {error}") from error
        np.copyto(copy.numpy(), pixels)
        return copy

    def _answer(self, request: Request, size: int) -> tuple[FloatArray, ...]:
        return tuple(np.array(part) for part in self._lane(request, size))
