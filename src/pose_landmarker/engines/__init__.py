"""Inference engines behind one narrow seam.

An engine is a function that compiles a network; a network is a function from uint8 pixels to the
arrays of its outputs. Nothing else of an engine is known outside this package.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from typing import Any, NamedTuple, Protocol

from pose_landmarker.arrays import DoubleArray, FloatArray, RgbImage
from pose_landmarker.errors import EngineError, MissingExtraError
from pose_landmarker.options import Precision

#: Releases before it crash on damaged networks.
_MIN_OPENVINO = (2026, 4)
#: Releases before it have other names for the switches that keep float32 exact.
_MIN_TORCH = (2, 9)
#: Floats. With shorter vectors the other engines are quicker, or may be.
_LONG_VECTOR = 8


class Network(Protocol):
    """A compiled network. Calls from several threads take turns, or are computed together."""

    def __call__(self, images: RgbImage) -> tuple[FloatArray, ...]:
        """Run on a batch.

        Args:
            images: (N, H, W, 3) uint8, N of 1 or more.

        Returns:
            The outputs in the order of the flatbuffer, each (N, ...) float32, free to be written to. Maps may
            have more channels than the flatbuffer says, of no meaning.

        Raises:
            EngineError: The engine failed.
        """


class RegionNetwork(Network, Protocol):
    """A network that cuts its input out of a picture itself, so that no crop goes through memory."""

    def regions(
        self, image: RgbImage, matrices: Sequence[DoubleArray], *, replicate: bool
    ) -> tuple[FloatArray, ...]:
        """Run on parts of a picture, sampled as :func:`pose_landmarker.imaging.crop` does.

        Args:
            image: (H, W, 3) uint8.
            matrices: Of :func:`pose_landmarker.imaging.crop_matrix`, one for each part.
            replicate: Beyond the image, whether its border goes on; otherwise black.

        Raises:
            EngineError: The engine failed.
        """


class RefiningNetwork(RegionNetwork, Protocol):
    """A network that refines landmarks where it computes, so that heat maps need not be carried."""

    def refining(self, points: int, maps: int) -> Network:
        """The same network with other outputs.

        Args:
            points: Number of the output that is landmarks: refined they are, see
                :func:`pose_landmarker.decoding.refine`.
            maps: Number of the output that is heat maps: the peaks are in its place, (N, 35) logits.
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


def choose_engine(name: str | Engine, precision: Precision, device: str = "cpu") -> EngineChoice:
    """An engine for a precision; where ``fast`` cannot be had it is exact, and a warning says why.

    Args:
        name: Of an engine, or one.
        precision: ``exact`` or ``fast``.
        device: Where it computes; ``auto`` is PyTorch for all but the processor.

    Raises:
        MissingExtraError: As :func:`load_engine`.
        EngineError: There is no such device.
    """
    label, engine = load_engine(name, device)
    if precision == "exact":
        return EngineChoice(label, engine, "exact")
    obstacles = []
    for candidate in FAST_ENGINES if label != "torch" and name == "auto" else [label]:
        obstacle = fast_obstacle(candidate, device)
        if obstacle is None:
            return EngineChoice(candidate, partial(_named(candidate, device), precision="fast"), "fast")
        obstacles.append(obstacle)
    # Not by logging: this package's logger is silent by default, and this must not be.
    why = "; ".join(dict.fromkeys(obstacles))
    message = f"precision='fast' cannot be had here, so this is exact, with {label}: {why}"
    warnings.warn(message, RuntimeWarning, stacklevel=4)  # where a landmarker is created
    return EngineChoice(label, engine, "exact")


def rough_engine(chosen: str, engine: Engine | None = None) -> Engine | None:
    """A quicker engine for looks that only decide where to look more closely; None where there is none.

    It computes with bfloat16 numbers, which moves a detection by a thousandth of its region.

    Args:
        chosen: The name of the engine that is exact.
        engine: That engine; it may have a quicker one of its own, as ``rough``.
    """
    own: Engine | None = getattr(engine, "rough", None)
    if own is not None:
        return own
    if chosen != "native" or fast_obstacle("native") is not None:
        return None
    return partial(_compile_or_else, partial(_ENGINES["native"](), precision="fast"))


def fast_obstacle(engine: str, device: str = "cpu") -> str | None:
    """Why precision ``fast`` cannot be had of an engine on this machine; None where it can."""
    if engine == "torch":
        return "PyTorch computes in float16 on device='cuda' only" if device == "cpu" else None
    try:
        _ENGINES[engine]()
        return None if _has_bfloat16(engine) else "this processor has no instructions for bfloat16"
    except MissingExtraError as error:
        return str(error)
    except RuntimeError as error:
        return f"OpenVINO does not start: {error}"


def _has_bfloat16(engine: str) -> bool:
    if engine == "native":
        from pose_landmarker.engines.native.network import has_bfloat16

        return has_bfloat16()
    from pose_landmarker.engines.openvino import has_bfloat16 as openvino_has_bfloat16

    return openvino_has_bfloat16()


def load_engine(name: str | Engine, device: str = "cpu") -> tuple[str, Engine]:
    """An engine by name, imported now, and its name.

    ``auto`` is the native engine where its kernels are made for this processor, else OpenVINO where that is
    installed, else LiteRT; and PyTorch on graphics cards. An engine that is given as such is returned as it
    is.

    Raises:
        MissingExtraError: The engine named is not installed, is too old or cannot be loaded.
        EngineError: There is no such device.
    """
    if not isinstance(name, str):
        return getattr(name, "__name__", type(name).__name__), name
    if name == "auto" and device != "cpu":
        name = "torch"
    if name != "auto":
        return name, _named(name, device)
    try:
        native = _native()
        if has_fast_kernels():
            return "native", partial(_compile_or_else, native)
    except MissingExtraError as error:
        logging.getLogger("pose_landmarker").debug("engine 'auto' goes on looking: %s", error)
    try:
        return "openvino", _openvino()
    except MissingExtraError as error:
        logging.getLogger("pose_landmarker").debug("engine 'auto' takes LiteRT: %s", error)
        return "litert", _litert()


def _named(name: str, device: str) -> Any:
    """An engine that is not ``auto``."""
    engine = _ENGINES[name]()
    return partial(engine, device=settled_device(device)) if name == "torch" else engine


def settled_device(device: str) -> str:
    """A device with its number said, for other threads: the current card of theirs may be another one.

    Raises:
        MissingExtraError: PyTorch, which runs networks on graphics cards, is not to be had.
        EngineError: There is no such device.
    """
    if device == "cpu":
        return device
    _ENGINES["torch"]()
    from pose_landmarker.engines.pytorch.device import check_device

    return check_device(device)


def _compile_or_else(engine: Engine, model: bytes, *, scale: float, offset: float, threads: int) -> Network:
    """A network by an engine, or by LiteRT if it has layers that the engine does not know."""
    try:
        return engine(model, scale=scale, offset=offset, threads=threads)
    except EngineError as error:
        logging.getLogger("pose_landmarker").debug("LiteRT takes the network: %s", error)
        return _litert()(model, scale=scale, offset=offset, threads=threads)


def _installed(package: str) -> str | None:
    """Its version; None where it is not installed, even if some folder is called that."""
    if find_spec(package) is None:
        return None
    import importlib.metadata  # costs 20 ms, so only where there is something to ask about

    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _installed_openvino() -> str | None:
    return _installed("openvino")


def _native() -> Engine:
    from pose_landmarker.engines.native.network import compile_native
    from pose_landmarker.native.library import library

    library()
    return compile_native


def has_fast_kernels() -> bool:
    """Whether the native engine has kernels for this processor's longer vectors."""
    from pose_landmarker.native.library import library

    return int(library().native_lanes()) >= _LONG_VECTOR


def _litert() -> Engine:
    from pose_landmarker.engines.litert import compile_litert

    return compile_litert


def _openvino() -> Engine:
    version = _checked_version("openvino", "OpenVINO", _installed_openvino(), _MIN_OPENVINO, extra="openvino")
    from pose_landmarker.engines.openvino import compile_openvino, import_openvino

    try:
        import_openvino()
    except ImportError as error:
        raise MissingExtraError(f"OpenVINO {version} is installed but cannot be loaded: {error}") from error
    return compile_openvino


def _torch() -> Any:
    version = _checked_version("torch", "PyTorch", _installed("torch"), _MIN_TORCH, extra="gpu")
    try:
        import torch  # noqa: F401 - what cannot be loaded is not there
    except (ImportError, OSError) as error:  # OSError: of a library of CUDA's
        raise MissingExtraError(f"PyTorch {version} is installed but cannot be loaded: {error}") from error
    from pose_landmarker.engines.pytorch.network import compile_torch

    return compile_torch


def _checked_version(
    package: str, name: str, version: str | None, least: tuple[int, int], *, extra: str
) -> str:
    """The version of a package, which is new enough.

    Raises:
        MissingExtraError: It is not, or there is none; the message says what to type.
    """
    wanted = ".".join(map(str, least))
    line = f"pip install '{package}>={wanted}' (the extra pose-landmarker[{extra}])"
    if version is None:
        raise MissingExtraError(f"engine='{package}' needs {name}: {line}")
    if tuple(int(part) for part in version.split(".")[:2] if part.isdigit()) < least:
        raise MissingExtraError(f"engine='{package}' needs {name} {wanted} or newer, not {version}: {line}")
    return version


#: Those for processors that know precision ``fast``, the quickest first.
FAST_ENGINES = ("native", "openvino")
_ENGINES: dict[str, Callable[[], Any]] = {
    "native": _native,
    "litert": _litert,
    "openvino": _openvino,
    "torch": _torch,
}
