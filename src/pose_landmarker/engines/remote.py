"""An engine that lets another process run the networks: pictures go there, outputs come back."""

from __future__ import annotations

from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from pose_landmarker.arrays import DoubleArray, FloatArray, RgbImage
from pose_landmarker.engines.messages import Compile, Compiled, Outputs, Raised, Refine, Reserve, Run
from pose_landmarker.engines.pool import Pool
from pose_landmarker.engines.shared_block import OpenedBlock, places


class Link:
    """The way to the process that runs the networks. Calls must take turns.

    A picture stays where it was put, so that both networks can look at it, until the next one comes.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._inbox, self._outbox = OpenedBlock(), OpenedBlock()
        self._pools: dict[tuple[tuple[int, ...], ...], list[Pool]] = {}
        self._picture: RgbImage | None = None  # held, so that no other one can be at its address

    def ask(self, request: object) -> Any:
        """The answer to a request.

        Raises:
            EOFError: The other process has ended.
            OSError: The same.
            Exception: Whatever went wrong there.
        """
        self._connection.send(request)
        answer = self._connection.recv()
        if isinstance(answer, Raised):
            raise answer.error
        return answer

    def put(self, arrays: Sequence[np.ndarray[Any, Any]]) -> None:
        """Copy arrays to where the other process looks, one after the other."""
        self._picture = None
        offsets, size = places(array.nbytes for array in arrays)
        if self._inbox.size < size:
            self._inbox.open(self.ask(Reserve(size)))
        for array, offset in zip(arrays, offsets, strict=True):
            self._inbox.view(array.shape, array.dtype, offset)[...] = array

    def show(self, picture: RgbImage) -> None:
        """Copy a picture, unless it is the one that is there."""
        if not _is_same(picture, self._picture):
            self.put([picture])
            self._picture = picture

    def forget(self) -> None:
        """The picture is not needed any more; another one may come at the same address."""
        self._picture = None

    def run(self, request: Run) -> tuple[FloatArray, ...]:
        """Let a network run on what was put there."""
        outputs: Outputs = self.ask(request)
        self._outbox.open(outputs.block)
        offsets, _ = places(4 * int(np.prod(shape)) for shape in outputs.shapes)
        if outputs.shapes not in self._pools:
            self._pools[outputs.shapes] = [Pool(shape) for shape in outputs.shapes]
        arrays = [pool.take()[0] for pool in self._pools[outputs.shapes]]
        for array, offset in zip(arrays, offsets, strict=True):
            array[...] = self._outbox.view(array.shape, np.float32, offset)
        return tuple(arrays)


class RemoteEngine:
    """An engine in another process (see :class:`pose_landmarker.engines.Engine`).

    Attributes:
        rough: A quicker one for rough looks; None where there is none.
    """

    def __init__(self, link: Link, *, has_rough: bool = False, is_rough: bool = False) -> None:
        self._link = link
        self._is_rough = is_rough
        self.rough = RemoteEngine(link, is_rough=True) if has_rough else None

    def __call__(self, model: bytes, *, scale: float, offset: float, threads: int) -> RemoteNetwork:
        """Let it compile a network."""
        compiled: Compiled = self._link.ask(Compile(model, scale, offset, threads, self._is_rough))
        return _network(self._link, compiled)


class RemoteNetwork:
    """A network in another process (see :class:`pose_landmarker.engines.Network`)."""

    def __init__(self, link: Link, number: int) -> None:
        self._link = link
        self._number = number

    def __call__(self, images: RgbImage) -> tuple[FloatArray, ...]:
        """Run on a batch."""
        self._link.put([images])
        return self._link.run(Run(self._number, images.shape))


class RemoteRegionNetwork(RemoteNetwork):
    """One that cuts regions out of pictures (see :class:`pose_landmarker.engines.RegionNetwork`)."""

    def regions(
        self, image: RgbImage, matrices: Sequence[DoubleArray], *, replicate: bool
    ) -> tuple[FloatArray, ...]:
        """Run on parts of a picture."""
        self._link.show(image)
        return self._link.run(Run(self._number, image.shape, list(matrices), replicate))


class RemoteRefiningNetwork(RemoteRegionNetwork):
    """One that refines landmarks, too (see :class:`pose_landmarker.engines.RefiningNetwork`)."""

    def refining(self, points: int, maps: int) -> RemoteNetwork:
        """The same network with landmarks refined."""
        return _network(self._link, self._link.ask(Refine(self._number, points, maps)))


def _network(link: Link, compiled: Compiled) -> RemoteNetwork:
    if not compiled.cuts:
        return RemoteNetwork(link, compiled.number)
    kind = RemoteRefiningNetwork if compiled.refines else RemoteRegionNetwork
    return kind(link, compiled.number)


def _is_same(picture: RgbImage, other: RgbImage | None) -> bool:
    """Whether two arrays are the same memory, seen in the same way."""
    if other is None or picture.shape != other.shape or picture.strides != other.strides:
        return False
    return bool(picture.ctypes.data == other.ctypes.data)
