"""What a measurement was made on, without names of people, machines or folders."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from typing import Any

from pose_landmarker._version import __version__
from pose_landmarker.engines.cpu import available_cpus, cpu_features, cpu_model

#: Packages of ours that speed depends on.
_PACKAGES = ("ai-edge-litert", "openvino", "numpy", "opencv-python-headless", "av", "pillow")


def describe() -> dict[str, Any]:
    """Processor, system and versions."""
    return {
        "processor": cpu_model() or platform.processor() or platform.machine(),
        "architecture": platform.machine(),
        "cores_usable": available_cpus(),
        "cores_present": os.cpu_count(),
        "features": list(cpu_features()),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "packages": {
            "pose-landmarker": __version__,
            **{name: version for name in _PACKAGES if (version := _version(name))},
        },
    }


def sentence(machine: dict[str, Any]) -> str:
    """The same in a line for people."""
    features = ", ".join(
        feature for feature in machine["features"] if feature.startswith(("avx", "amx", "as"))
    )
    return (
        f"{machine['processor']} ({features or machine['architecture']}), "
        f"{machine['cores_usable']} of {machine['cores_present']} cores, {machine['system'].split()[0]}, "
        f"Python {machine['python']}"
    )


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
