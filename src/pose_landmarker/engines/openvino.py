"""OpenVINO: quicker than LiteRT on x86 (extra ``openvino``). Computes in float32, like the reference."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import io
import sys
import tempfile
import threading
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import numpy as np

from pose_landmarker.arrays import FloatArray, RgbImage
from pose_landmarker.cache import cache_dir, write_atomically
from pose_landmarker.errors import EngineError

_TELEMETRY = "openvino_telemetry"
_importing = threading.Lock()


class OpenVinoNetwork:
    """A network compiled by OpenVINO."""

    def __init__(self, compiled: Any) -> None:
        self._request = compiled.create_infer_request()
        self._outputs = compiled.outputs
        self._lock = threading.Lock()

    def __call__(self, images: RgbImage) -> tuple[FloatArray, ...]:
        """Run on a batch, one image after the other (see :class:`pose_landmarker.engines.Network`).

        Real batches gain nothing on a processor: their activations leave its cache.
        """
        rows = [self._run(image) for image in images]
        return tuple(np.concatenate(column) for column in zip(*rows, strict=True))

    def _run(self, image: RgbImage) -> list[FloatArray]:
        with self._lock:
            try:
                self._request.infer([image[None]], share_inputs=True)
            except RuntimeError as error:
                raise EngineError(f"OpenVINO failed to run the network: {error}") from error
            return [self._request.get_tensor(output).data.copy() for output in self._outputs]


def compile_openvino(model: bytes, *, scale: float, offset: float, threads: int) -> OpenVinoNetwork:
    """Compile a TFLite network (see :class:`pose_landmarker.engines.Engine`).

    The compiled network is kept in the cache folder: reading TFLite anew costs half a second.
    """
    openvino = _import_openvino()
    core = openvino.Core()
    config = {
        "INFERENCE_PRECISION_HINT": "f32",  # its own default is bfloat16 where the CPU has it
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        # Pinned, two networks of one thread each in a process share one core.
        "ENABLE_CPU_PINNING": False,
    }
    key = repr(
        (hashlib.sha256(model).hexdigest(), scale, offset, openvino.__version__, sorted(config.items()))
    )
    cached = cache_dir() / "openvino" / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.blob"
    compiled = _from_cache(core, cached, config)
    if compiled is None:
        try:
            graph = _with_pixels(_read(core, model), scale, offset)
            compiled = core.compile_model(graph, "CPU", config)
        except RuntimeError as error:
            raise EngineError(f"OpenVINO cannot compile the network: {error}") from error
        _to_cache(compiled, cached)
    return OpenVinoNetwork(compiled)


def _import_openvino() -> Any:
    """OpenVINO without its telemetry, which reports every import to its maker.

    OpenVINO does without ``openvino_telemetry`` where that is not installed, so it is told that.
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


def _read(core: Any, model: bytes) -> Any:
    # The TFLite reader takes files only.
    with tempfile.TemporaryDirectory(prefix="pose-landmarker-") as folder:
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


def _from_cache(core: Any, path: Path, config: dict[str, Any]) -> Any:
    try:
        content = path.read_bytes()
    except OSError:
        return None
    try:
        return core.import_model(io.BytesIO(content), "CPU", config)
    except RuntimeError:  # damaged, or of another build under the same version
        return None


def _to_cache(compiled: Any, path: Path) -> None:
    with contextlib.suppress(OSError, RuntimeError):  # a cache that cannot be written is no cache
        write_atomically(path, compiled.export_model().getvalue())
