"""Probabilities and states of single landmarks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pose_landmarker import LandmarkState, Pose, Roi
from pose_landmarker.export import result_to_dict
from pose_landmarker.landmark_confidence import LandmarkConfidence, landmark_confidence, landmark_states
from pose_landmarker.results import PoseLandmarkerResult

_UNIT = st.floats(0, 1, width=32)


def _full(value: float) -> Any:
    return np.full(33, value, np.float32)


def _pose(peaks: float | None, visibility: float = 0.9, place: float = 0.5) -> Pose:
    return Pose(
        landmarks=np.full((33, 3), place, np.float32),
        world_landmarks=np.zeros((33, 3), np.float32),
        visibility=_full(visibility),
        presence=_full(0.999),
        presence_score=0.99,
        roi=Roi(50, 50, 100, 0),
        image_size=(100, 100),
        peaks=None if peaks is None else _full(peaks),
    )


@given(_UNIT, _UNIT, _UNIT, st.floats(-2, 3, width=32))
def test_they_are_probabilities(visibility: float, presence: float, peaks: float, place: float) -> None:
    found = landmark_confidence(
        _full(visibility), _full(presence), _full(peaks), np.full((33, 3), place, np.float32)
    )
    for chances in found:
        assert chances.shape == (33,)
        assert chances.dtype == np.float32
        assert np.all((chances >= 0) & (chances <= 1))


@pytest.mark.parametrize("i", [0, 7, 11, 25, 32])
def test_more_evidence_is_more_confidence(i: int) -> None:
    inside = np.full((33, 3), 0.5, np.float32)
    sure = landmark_confidence(_full(0.99), _full(0.999), _full(0.98), inside)
    unsure = landmark_confidence(_full(0.3), _full(0.999), _full(0.3), inside)
    for high, low in zip(sure, unsure, strict=True):
        assert high[i] > low[i]
    assert sure.right[i] > 0.8


def test_the_four_states() -> None:
    landmarks = np.full((33, 3), 0.5, np.float32)
    landmarks[2, 0] = 1.01
    landmarks[4, 1] = np.nan
    confidence = LandmarkConfidence(_full(0.2), _full(0.9), _full(0.7))
    confidence.visible[0] = 0.6
    confidence.right[3] = 0.4
    states = landmark_states(confidence, landmarks)
    assert states[:5] == [
        LandmarkState.SEEN,
        LandmarkState.OCCLUDED,
        LandmarkState.OUTSIDE,
        LandmarkState.GUESSED,
        LandmarkState.OUTSIDE,
    ]


def test_a_pose_says_them() -> None:
    assert _pose(0.98).states == (LandmarkState.SEEN,) * 33
    assert _pose(0.9, place=1.2).states == (LandmarkState.OUTSIDE,) * 33
    assert LandmarkState.GUESSED in _pose(0.05, visibility=0.1).states


def test_without_heat_maps_they_are_the_raw_values() -> None:
    pose = _pose(None)
    visible, present, right = pose.landmark_confidence
    np.testing.assert_array_equal(visible, pose.visibility)
    np.testing.assert_array_equal(present, pose.presence)
    np.testing.assert_array_equal(right, pose.presence)


def test_json_names_the_states() -> None:
    result = PoseLandmarkerResult(poses=(_pose(0.9, place=-0.1),), image_size=(100, 100))
    (body,) = result_to_dict(result)["poses"]
    assert {row["state"] for row in body["landmarks"]} == {"outside"}
    assert "state" not in body["world_landmarks"][0]
