"""The rows of jobs: exact times, frames without anybody, units."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pyarrow as pa

from pose_landmarker.batch.columns import (
    Constants,
    Piece,
    dataset_schema,
    dataset_table,
    worker_batch,
    worker_schema,
)
from pose_landmarker.export import schema
from pose_landmarker.results import PoseLandmarkerResult
from tests.poses import make_pose

CONSTANTS = Constants("lite", "ab" * 32, "1.2.3")


def _result(*seeds: int) -> PoseLandmarkerResult:
    poses = tuple(make_pose(seed=seed, track_id=seed) for seed in seeds)
    return PoseLandmarkerResult(poses=poses, image_size=(160, 120), timestamp_ms=0)


def _table(
    results: list[PoseLandmarkerResult], frames: list[int], times: Sequence[Fraction | None]
) -> pa.Table:
    piece = Piece("a.mp4", "cd" * 32, [worker_batch(results, frames, times)])
    table = dataset_table([piece], CONSTANTS)
    table.validate(full=True)
    return table


def test_there_is_a_row_for_each_pose_and_one_for_a_frame_with_nobody() -> None:
    times = [Fraction(i * 1001, 30000) for i in range(3)]
    rows = _table([_result(1), _result(), _result(2, 3)], [0, 1, 3], times).to_pylist()
    assert [row["frame"] for row in rows] == [0, 1, 3, 3]
    assert [row["person"] for row in rows] == [0, None, 0, 1]
    assert [row["track_id"] for row in rows] == [1, None, 2, 3]
    assert rows[1]["score"] is rows[1]["nose_x"] is rows[1]["right_foot_index_world_z"] is None
    assert (rows[1]["image_width"], rows[1]["image_height"]) == (160, 120)
    for row, seed in zip([rows[0], *rows[2:]], (1, 2, 3), strict=True):
        pose = make_pose(seed=seed)
        values = np.array([row[name] for name in schema.LANDMARK_COLUMNS], np.float32).reshape(33, 8)
        np.testing.assert_array_equal(values[:, :3], pose.landmarks)
        np.testing.assert_array_equal(values[:, 3], pose.visibility)
        np.testing.assert_array_equal(values[:, 5:], pose.world_landmarks)


def test_times_are_exact() -> None:
    times = [Fraction(0), Fraction(1001, 30000), Fraction(1, 3)]
    rows = _table([_result(1)] * 3, [0, 1, 2], times).to_pylist()
    assert [Fraction(row["time_numerator"], row["time_denominator"]) for row in rows] == times
    assert [row["time_s"] for row in rows] == [float(time) for time in times]


def test_pictures_have_no_time() -> None:
    (row,) = _table([_result(1)], [0], [None]).to_pylist()
    assert row["time_s"] is row["time_numerator"] is row["time_denominator"] is None


def test_times_beyond_all_reason_are_only_a_float() -> None:
    rows = _table([_result(1)] * 2, [0, 1], [Fraction(1, 2**70), Fraction(2**70)]).to_pylist()
    assert [row["time_numerator"] for row in rows] == [None, None]
    assert rows[1]["time_s"] == 2.0**70


def test_rows_name_file_content_model_and_version() -> None:
    batches = [worker_batch([_result(1)] * 2, [0, 1], [Fraction(0), Fraction(1)])]
    pieces = [Piece("a", "1", batches), Piece("b", "2", []), Piece("c", "3", batches)]
    table = dataset_table(pieces, CONSTANTS)
    assert table["file"].to_pylist() == ["a", "a", "c", "c"]
    assert table["content"].to_pylist() == ["1", "1", "3", "3"]
    assert table.to_pylist()[0]["model"] == "lite"
    assert set(table["model_sha256"].to_pylist()) == {"ab" * 32}
    assert set(table["version"].to_pylist()) == {"1.2.3"}


def test_no_frames_are_no_rows() -> None:
    assert worker_batch([], [], []).num_rows == 0
    assert len(dataset_table([], CONSTANTS)) == 0


def test_every_column_says_what_it_is_in() -> None:
    for field in dataset_schema():
        assert field.metadata[b"unit"], field.name
    assert len(dataset_schema()) == len(schema.LANDMARK_COLUMNS) + 14


def test_what_workers_send_is_of_their_schema() -> None:
    batch = worker_batch([_result(1), _result()], [4, 5], [None, Fraction(1)])
    assert batch.schema == worker_schema()
    batch.validate(full=True)
