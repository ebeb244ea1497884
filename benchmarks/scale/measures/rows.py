"""What rows cost: bytes of a pose, and CPU time to pack, unpack and write it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from benchmarks.scale.measures.clock import cpu_s
from benchmarks.scale.measures.real_clips import NUM_POSES
from pose_landmarker import record
from pose_landmarker.export.arrow_tables import arrow_table
from pose_landmarker.recording import Recording

#: Rows of one message between worker and driver.
_BATCH = 300
#: Files whose footers are read, each of so many rows.
_PARTS, _PART_ROWS = 200, 900


def job_table(recording: Recording, number: int = 0) -> pa.Table:
    """The rows of one file as a job writes them: the wide table, and which file, model and version."""
    table = arrow_table(recording, "wide")
    constant = {
        "file": f"archive/2024-03-17/camera-07/{number:08d}.mp4",
        "content": f"{number:064x}",
        "model": "full",
        "model_sha256": "5" * 64,
        "version": "1.0.0",
    }
    for name, value in constant.items():
        column = pa.array([value] * table.num_rows).dictionary_encode()
        table = table.append_column(name, column)
    for name in ("time_numerator", "time_denominator"):
        table = table.append_column(name, pa.array(range(table.num_rows), pa.int64()))
    return table


def rows(clips: Sequence[Path], model: Path, folder: Path) -> dict[str, Any]:
    """Measured with what is found in real clips.

    Args:
        clips: Of people; those without any are left out.
        model: The bundle.
        folder: For files, emptied again.
    """
    found = [record(clip, model, num_poses=NUM_POSES, engine="native") for clip in clips]
    recordings = [recording for recording in found if np.isfinite(recording.landmarks).any()]
    tables = [job_table(recording, i) for i, recording in enumerate(recordings)]
    batches = [b for table in tables for b in table.to_batches(max_chunksize=_BATCH)]
    count = sum(table.num_rows for table in tables)
    packed = [_packed(batch) for batch in batches]
    path = folder / "rows.parquet"
    together = [pa.concat_tables(tables).unify_dictionaries().combine_chunks()]
    write_s = cpu_s(lambda: _write(together, path), 5)
    whole = path.stat().st_size
    footer = _footer_bytes(path)
    path.unlink()
    return {
        "rows": count,
        "ipc_bytes_a_row": round(sum(map(len, packed)) / count),
        "parquet_bytes_a_row": round((whole - footer) / count),
        "footer_bytes": footer,
        "pack_cpu_us_a_row": _us(cpu_s(lambda: [_packed(batch) for batch in batches], 5), count),
        "unpack_cpu_us_a_row": _us(cpu_s(lambda: [_unpacked(data) for data in packed], 5), count),
        "write_cpu_us_a_row": _us(write_s, count),
        **_parts(tables, folder),
    }


def _parts(tables: list[pa.Table], folder: Path) -> dict[str, Any]:
    """Many short files: what a part of 30 seconds weighs, and what reading its footer takes."""
    longest = max(tables, key=lambda table: table.num_rows)
    part = longest.slice(0, _PART_ROWS)
    paths = [folder / f"{i}.parquet" for i in range(_PARTS)]
    write_s = cpu_s(lambda: _write([part], paths[0]), 5)
    for path in paths[1:]:
        path.write_bytes(paths[0].read_bytes())
    read_s = cpu_s(lambda: [parquet.read_metadata(path) for path in paths], 3)
    size = paths[0].stat().st_size
    for path in paths:
        path.unlink()
    return {
        "part_rows": part.num_rows,
        "part_bytes": size,
        "part_write_cpu_ms": round(write_s * 1e3, 2),
        "footer_read_cpu_ms": round(read_s / _PARTS * 1e3, 3),
    }


def _packed(batch: pa.RecordBatch) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue()


def _unpacked(data: bytes) -> pa.RecordBatch:
    return pa.ipc.open_stream(data).read_next_batch()


def _write(tables: list[pa.Table], path: Path) -> None:
    """As the export does: zstd, dictionaries, the bytes of floats side by side."""
    schema = tables[0].schema
    floats = [field.name for field in schema if pa.types.is_floating(field.type)]
    others = [field.name for field in schema if field.name not in floats]
    options = {"compression": "zstd", "use_dictionary": others, "use_byte_stream_split": floats}
    with parquet.ParquetWriter(path, schema, **options) as writer:
        for table in tables:
            writer.write_table(table)


def _footer_bytes(path: Path) -> int:
    data = path.read_bytes()
    return int.from_bytes(data[-8:-4], "little")


def _us(seconds: float, count: int) -> float:
    return round(seconds / count * 1e6, 2)
