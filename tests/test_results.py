from __future__ import annotations

import math

import numpy as np
import pytest

from pose_landmarker.results import NormalizedLandmark, Pose, PoseLandmarkerResult, Roi
from pose_landmarker.topology import PoseLandmark
from tests.poses import make_pose


def test_views_in_pixels() -> None:
    pose = make_pose(image_size=(200, 100))
    np.testing.assert_allclose(pose.pixels, pose.landmarks[:, :2] * [200, 100])
    x, y, width, height = pose.box
    assert (x, y) == tuple(pose.pixels.min(axis=0).tolist())
    np.testing.assert_allclose([x + width, y + height], pose.pixels.max(axis=0), rtol=1e-6)


def test_a_landmark_by_name_number_and_enum() -> None:
    pose = make_pose()
    knee = pose[PoseLandmark.LEFT_KNEE]
    assert knee == pose["left_knee"] == pose[25]
    assert isinstance(knee, NormalizedLandmark)
    assert knee.name == "left_knee"
    assert (knee.x, knee.y, knee.z) == tuple(pose.landmarks[25].tolist())
    assert knee.visibility == pose.visibility[25]


def test_arrays_are_float32_and_read_only() -> None:
    pose = make_pose(image_size=(5, 4), mask=np.zeros((4, 5), np.float32))
    assert pose.mask is not None
    for array in (pose.landmarks, pose.world_landmarks, pose.visibility, pose.presence, pose.mask):
        assert array.dtype == np.float32
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_wrong_shapes_are_refused() -> None:
    good = make_pose()
    with pytest.raises(ValueError, match=r"Pose.landmarks has shape \(32, 3\), wanted \(33, 3\)"):
        Pose(
            landmarks=good.landmarks[:32],
            world_landmarks=good.world_landmarks,
            visibility=good.visibility,
            presence=good.presence,
            presence_score=1.0,
            roi=good.roi,
            image_size=(1, 1),
        )


def test_printing_shows_shapes_not_pixels() -> None:
    pose = make_pose(image_size=(5, 4), mask=np.zeros((4, 5), np.float32), track_id=3)
    assert "track 3" in repr(pose)
    assert "33 landmarks visible, mask" in repr(pose)
    assert len(repr(pose)) < 150
    result = PoseLandmarkerResult(poses=(pose,), image_size=(5, 4), timestamp_ms=40)
    assert repr(result) == "<PoseLandmarkerResult 1 pose in 5x4 at 40 ms>"


def test_the_references_lists() -> None:
    pose = make_pose(image_size=(5, 4), mask=np.zeros((4, 5), np.float32))
    result = PoseLandmarkerResult(poses=(pose, pose), image_size=(5, 4), with_masks=True)
    assert len(result) == len(result.pose_landmarks) == len(result.pose_world_landmarks) == 2
    assert list(result) == [pose, pose]
    assert len(result.pose_landmarks[1]) == 33
    assert result.pose_landmarks[0][25] == pose["left_knee"]
    assert result.pose_landmarks is result.pose_landmarks
    world = result.pose_world_landmarks[0][25]
    assert (world.x, world.y, world.z) == tuple(pose.world_landmarks[25].tolist())
    assert (world.visibility, world.presence, world.name) == (
        pose.visibility[25],
        pose.presence[25],
        "left_knee",
    )
    assert result.segmentation_masks is not None
    assert result.segmentation_masks[0] is pose.mask


def test_absence_is_empty_when_masks_were_asked_for_and_none_when_not() -> None:
    nobody = PoseLandmarkerResult(poses=(), image_size=(5, 4), with_masks=True)
    assert nobody.segmentation_masks == []
    assert nobody.pose_landmarks == []
    assert PoseLandmarkerResult(poses=(), image_size=(5, 4)).segmentation_masks is None


def test_corners_of_a_region_turn_clockwise() -> None:
    upright = Roi(10, 20, 4, 0.0).corners()
    np.testing.assert_allclose(upright, [[8, 18], [12, 18], [12, 22], [8, 22]])
    quarter = Roi(10, 20, 4, math.pi / 2).corners()
    np.testing.assert_allclose(quarter, np.roll(upright, -1, axis=0), atol=1e-5)
