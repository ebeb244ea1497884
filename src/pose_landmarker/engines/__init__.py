"""Inference engines behind one narrow seam.

An engine is a function that compiles a network; a network is a function from uint8 pixels to the
arrays of its outputs. Nothing else of an engine is known outside this package.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Protocol

from pose_landmarker.arrays import FloatArray, RgbImage
from pose_landmarker.errors import MissingExtraError


class Network(Protocol):
    """A compiled network. Calls from several threads take turns."""

    def __call__(self, images: RgbImage) -> tuple[FloatArray, ...]:
        """Run on a batch.

        Args:
            images: (N, H, W, 3) uint8, N of 1 or more.

        Returns:
            The outputs in the order of the flatbuffer, each (N, ...) float32, free to be written to.
        """


class Engine(Protocol):
    """Compiles networks."""

    def __call__(self, model: bytes, *, scale: float, offset: float, threads: int) -> Network:
        """Compile a TFLite network that sees ``pixel * scale + offset``.

        Raises:
            EngineError: The network cannot be compiled.
        """


def engine_name(name: str) -> str:
    """The engine that ``auto`` stands for on this machine, or the name itself.

    Raises:
        MissingExtraError: The engine named is not installed.
    """
    has_openvino = find_spec("openvino") is not None
    if name == "auto":
        return "openvino" if has_openvino else "litert"
    if name == "openvino" and not has_openvino:
        raise MissingExtraError("engine='openvino' needs OpenVINO: pip install 'pose-landmarker[openvino]'")
    return name


def load_engine(name: str) -> Engine:
    """The engine of that name, imported now.

    Raises:
        MissingExtraError: It is not installed.
    """
    return _ENGINES[engine_name(name)]()


def _litert() -> Engine:
    from pose_landmarker.engines.litert import compile_litert

    return compile_litert


def _openvino() -> Engine:
    from pose_landmarker.engines.openvino import compile_openvino

    return compile_openvino


_ENGINES: dict[str, Callable[[], Engine]] = {"litert": _litert, "openvino": _openvino}
