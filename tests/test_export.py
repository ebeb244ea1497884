from __future__ import annotations

import json

import numpy as np

from pose_landmarker.export import result_to_dict
from pose_landmarker.results import PoseLandmarkerResult
from tests.poses import make_pose


def test_everything_is_there_and_survives_json_to_the_last_bit() -> None:
    pose = make_pose()
    result = PoseLandmarkerResult(poses=(pose,), image_size=(160, 120), timestamp_ms=7)
    read = json.loads(json.dumps(result_to_dict(result)))
    assert read["image_size"] == {"width": 160, "height": 120}
    assert read["timestamp_ms"] == 7
    (body,) = read["poses"]
    for key, array in (("landmarks", pose.landmarks), ("world_landmarks", pose.world_landmarks)):
        back = np.array([[row[axis] for axis in "xyz"] for row in body[key]], np.float32)
        np.testing.assert_array_equal(back, array)
        np.testing.assert_array_equal(
            np.array([row["visibility"] for row in body[key]], np.float32), pose.visibility
        )
    assert body["landmarks"][25]["name"] == "left_knee"
    assert body["roi"] == {"center_x": 80.0, "center_y": 60.0, "size": 100.0, "rotation": 0.1}
    assert body["box"]["width"] > 0
    assert (body["score"], body["detection_score"], body["track_id"]) == (0.9, 0.8, None)


def test_numbers_are_short() -> None:
    text = json.dumps(result_to_dict(PoseLandmarkerResult(poses=(make_pose(),), image_size=(160, 120))))
    assert len(text) < 11_000


def test_what_is_not_finite_becomes_null() -> None:
    pose = make_pose()
    landmarks = pose.landmarks.copy()
    landmarks[3, 1] = np.nan
    broken = type(pose)(
        landmarks=landmarks,
        world_landmarks=pose.world_landmarks,
        visibility=pose.visibility,
        presence=pose.presence,
        presence_score=0.9,
        roi=pose.roi,
        image_size=(160, 120),
    )
    result = PoseLandmarkerResult(poses=(broken,), image_size=(160, 120))
    text = json.dumps(result_to_dict(result), allow_nan=False)
    assert json.loads(text)["poses"][0]["landmarks"][3]["y"] is None
    assert json.loads(text)["poses"][0]["detection_score"] is None
