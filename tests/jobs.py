"""Folders of jobs, made up, for tests of what is done with them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from pose_landmarker.batch.samples import sample_of, sampled_files
from pose_landmarker.export.arrow_tables import arrow_schema
from pose_landmarker.results import PoseLandmarkerResult

from .poses import make_pose

_TEXT, _WHOLE, _REAL = pa.string(), pa.int64(), pa.float64()
FILE_COLUMNS: dict[str, Any] = {
    **dict.fromkeys(("file", "content", "kind", "state", "same_as", "cause", "reason"), _TEXT),
    **dict.fromkeys(("attempts", "size", "mtime_ns", "width", "height", "frames", "poses", "people"), _WHOLE),
    **dict.fromkeys(("duration_s", "seconds"), _REAL),
    "problems": pa.list_(_TEXT),
    "worker": _TEXT,
}


def done(file: str, frames: Sequence[int], *, seconds: float = 1.0, **more: Any) -> dict[str, Any]:
    """A row of a video that is done; ``frames`` is how many people are in each."""
    row = {
        "file": file,
        "content": "0" * 64,
        "kind": "video",
        "state": "done",
        "attempts": 1,
        "size": 1_000_000,
        "width": 640,
        "height": 360,
        "frames": len(frames),
        "poses": sum(frames),
        "people": max(frames, default=0),
        "duration_s": len(frames) / 25,
        "seconds": seconds,
        "problems": [],
        "worker": "worker 1",
    }
    return row | more


def failed(file: str, cause: str = "content", reason: str = "it is no video", **more: Any) -> dict[str, Any]:
    """A row of a file that failed."""
    row = {"file": file, "kind": "video", "state": "failed", "cause": cause, "reason": reason}
    return row | {"attempts": 1, "size": 1000, "seconds": 0.1, "problems": [], "worker": "worker 1"} | more


def write_files(folder: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """``files.parquet``."""
    schema = pa.schema(FILE_COLUMNS)
    columns = {name: [row.get(name) for row in rows] for name in FILE_COLUMNS}
    pa.parquet.write_table(pa.table(columns, schema), folder / "files.parquet", row_group_size=1000)


def dataset(frames: Sequence[int], seed: int = 0) -> Any:
    """A table of a file with so many people in each frame, with scores and visibility by chance."""
    rng = np.random.default_rng(seed)
    places = [(i, person) for i, people in enumerate(frames) for person in (range(people) or (None,))]
    schema = arrow_schema("wide", named=False)
    columns: dict[str, Any] = {}
    for field in schema:
        if field.name == "frame":
            columns[field.name] = [frame for frame, _ in places]
        elif field.name == "person":
            columns[field.name] = [person for _, person in places]
        elif pa.types.is_floating(field.type):
            numbers = rng.beta(5, 1.5, len(places)).tolist()
            columns[field.name] = [
                None if person is None and field.name != "time_s" else number
                for (_, person), number in zip(places, numbers, strict=True)
            ]
        else:
            columns[field.name] = [None] * len(places)
    return pa.table(columns, schema)


def write_dataset(folder: Path, tables: Sequence[Any]) -> None:
    """``data/*.parquet``, a file for each table, in groups of few rows."""
    (folder / "data").mkdir(exist_ok=True)
    for i, table in enumerate(tables):
        pa.parquet.write_table(table, folder / "data" / f"{i}.parquet", row_group_size=100)


def write_samples(folder: Path, names: Sequence[str]) -> None:
    """``samples/*.jpg`` and the list of them, of grey frames with a body in them."""
    (folder / "samples").mkdir()
    listed = []
    for i in sorted(sampled_files(len(names))):
        image = np.full((360, 640, 3), 90 + 4 * i % 100, np.uint8)
        pose = make_pose(image_size=(640, 360), seed=i)
        made = sample_of(i, 12, 0.48, image, PoseLandmarkerResult(poses=(pose,), image_size=(640, 360)))
        (folder / "samples" / f"{i}.jpg").write_bytes(made.jpeg)
        listed.append({"file": names[i], "frame": 12, "time_s": 0.48, "poses": 1, "name": f"{i}.jpg"})
    (folder / "samples" / "samples.json").write_text(json.dumps(listed), encoding="utf-8")


def write_job(folder: Path, **more: Any) -> None:
    """``job.json``."""
    job = {
        "version": 1,
        "package": "0.1.0",
        "fingerprint": "ab" * 32,
        "model": {"name": "full", "sha256": "cd" * 32},
        "options": {"num_poses": 2, "smoothing": "reference", "search": "whole", "refine": None},
    }
    (folder / "job.json").write_text(json.dumps(job | more), encoding="utf-8")
