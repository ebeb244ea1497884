"""Parquet and Arrow: as pandas, polars, DuckDB and pyarrow read them, and what those write."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pose_landmarker import DatasetError, MissingExtraError, Recording
from pose_landmarker.export import arrow, parquet, schema
from tests.recordings import HARD_NAMES, assert_same, pictures, recordings, scene, walking

MODULES: dict[str, Any] = {"x.parquet": parquet, "x.arrow": arrow, "x.arrows": arrow}
every_file = pytest.mark.parametrize("name", MODULES)
every_layout = pytest.mark.parametrize("layout", ["wide", "tidy"])


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    recording=recordings(), layout=st.sampled_from(["wide", "tidy"]), name=st.sampled_from(sorted(MODULES))
)
def test_any_recording_comes_back(tmp_path: Path, recording: Recording, layout: str, name: str) -> None:
    MODULES[name].save(recording, tmp_path / name, layout=layout)
    assert_same(MODULES[name].load(tmp_path / name), recording)
    with MODULES[name].Writer(tmp_path / name, layout=layout) as writer:
        for frame in recording:
            writer.write(frame)
    assert_same(MODULES[name].load(tmp_path / name), recording)


class TestOtherLibraries:
    def test_a_parquet_file_opens_with_one_line_each(self, tmp_path: Path) -> None:
        parquet.save(scene(), tmp_path / "x.parquet")
        in_pandas = pd.read_parquet(tmp_path / "x.parquet")
        in_polars = pl.read_parquet(tmp_path / "x.parquet")
        in_duckdb: Any = duckdb.execute(f"from '{tmp_path}/x.parquet'").fetchnumpy()
        wanted = scene().world_landmarks[:, 25, 1]
        for table in (in_pandas, in_polars, in_duckdb):
            found = np.ma.filled(np.ma.asarray(table["left_knee_world_y"]), np.nan).astype(np.float32)
            assert len(found) == 8
            np.testing.assert_array_equal(found[~np.isnan(found)], wanted)
        assert in_pandas["frame"].tolist() == [0, 0, 1, 1, 2, 3, 4, 5]
        assert in_polars["track_id"].to_list() == [1, 2, 1, 2, 1, None, None, None]
        assert in_polars["nose_x"].null_count() == in_duckdb["nose_x"].mask.sum() == 2

    def test_questions_about_people_are_asked_in_sql(self, tmp_path: Path) -> None:
        parquet.save(scene(), tmp_path / "x.parquet")
        query = f"select frame, count(person) from '{tmp_path}/x.parquet' group by frame order by frame"
        assert duckdb.execute(query).fetchall() == [(0, 2), (1, 2), (2, 1), (3, 0), (4, 0), (5, 1)]

    @every_layout
    def test_arrow_files_are_feather_too(self, tmp_path: Path, layout: str) -> None:
        arrow.save(scene(), tmp_path / "x.arrow", layout=layout)
        arrow.save(scene(), tmp_path / "x.arrows", layout=layout)
        tables = (
            pd.read_feather(tmp_path / "x.arrow"),
            pl.read_ipc(tmp_path / "x.arrow").to_pandas(),
            pl.read_ipc_stream(tmp_path / "x.arrows").to_pandas(),
            pa.ipc.open_stream(tmp_path / "x.arrows").read_pandas(),
        )
        for table in tables:
            assert len(table) == (8 if layout == "wide" else 6 * 33 + 2)
            assert table["time_s"].iloc[-1] == scene().times_s[-1]

    @every_file
    def test_units_and_version_are_in_the_metadata(self, tmp_path: Path, name: str) -> None:
        MODULES[name].save(pictures(), tmp_path / name)
        if name == "x.parquet":
            found = pq.read_schema(tmp_path / name)
        else:
            opened = pa.ipc.open_file if name == "x.arrow" else pa.ipc.open_stream
            with pa.OSFile(str(tmp_path / name)) as file:
                found = opened(file).schema
        assert tuple(found.names) == schema.wide_columns(named=True)
        assert json.loads(found.metadata[b"pose_landmarker"]) == {"schema_version": 1, "layout": "wide"}
        assert found.field("nose_world_x").metadata[b"unit"].startswith(b"m, ")
        assert all(field.metadata[b"unit"] for field in found)
        assert found.field("nose_x").type == pa.float32()
        assert not found.field("frame").nullable

    def test_what_a_killed_writer_left_opens_elsewhere(self, tmp_path: Path) -> None:
        writer = parquet.Writer(tmp_path / "x.parquet")
        for frame in pictures():
            writer.write(frame)
        table = pl.read_ipc_stream(writer.part)
        writer.discard()
        assert tuple(table["name"].to_list()) == HARD_NAMES
        assert table["values"].dtype.shape == (264,)  # type: ignore[attr-defined]


class TestForeignTables:
    @every_file
    @every_layout
    def test_of_pandas_are_read_in_any_order(self, tmp_path: Path, name: str, layout: str) -> None:
        parquet.save(scene(), tmp_path / "x.parquet", layout=layout)
        table = pd.read_parquet(tmp_path / "x.parquet").sample(frac=1, random_state=2)
        table = table.astype({"frame": np.float64}).copy()  # gaps have made floats of the others already
        if layout == "tidy":
            table = table.astype({"landmark": "category"})
        if name == "x.parquet":
            table.to_parquet(tmp_path / "y.parquet")
        else:
            table.reset_index(drop=True).to_feather(tmp_path / "y.parquet", compression="uncompressed")
        assert_same(MODULES[name].load(tmp_path / "y.parquet"), scene())

    def test_of_polars_are_read(self, tmp_path: Path) -> None:
        parquet.save(pictures(), tmp_path / "x.parquet")
        table = pl.read_parquet(tmp_path / "x.parquet").with_columns(pl.lit(3).alias("mine"))
        table.select(*reversed(table.columns)).write_parquet(tmp_path / "y.parquet")
        assert_same(parquet.load(tmp_path / "y.parquet"), pictures())

    @pytest.mark.parametrize(
        ("columns", "message"),
        [
            ({"a": [1]}, "there is no column 'frame'; its columns are a"),
            ({"frame": [1]}, "there is no column such as 'nose_x'"),
            ({"frame": [1, None], "nose_x": [1.0, 2.0]}, "rows without a number in the column 'frame'"),
            ({"frame": [1.5], "nose_x": [1.0]}, "double cannot be in the column 'frame'"),
            ({"frame": ["x"], "nose_x": [1.0]}, "string cannot be in the column 'frame'"),
            ({"frame": [1], "nose_x": [[1.0]]}, "cannot be in the column 'nose_x'"),
            ({"frame": [1], "nose_x": ["x"]}, "string cannot be in the column 'nose_x'"),
            ({"frame": [1], "name": [{"a": 1}], "nose_x": [1.0]}, "cannot be in the column 'name'"),
            ({"frame": [1], "values": [[1.0]]}, "the column 'values' is not 264 numbers in every row"),
        ],
    )
    @every_file
    def test_tables_that_make_no_sense_are_refused(
        self, tmp_path: Path, name: str, columns: dict[str, list[Any]], message: str
    ) -> None:
        table = pa.table(columns)
        if name == "x.parquet":
            pq.write_table(table, tmp_path / name)
        else:
            new = pa.ipc.new_file if name == "x.arrow" else pa.ipc.new_stream
            with new(str(tmp_path / name), table.schema) as writer:
                writer.write_table(table)
        with pytest.raises(DatasetError, match=message) as raised:
            MODULES[name].load(tmp_path / name)
        assert name in str(raised.value)

    def test_columns_of_the_same_name_are_refused(self, tmp_path: Path) -> None:
        table = pa.Table.from_arrays([pa.array([1])] * 2, ["frame", "frame"])
        with pa.ipc.new_file(str(tmp_path / "x.arrow"), table.schema) as writer:
            writer.write_table(table)
        with pytest.raises(DatasetError, match="columns of the same name"):
            arrow.load(tmp_path / "x.arrow")

    def test_files_that_would_fill_the_memory_are_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        parquet.save(walking(10), tmp_path / "x.parquet")
        monkeypatch.setattr(parquet, "_MOST_BYTES", 1000)
        with pytest.raises(DatasetError, match="GiB of numbers, which poses are not"):
            parquet.load(tmp_path / "x.parquet")


def test_many_pieces_become_one_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pose_landmarker.export.journal._POSES_AT_ONCE", 7)
    for name, module in MODULES.items():
        module.save(walking(20, 3), tmp_path / name)
        assert_same(module.load(tmp_path / name), walking(20, 3))
        with module.Writer(tmp_path / name, layout="tidy") as writer:
            for frame in pictures():
                writer.write(frame)
        assert_same(module.load(tmp_path / name), pictures())


@every_file
def test_without_pyarrow_the_line_to_type_is_told(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    module = MODULES[name]
    calls = ((module.save, (scene(), tmp_path / name)), (module.load, (tmp_path / name,)))
    for call, arguments in (*calls, (module.Writer, (tmp_path / name,))):
        with pytest.raises(MissingExtraError, match=r"pip install 'pose-landmarker\[export\]'"):
            call(*arguments)
    assert not list(tmp_path.iterdir())
