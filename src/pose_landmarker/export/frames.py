"""Recordings as tables of pandas and polars and as datasets of xarray, and back.

Tables are those of ``schema.py``, wide or tidy; what is not known is missing in the library's own way.
Each function needs its own library only.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from pose_landmarker.checks import check_choice
from pose_landmarker.errors import DatasetError, MissingExtraError, OptionTypeError
from pose_landmarker.export import schema
from pose_landmarker.export.tables import LAYOUTS, columns_of, recording_of
from pose_landmarker.export.writer import check_recording
from pose_landmarker.recording import Recording
from pose_landmarker.topology import LANDMARK_NAMES

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import xarray as xr

_AXES: Final = ("x", "y", "z")
_SIDES: Final = ("width", "height")
#: Variables of datasets: their dimensions and units.
_VARIABLES: Final = {
    "landmarks": (("time", "person", "landmark", "axis"), "x, z: image widths; y: image heights"),
    "world_landmarks": (("time", "person", "landmark", "axis"), "m"),
    "visibility": (("time", "person", "landmark"), "0 to 1"),
    "presence": (("time", "person", "landmark"), "0 to 1"),
    "scores": (("time", "person"), "0 to 1"),
    "present": (("time", "person"), "whether the person is in view"),
}


def to_pandas(recording: Recording, layout: str = "wide") -> pd.DataFrame:
    """A recording as a table of pandas.

    Args:
        recording: The recording.
        layout: ``"wide"``, one row per pose, or ``"tidy"``, one row per landmark.

    Returns:
        The table; whole numbers that may be missing are ``Int64``, landmarks' names are categories.

    Raises:
        MissingExtraError: pandas is not installed.
        OptionError: There is no such layout.
        OptionTypeError: Something has the wrong type.
    """
    columns = _columns(recording, layout)
    pandas = _library("pandas")
    table = {
        name: pandas.arrays.IntegerArray(column, column == schema.UNKNOWN[name])
        if name in schema.UNKNOWN
        else column
        for name, column in columns.items()
    }
    if schema.LANDMARK in table:
        named = columns[schema.LANDMARK].copy()
        named[named == ""] = None
        table[schema.LANDMARK] = pandas.Categorical(named, LANDMARK_NAMES)
    frame: pd.DataFrame = pandas.DataFrame(table, copy=False)
    return frame


def from_pandas(table: pd.DataFrame) -> Recording:
    """A recording out of a table of pandas, with its rows and columns in any order.

    Columns that are missing are not known, and those of other names are left out.

    Args:
        table: Wide or tidy, such as :func:`to_pandas` gives or ``pandas.read_csv`` reads.

    Raises:
        MissingExtraError: pandas is not installed.
        OptionTypeError: ``table`` is no DataFrame.
        DatasetError: It is no table of poses, or contradicts itself.
    """
    pandas = _library("pandas")
    if not isinstance(table, pandas.DataFrame):
        raise OptionTypeError(f"table must be a pandas.DataFrame, not {type(table).__name__}")

    def column(name: str) -> npt.NDArray[Any]:
        values = table[name]
        if name in schema.TEXTS:
            return np.array(values.astype(object).where(values.notna(), ""), object)
        if name in schema.WHOLE:
            known = values if schema.WHOLE[name] is None else values.fillna(schema.WHOLE[name])
            return _exact(known.to_numpy())
        return np.asarray(values.to_numpy(np.float64, na_value=np.nan))

    return _recording([str(name) for name in table.columns], column, "the pandas.DataFrame")


def to_polars(recording: Recording, layout: str = "wide") -> pl.DataFrame:
    """A recording as a table of polars.

    Args:
        recording: The recording.
        layout: ``"wide"``, one row per pose, or ``"tidy"``, one row per landmark.

    Returns:
        The table; what is not known is null.

    Raises:
        MissingExtraError: polars is not installed.
        OptionError: There is no such layout, or a name is no text.
        OptionTypeError: Something has the wrong type.
    """
    columns = _columns(recording, layout)
    polars = _library("polars")
    table = polars.DataFrame(
        {
            name: polars.Series(name, column.tolist(), polars.String) if name in schema.TEXTS else column
            for name, column in columns.items()
        }
    )
    unknown = {**schema.UNKNOWN, schema.LANDMARK: ""}
    gaps = [
        polars.when(polars.col(name) != unknown[name]).then(polars.col(name)).alias(name)
        for name in columns
        if name in unknown
    ]
    filled: pl.DataFrame = table.with_columns(polars.selectors.float().fill_nan(None), *gaps)
    return filled


def from_polars(table: pl.DataFrame) -> Recording:
    """A recording out of a table of polars, with its rows and columns in any order.

    Columns that are missing are not known, and those of other names are left out.

    Args:
        table: Wide or tidy, such as :func:`to_polars` gives or ``polars.read_parquet`` reads.

    Raises:
        MissingExtraError: polars is not installed.
        OptionTypeError: ``table`` is no DataFrame.
        DatasetError: It is no table of poses, or contradicts itself.
    """
    polars = _library("polars")
    if not isinstance(table, polars.DataFrame):
        hint = "; collect() it first" if isinstance(table, polars.LazyFrame) else ""
        raise OptionTypeError(f"table must be a polars.DataFrame, not {type(table).__name__}{hint}")

    def column(name: str) -> npt.NDArray[Any]:
        values = table[name]
        if name in schema.TEXTS:
            return np.array(values.cast(polars.String).fill_null("").to_list(), object)
        if name in schema.WHOLE:
            if values.dtype.is_float():
                values = values.fill_nan(None)
            known = values if schema.WHOLE[name] is None else values.fill_null(schema.WHOLE[name])
            return _exact(known.to_numpy())
        return np.asarray(values.cast(polars.Float64).fill_null(np.nan).to_numpy())

    return _recording(table.columns, column, "the polars.DataFrame", polars.exceptions.PolarsError)


def to_xarray(recording: Recording) -> xr.Dataset:
    """A recording as a dataset of xarray: one place per person in every frame, as ``Recording.stack`` has.

    Args:
        recording: The recording.

    Returns:
        ``landmarks`` and ``world_landmarks`` (time, person, landmark, axis), ``visibility`` and ``presence``
        (time, person, landmark), ``scores`` and ``present`` (time, person), ``image_size`` (time, side), NaN
        where a person is not in view. ``time`` is in seconds, ``person`` the track id, -1 for people without
        one; pictures have their ``name`` along time.

    Raises:
        MissingExtraError: xarray is not installed.
        OptionError: An id occurs twice in a frame.
        OptionTypeError: Something has the wrong type.
    """
    stack = check_recording(recording).stack()
    xarray = _library("xarray")
    variables = {
        name: (dims, getattr(stack, name), {"units": unit}) for name, (dims, unit) in _VARIABLES.items()
    }
    variables["image_size"] = (("time", "side"), recording.image_sizes, {"units": "pixels"})
    coordinates: dict[str, Any] = {
        "time": ("time", stack.times_s, {"units": "s"}),
        "person": stack.track_ids,
        "landmark": list(LANDMARK_NAMES),
        "axis": list(_AXES),
        "side": list(_SIDES),
    }
    if recording.names is not None:
        coordinates["name"] = ("time", np.array(recording.names, object))
    dataset: xr.Dataset = xarray.Dataset(variables, coordinates, {"schema_version": schema.VERSION})
    return dataset


def from_xarray(dataset: xr.Dataset) -> Recording:
    """A recording out of a dataset of xarray.

    The people of a frame are in the order of their places.

    Args:
        dataset: As :func:`to_xarray` gives it, with its dimensions in any order.

    Raises:
        MissingExtraError: xarray is not installed.
        OptionTypeError: ``dataset`` is no Dataset.
        DatasetError: It is no dataset of poses, or contradicts itself.
    """
    xarray = _library("xarray")
    if not isinstance(dataset, xarray.Dataset):
        raise OptionTypeError(f"dataset must be an xarray.Dataset, not {type(dataset).__name__}")
    try:
        return _of_dataset(dataset)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise DatasetError(f"the xarray.Dataset is none of poses: {str(error)[:200]}") from error


def _of_dataset(dataset: xr.Dataset) -> Recording:
    chosen = dataset.sel(landmark=list(LANDMARK_NAMES), axis=list(_AXES), side=list(_SIDES))
    present = chosen["present"].transpose("time", "person").to_numpy().astype(np.bool_)
    frames, places = np.nonzero(present)
    rows = {
        name: chosen[name].transpose(*dims).to_numpy()[frames, places]
        for name, (dims, _) in _VARIABLES.items()
        if name != "present"
    }
    names = chosen["name"].to_numpy().tolist() if "name" in chosen.coords else None
    return Recording(
        times_s=chosen["time"].to_numpy(),
        image_sizes=chosen["image_size"].transpose("time", "side").to_numpy(),
        frames=frames,
        track_ids=chosen["person"].to_numpy()[places],
        names=None if names is None else tuple(names),
        **rows,
    )


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingExtraError(f"this needs {name} ({error}): pip install {name}") from error


def _columns(recording: Recording, layout: str) -> dict[str, npt.NDArray[Any]]:
    return columns_of(check_recording(recording), check_choice("layout", layout, LAYOUTS))


def _exact(values: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Whole numbers, whatever type they have in the table."""
    whole = values.astype(np.int64)
    if values.dtype.kind not in "iu" and not (whole == values).all():
        raise ValueError("there is something else where a whole number must be")
    return whole


def _recording(
    names: list[str],
    column: Callable[[str], npt.NDArray[Any]],
    where: str,
    *errors: type[Exception],
) -> Recording:
    """The recording in a table, of which ``column`` gives the columns, or raises one of ``errors``."""
    wrong: tuple[type[Exception], ...] = (TypeError, ValueError, OverflowError, *errors)
    known = [name for name in names if name in schema.UNITS]
    if len(set(known)) < len(known):
        raise DatasetError(f"{where} has columns of the same name")
    columns: dict[str, npt.NDArray[Any]] = {}
    for name in known:
        try:
            columns[name] = column(name)
        except wrong as error:
            raise DatasetError(
                f"{where}: the column {name!r} has other values: {str(error)[:200]}"
            ) from error
    return recording_of(columns, where, names)
