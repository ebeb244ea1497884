"""LiteRT (TensorFlow Lite with XNNPACK): the engine of the core."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from pose_landmarker.arrays import FloatArray, RgbImage
from pose_landmarker.engines.sequential import SequentialNetwork
from pose_landmarker.engines.stderr import without_lines
from pose_landmarker.errors import EngineError

#: Printed when the first network of a process is compiled.
_CHATTER = b"Created TensorFlow Lite XNNPACK delegate"

_chatter_is_over = threading.Event()


def compile_litert(model: bytes, *, scale: float, offset: float, threads: int) -> SequentialNetwork:
    """Compile a TFLite network (see :class:`pose_landmarker.engines.Engine`)."""
    try:
        if _chatter_is_over.is_set():
            interpreter = _interpreter(model, threads)
        else:
            with without_lines(_CHATTER):
                interpreter = _interpreter(model, threads)
            _chatter_is_over.set()
    except (ValueError, RuntimeError) as error:
        raise EngineError(f"LiteRT cannot compile the network: {error}") from error
    return SequentialNetwork(_Runner(interpreter, scale, offset))


def _interpreter(model: bytes, threads: int) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=model, num_threads=threads)
    interpreter.allocate_tensors()
    return interpreter


class _Runner:
    """Copies pixels into the interpreter's input, scaling them on the way, and copies outputs out."""

    def __init__(self, interpreter: Any, scale: float, offset: float) -> None:
        self._interpreter = interpreter
        self._scale, self._offset = np.float32(scale), np.float32(offset)
        # Functions that view the interpreter's own memory; a view may not outlive a statement.
        self._input = interpreter.tensor(interpreter.get_input_details()[0]["index"])
        self._outputs = [interpreter.tensor(d["index"]) for d in interpreter.get_output_details()]

    def __call__(self, image: RgbImage) -> tuple[FloatArray, ...]:
        # In two steps: numpy converts and multiplies faster one after the other than together.
        self._input()[0] = image
        np.multiply(self._input(), self._scale, out=self._input())
        if self._offset:
            np.add(self._input(), self._offset, out=self._input())
        try:
            self._interpreter.invoke()
        except RuntimeError as error:
            raise EngineError(f"LiteRT failed to run the network: {error}") from error
        return tuple(output().copy() for output in self._outputs)
