"""``pose-landmarker info``: versions, hardware and models, for bug reports."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import sys
from typing import Any

from pose_landmarker._version import __version__
from pose_landmarker.cache import cache_dir
from pose_landmarker.engines import FAST_ENGINES, fast_obstacle, load_engine
from pose_landmarker.engines.cpu import available_cpus, cpu_features, cpu_model, default_threads
from pose_landmarker.models.store import is_offline, stored_model
from pose_landmarker.options import MODEL_NAMES

_PACKAGES = (
    *("numpy", "opencv-python-headless", "ai-edge-litert", "openvino", "torch", "pillow", "av", "pysdl2"),
    *("pyarrow", "fsspec", "ray"),
)
#: Other packages that bring a cv2 of their own, in place of ours.
_OTHER_OPENCV = ("opencv-python", "opencv-contrib-python", "opencv-contrib-python-headless")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Add this command."""
    text = "Print versions, engine, processor and models: paste it into bug reports."
    parser = commands.add_parser("info", help="versions and hardware, for bug reports", description=text)
    parser.add_argument("--json", action="store_true", help="print it as JSON")
    parser.set_defaults(run=run)
    return parser


def run(arguments: argparse.Namespace) -> int:
    """Run this command."""
    facts = collect()
    if arguments.json:
        print(json.dumps(facts, indent=2))
        return 0
    for group, rows in facts.items():
        print(group)
        for name, value in rows.items():
            text = ", ".join(value) if isinstance(value, list) else value
            print(f"  {name:<24}{text if text not in ('', None) else '-'}")
    return 0


def collect() -> dict[str, dict[str, Any]]:
    """Everything that this command prints, by group."""
    versions = {name: _version(name) or "not installed" for name in _PACKAGES}
    versions |= {name: version for name in _OTHER_OPENCV if (version := _version(name))}
    return {
        "pose-landmarker": {
            "version": __version__,
            "python": f"{platform.python_version()} ({platform.python_implementation()})",
            "executable": sys.executable,
            "platform": platform.platform(),
        },
        "packages": {
            **versions,
            **_opencv(),
        },
        "engine": {
            "auto means": load_engine("auto")[0],
            "precision 'fast'": _fast(),
            "default threads": default_threads(),
            "graphics cards": _graphics_cards(),
        },
        "processor": {
            "model": cpu_model() or platform.processor() or platform.machine(),
            "usable / present": f"{available_cpus()} / {os.cpu_count()}",
            "features": list(cpu_features()),
        },
        "models": {
            "folder": str(cache_dir()),
            "offline": "yes" if is_offline() else "no",
            **{name: stored_model(name).source or "not on this machine" for name in MODEL_NAMES},
        },
    }


def _fast() -> str:
    obstacles = {engine: fast_obstacle(engine) for engine in FAST_ENGINES}
    able = [engine for engine, obstacle in obstacles.items() if obstacle is None]
    if able:
        return f"yes, by {' and '.join(able)}"
    return "no: " + "; ".join(f"{engine}: {obstacle}" for engine, obstacle in obstacles.items())


def _graphics_cards() -> str | list[str]:
    try:
        load_engine("torch")  # not installed, it takes no time
        from pose_landmarker.engines.pytorch.device import devices, why_none

        found = [f"{card.name}: {card.label}, {card.memory_gib:.0f} GiB" for card in devices()]
        return found or f"none: {why_none()}"
    except Exception as error:  # this report must come whatever is broken
        return f"none: {error}"


def _opencv() -> dict[str, str]:
    try:
        import cv2

        from pose_landmarker.imaging import rounds_like_opencv4

        by = "OpenCV" if rounds_like_opencv4() else "numpy (slow: see docs)"
    except Exception as error:  # this report must come whatever is broken
        return {"cv2 in use": f"broken: {error}"}
    return {"cv2 in use": cv2.__version__, "resampling": f"exact, by {by}"}


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""
