"""The columns of a job's dataset: one row per pose, and one for each frame in which there is nobody.

They are those of a wide table (:mod:`pose_landmarker.export.schema`), with the file before them and the
model behind them. Workers send them without either, and all numbers of a pose in one column, since a table
of 270 columns is too much around a single row. The driver knows the rest.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final, NamedTuple

import numpy as np

from pose_landmarker.export import schema
from pose_landmarker.export.arrow_tables import (
    VALUES,
    arrow_schema,
    journal_batch,
    landmark_arrays,
    load_pyarrow,
)
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
    plain = journal_batch(Recording.from_results(results, times_s=seconds), 0)
    columns = dict(zip(plain.schema.names, plain.columns, strict=True))
    place = columns[schema.FRAME].to_numpy()
    exact = [_exact(time) for time in times]
    made = {
        schema.FRAME: pa.array(np.asarray(frames, np.int64)[place], pa.int64()),
        schema.TIME: columns[schema.TIME],
        NUMERATOR: pa.array([upper for upper, _ in exact], pa.int64()).take(columns[schema.FRAME]),
        DENOMINATOR: pa.array([lower for _, lower in exact], pa.int64()).take(columns[schema.FRAME]),
    }
    made |= {name: column for name, column in columns.items() if name not in made}
    return pa.RecordBatch.from_arrays(list(made.values()), list(made))


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


def dataset_table(batches: Sequence[Any], file: str, content: str, constants: Constants) -> Any:
    """A ``pyarrow.Table`` of :func:`dataset_schema` of what workers sent about a file."""
    pa = load_pyarrow()
    given = pa.Table.from_batches(batches, worker_schema())
    of_file = dict(zip((FILE, CONTENT), (file, content), strict=True))
    of_job = dict(zip((MODEL, MODEL_SHA256, PACKAGE), constants, strict=True))
    columns: dict[str, Any] = {
        name: pa.repeat(pa.scalar(value, pa.string()), len(given))
        for name, value in {**of_file, **of_job}.items()
    }
    columns |= {name: given.column(name) for name in given.column_names if name != VALUES}
    columns |= landmark_arrays(given.column(VALUES), file)
    wanted = dataset_schema()
    return pa.Table.from_arrays([columns[name] for name in wanted.names], schema=wanted)


def _exact(time: Fraction | None) -> tuple[int | None, int | None]:
    """A time as a fraction, unless it is beyond all times that a file can have in earnest."""
    if time is None or abs(time.numerator) > _MOST or time.denominator > _MOST:
        return None, None
    return time.numerator, time.denominator
