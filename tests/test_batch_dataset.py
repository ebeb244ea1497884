"""A dataset of a million rows opens in pandas, polars and DuckDB, with the lines that the docs show."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pose_landmarker.batch import store
from pose_landmarker.batch.columns import Constants, dataset_schema, worker_batch
from pose_landmarker.batch.entry import Entry
from pose_landmarker.batch.store import Store
from pose_landmarker.results import PoseLandmarkerResult
from tests.poses import make_pose

DOC = (Path(__file__).parents[1] / "docs" / "batch.md").read_text(encoding="utf-8")
LINES = re.findall(r"^print\(len\((.* 'found/data.*|.*\"found/data.*)\)\)$", DOC, re.MULTILINE)


def _write(output: Path, files: int, frames: int) -> None:
    """A dataset of videos in which one person stands still."""
    opened = Store(output, Constants("lite", "ab" * 32, "1.2.3"))
    result = PoseLandmarkerResult(poses=(make_pose(track_id=1),), image_size=(160, 120))
    times = [Fraction(i, 30) for i in range(frames)]
    batch = worker_batch([result] * frames, range(frames), times)
    for number in range(files):
        entry = Entry(file=f"{number}.mp4", content=f"{number:064x}", turn=number, frames=frames)
        incoming = opened.incoming(number, entry.file)
        incoming.add(batch, entry.content or "")
        opened.commit(incoming, entry)
    opened.seal()


@pytest.mark.parametrize(
    ("files", "frames"), [(3, 40), pytest.param(100, 10_000, marks=pytest.mark.slow, id="a million rows")]
)
def test_the_lines_of_the_docs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: int, frames: int
) -> None:
    monkeypatch.chdir(tmp_path)
    _write(tmp_path / "found", files, frames)
    assert [line.partition(".")[0] for line in LINES] == ["pandas", "polars", "duckdb"]
    for line in LINES:
        names: dict[str, Any] = {name: __import__(name) for name in ("pandas", "polars", "duckdb")}
        rows = eval(line, names)
        assert len(rows) == files * frames, line
        assert list(rows.columns) == dataset_schema().names, line


def test_numbers_are_the_same_in_all_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import duckdb
    import pandas
    import polars

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(store, "SEAL_BYTES", 1)  # many parts
    _write(tmp_path / "found", 3, 4)
    expected = make_pose().landmarks[0, 0]
    in_pandas = pandas.read_parquet("found/data")
    np.testing.assert_array_equal(in_pandas["nose_x"], expected)
    assert sorted(set(in_pandas["file"])) == ["0.mp4", "1.mp4", "2.mp4"]
    in_polars = polars.read_parquet("found/data/*.parquet")
    assert in_polars["nose_x"].unique().to_list() == [float(expected)]
    query = "select distinct nose_x, max(time_s) from 'found/data/*.parquet' group by all"
    in_duckdb = duckdb.sql(query)
    assert in_duckdb is not None
    assert in_duckdb.fetchall() == [(float(expected), 0.1)]
    one = polars.scan_parquet("found/data/*.parquet").filter(polars.col("file") == "1.mp4").collect()
    assert one["frame"].to_list() == [0, 1, 2, 3]
