"""Inference engines behind one narrow seam.

An engine is a function that compiles a network; a network is a function from uint8 pixels to the
arrays of its outputs. Nothing else of an engine is known outside this package.
"""

from __future__ import annotations

import logging
import warnings
from functools import partial
from importlib.util import find_spec
from typing import NamedTuple, Protocol

from pose_landmarker.arrays import FloatArray, RgbImage
from pose_landmarker.errors import MissingExtraError
from pose_landmarker.options import Precision

#: Releases before it crash on damaged networks.
_MIN_OPENVINO = (2026, 4)


class Network(Protocol):
    """A compiled network. Calls from several threads take turns."""

    def __call__(self, images: RgbImage) -> tuple[FloatArray, ...]:
        """Run on a batch.

        Args:
            images: (N, H, W, 3) uint8, N of 1 or more.

        Returns:
            The outputs in the order of the flatbuffer, each (N, ...) float32, free to be written to.

        Raises:
            EngineError: The engine failed.
        """


class Engine(Protocol):
    """Compiles networks."""

    def __call__(self, model: bytes, *, scale: float, offset: float, threads: int) -> Network:
        """Compile a TFLite network that sees ``pixel * scale + offset``.

        Raises:
            EngineError: The network cannot be compiled.
        """


class EngineChoice(NamedTuple):
    """An engine, and what it will do."""

    name: str
    compile: Engine
    precision: Precision


def choose_engine(name: str | Engine, precision: Precision) -> EngineChoice:
    """An engine for a precision; where ``fast`` cannot be had it is exact, and a warning says why.

    Raises:
        MissingExtraError: As :func:`load_engine`.
    """
    label, engine = load_engine(name)
    if precision == "exact":
        return EngineChoice(label, engine, "exact")
    obstacle = fast_obstacle()
    if obstacle is not None:
        # Not by logging: this package's logger is silent by default, and this must not be.
        message = f"precision='fast' cannot be had here, so this is exact, with {label}: {obstacle}"
        warnings.warn(message, RuntimeWarning, stacklevel=4)  # where a landmarker is created
        return EngineChoice(label, engine, "exact")
    from pose_landmarker.engines.openvino import compile_openvino

    return EngineChoice("openvino", partial(compile_openvino, precision="fast"), "fast")


def fast_obstacle() -> str | None:
    """Why precision ``fast`` cannot be had on this machine; None where it can."""
    try:
        _openvino()
    except MissingExtraError as error:
        return str(error)
    from pose_landmarker.engines.openvino import has_bfloat16

    try:
        return None if has_bfloat16() else "this processor has no instructions for bfloat16"
    except RuntimeError as error:
        return f"OpenVINO does not start: {error}"


def load_engine(name: str | Engine) -> tuple[str, Engine]:
    """An engine by name, imported now, and its name: ``auto`` is OpenVINO where that works, else LiteRT.

    An engine that is given as such is returned as it is.

    Raises:
        MissingExtraError: The engine named is not installed, is too old or cannot be loaded.
    """
    if not isinstance(name, str):
        return getattr(name, "__name__", type(name).__name__), name
    if name == "litert":
        return name, _litert()
    try:
        return "openvino", _openvino()
    except MissingExtraError as error:
        if name == "openvino":
            raise
        logging.getLogger("pose_landmarker").debug("engine 'auto' takes LiteRT: %s", error)
        return "litert", _litert()


def _installed_openvino() -> str | None:
    """Its version; None where it is not installed, even if some folder is called that."""
    if find_spec("openvino") is None:
        return None
    import importlib.metadata  # costs 20 ms, so only where there is something to ask about

    try:
        return importlib.metadata.version("openvino")
    except importlib.metadata.PackageNotFoundError:
        return None


def _litert() -> Engine:
    from pose_landmarker.engines.litert import compile_litert

    return compile_litert


def _openvino() -> Engine:
    wanted = ".".join(map(str, _MIN_OPENVINO))
    line = f"pip install 'openvino>={wanted}' (the extra pose-landmarker[openvino])"
    version = _installed_openvino()
    if version is None:
        raise MissingExtraError(f"engine='openvino' needs OpenVINO: {line}")
    if tuple(int(part) for part in version.split(".")[:2] if part.isdigit()) < _MIN_OPENVINO:
        raise MissingExtraError(f"engine='openvino' needs OpenVINO {wanted} or newer, not {version}: {line}")
    from pose_landmarker.engines.openvino import compile_openvino, import_openvino

    try:
        import_openvino()
    except ImportError as error:
        raise MissingExtraError(f"OpenVINO {version} is installed but cannot be loaded: {error}") from error
    return compile_openvino
