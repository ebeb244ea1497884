"""The engine of our own: made for these networks and for processors, in float32."""

from __future__ import annotations

import ctypes
import threading
import weakref
from collections.abc import Sequence

import numpy as np

from pose_landmarker.arrays import DoubleArray, FloatArray, RgbImage
from pose_landmarker.engines.native.graph import Graph, simplified
from pose_landmarker.engines.native.plan import Plan, plan
from pose_landmarker.engines.native.reading import read_graph
from pose_landmarker.engines.pool import Pool
from pose_landmarker.errors import BundleError, EngineError
from pose_landmarker.native.library import CROP, PLAIN, Operation, library
from pose_landmarker.options import Precision


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
    except BundleError as error:
        raise EngineError(f"the native engine cannot compile the network: {error}") from error
    return NativeNetwork(graph, plan(graph, scale=scale, offset=offset, fast=precision == "fast"), threads)


def has_bfloat16() -> bool:
    """Whether products of bfloat16 numbers are quick on this processor.

    Raises:
        MissingExtraError: The kernels were not compiled.
    """
    return bool(library().native_has_bfloat16())


class NativeNetwork:
    """A network of this engine (see :class:`pose_landmarker.engines.RegionNetwork`)."""

    def __init__(self, graph: Graph, planned: Plan, threads: int) -> None:
        self._turn = threading.Lock()
        self._shape = graph.shapes[graph.input]
        self._sigmoids = tuple(output.sigmoid for output in graph.outputs)
        self._keep = planned.keep
        self._pools = [Pool(shape) for shape in planned.shapes]
        self._operations = (Operation * len(planned.operations))(*planned.operations)
        self._picture = self._operations[0]
        self._writers = [
            [(self._operations[number], 4 * place) for number, place in writers]
            for writers in planned.outputs
        ]
        kernels, count = library(), len(planned.operations)
        kernels.native_prepare(self._operations, count)
        self._run = kernels.native_run
        self._network = ctypes.c_void_p(
            kernels.native_open(self._operations, count, threads, planned.own_size)
        )
        if not self._network:
            raise EngineError("there is no memory left for the network")
        weakref.finalize(self, kernels.native_close, self._network)

    def __call__(self, images: RgbImage) -> tuple[FloatArray, ...]:
        """Run on a batch (see :class:`pose_landmarker.engines.Network`)."""
        if images.shape[1:] != self._shape or images.dtype != np.uint8:
            raise EngineError(f"the network wants uint8 {self._shape}, not {images.dtype} {images.shape[1:]}")
        with self._turn:
            self._picture.kind = PLAIN
            return _joined([self._answer(np.ascontiguousarray(image)) for image in images])

    def regions(
        self, image: RgbImage, matrices: Sequence[DoubleArray], *, replicate: bool
    ) -> tuple[FloatArray, ...]:
        """Run on parts of a picture (see :class:`pose_landmarker.engines.RegionNetwork`)."""
        pixels = np.ascontiguousarray(image)
        rows = []
        with self._turn:
            picture = self._picture
            picture.kind, picture.replicate = CROP, replicate
            picture.height, picture.width = pixels.shape[:2]
            for matrix in matrices:
                picture.matrix[:] = matrix.ravel().tolist()
                rows.append(self._answer(pixels))
        return _joined(rows)

    def _answer(self, pixels: RgbImage) -> tuple[FloatArray, ...]:
        self._picture.input = pixels.ctypes.data
        outputs = []
        for pool, writers in zip(self._pools, self._writers, strict=True):
            output, address = pool.take()
            outputs.append(output)
            for operation, place in writers:
                operation.output = address + place
        self._run(self._network)
        for output, sigmoid in zip(outputs, self._sigmoids, strict=True):
            if sigmoid:
                np.divide(1.0, 1.0 + np.exp(-output), out=output)
        return tuple(outputs)


def _joined(rows: list[tuple[FloatArray, ...]]) -> tuple[FloatArray, ...]:
    if len(rows) == 1:
        return rows[0]
    return tuple(np.concatenate(column) for column in zip(*rows, strict=True))
