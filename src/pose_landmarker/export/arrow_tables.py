"""Tables of Arrow: a recording's columns with their units, and such columns out of tables of anybody."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from pose_landmarker.errors import DatasetError, MissingExtraError
from pose_landmarker.export import schema
from pose_landmarker.export.rows import Rows
from pose_landmarker.export.tables import Columns, columns_of, recording_of
from pose_landmarker.recording import Recording

#: Key of the tables' metadata.
_OURS: Final = b"pose_landmarker"
#: The one column that a journal has in place of the schema's ``LANDMARK_COLUMNS``.
VALUES: Final = "values"
_WIDTH: Final = len(schema.LANDMARK_COLUMNS)


def load_pyarrow(module: str = "pyarrow", *, extra: str = "export") -> Any:
    """pyarrow, or one of its modules.

    Args:
        module: Its name.
        extra: Which of our extras to name where it is missing.

    Raises:
        MissingExtraError: It is not installed; the message holds the line to type.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f"Parquet and Arrow need pyarrow ({error}): pip install 'pose-landmarker[{extra}]'"
        ) from error


def arrow_schema(layout: str, *, named: bool) -> Any:
    """The schema of a table: types, units of the fields, and which version and layout it is."""
    pa = load_pyarrow()
    names = schema.wide_columns(named=named) if layout == "wide" else schema.tidy_columns(named=named)
    fields = [
        pa.field(name, _type(pa, name), name != schema.FRAME, {"unit": schema.UNITS[name]}) for name in names
    ]
    about = {"schema_version": schema.VERSION, "layout": layout}
    return pa.schema(fields, {_OURS: json.dumps(about).encode()})


def arrow_table(recording: Recording, layout: str, first: int = 0) -> Any:
    """A recording as a table; what is not known is null.

    Args:
        recording: The recording.
        layout: ``"wide"`` or ``"tidy"``.
        first: Number of its first frame.
    """
    pa = load_pyarrow()
    wanted = arrow_schema(layout, named=recording.names is not None)
    columns = columns_of(recording, layout, first)
    arrays = [_array(pa, field.name, field.type, columns[field.name]) for field in wanted]
    return pa.Table.from_arrays(arrays, schema=wanted)


def journal_batch(recording: Recording, first: int) -> Any:
    """A recording as one batch of a journal: all numbers of a pose are a list in one column."""
    pa = load_pyarrow()
    rows = Rows.of(recording, first)
    columns = rows.columns()
    arrays = [_array(pa, name, _type(pa, name), column) for name, column in columns.items()]
    values = pa.FixedSizeListArray.from_arrays(pa.array(rows.values.reshape(-1)), _WIDTH)
    return pa.RecordBatch.from_arrays([*arrays, values], [*columns, VALUES])


def recording_of_table(table: Any, where: str) -> Recording:
    """The recording in a table of either layout, or in a journal; columns of other names are left out.

    Raises:
        DatasetError: It is no table of poses; the message begins with ``where``.
    """
    names = [name for name in table.column_names if name in schema.UNITS or name == VALUES]
    if len(set(names)) < len(names):
        raise DatasetError(f"{where} has columns of the same name")
    columns: dict[str, npt.NDArray[Any]] = {}
    for name in names:
        if name == VALUES:
            columns |= _of_values(table.column(name), where)
        else:
            columns[name] = _column(name, table.column(name), where)
    return recording_of(columns, where, table.column_names)


def _of_values(column: Any, where: str) -> Columns:
    pa = load_pyarrow()
    if column.type != pa.list_(pa.float32(), _WIDTH) or column.null_count:
        raise DatasetError(f"{where}: the column {VALUES!r} is not {_WIDTH} numbers in every row")
    flat = [chunk.flatten().to_numpy(zero_copy_only=False) for chunk in column.chunks]
    values = np.concatenate([np.empty(0, np.float32), *flat]).reshape(-1, _WIDTH)
    return dict(zip(schema.LANDMARK_COLUMNS, values.T, strict=True))


def _type(pa: Any, name: str) -> Any:
    if name in schema.TEXTS:
        return pa.string()
    if name in schema.WHOLE:
        return pa.int64()
    return pa.float64() if name == schema.TIME else pa.float32()


def _array(pa: Any, name: str, kind: Any, column: npt.NDArray[Any]) -> Any:
    if name in schema.UNKNOWN:
        return pa.array(column, kind, mask=column == schema.UNKNOWN[name])
    if name == schema.LANDMARK:
        return pa.array(column, kind, mask=column == "")
    return pa.array(column, kind, from_pandas=column.dtype.kind == "f")  # NaN becomes null


def _column(name: str, column: Any, where: str) -> npt.NDArray[Any]:
    """A column as an array, with the marks of what is not known in place of nulls."""
    pa, compute = load_pyarrow(), load_pyarrow("pyarrow.compute")
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    try:
        if name in schema.TEXTS:
            return np.array(column.cast(pa.string()).fill_null("").to_numpy(), object)
        if name in schema.WHOLE:
            if pa.types.is_floating(column.type):  # as whole numbers with gaps become in pandas
                column = compute.if_else(compute.is_nan(column), None, column)
            whole = column.cast(pa.int64())
            unknown = schema.WHOLE[name]
            if unknown is None and whole.null_count:
                raise DatasetError(f"{where}: there are rows without a number in the column {name!r}")
            return np.asarray((whole if unknown is None else whole.fill_null(unknown)).to_numpy())
        return np.asarray(column.cast(pa.float64() if name == schema.TIME else pa.float32()).to_numpy())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        kind = str(column.type)[:40]
        raise DatasetError(f"{where}: {kind} cannot be in the column {name!r}: {str(error)[:120]}") from error
