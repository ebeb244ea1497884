"""Arrow arrays made of buffers are those that pyarrow would make."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from pose_landmarker.batch.arrow_arrays import (
    lists_of_texts,
    numbers,
    optional_numbers,
    rows_of_numbers,
    texts,
)


@pytest.mark.parametrize("dtype", [np.int64, np.float32, np.float64])
@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 100])
def test_numbers(dtype: type, count: int) -> None:
    column: npt.NDArray[Any] = np.arange(count).astype(dtype)
    assert numbers(column).equals(pa.array(column))
    known = column % 3 != 0
    made = numbers(column, known)
    made.validate(full=True)
    assert made.equals(pa.array(column, mask=~known))
    assert numbers(np.arange(2 * count).astype(dtype)[::2]).equals(pa.array((2 * column).astype(dtype)))


def test_optional_numbers() -> None:
    assert optional_numbers([1, None, 2**62], np.int64).equals(pa.array([1, None, 2**62], pa.int64()))
    assert optional_numbers([], np.float64).equals(pa.array([], pa.float64()))


def test_texts() -> None:
    values = ["", None, "é", "x" * 100, "日本"]
    made = texts(values)
    made.validate(full=True)
    assert made.equals(pa.array(values, pa.string()))
    assert texts(values, [2, 1, 0, 1, 3]).to_pylist() == ["", "", None, "x" * 100, "日本", "日本", "日本"]
    assert texts([]).equals(pa.array([], pa.string()))
    assert texts(["a"], 3).to_pylist() == ["a"] * 3


def test_lists_of_texts() -> None:
    values = [["a", "b"], [], ["c"]]
    made = lists_of_texts(values)
    made.validate(full=True)
    assert made.equals(pa.array(values, pa.list_(pa.string())))
    assert len(lists_of_texts([])) == 0


def test_rows_of_numbers() -> None:
    values = np.arange(24, dtype=np.float32).reshape(8, 3)
    column = pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), 3)
    chunked = pa.chunked_array([column.slice(0, 2), column.slice(2, 0), column.slice(2, 6)])
    np.testing.assert_array_equal(rows_of_numbers(chunked), values)
    assert rows_of_numbers(pa.chunked_array([], pa.list_(pa.float32(), 3))).shape == (0, 3)


def test_a_workers_rows_do_not_import_pandas() -> None:
    program = (
        "import sys\n"
        "from pose_landmarker.batch.columns import Constants, Piece, dataset_table, worker_batch\n"
        "from pose_landmarker.results import PoseLandmarkerResult\n"
        "batch = worker_batch([PoseLandmarkerResult(poses=(), image_size=(4, 4))], [0], [None])\n"
        "dataset_table([Piece('a', 'b', [batch])], Constants('m', 's', 'v'))\n"
        "assert 'pandas' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
