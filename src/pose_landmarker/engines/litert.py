"""LiteRT (TensorFlow Lite with XNNPACK): the engine of the core."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from pose_landmarker.arrays import FloatArray, RgbImage
from pose_landmarker.engines.stderr import without_lines
from pose_landmarker.errors import EngineError

#: Printed when the first network of a process is compiled.
_CHATTER = b"Created TensorFlow Lite XNNPACK delegate"

_quiet = threading.Event()


class LiteRtNetwork:
    """A network compiled by LiteRT."""

    def __init__(self, interpreter: Any, scale: float, offset: float) -> None:
        self._interpreter = interpreter
        self._scale, self._offset = np.float32(scale), np.float32(offset)
        # Functions that view the interpreter's own memory; a view may not outlive a statement.
        self._input = interpreter.tensor(interpreter.get_input_details()[0]["index"])
        self._outputs = [interpreter.tensor(d["index"]) for d in interpreter.get_output_details()]
        self._lock = threading.Lock()

    def __call__(self, images: RgbImage) -> tuple[FloatArray, ...]:
        """Run on a batch, one image after the other (see :class:`pose_landmarker.engines.Network`).

        Real batches gain nothing on a processor: their activations leave its cache.
        """
        rows = [self._run(image) for image in images]
        return tuple(np.concatenate(column) for column in zip(*rows, strict=True))

    def _run(self, image: RgbImage) -> list[FloatArray]:
        with self._lock:
            np.multiply(image, self._scale, out=self._input()[0])
            if self._offset:
                np.add(self._input(), self._offset, out=self._input())
            try:
                self._interpreter.invoke()
            except RuntimeError as error:
                raise EngineError(f"LiteRT failed to run the network: {error}") from error
            return [output().copy() for output in self._outputs]


def compile_litert(model: bytes, *, scale: float, offset: float, threads: int) -> LiteRtNetwork:
    """Compile a TFLite network (see :class:`pose_landmarker.engines.Engine`)."""
    from ai_edge_litert.interpreter import Interpreter

    def build() -> Any:
        interpreter = Interpreter(model_content=model, num_threads=threads)
        interpreter.allocate_tensors()
        return interpreter

    try:
        if _quiet.is_set():
            interpreter = build()
        else:
            with without_lines(_CHATTER):
                interpreter = build()
            _quiet.set()
    except (ValueError, RuntimeError) as error:
        raise EngineError(f"LiteRT cannot compile the network: {error}") from error
    return LiteRtNetwork(interpreter, scale, offset)
