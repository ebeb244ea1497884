"""OpenVINO (extra ``openvino``): quicker than LiteRT on some processors. Computes in float32 unless told."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import io
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from pose_landmarker.arrays import FloatArray, RgbImage
from pose_landmarker.cache import cache_dir, write_atomically
from pose_landmarker.engines import bfloat16
from pose_landmarker.engines.sequential import SequentialNetwork
from pose_landmarker.errors import EngineError
from pose_landmarker.options import Precision

_TELEMETRY = "openvino_telemetry"
#: Compiled networks that are kept: three models, with and without masks, and the detector, exact and
#: fast, twice.
_MAX_KEPT = 28

_importing = threading.Lock()


def compile_openvino(
    model: bytes, *, scale: float, offset: float, threads: int, precision: Precision = "exact"
) -> SequentialNetwork:
    """Compile a TFLite network (see :class:`pose_landmarker.engines.Engine`).

    The compiled network is kept in the cache folder: reading TFLite anew costs half a second.

    With precision ``fast``, where :func:`has_bfloat16`, its middle computes in bfloat16.
    """
    fast = precision == "fast"
    config = {
        # Its own default is bfloat16 where the CPU has it.
        "INFERENCE_PRECISION_HINT": "bf16" if fast else "f32",
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        # Pinned, two networks of one thread each in a process share one core.
        "ENABLE_CPU_PINNING": False,
    }
    try:
        core = _core()
        path = _kept_at(core, model, scale, offset, config)
        compiled = _read_kept(core, path, config)
        if compiled is None:
            graph = _read(core, model)
            graph = _with_pixels(bfloat16.with_exact_ends(core, graph) if fast else graph, scale, offset)
            compiled = core.compile_model(graph, "CPU", config)
            _keep(compiled, path)
    except (RuntimeError, OSError, SyntaxError) as error:  # SyntaxError: of a damaged network's XML
        raise EngineError(f"OpenVINO cannot compile the network: {error}") from error
    return SequentialNetwork(_Runner(compiled))


def has_bfloat16() -> bool:
    """Whether this processor computes in bfloat16 by instructions of its own."""
    return "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


class _Runner:
    def __init__(self, compiled: Any) -> None:
        self._request = compiled.create_infer_request()
        self._outputs = compiled.outputs

    def __call__(self, image: RgbImage) -> tuple[FloatArray, ...]:
        try:
            self._request.infer([image[None]], share_inputs=True)
        except RuntimeError as error:
            raise EngineError(f"OpenVINO failed to run the network: {error}") from error
        return tuple(self._request.get_tensor(output).data.copy() for output in self._outputs)


def import_openvino() -> Any:
    """OpenVINO without its telemetry, which reports every import to its maker.

    OpenVINO does without ``openvino_telemetry`` where that is not installed, so it is told that.

    Raises:
        ImportError: It is not installed, or cannot be loaded.
    """
    with _importing:
        if "openvino" in sys.modules:  # somebody else has imported it already
            return importlib.import_module("openvino")
        before = sys.modules.get(_TELEMETRY)
        sys.modules[_TELEMETRY] = cast("ModuleType", None)  # None means: cannot be imported
        try:
            return importlib.import_module("openvino")
        finally:
            del sys.modules[_TELEMETRY]
            if before is not None:
                sys.modules[_TELEMETRY] = before


@cache
def _core() -> Any:
    return import_openvino().Core()


def _read(core: Any, model: bytes) -> Any:
    # The TFLite reader takes files only, and may still hold them when the folder goes (Windows).
    with tempfile.TemporaryDirectory(prefix="pose-landmarker-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "network.tflite"
        path.write_bytes(model)
        return core.read_model(path)


def _with_pixels(graph: Any, scale: float, offset: float) -> Any:
    """The same network for uint8 pixels: the scaling becomes part of the graph."""
    from openvino import Type
    from openvino.preprocess import PrePostProcessor

    processor = PrePostProcessor(graph)
    processor.input().tensor().set_element_type(Type.u8)
    steps = processor.input().preprocess().convert_element_type(Type.f32)
    if offset:
        steps = steps.mean(-offset / scale)
    steps.scale(1.0 / scale)
    return processor.build()


def _kept_at(core: Any, model: bytes, scale: float, offset: float, config: dict[str, Any]) -> Path:
    """Where a compiled network is kept: another version or processor has another place."""
    device = [core.get_property("CPU", name) for name in ("FULL_DEVICE_NAME", "OPTIMIZATION_CAPABILITIES")]
    version = import_openvino().__version__
    how = (version, device, sorted(config.items()), bfloat16.MIDDLE)
    key = repr((hashlib.sha256(model).hexdigest(), scale, offset, *how))
    return cache_dir() / "openvino" / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.blob"


def _read_kept(core: Any, path: Path, config: dict[str, Any]) -> Any:
    # Not there, damaged, or of another build under the same version: then it is compiled anew.
    with contextlib.suppress(OSError, RuntimeError):
        return core.import_model(io.BytesIO(path.read_bytes()), "CPU", config)
    return None


def _keep(compiled: Any, path: Path) -> None:
    with contextlib.suppress(OSError, RuntimeError):  # a cache that cannot be written is no cache
        write_atomically(path, compiled.export_model().getvalue())
        kept = sorted(path.parent.glob("*.blob"), key=lambda file: file.stat().st_mtime, reverse=True)
        for old in kept[_MAX_KEPT:]:
            old.unlink()
