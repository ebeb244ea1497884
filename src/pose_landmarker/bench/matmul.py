"""How fast this machine multiplies: large matrix products, a script in a process of its own.

Usage: ``matmul.py HOW THREADS SIDE SECONDS``, HOW being ``numpy``, ``openvino-f32`` or ``openvino-bf16``.
Prints JSON: operations a second, and what did it.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np


def fastest(multiply: Callable[[], object], side: int, seconds: float) -> float:
    """Operations a second of the quickest of as many products as fit into the time; a product has 2·side³."""
    multiply()
    best_s, ends_s = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < ends_s or best_s == float("inf"):
        started_s = time.perf_counter()
        multiply()
        best_s = min(best_s, time.perf_counter() - started_s)
    return 2 * side**3 / best_s


def by_numpy(side: int) -> tuple[Callable[[], object], str]:
    """A product by the BLAS that numpy brings; threads are set by variables before it is loaded."""
    left, right = _matrices(side)
    out = np.empty_like(left)
    return lambda: np.matmul(left, right, out=out), "numpy"


def by_openvino(side: int, threads: int, precision: str) -> tuple[Callable[[], object], str]:
    """A product by OpenVINO, and the precision that it really took."""
    from pose_landmarker.engines.openvino import import_openvino

    ov = import_openvino()
    operators: Any = importlib.import_module("openvino.opset13")
    left, right = _matrices(side)
    parameter = operators.parameter([side, side], np.float32)
    model = ov.Model([operators.matmul(parameter, operators.constant(right), False, False)], [parameter])
    config = {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,
    }
    compiled = ov.Core().compile_model(model, "CPU", config)
    request = compiled.create_infer_request()
    taken = str(compiled.get_property("INFERENCE_PRECISION_HINT")).lower()
    if precision == "bf16" and "bf16" not in taken and "bfloat16" not in taken:
        raise RuntimeError(f"OpenVINO takes {taken} for bf16 here")
    return lambda: request.infer([left], share_inputs=True), "OpenVINO"


def main(arguments: list[str]) -> dict[str, Any]:
    """What is printed."""
    how, threads, side, seconds = arguments[0], int(arguments[1]), int(arguments[2]), float(arguments[3])
    if how == "numpy":
        multiply, by = by_numpy(side)
    else:
        multiply, by = by_openvino(side, threads, how.removeprefix("openvino-"))
    return {"per_second": fastest(multiply, side, seconds), "by": by, "side": side}


def _matrices(side: int) -> tuple[Any, Any]:
    random = np.random.default_rng(1)
    return random.random((side, side), np.float32), random.random((side, side), np.float32)


if __name__ == "__main__":
    del sys.path[0]  # the folder of this script: its neighbours are not for others to import
    sys.stdout.write(json.dumps(main(sys.argv[1:])) + "\n")
