"""CSV: as the standard library, pandas, polars and DuckDB read it, and as people write it."""

from __future__ import annotations

import csv as standard
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pose_landmarker import DatasetError, Recording
from pose_landmarker.export import csv
from tests.recordings import HARD_NAMES, assert_same, nobody, pictures, recordings, scene

every_layout = pytest.mark.parametrize("layout", ["wide", "tidy"])


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(recording=recordings(), layout=st.sampled_from(["wide", "tidy"]))
def test_any_recording_comes_back(tmp_path: Path, recording: Recording, layout: str) -> None:
    csv.save(recording, tmp_path / "x.csv", layout=layout)
    assert_same(csv.load(tmp_path / "x.csv"), recording)


class TestSave:
    def test_a_wide_table_has_a_row_for_each_pose_and_for_each_frame_with_nobody(
        self, tmp_path: Path
    ) -> None:
        csv.save(scene(), tmp_path / "x.csv")
        with (tmp_path / "x.csv").open(newline="", encoding="utf-8") as file:
            rows = list(standard.DictReader(file, strict=True))
        assert [row["frame"] for row in rows] == list("00112345")
        assert [row["person"] for row in rows] == ["0", "1", "0", "1", "0", "", "", "0"]
        assert [row["track_id"] for row in rows] == ["1", "2", "1", "2", "1", "", "", ""]
        assert list(rows[0])[:10] == [
            *("frame", "time_s", "image_width", "image_height", "person", "track_id", "score"),
            *("nose_x", "nose_y", "nose_z"),
        ]
        assert list(rows[0])[10:16] == [
            *("nose_visibility", "nose_presence", "nose_world_x", "nose_world_y", "nose_world_z"),
            "left_eye_inner_x",
        ]
        assert len(rows[0]) == 7 + 33 * 8
        assert np.float32(rows[3]["left_knee_world_y"]) == scene().world_landmarks[3, 25, 1]
        assert float(rows[5]["time_s"]) == scene().times_s[3]
        assert rows[5]["nose_x"] == rows[5]["score"] == ""

    def test_a_tidy_table_has_a_row_for_each_landmark(self, tmp_path: Path) -> None:
        csv.save(scene(), tmp_path / "x.csv", layout="tidy")
        with (tmp_path / "x.csv").open(newline="", encoding="utf-8") as file:
            rows = list(standard.DictReader(file, strict=True))
        assert len(rows) == 6 * 33 + 2
        assert list(rows[0])[7:] == [
            *("landmark", "x", "y", "z", "visibility", "presence", "world_x", "world_y", "world_z")
        ]
        knees = [row for row in rows if row["landmark"] == "left_knee"]
        np.testing.assert_array_equal(
            np.array([row["x"] for row in knees], np.float32), scene().landmarks[:, 25, 0]
        )

    @every_layout
    def test_lines_end_as_the_rfc_says_and_names_are_quoted_where_they_must_be(
        self, tmp_path: Path, layout: str
    ) -> None:
        csv.save(pictures(), tmp_path / "x.csv", layout=layout)
        text = (tmp_path / "x.csv").read_bytes().decode()
        assert text.endswith("\r\n")
        assert '"a,b.jpg"' in text
        assert '"say ""hi"""' in text
        assert ",=1+1," in text
        with (tmp_path / "x.csv").open(newline="", encoding="utf-8") as file:
            names = [row["name"] for row in standard.DictReader(file, strict=True)]
        assert tuple(dict.fromkeys(names)) == HARD_NAMES

    def test_numbers_are_short(self, tmp_path: Path) -> None:
        csv.save(scene(), tmp_path / "x.csv")
        assert (tmp_path / "x.csv").stat().st_size < 3200 * 8

    @every_layout
    def test_opens_in_pandas_polars_and_duckdb(self, tmp_path: Path, layout: str) -> None:
        csv.save(scene(), tmp_path / "x.csv", layout=layout)
        column = "left_knee_y" if layout == "wide" else "y"
        where = "" if layout == "wide" else "where landmark = 'left_knee'"
        wanted = scene().landmarks[:, 25, 1]
        in_pandas = pd.read_csv(tmp_path / "x.csv")
        in_polars = pl.read_csv(tmp_path / "x.csv")
        if layout == "tidy":
            in_pandas = in_pandas[in_pandas["landmark"] == "left_knee"]
            in_polars = in_polars.filter(pl.col("landmark") == "left_knee")
        query = f"select {column} from '{tmp_path}/x.csv' {where}"
        in_duckdb = duckdb.execute(query).fetchnumpy()[column]
        for found in (in_pandas[column], in_polars[column], np.ma.filled(in_duckdb, np.nan)):
            values = np.array(found, np.float32)
            np.testing.assert_array_equal(values[~np.isnan(values)], wanted)
        assert in_pandas["frame"].dtype == in_polars["frame"].to_numpy().dtype == np.int64


class TestLoad:
    @every_layout
    def test_tables_of_pandas_are_read(self, tmp_path: Path, layout: str) -> None:
        csv.save(scene(), tmp_path / "x.csv", layout=layout)
        table = pd.read_csv(tmp_path / "x.csv")  # whole numbers with gaps become floats
        shuffled = table.sample(frac=1, random_state=1)[[*reversed(table.columns)]]
        shuffled.copy().assign(mine="x").to_csv(tmp_path / "y.csv", index=False)
        assert_same(csv.load(tmp_path / "y.csv"), scene())

    def test_columns_that_are_missing_are_not_known(self, tmp_path: Path) -> None:
        (tmp_path / "x.csv").write_text("frame,nose_x\n3,0.5\n3,0.25\n7,\n")
        found = csv.load(tmp_path / "x.csv")
        assert (len(found), found.frames.tolist(), found.image_sizes.tolist()) == (2, [0, 0], [[0, 0]] * 2)
        assert found.landmarks[:, 0, 0].tolist() == [0.5, 0.25]
        assert np.isnan(found.times_s).all()
        assert np.isnan(found.world_landmarks).all()
        (tmp_path / "x.csv").write_text("landmark,frame,track_id,x\nnose,0,4,0.5\nnose,0,5,0.25\n,1,,\n")
        found = csv.load(tmp_path / "x.csv")
        assert (found.frames.tolist(), found.track_ids.tolist(), len(found)) == ([0, 0], [4, 5], 2)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("", "there is no column 'frame'"),
            (
                "frame;time_s;nose_x\n1;2;3\n",
                "there is no column 'frame'; its columns are frame;time_s;nose_x",
            ),
            ("frame,time_s\n1,2\n", "there is no column such as 'nose_x'; its columns are frame, time_s"),
            ("frame,landmark\n1,nose\n", "there is no column such as 'x'"),
            ("frame,nose_x\n1,2,3\n1,2\n", "line 2 has 3 columns, but the header has 2"),
            ("frame,nose_x\n1\n1,2\n", "line 2 has 1 columns"),
            ("frame,nose_x\n1,2\nx,2\n", "line 3: 'x' cannot stand in the column 'frame'"),
            ("frame,nose_x\n1,2\n,2\n", "line 3: '' cannot stand in the column 'frame'"),
            ("frame,nose_x\n1.5,2\n", "'1.5' cannot stand"),
            ("frame,nose_x\ninf,2\n", "'inf' cannot stand"),
            ("frame,nose_x\n99999999999999999999,2\n", "cannot stand in the column 'frame'"),
            ("frame,nose_x\n0,1\n0,0x2\n", "line 3: '0x2' cannot stand in the column 'nose_x'"),
            ("frame,frame,nose_x\n1,2,3\n", "the column 'frame' twice"),
            ("frame,time_s,nose_x\n1,2,3\n1,3,3\n", "the rows of frame 1 differ in time_s"),
            ("frame,time_s,nose_x\n1,2,3\n2,1,3\n", "times_s must be finite and ascend"),
            ("frame,person,nose_x\n1,2,3\n1,2,3\n", "frame 1 has the person 2 twice"),
            ("frame,image_width,nose_x\n1,-2,3\n", "image_sizes must be"),
            ("frame,landmark,x\n1,tail,3\n", "no landmark is called 'tail'"),
            ("frame,landmark,x\n1,nose,3\n1,nose,4\n", "frame 1 has the landmark nose of a person twice"),
            ("frame,nose_x\n1,\0\n", "x.csv"),
            (",".join(map(str, range(20_000))) + "\n", "20000 columns"),
        ],
    )
    def test_tables_that_make_no_sense_are_refused(self, tmp_path: Path, text: str, message: str) -> None:
        (tmp_path / "x.csv").write_text(text)
        with pytest.raises(DatasetError, match=message) as raised:
            csv.load(tmp_path / "x.csv")
        assert "x.csv" in str(raised.value)

    def test_a_byte_order_mark_and_other_line_ends_are_fine(self, tmp_path: Path) -> None:
        for end in ("\n", "\r", "\r\n"):
            (tmp_path / "x.csv").write_text(f"\ufeffframe,nose_x{end}0,1{end}{end}1,1{end}", newline="")
            assert len(csv.load(tmp_path / "x.csv")) == 2

    def test_a_header_alone_has_no_frames(self, tmp_path: Path) -> None:
        csv.save(nobody(), tmp_path / "x.csv")
        assert (tmp_path / "x.csv").read_text().count("\n") == 1
        assert_same(csv.load(tmp_path / "x.csv"), nobody())
