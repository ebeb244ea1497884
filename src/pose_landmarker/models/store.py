"""The models on this machine: found, fetched once, verified, removed.

A stored model is two files in the cache folder: ``pose_landmarker_full.task``, the bundle, and
``pose_landmarker_full.json``, which says where it came from.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pose_landmarker.cache import CACHE_VARIABLE, cache_dir, leftovers, write_atomically
from pose_landmarker.checks import check_choice
from pose_landmarker.errors import BundleError, FetchError, ModelError, ModelNotFoundError
from pose_landmarker.models.bundle import Bundle, read_bundle
from pose_landmarker.models.published import (
    DETECTOR_NETWORK,
    DETECTOR_NETWORK_NPM,
    LANDMARK_NETWORKS,
    LICENCE,
    OFFICIAL_BUNDLES,
)
from pose_landmarker.options import MODEL_NAMES, BaseOptions

if TYPE_CHECKING:
    from pose_landmarker.models.sources import Progress, Source

#: Set to 1: the network is never touched.
OFFLINE_VARIABLE = "POSE_LANDMARKER_OFFLINE"

_logger = logging.getLogger("pose_landmarker")


@dataclass(frozen=True, slots=True)
class StoredModel:
    """What is known of one model on this machine.

    Attributes:
        name: ``lite``, ``full`` or ``heavy``.
        path: Where it is, or would be.
        size: Bytes, or None where it is not there.
        source: Where it came from, as far as that is known.
        fetched: When, ISO 8601, or an empty string.
        licence: SPDX identifier.
    """

    name: str
    path: Path
    size: int | None
    source: str
    fetched: str
    licence: str = LICENCE


def model_path(name: str) -> Path:
    """Where a model is kept, whether or not it is there."""
    check_choice("model", name, MODEL_NAMES)
    return cache_dir() / "models" / f"pose_landmarker_{name}.task"


def stored_model(name: str) -> StoredModel:
    """What is known of a model on this machine."""
    path = model_path(name)
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return StoredModel(name, path, None, "", "")
    except OSError as error:
        return StoredModel(name, path, None, f"cannot be read: {error.strerror}", "")
    record = _read_record(path)
    source = str(record.get("source", "put there by hand"))
    return StoredModel(name, path, size, source, str(record.get("fetched", "")))


def has_model(name: str) -> bool:
    """Whether a model is on this machine, whole."""
    try:
        read_bundle(model_path(name))
    except ModelError:
        return False
    return True


def load_bundle(options: BaseOptions) -> Bundle:
    """The bundle that the options ask for; by name, it is fetched where it is missing or damaged.

    Raises:
        ModelNotFoundError: The file does not exist, or the model is missing and this is offline.
        BundleError: The bundle is unusable.
        FetchError: No source delivered the model.
    """
    if options.model_asset_path is not None:
        return read_bundle(options.model_asset_path)
    if options.model_asset_buffer is not None:
        return read_bundle(options.model_asset_buffer)
    assert options.model is not None  # BaseOptions has exactly one of the three
    try:
        return read_bundle(model_path(options.model))
    except ModelNotFoundError:
        pass
    except BundleError as error:
        _logger.warning("the stored model is damaged and fetched again: %s", error)
    return read_bundle(fetch_model(options.model))


def fetch_model(name: str, *, again: bool = False, sources: Sequence[Source] | None = None) -> Path:
    """Bring a model to this machine unless it is there, whole; only one process at a time does it.

    Args:
        name: ``lite``, ``full`` or ``heavy``.
        again: Fetch even what is there; it is replaced only once the new one is whole.
        sources: Asked in this order until one delivers; the usual ones by default.

    Returns:
        Where it is.

    Raises:
        ModelNotFoundError: It is missing and POSE_LANDMARKER_OFFLINE is set.
        FetchError: No source delivered it; the message says what each of them answered.
    """
    import filelock

    path = model_path(name)
    if not again and has_model(name):
        return path
    _refuse_offline(name, path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(path.with_suffix(".lock")):
            if again or not has_model(name):  # another process may have been quicker
                _fetch(name, path, sources)
    except OSError as error:
        if isinstance(error, ModelError):
            raise
        raise FetchError(
            f"model {name!r} cannot be stored in {path.parent}: {error.strerror or error}. "
            f"{CACHE_VARIABLE} names another folder."
        ) from error
    return path


def verify_model(name: str) -> str:
    """Check a stored model: structure, and SHA-256 against the published ones and its record.

    Returns:
        A word on what it is: ``"official bundle"``, ``"official networks"`` or ``"unknown weights"``.

    Raises:
        ModelNotFoundError: It is not there.
        BundleError: It is damaged or not what was fetched.
    """
    path = model_path(name)
    bundle = read_bundle(path)
    sha256 = _sha256(path.read_bytes())
    recorded = _read_record(path).get("sha256", sha256)
    if recorded != sha256:
        raise BundleError(f"{path.name} has SHA-256 {sha256}, but {recorded} was fetched")
    if sha256 == OFFICIAL_BUNDLES[name][1]:
        return "official bundle"
    detector = _sha256(bundle.detector)
    landmarks = _sha256(bundle.landmarks)
    known = detector in (DETECTOR_NETWORK, DETECTOR_NETWORK_NPM) and landmarks == LANDMARK_NETWORKS[name]
    return "official networks" if known else "unknown weights"


def remove_model(name: str) -> bool:
    """Remove a stored model; False where there was none.

    Raises:
        ModelError: It cannot be removed.
    """
    path = model_path(name)
    try:
        there = path.exists()
        path.unlink(missing_ok=True)
        _record_path(path).unlink(missing_ok=True)
    except OSError as error:
        raise ModelError(f"{path} cannot be removed: {error.strerror}") from error
    return there


def is_offline() -> bool:
    """Whether POSE_LANDMARKER_OFFLINE forbids the network."""
    return os.environ.get(OFFLINE_VARIABLE, "").strip().lower() not in ("", "0", "false", "no")


def _fetch(name: str, path: Path, sources: Sequence[Source] | None) -> None:
    from pose_landmarker.models.sources import SOURCES  # brings the machinery of downloading

    for left_behind in leftovers(path):  # by a process that was killed
        left_behind.unlink(missing_ok=True)
    failures = []
    for source in SOURCES if sources is None else sources:
        if name not in source.models:
            continue
        try:
            with _progress_bar(f"fetching {name}: {source.name}") as progress:
                content = source.fetch(name, progress)
            read_bundle(content)
        except Exception as error:  # whatever one source does wrong, the next is asked
            failures.append(f"  {source.name}: {error or type(error).__name__}")
            continue
        record = {
            "source": source.name,
            "sha256": _sha256(content),
            "fetched": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "licence": LICENCE,
        }
        write_atomically(_record_path(path), json.dumps(record, indent=2).encode() + b"\n")
        write_atomically(path, content)
        return
    answers = "\n".join(failures)
    raise FetchError(f"model {name!r} could not be fetched:\n{answers}\n{_by_hand(name, path)}")


def _refuse_offline(name: str, path: Path) -> None:
    if is_offline():
        raise ModelNotFoundError(
            f"model {name!r} is not whole in {path.parent}, and {OFFLINE_VARIABLE} is set, so it is "
            f"not fetched. {_by_hand(name, path)}"
        )


def _by_hand(name: str, path: Path) -> str:
    return (
        f"To bring it by hand: run 'pose-landmarker models fetch {name}' on a machine with a network "
        f"and copy the file that it names to {path}; or pass model_asset_path= with a .task file."
    )


def _sha256(content: bytes) -> str:
    import hashlib

    return hashlib.sha256(content).hexdigest()


def _record_path(path: Path) -> Path:
    return path.with_suffix(".json")


def _read_record(path: Path) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        record = json.loads(_record_path(path).read_text(encoding="utf-8"))
        if isinstance(record, dict):
            return record
    return {}


@contextlib.contextmanager
def _progress_bar(description: str) -> Iterator[Progress]:
    """A progress bar on standard error where that is a terminal."""
    from tqdm import tqdm

    # disable=None: only on a terminal.
    with tqdm(desc=description, unit="B", unit_scale=True, disable=None, leave=False) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield progress
