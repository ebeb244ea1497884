from __future__ import annotations

import pytest

from pose_landmarker.topology import (
    LANDMARK_NAMES,
    LEFT_LANDMARKS,
    MIRROR,
    NUM_LANDMARKS,
    POSE_CONNECTIONS,
    RIGHT_LANDMARKS,
    PoseLandmark,
    landmark_index,
)


def test_names_and_numbers_are_the_references() -> None:
    assert len(PoseLandmark) == NUM_LANDMARKS == len(LANDMARK_NAMES)
    assert [int(landmark) for landmark in PoseLandmark] == list(range(33))
    assert PoseLandmark(11).name == "LEFT_SHOULDER"
    assert PoseLandmark(32).name == "RIGHT_FOOT_INDEX"
    assert LANDMARK_NAMES[9] == "mouth_left"


def test_connections_are_35_different_pairs_of_landmarks() -> None:
    assert len({frozenset(pair) for pair in POSE_CONNECTIONS}) == 35
    assert {i for pair in POSE_CONNECTIONS for i in pair} == set(range(33))


def test_connections_are_symmetric() -> None:
    pairs = {frozenset(pair) for pair in POSE_CONNECTIONS}
    assert {frozenset(MIRROR[i] for i in pair) for pair in pairs} == pairs


def test_mirror_swaps_the_sides() -> None:
    assert MIRROR[PoseLandmark.NOSE] == PoseLandmark.NOSE
    assert all(MIRROR[MIRROR[i]] == i for i in range(33))
    assert {MIRROR[i] for i in LEFT_LANDMARKS} == RIGHT_LANDMARKS
    assert len(LEFT_LANDMARKS) == len(RIGHT_LANDMARKS) == 16


@pytest.mark.parametrize("key", [PoseLandmark.LEFT_KNEE, 25, "left_knee", "LEFT_KNEE", " left_knee "])
def test_index_by_anything(key: str | int) -> None:
    assert landmark_index(key) == 25


def test_unknown_landmarks_are_named() -> None:
    with pytest.raises(KeyError, match="left_tail"):
        landmark_index("left_tail")
    for number in (-1, 33):
        with pytest.raises(IndexError, match=str(number)):
            landmark_index(number)
    with pytest.raises(TypeError):
        landmark_index(1.9)  # type: ignore[arg-type]
