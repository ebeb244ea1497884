"""The columns of a job's dataset: one row per pose, and one for each frame in which there is nobody.

They are those of a wide table (:mod:`pose_landmarker.export.schema`), with the file before them and the
model behind them. Workers send them without either, and all numbers of a pose in one column, since a table
of 270 columns is too much around a single row. The driver knows the rest.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np

from pose_landmarker.batch.arrow_arrays import numbers, rows_of_numbers, texts
from pose_landmarker.export import schema
from pose_landmarker.export.arrow_tables import (
    VALUES,
    arrow_schema,
    load_pyarrow,
)
from pose_landmarker.export.rows import Rows
from pose_landmarker.recording import Recording
from pose_landmarker.results import PoseLandmarkerResult

#: Of this layout; higher where columns change their meaning.
SCHEMA_VERSION: Final = 1

FILE: Final = "file"
CONTENT: Final = "content"
NUMERATOR: Final = "time_numerator"
DENOMINATOR: Final = "time_denominator"
MODEL: Final = "model"
MODEL_SHA256: Final = "model_sha256"
PACKAGE: Final = "version"

#: Unit or meaning of the columns that only jobs have; of the others see ``export.schema.UNITS``.
UNITS: Final = {
    FILE: "path or address, as it was found",
    CONTENT: "SHA-256 of the file, hexadecimal",
    NUMERATOR: "s, since the first frame: the exact time is a fraction, this is its upper number",
    DENOMINATOR: "the lower number of the fraction; nothing of pictures",
    MODEL: "name of the model",
    MODEL_SHA256: "SHA-256 of the model's bundle, hexadecimal",
    PACKAGE: "of pose-landmarker",
}

#: The columns that workers send, before ``VALUES``.
_SENT: Final = (
    *(schema.FRAME, schema.TIME, NUMERATOR, DENOMINATOR, schema.WIDTH, schema.HEIGHT),
    *(schema.PERSON, schema.TRACK, schema.SCORE),
)
_WIDTH: Final = len(schema.LANDMARK_COLUMNS)
_MOST: Final = 2**63 - 1


class Constants(NamedTuple):
    """What is the same in all rows of a job.

    Attributes:
        model: Its name.
        model_sha256: Of its bundle, hexadecimal.
        version: Of this package.
    """

    model: str
    model_sha256: str
    version: str


@cache
def worker_schema() -> Any:
    """The schema of batches that workers send.

    The columns about frames and poses, and ``values``: of every row (264,) float32, the numbers of
    ``export.schema.LANDMARK_COLUMNS``, NaN where there is nobody.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """
    return worker_batch([], [], []).schema


def worker_batch(
    results: Sequence[PoseLandmarkerResult], frames: Sequence[int], times: Sequence[Fraction | None]
) -> Any:
    """A ``pyarrow.RecordBatch`` of :func:`worker_schema`.

    Args:
        results: Of frames in a row.
        frames: Their numbers, ascending.
        times: Their times in seconds since the first frame; None of a picture.
    """
    pa = load_pyarrow()
    seconds = [float("nan") if time is None else float(time) for time in times]
    rows = Rows.of(Recording.from_results(results, times_s=seconds))
    place, about = rows.frame, rows.columns()
    exact = np.array([_exact(time) for time in times], np.int64).reshape(-1, 2)
    made = {
        schema.FRAME: numbers(np.asarray(frames, np.int64)[place]),
        schema.TIME: numbers(rows.time_s, ~np.isnan(rows.time_s)),
        NUMERATOR: numbers(exact[place, 0], exact[place, 1] > 0),
        DENOMINATOR: numbers(exact[place, 1], exact[place, 1] > 0),
    }
    for name in about.keys() - made.keys():
        column = about[name]
        known = column != schema.UNKNOWN[name] if name in schema.UNKNOWN else ~np.isnan(column)
        made[name] = numbers(column, known)
    values = pa.FixedSizeListArray.from_arrays(numbers(rows.values.reshape(-1)), _WIDTH)
    made = {name: made[name] for name in _SENT} | {VALUES: values}
    return pa.RecordBatch.from_arrays(list(made.values()), list(made))


@cache
def dataset_schema() -> Any:
    """The schema of a job's dataset, with units in the fields' metadata.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """
    pa = load_pyarrow()

    def field(name: str, kind: Any) -> Any:
        return pa.field(name, kind, name in (NUMERATOR, DENOMINATOR), {"unit": UNITS[name]})

    plain = arrow_schema("wide", named=False)
    times = [field(NUMERATOR, pa.int64()), field(DENOMINATOR, pa.int64())]
    first = [field(FILE, pa.string()), field(CONTENT, pa.string())]
    last = [field(name, pa.string()) for name in (MODEL, MODEL_SHA256, PACKAGE)]
    at = plain.get_field_index(schema.TIME) + 1
    fields = [*first, *list(plain)[:at], *times, *list(plain)[at:], *last]
    about = {"schema_version": SCHEMA_VERSION, "layout": "batch"}
    return pa.schema(fields, {"pose_landmarker": json.dumps(about)})


class Piece(NamedTuple):
    """What workers have told of a file.

    Attributes:
        file: Its name.
        content: SHA-256 of its bytes, hexadecimal.
        batches: As of :func:`worker_schema`.
    """

    file: str
    content: str
    batches: Sequence[Any]


def dataset_table(pieces: Sequence[Piece], constants: Constants) -> Any:
    """A ``pyarrow.Table`` of :func:`dataset_schema`."""
    pa = load_pyarrow()
    batches = [batch for piece in pieces for batch in piece.batches]
    given = pa.Table.from_batches(batches, worker_schema()).combine_chunks()
    counts = [sum(batch.num_rows for batch in piece.batches) for piece in pieces]
    columns = {
        FILE: texts([piece.file for piece in pieces], counts),
        CONTENT: texts([piece.content for piece in pieces], counts),
    }
    for name, value in zip((MODEL, MODEL_SHA256, PACKAGE), constants, strict=True):
        columns[name] = texts([value], len(given))
    columns |= {name: given.column(name) for name in _SENT}
    values = np.ascontiguousarray(rows_of_numbers(given.column(VALUES)).T)
    for name, column in zip(schema.LANDMARK_COLUMNS, values, strict=True):
        columns[name] = numbers(column, ~np.isnan(column))
    wanted = dataset_schema()
    return pa.Table.from_arrays([columns[name] for name in wanted.names], schema=wanted)


def _exact(time: Fraction | None) -> tuple[int, int]:
    """A time as a fraction, unless it is beyond all times that a file can have in earnest: then 0 / 0."""
    if time is None or abs(time.numerator) > _MOST or time.denominator > _MOST:
        return 0, 0
    return time.numerator, time.denominator
