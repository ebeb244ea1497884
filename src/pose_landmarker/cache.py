"""Files that this package keeps for itself: where they are, and writing them whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from pose_landmarker.errors import OptionError

#: Names another folder for models and compiled networks.
CACHE_VARIABLE = "POSE_LANDMARKER_CACHE"


def cache_dir() -> Path:
    """Where models and compiled networks are kept; not made by asking.

    ``POSE_LANDMARKER_CACHE`` where it is set, else the platform's folder for caches.

    Raises:
        OptionError: The variable names the home of a user who does not exist.
    """
    import platformdirs

    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen:
        try:
            return Path(chosen).expanduser()
        except RuntimeError as error:
            raise OptionError(f"{CACHE_VARIABLE} is {chosen!r}: {error}") from error
    return Path(platformdirs.user_cache_dir("pose-landmarker", appauthor=False))


def leftovers(path: Path) -> list[Path]:
    """What :func:`write_atomically` was writing for this file when it was killed."""
    return list(path.parent.glob(f".{path.name}.*.part"))


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that, at any moment, ``path`` is the old file, or none, or the whole new one.

    Raises:
        OSError: The folder cannot be made or written to; nothing is left behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.urandom(4).hex()}.part")
    try:
        with temporary.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
