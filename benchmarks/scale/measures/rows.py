"""What rows cost: bytes of a pose, and CPU time to pack, unpack and write it, as a job does."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

from benchmarks.scale.measures.clock import cpu_s
from pose_landmarker import record
from pose_landmarker.export.schema import LANDMARK_COLUMNS

_NUM_POSES = 4
#: Rows of a message between worker and driver, of a group in a file, and of a short file (30 s).
_MESSAGE, _GROUP, _PART = 256, 8192, 900
_PARTS = 200
_ABOUT = ("frame", "time_numerator", "time_denominator", "image_width", "image_height", "person", "track_id")
_CONSTANT = {
    "file": "archive/2024-03-17/camera-07/00000123.mp4",
    "content": "0123456789abcdef" * 4,
    "model": "full",
    "model_sha256": "fedcba9876543210" * 4,
    "version": "1.0.0",
}


def rows(clips: Sequence[Path], model: Path, folder: Path) -> dict[str, Any]:
    """Measured with poses of real clips, shaken in their last digits until there are enough of them.

    Args:
        clips: Of people; frames without any are left out.
        model: The bundle.
        folder: For files, emptied again.
    """
    values = _enough(np.concatenate([_poses(clip, model) for clip in clips]))
    messages = [_message(values[i : i + _MESSAGE]) for i in range(0, len(values), _MESSAGE)]
    packed = [_packed(message) for message in messages]
    path = folder / "rows.parquet"
    write_s = cpu_s(lambda: _write(messages, path), 5)
    whole, footer = path.stat().st_size, _footer_bytes(path)
    path.unlink()
    return {
        "message_bytes_a_row": round(sum(map(len, packed)) / len(values)),
        "parquet_bytes_a_row": round((whole - footer) / len(values)),
        "pack_cpu_us_a_row": _us(cpu_s(lambda: [_packed(message) for message in messages], 5), len(values)),
        "unpack_cpu_us_a_row": _us(cpu_s(lambda: [_unpacked(data) for data in packed], 5), len(values)),
        "write_cpu_us_a_row": _us(write_s, len(values)),
        **_parts(_message(values[:_PART]), folder),
    }


def _poses(clip: Path, model: Path) -> NDArray[np.float32]:
    """(N, 264): all numbers of all poses of a clip."""
    found = record(clip, model, num_poses=_NUM_POSES, engine="native")
    scores = (found.visibility[..., None], found.presence[..., None])
    of_landmarks = np.concatenate([found.landmarks, *scores, found.world_landmarks], axis=-1)
    return np.asarray(of_landmarks.reshape(-1, len(LANDMARK_COLUMNS)), np.float32)


def _enough(values: NDArray[np.float32]) -> NDArray[np.float32]:
    count = 2 * _GROUP
    noise = np.random.default_rng(0).standard_normal((count, values.shape[1])) * 1e-4
    return np.asarray(values[np.arange(count) % len(values)] * (1 + noise), np.float32)


def _message(values: NDArray[np.float32]) -> pa.RecordBatch:
    """What a worker sends: a few columns, and all numbers of a pose in one."""
    numbers = np.arange(len(values))
    arrays = [pa.array(numbers if name == "frame" else np.full(len(values), 30)) for name in _ABOUT]
    arrays += [pa.array(numbers / 30), pa.array(np.ones(len(values), np.float32))]
    listed = pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), values.shape[1])
    return pa.RecordBatch.from_arrays([*arrays, listed], [*_ABOUT, "time_s", "score", "values"])


def _table(messages: Sequence[pa.RecordBatch]) -> pa.Table:
    """What the driver makes of it: a column for every number."""
    whole = pa.Table.from_batches(messages).combine_chunks()
    numbers = whole["values"].chunk(0).flatten().to_numpy().reshape(whole.num_rows, -1)
    columns = {name: whole[name] for name in whole.column_names if name != "values"}
    columns |= {
        name: pa.array(column) for name, column in zip(LANDMARK_COLUMNS, numbers.T.copy(), strict=True)
    }
    for name, value in _CONSTANT.items():
        columns[name] = pa.DictionaryArray.from_arrays(np.zeros(whole.num_rows, np.int32), [value])
    return pa.table(columns)


def _write(messages: Sequence[pa.RecordBatch], path: Path) -> None:
    """As the export does: zstd, dictionaries, the bytes of floats side by side."""
    schema = _table(messages[:1]).schema
    floats = [field.name for field in schema if pa.types.is_floating(field.type)]
    others = [field.name for field in schema if field.name not in floats]
    options = {"compression": "zstd", "use_dictionary": others, "use_byte_stream_split": floats}
    each = _GROUP // _MESSAGE
    with parquet.ParquetWriter(path, schema, **options) as writer:
        for i in range(0, len(messages), each):
            writer.write_table(_table(messages[i : i + each]))


def _parts(message: pa.RecordBatch, folder: Path) -> dict[str, Any]:
    """Many short files: what one weighs, and what reading its footer takes."""
    paths = [folder / f"{i}.parquet" for i in range(_PARTS)]
    write_s = cpu_s(lambda: _write([message], paths[0]), 5)
    data = paths[0].read_bytes()
    for path in paths[1:]:
        path.write_bytes(data)
    read_s = cpu_s(lambda: [parquet.read_metadata(path) for path in paths], 3)
    footer = _footer_bytes(paths[0])
    for path in paths:
        path.unlink()
    return {
        "part_rows": message.num_rows,
        "part_bytes": len(data),
        "part_write_cpu_ms": round(write_s * 1e3, 2),
        "footer_bytes": footer,
        "footer_read_cpu_ms": round(read_s / _PARTS * 1e3, 3),
    }


def _packed(batch: pa.RecordBatch) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue()


def _unpacked(data: bytes) -> pa.RecordBatch:
    return pa.ipc.open_stream(data).read_next_batch()


def _footer_bytes(path: Path) -> int:
    return int.from_bytes(path.read_bytes()[-8:-4], "little")


def _us(seconds: float, count: int) -> float:
    return round(seconds / count * 1e6, 2)
