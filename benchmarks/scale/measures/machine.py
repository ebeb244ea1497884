"""Which machine it is."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

#: What the kernels and the hash can use.
_TOLD = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "sha_ni")


def machine() -> dict[str, Any]:
    """Processor, its instructions, cores, software."""
    lines = (line.partition(":") for line in _cpuinfo().splitlines())
    about = {key.strip(): value.strip() for key, _, value in lines}
    flags = about.get("flags", "").split()
    return {
        "processor": about.get("model name", platform.processor()),
        "family": f"{about.get('cpu family', '?')}/{about.get('model', '?')}/{about.get('stepping', '?')}",
        "instructions": [name for name in _TOLD if name in flags],
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def _cpuinfo() -> str:
    path = Path("/proc/cpuinfo")
    return path.read_text() if path.exists() else ""
