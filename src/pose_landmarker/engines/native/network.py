"""The engine of our own: made for these networks and for processors, in float32."""

from __future__ import annotations

import ctypes
import os
import threading
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import numpy as np

from pose_landmarker.arrays import DoubleArray, FloatArray, RgbImage
from pose_landmarker.decoding import sigmoid as sigmoid_of
from pose_landmarker.engines.native.graph import Graph, simplified
from pose_landmarker.engines.native.plan import Plan, aligned, plan
from pose_landmarker.engines.native.reading import read_graph
from pose_landmarker.engines.pool import Pool
from pose_landmarker.errors import BundleError, EngineError
from pose_landmarker.native.library import CROP, PLAIN, Operation, library
from pose_landmarker.options import Precision

#: Tells a network which picture it is to look at next.
_Show = Callable[[Operation, int], None]


def compile_native(
    model: bytes, *, scale: float, offset: float, threads: int, precision: Precision = "exact"
) -> NativeNetwork:
    """Prepare a TFLite network (see :class:`pose_landmarker.engines.Engine`).

    With precision ``fast``, where :func:`has_bfloat16`, products in its middle are of bfloat16 numbers.

    Raises:
        EngineError: The network is damaged, or has layers that no kernel is there for.
        MissingExtraError: The kernels were not compiled.
    """
    try:
        graph = simplified(read_graph(model))
        planned = plan(graph, scale=scale, offset=offset, fast=precision == "fast")
    except EngineError:
        raise
    except (BundleError, ArithmeticError, LookupError, MemoryError, RecursionError, ValueError) as error:
        # Networks that are damaged in more ways than can be told apart.
        raise EngineError(f"the native engine cannot compile the network: {error}") from error
    return NativeNetwork(graph, planned, threads)


def has_bfloat16() -> bool:
    """Whether products of bfloat16 numbers are quick on this processor.

    Raises:
        MissingExtraError: The kernels were not compiled.
    """
    return bool(library().native_has_bfloat16())


class NativeNetwork:
    """A network of this engine (see :class:`pose_landmarker.engines.RegionNetwork`).

    One picture is computed by all threads together. Of several, each thread takes one at a time, which is
    quicker: nobody waits for anybody, and what a thread writes stays in its cache.
    """

    def __init__(self, graph: Graph, planned: Plan, threads: int) -> None:
        self._turn = threading.Lock()
        self._shape = graph.shapes[graph.input]
        self._sigmoids = tuple(output.sigmoid for output in graph.outputs)
        self._plan = planned
        self._threads = threads
        self._pools: dict[int, list[Pool]] = {}
        self._alone: list[_Stream] = []  # made when there are several pictures for the first time
        self._start()

    def _start(self) -> None:
        """Threads of this process."""
        self._pid = os.getpid()
        self._together = _Stream(self._plan, self._threads, self._plan.arena)
        self._helpers: ThreadPoolExecutor | None = None

    def __call__(self, images: RgbImage) -> tuple[FloatArray, ...]:
        """Run on a batch (see :class:`pose_landmarker.engines.Network`)."""
        if images.shape[1:] != self._shape or images.dtype != np.uint8:
            raise EngineError(f"the network wants uint8 {self._shape}, not {images.dtype} {images.shape[1:]}")
        pixels = np.ascontiguousarray(images)
        start, size = pixels.ctypes.data, int(np.prod(self._shape))

        def show(picture: Operation, i: int) -> None:
            picture.kind, picture.input = PLAIN, start + i * size

        return self._run(len(pixels), show)

    def regions(
        self, image: RgbImage, matrices: Sequence[DoubleArray], *, replicate: bool
    ) -> tuple[FloatArray, ...]:
        """Run on parts of a picture (see :class:`pose_landmarker.engines.RegionNetwork`)."""
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
            raise EngineError(f"the network wants uint8 (H, W, 3), not {image.dtype} {image.shape}")
        pixels = np.ascontiguousarray(image)
        start, (height, width, _) = pixels.ctypes.data, pixels.shape

        def show(picture: Operation, i: int) -> None:
            picture.kind, picture.replicate, picture.input = CROP, replicate, start
            picture.height, picture.width = height, width
            picture.matrix[:] = matrices[i].ravel().tolist()

        return self._run(len(matrices), show)

    def _run(self, count: int, show: _Show) -> tuple[FloatArray, ...]:
        if os.getpid() != self._pid:  # threads do not survive os.fork()
            self._turn = threading.Lock()
            self._start()
        with self._turn:
            if count not in self._pools:
                self._pools[count] = [Pool((count, *shape[1:])) for shape in self._plan.shapes]
            taken = [pool.take() for pool in self._pools[count]]
            places = [(address, array.nbytes // max(1, count)) for array, address in taken]
            parallel = count - count % self._threads if self._threads > 1 else 0
            if parallel:
                self._run_alone(parallel, show, places)
            for i in range(parallel, count):
                self._together.run(show, i, places)
        outputs = tuple(array for array, _ in taken)
        for output, sigmoid in zip(outputs, self._sigmoids, strict=True):
            if sigmoid:
                output[...] = sigmoid_of(output)
        return outputs

    def _run_alone(self, count: int, show: _Show, places: Sequence[tuple[int, int]]) -> None:
        """Pictures 0 to ``count``, shared out to threads that work by themselves, this one among them."""
        if self._helpers is None:
            self._alone = [
                _Stream(self._plan, 1, aligned(self._plan.arena.nbytes)) for _ in range(self._threads)
            ]
            self._helpers = ThreadPoolExecutor(self._threads - 1, thread_name_prefix="native-network")
            weakref.finalize(self, self._helpers.shutdown, wait=False)

        def work(hand: int) -> None:
            for i in range(hand, count, self._threads):
                self._alone[hand].run(show, i, places)

        others: list[Future[None]] = []
        try:
            others += [self._helpers.submit(work, hand) for hand in range(1, self._threads)]
            work(0)
        finally:  # they write to our arrays, whatever interrupted us
            wait(others)
        for other in others:
            other.result()


class _Stream:
    """The operations of a plan with memory of their own, and the threads that run them."""

    def __init__(self, planned: Plan, threads: int, arena: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
        self._keep = planned, arena
        count = len(planned.operations)
        self._operations = (Operation * count)(*planned.operations)
        _move(self._operations, planned.arena, arena)
        self._writers = [
            [(self._operations[number], 4 * place) for number, place in writers]
            for writers in planned.outputs
        ]
        kernels = library()
        kernels.native_prepare(self._operations, count)
        self._run = kernels.native_run
        self._network = ctypes.c_void_p(
            kernels.native_open(self._operations, count, threads, planned.own_size)
        )
        if not self._network:
            raise EngineError("there is no memory left for the network")
        closing = weakref.finalize(self, _close, self._network, os.getpid())
        closing.atexit = False  # a daemon thread may be running it

    def run(self, show: _Show, i: int, places: Sequence[tuple[int, int]]) -> None:
        """Compute the i-th picture of several.

        Args:
            show: Tells the first operation which picture it is.
            i: Which.
            places: Of each output the address, and the bytes for one picture.
        """
        show(self._operations[0], i)
        for (start, size), writers in zip(places, self._writers, strict=True):
            for operation, place in writers:
                operation.output = start + i * size + place
        self._run(self._network)


def _close(network: ctypes.c_void_p, pid: int) -> None:
    if os.getpid() == pid:  # its threads do not survive os.fork(), and would be waited for
        library().native_close(network)


def _move(operations: Any, before: Any, after: Any) -> None:
    """Let operations that point into one block of memory point into another one."""
    start, end = before.ctypes.data, before.ctypes.data + before.nbytes
    distance = after.ctypes.data - start
    for operation in operations:
        for name in ("input", "add", "output"):
            address = getattr(operation, name)
            if address is not None and start <= address < end:
                setattr(operation, name, address + distance)
