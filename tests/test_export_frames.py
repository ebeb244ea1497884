"""Recordings as tables of pandas and polars and datasets of xarray, and back."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from pose_landmarker import DatasetError, MissingExtraError, OptionError, OptionTypeError, Recording
from pose_landmarker.export import frames
from tests.recordings import HARD_NAMES, assert_same, nobody, pictures, recordings, scene, walking

every_layout = pytest.mark.parametrize("layout", ["wide", "tidy"])


@settings(max_examples=25, deadline=None)
@given(recording=recordings(), layout=st.sampled_from(["wide", "tidy"]))
def test_any_recording_comes_back_from_tables(recording: Recording, layout: str) -> None:
    assert_same(frames.from_pandas(frames.to_pandas(recording, layout)), recording)
    assert_same(frames.from_polars(frames.to_polars(recording, layout)), recording)


@settings(max_examples=25, deadline=None)
@given(recording=recordings())
def test_any_recording_comes_back_from_datasets(recording: Recording) -> None:
    assert_same(frames.from_xarray(frames.to_xarray(recording)), in_order_of_places(recording))


def in_order_of_places(recording: Recording) -> Recording:
    """The people of each frame as a stack has them: by their ids, then those without."""
    place = np.where(recording.track_ids < 0, 2**62, recording.track_ids)
    order = np.lexsort((place, recording.frames))
    rows = ("track_ids", "scores", "landmarks", "world_landmarks", "visibility", "presence")
    return replace(recording, **{name: getattr(recording, name)[order] for name in rows})


class TestPandas:
    def test_a_wide_table_has_a_column_for_each_number(self) -> None:
        table = frames.to_pandas(scene())
        np.testing.assert_array_equal(table["left_knee_world_y"].dropna(), scene().world_landmarks[:, 25, 1])
        assert table["nose_x"].dtype == np.float32
        assert table["track_id"].dtype == pd.Int64Dtype()
        assert table["track_id"].isna().sum() == 3
        assert table.groupby("frame")["person"].count().tolist() == [2, 2, 1, 0, 0, 1]

    def test_a_tidy_table_groups_by_landmark(self) -> None:
        table = frames.to_pandas(scene(), "tidy")
        means = table.groupby("landmark", observed=True)["x"].mean()
        assert means.index[0] == "nose"
        assert len(means) == 33
        assert means["left_knee"] == pytest.approx(scene().landmarks[:, 25, 0].mean())

    def test_tables_that_were_worked_on_are_read(self) -> None:
        table = frames.to_pandas(scene()).astype({"track_id": np.float64, "person": object, "nose_x": object})
        assert_same(frames.from_pandas(table.sample(frac=1, random_state=1)), scene())
        assert_same(frames.from_pandas(table.convert_dtypes()), scene())
        one = frames.from_pandas(table[table["track_id"] == 2])
        assert (len(one), one.frames.tolist(), one.track_ids.tolist()) == (2, [0, 1], [2, 2])


class TestPolars:
    def test_what_is_not_known_is_null(self) -> None:
        table = frames.to_polars(pictures())
        assert table["time_s"].null_count() == len(table)
        assert table["track_id"].null_count() == len(table)
        assert table["nose_x"].null_count() == 5
        assert tuple(table["name"].to_list()) == HARD_NAMES
        assert frames.to_polars(pictures(), "tidy")["landmark"].null_count() == 5

    def test_tables_that_were_worked_on_are_read(self) -> None:
        table = frames.to_polars(scene()).with_columns(
            pl.col("track_id").cast(pl.Float64).fill_null(float("nan")), pl.col("nose_x").cast(pl.Float64)
        )
        assert_same(frames.from_polars(table.sample(fraction=1, shuffle=True, seed=1)), scene())

    def test_lazy_ones_must_be_collected(self) -> None:
        with pytest.raises(OptionTypeError, match=r"not LazyFrame; collect\(\) it first"):
            frames.from_polars(frames.to_polars(scene()).lazy())  # type: ignore[arg-type]


class TestXarray:
    def test_numbers_are_chosen_by_their_names(self) -> None:
        dataset = frames.to_xarray(scene())
        knee = dataset.world_landmarks.sel(person=1, landmark="left_knee", axis="y")
        np.testing.assert_array_equal(knee[:3], scene().world_landmarks[[0, 2, 4], 25, 1])
        assert np.isnan(knee[3:]).all()
        assert dataset.world_landmarks.attrs["units"] == "m"
        assert dataset.sizes == {"time": 6, "person": 3, "landmark": 33, "axis": 3, "side": 2}
        assert dataset.image_size.sel(side="width").to_numpy().tolist() == [1280] * 6
        np.testing.assert_array_equal(dataset.sel(time=slice(0.05, 0.1)).time, scene().times_s[2:4])

    def test_dimensions_may_have_any_order_and_people_may_be_chosen(self) -> None:
        dataset = frames.to_xarray(scene())
        assert_same(frames.from_xarray(dataset.transpose().isel(landmark=slice(None, None, -1))), scene())
        assert_same(frames.from_xarray(dataset.sel(person=[2])), scene().select(2))

    def test_pictures_keep_their_names(self) -> None:
        dataset = frames.to_xarray(pictures())
        assert tuple(dataset["name"].to_numpy()) == HARD_NAMES
        assert_same(frames.from_xarray(dataset), pictures())

    def test_an_id_that_two_have_is_refused(self) -> None:
        twice = replace(walking(2, 2), track_ids=np.ones(4, np.int64))
        with pytest.raises(OptionError, match="twice"):
            frames.to_xarray(twice)

    def test_other_datasets_are_refused(self) -> None:
        dataset = frames.to_xarray(scene())
        for broken in (
            xr.Dataset(),
            dataset.drop_vars("landmarks"),
            dataset.isel(landmark=slice(3)),
            dataset.isel(time=slice(None, None, -1)),
            dataset.assign_coords(person=["a", "b", "c"]),
            dataset.assign_coords(name=("time", np.arange(6))),
        ):
            with pytest.raises(DatasetError, match=r"the xarray\.Dataset is none of poses"):
                frames.from_xarray(broken)


@every_layout
@pytest.mark.parametrize("library", ["pandas", "polars"])
class TestTables:
    def test_every_kind_of_recording_comes_back(self, library: str, layout: str) -> None:
        to, back = getattr(frames, f"to_{library}"), getattr(frames, f"from_{library}")
        for recording in (scene(), pictures(), nobody(3), nobody()):
            assert_same(back(to(recording, layout)), recording)

    def test_wrong_types_are_refused(self, library: str, layout: str) -> None:
        with pytest.raises(OptionTypeError, match="must be a Recording, not list"):
            getattr(frames, f"to_{library}")([], layout)
        with pytest.raises(OptionTypeError, match=rf"must be a {library}\.DataFrame, not list"):
            getattr(frames, f"from_{library}")([])
        with pytest.raises(OptionError, match="layout must be"):
            getattr(frames, f"to_{library}")(scene(), layout.upper())

    @pytest.mark.parametrize(
        "columns",
        [
            {},
            {"frame": [1]},
            {"nose_x": [1.0]},
            {"frame": [1.5], "nose_x": [1.0]},
            {"frame": [None], "nose_x": [1.0]},
            {"frame": ["x"], "nose_x": [1.0]},
            {"frame": [1], "nose_x": ["x"]},
            {"frame": [1], "nose_x": [[1]]},
            {"frame": [1], "person": [float("inf")], "nose_x": [1.0]},
            {"frame": [1], "landmark": ["tail"], "x": [1.0]},
            {"frame": [1, 1], "person": [0, 0], "nose_x": [1.0, 1.0]},
        ],
    )
    @pytest.mark.filterwarnings("ignore:invalid value encountered in cast")
    def test_tables_that_make_no_sense_are_refused(
        self, library: str, layout: str, columns: dict[str, list[Any]]
    ) -> None:
        table = pd.DataFrame(columns) if library == "pandas" else pl.DataFrame(columns)
        with pytest.raises(DatasetError, match=rf"the {library}\.DataFrame"):
            getattr(frames, f"from_{library}")(table)

    def test_without_the_library_the_line_to_type_is_told(
        self, library: str, layout: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in (library, "xarray"):
            monkeypatch.setitem(sys.modules, name, None)
            with pytest.raises(MissingExtraError, match=f"pip install {name}"):
                getattr(frames, f"to_{name}")(scene())
            with pytest.raises(MissingExtraError, match=f"pip install {name}"):
                getattr(frames, f"from_{name}")(None)


def test_columns_of_the_same_name_are_refused() -> None:
    table = pd.DataFrame([[1, 1, 1.0]], columns=["frame", "frame", "nose_x"])
    with pytest.raises(DatasetError, match="columns of the same name"):
        frames.from_pandas(table)


def test_a_dataset_must_be_one() -> None:
    with pytest.raises(OptionTypeError, match="not dict"):
        frames.from_xarray({})  # type: ignore[arg-type]
