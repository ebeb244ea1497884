"""The interpreters that have what is measured: MediaPipe's in an environment of its own, made once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

from pose_landmarker.cache import cache_dir
from pose_landmarker.errors import PoseLandmarkerError

REFERENCE_VERSION = "1.2.2"
_PACKAGE = "mediapipe"
#: Downloads half a gigabyte.
_INSTALL_S = 1800
_ASK_S = 120
_FOOTPRINT = Path(__file__).with_name("footprint.py")


class EnvironmentMakingError(PoseLandmarkerError):
    """An environment cannot be made or used; the message says what pip said."""


def default_folder() -> Path:
    """Where environments are kept unless told."""
    return cache_dir() / "benchmark"


def reference_python(folder: Path) -> str:
    """The interpreter of an environment with MediaPipe, which is made where there is none.

    Args:
        folder: Of environments.

    Raises:
        EnvironmentMakingError: It cannot be made, or something else is in its place.
    """
    place = folder / f"{_PACKAGE}-{REFERENCE_VERSION}"
    python = _python_of(place)
    if _has_reference(python):
        return str(python)
    if place.exists() and not (place / "pyvenv.cfg").exists() and any(place.iterdir()):
        raise EnvironmentMakingError(f"{place} is there already and is no environment; remove it")
    try:
        venv.create(place, clear=True, with_pip=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        done = subprocess.run(
            [*pip, f"{_PACKAGE}=={REFERENCE_VERSION}"],
            capture_output=True,
            text=True,
            timeout=_INSTALL_S,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise EnvironmentMakingError(f"the environment {place} cannot be made: {error}") from error
    if done.returncode or not _has_reference(python):
        why = (done.stderr.strip().splitlines() or ["pip failed"])[-1][:300]
        raise EnvironmentMakingError(f"{_PACKAGE} {REFERENCE_VERSION} cannot be installed: {why}")
    return str(python)


def installed_mib(python: str, package: str, *extras: str) -> dict[str, Any] | None:
    """How much room a package takes with all that it depends on, 2²⁰ bytes.

    Args:
        python: The interpreter that has it.
        package: Its name.
        *extras: Extras of it.

    Returns:
        ``files``; ``on_disk``, maybe None; ``packages``, how many. None where that cannot be told.
    """
    command = [python, str(_FOOTPRINT), package, *extras]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_ASK_S, check=True)
        found: dict[str, Any] = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    if not found["packages"]:
        return None
    mib = {name: found[name] and found[name] / 2**20 for name in ("files", "on_disk")}
    return {**mib, "packages": found["packages"]}


def own_python() -> str:
    """The interpreter that runs this."""
    return sys.executable


def _python_of(place: Path) -> Path:
    return place / ("Scripts" if os.name == "nt" else "bin") / ("python.exe" if os.name == "nt" else "python")


def _has_reference(python: Path) -> bool:
    """Whether the reference is there, whole: pip installs what was asked for after all that it needs."""
    script = f"import importlib.metadata as m; print(m.version({_PACKAGE!r}))"
    try:
        done = subprocess.run([str(python), "-c", script], capture_output=True, text=True, timeout=_ASK_S)
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0 and done.stdout.strip() == REFERENCE_VERSION
