"""The arithmetic limit of the machine, as far as it can be measured: the quickest large matrix product.

No program is known to reach what the processor's data sheet says; a limit that is measured here is one
that some program does reach. Several ways are tried and the quickest counts.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from pose_landmarker.bench.setting import Setting
from pose_landmarker.engines.cpu import cpu_features

_SCRIPT = Path(__file__).with_name("matmul.py")
_PATIENCE_S = 120
#: Large enough for blocks to stay in caches, small enough for a tenth of a second.
_SIDE, _SECONDS = 1536, 1.0
#: Libraries behind numpy, and how each is told.
_THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_BF16_FEATURES = {"avx512_bf16", "amx_bf16", "bf16"}


@dataclass(frozen=True, slots=True)
class Peak:
    """The highest rate of arithmetic that was measured.

    Attributes:
        precision: ``f32`` or ``bf16``.
        threads: On so many.
        per_second: Operations a second; a multiplication and an addition are two.
        how: What was run.
    """

    precision: str
    threads: int
    per_second: float
    how: str


def measure_peaks(
    python: str, threads: Sequence[int], *, side: int = _SIDE, seconds: float = _SECONDS
) -> list[Peak]:
    """The peaks for numbers of threads, in float32 and, where the processor has it, bfloat16.

    Args:
        python: The interpreter whose numpy and OpenVINO are used.
        threads: Numbers of threads.
        side: Of the matrices.
        seconds: For each way.

    Returns:
        Those that could be measured.
    """
    peaks = []
    for count in sorted(set(threads)):
        for precision, ways in _ways().items():
            found = [_measure(python, way, count, side, seconds) for way in ways]
            best = max((f for f in found if f is not None), default=None)
            if best is not None:
                peaks.append(Peak(precision, count, *best))
    return peaks


def peak_for(setting: Setting, threads: int, peaks: Sequence[Peak]) -> Peak | None:
    """The limit that a setting is held against, or None where none was measured.

    Fast precision is held against bfloat16 where that was measured. Fewer threads than the setting may
    use count, too: more of them are not quicker on every machine.
    """
    precisions = {peak.precision for peak in peaks}
    precision = "bf16" if setting.precision == "fast" and "bf16" in precisions else "f32"
    usable = [peak for peak in peaks if peak.precision == precision and peak.threads <= threads]
    return max(usable, key=lambda peak: peak.per_second, default=None)


def _ways() -> dict[str, list[str]]:
    ways = {"f32": ["numpy"]}
    if find_spec("openvino") is not None:
        ways["f32"].append("openvino-f32")
        if _BF16_FEATURES & set(cpu_features()):
            ways["bf16"] = ["openvino-bf16"]
    return ways


def _measure(python: str, way: str, threads: int, side: int, seconds: float) -> tuple[float, str] | None:
    """Operations a second and what was run; None where it does not work here."""
    command = [python, str(_SCRIPT), way, str(threads), str(side), str(seconds)]
    environment = {**os.environ, **dict.fromkeys(_THREAD_VARIABLES, str(threads))}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_PATIENCE_S, env=environment, check=True
        )
        answer = json.loads(done.stdout)
        return float(answer["per_second"]), f"{answer['by']}, {side}x{side} matrices"
    except (OSError, subprocess.SubprocessError, ValueError, KeyError):
        return None
