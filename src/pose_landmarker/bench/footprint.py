"""How much room a package takes with all that it needs: a script for any interpreter.

Usage: ``footprint.py PACKAGE [EXTRA ...]``. Prints JSON: bytes of files, bytes on disk.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path


def footprint(package: str, extras: Sequence[str]) -> dict[str, float | None]:
    """Bytes of the files of a package and of everything that it depends on.

    Args:
        package: Name of an installed distribution.
        extras: Of it, whose packages are counted, too.

    Returns:
        ``files``; ``on_disk``, None where the system does not say; ``packages``, how many.
    """
    files: dict[Path, None] = {}
    for name in _closure(package, extras):
        files |= dict.fromkeys(_files_of(importlib.metadata.distribution(name)))
    statuses = [path.stat() for path in files if path.is_file()]
    blocks = [getattr(status, "st_blocks", None) for status in statuses]
    on_disk = None if None in blocks else sum(512 * (count or 0) for count in blocks)
    count = len(_closure(package, extras))
    return {"files": sum(status.st_size for status in statuses), "on_disk": on_disk, "packages": count}


def _closure(package: str, extras: Sequence[str]) -> set[str]:
    """Names of the package and of what it depends on, as far as it is installed."""
    seen: set[str] = set()
    todo = [(package, tuple(extras))]
    while todo:
        name, wanted = todo.pop()
        try:
            needs = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue  # for other systems or releases of Python
        seen.add(_plain(name))
        for need in needs:
            extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)['\"]", need)
            match = re.match(r"\s*([A-Za-z0-9._-]+)", need)
            if match and (extra is None or extra[1] in wanted) and _plain(match[1]) not in seen:
                todo.append((match[1], ()))
    return seen


def _files_of(distribution: importlib.metadata.Distribution) -> list[Path]:
    """All files; of an editable installation those of its source, too."""
    listed = [Path(str(distribution.locate_file(entry))).resolve() for entry in distribution.files or ()]
    if any(path.suffix == ".pth" for path in listed):
        spec = find_spec(distribution.metadata["Name"].replace("-", "_"))
        for folder in spec.submodule_search_locations or () if spec else ():
            listed += (path.resolve() for path in Path(folder).rglob("*"))
    return listed


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    del sys.path[0]  # the folder of this script: its neighbours are not for others to import
    sys.stdout.write(json.dumps(footprint(sys.argv[1], sys.argv[2:])) + "\n")
