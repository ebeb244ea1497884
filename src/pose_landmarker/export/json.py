"""Results as plain dicts, lists and numbers, ready for ``json.dumps``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pose_landmarker.arrays import FloatArray
from pose_landmarker.results import Pose, PoseLandmarkerResult
from pose_landmarker.topology import LANDMARK_NAMES


def result_to_dict(result: PoseLandmarkerResult) -> dict[str, Any]:
    """Everything but the masks, named and in order.

    Floats are float32, written with the digits that bring back the same float32; values that are
    not finite become None, since JSON has no word for them.

    Args:
        result: What was found.

    Returns:
        ``image_size`` (pixels), ``timestamp_ms`` and ``poses``, each with ``score``,
        ``presence_score``, ``detection_score``, ``track_id``, ``box`` and ``roi`` (pixels),
        ``landmarks`` (normalised, each with its ``state``) and ``world_landmarks`` (metres).
    """
    width, height = result.image_size
    return {
        "image_size": {"width": width, "height": height},
        "timestamp_ms": result.timestamp_ms,
        "poses": [_pose(pose) for pose in result.poses],
    }


def _pose(pose: Pose) -> dict[str, Any]:
    confidence = {"visibility": pose.visibility, "presence": pose.presence}
    roi = pose.roi
    return {
        "score": _number(pose.score),
        "presence_score": _number(pose.presence_score),
        "detection_score": None if pose.detection_score is None else _number(pose.detection_score),
        "track_id": pose.track_id,
        "box": {name: _number(value) for name, value in pose.box._asdict().items()},
        "roi": {
            "center_x": _number(roi.center_x),
            "center_y": _number(roi.center_y),
            "size": _number(roi.size),
            "rotation": _number(roi.rotation),
        },
        "landmarks": [
            {**row, "state": state.name.lower()}
            for row, state in zip(_rows({**_axes(pose.landmarks), **confidence}), pose.states, strict=True)
        ],
        "world_landmarks": _rows({**_axes(pose.world_landmarks), **confidence}),
    }


def _axes(points: FloatArray) -> dict[str, FloatArray]:
    return dict(zip("xyz", points.T, strict=True))


def _rows(columns: dict[str, FloatArray]) -> list[dict[str, Any]]:
    return [
        {"name": name, **{key: _number(column[i]) for key, column in columns.items()}}
        for i, name in enumerate(LANDMARK_NAMES)
    ]


def _number(value: float | np.float32) -> float | None:
    """The float with the fewest digits that is the same float32."""
    shortest = float(str(np.float32(value)))
    return shortest if math.isfinite(shortest) else None
