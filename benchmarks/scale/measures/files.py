"""What files cost the driver: listing, remembering, the table of all files; and hashing, which workers do."""

from __future__ import annotations

import hashlib
import os
import tracemalloc
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from benchmarks.scale.measures.clock import cpu_s

_LISTED, _REMEMBERED, _HASHED = 5000, 100_000, 256 << 20


class Entry(NamedTuple):
    """What has to be known of a file to skip it next time."""

    source: str
    content: str
    size: int
    mtime_ns: int
    state: str


def files(folder: Path) -> dict[str, Any]:
    """Measured in a folder that is emptied again."""
    return {
        "list_cpu_us_a_file": _listing(folder),
        "memory_bytes_a_file": _memory(),
        "table_cpu_us_a_file": _table(folder)[0],
        "table_bytes_a_file": _table(folder)[1],
        "sha256_gb_a_cpu_s": _hashing(),
    }


def _entries(count: int) -> list[Entry]:
    contents = np.random.default_rng(3).integers(0, 256, (count, 32), dtype=np.uint8)
    return [
        Entry(f"archive/camera-{i % 97:02d}/{i:08d}.mp4", bytes(content).hex(), 10**7 + i, 10**18 + i, "done")
        for i, content in enumerate(contents)
    ]


def _listing(folder: Path) -> float:
    names = [folder / f"{i:06d}.mp4" for i in range(_LISTED)]
    for name in names:
        name.touch()
    spent = cpu_s(lambda: [(e.path, e.stat().st_size, e.stat().st_mtime_ns) for e in os.scandir(folder)])
    for name in names:
        name.unlink()
    return round(spent / _LISTED * 1e6, 2)


def _memory() -> int:
    tracemalloc.start()
    kept = {entry.source: entry for entry in _entries(_REMEMBERED)}
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return round(size / len(kept))


def _table(folder: Path) -> tuple[float, int]:
    entries = _entries(_REMEMBERED)
    path = folder / "files.parquet"

    def write() -> None:
        columns = {name: [getattr(e, name) for e in entries] for name in Entry._fields}
        parquet.write_table(pa.table(columns), path, compression="zstd")

    spent = cpu_s(write)
    size = path.stat().st_size
    path.unlink()
    return round(spent / _REMEMBERED * 1e6, 2), round(size / _REMEMBERED)


def _hashing() -> float:
    block = np.random.default_rng(5).bytes(1 << 20)

    def hash_all() -> None:
        digest = hashlib.sha256()
        for _ in range(_HASHED >> 20):
            digest.update(block)

    return round(_HASHED / cpu_s(hash_all) / 1e9, 2)
