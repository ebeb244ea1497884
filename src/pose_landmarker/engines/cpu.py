"""How many processors this process may use: affinity and containers' limits respected."""

from __future__ import annotations

import math
import os
from pathlib import Path

#: Beyond this one landmarker gains nothing: its networks are small.
MAX_DEFAULT_THREADS = 4

_CGROUP = Path("/sys/fs/cgroup")


def available_cpus(cgroup: Path = _CGROUP) -> int:
    """Processors that this process may use, at least 1.

    Args:
        cgroup: Where the control groups are mounted (Linux).
    """
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS and Windows
    cpus = len(affinity(0)) if affinity else os.cpu_count() or 1
    quota = _cgroup_quota(cgroup)
    return max(1, cpus if quota is None else min(cpus, math.ceil(quota)))


def default_threads() -> int:
    """What is best for one landmarker on this machine."""
    return min(available_cpus(), MAX_DEFAULT_THREADS)


def cpu_features() -> tuple[str, ...]:
    """The instruction sets that matter to the engines, as Linux names them; empty elsewhere."""
    wanted = (
        "avx2",
        "fma",
        "avx512f",
        "avx512_vnni",
        "avx512_bf16",
        "amx_bf16",
        "asimd",
        "asimddp",
        "bf16",
        "i8mm",
    )
    for line in _read(Path("/proc/cpuinfo")).splitlines():
        if line.startswith(("flags", "Features")):
            present = set(line.split(":", 1)[1].split())
            return tuple(feature for feature in wanted if feature in present)
    return ()


def cpu_model() -> str:
    """The processor's name, or an empty string."""
    for line in _read(Path("/proc/cpuinfo")).splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return ""


def _cgroup_quota(cgroup: Path) -> float | None:
    """Processors that a container is limited to; None where there is no limit."""
    limit = _read(cgroup / "cpu.max").split()  # version 2: "quota period" or "max period"
    if len(limit) != 2:
        quota = _read(cgroup / "cpu" / "cpu.cfs_quota_us").strip()  # version 1: -1 is no limit
        limit = [quota, _read(cgroup / "cpu" / "cpu.cfs_period_us").strip()]
    try:
        microseconds, period = float(limit[0]), float(limit[1])
    except ValueError:
        return None
    return microseconds / period if microseconds > 0 and period > 0 else None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
