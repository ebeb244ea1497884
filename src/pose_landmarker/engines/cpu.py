"""How many processors this process may use: affinity and containers' limits respected."""

from __future__ import annotations

import math
import os
from pathlib import Path, PurePosixPath

#: A layer of these networks is a fraction of a millisecond of work; beyond four threads, handing it out
#: and waiting for the last one is expected to cost more than it gains. Not measured beyond two.
MAX_DEFAULT_THREADS = 4

_CGROUP = Path("/sys/fs/cgroup")
_OWN_CGROUP = Path("/proc/self/cgroup")


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
    """Processors that this process is limited to by its control group or one above; None for no limit."""
    groups = [cgroup]
    for line in _read(_OWN_CGROUP).splitlines():
        number, _, rest = line.partition(":")
        if number == "0":  # version 2; inside a container the path is often just "/"
            for part in PurePosixPath(rest.partition(":")[2]).parts[1:]:
                groups.append(groups[-1] / part)
    # Version 1 has one place, and its own numbers.
    quotas = [_quota(_read(group / "cpu.max").split()) for group in groups]
    quotas.append(
        _quota([_read(cgroup / "cpu" / f"cpu.cfs_{name}_us").strip() for name in ("quota", "period")])
    )
    limits = [quota for quota in quotas if quota is not None]
    return min(limits, default=None)


def _quota(words: list[str]) -> float | None:
    """Processors from a quota and a period in microseconds; "max" and -1 are no limit."""
    try:
        quota, period = map(float, words)
    except ValueError:
        return None
    return quota / period if quota > 0 and period > 0 else None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
