"""Reads the skeletons of glTF files that this package wrote."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from pose_landmarker.arrays import DoubleArray, FloatArray
from pose_landmarker.errors import OptionError
from pose_landmarker.export import rotations
from pose_landmarker.export.axes import turned
from pose_landmarker.export.glb import Document
from pose_landmarker.export.motion import Motion, recording_of
from pose_landmarker.export.skeleton import JOINTS, Animation
from pose_landmarker.recording import Recording
from pose_landmarker.topology import NUM_LANDMARKS

#: What reading a damaged file raises.
DAMAGE: Final = (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError, OptionError)


def read(content: bytes) -> Recording:
    """The recording in a file.

    Args:
        content: All bytes of the file.

    Raises:
        ValueError: The file is damaged or by another program; so say other exceptions of ``DAMAGE``.
    """
    document = Document(content)
    people = [i for i, node in enumerate(document.json["nodes"]) if "track_id" in node.get("extras", {})]
    if not people:
        raise ValueError("there are no people in it whom this package put there")
    samplers = _samplers(document.json["animations"][0])
    frames = [document.floats(samplers[node, "scale"]["input"]) for node in people]
    if any(not np.array_equal(times, frames[0]) for times in frames):
        raise ValueError("its people are not of the same frames")
    motions = [_motion(document, node, samplers, len(frames[0])) for node in people]
    return recording_of(frames[0].astype(np.float64), motions)


def _samplers(animation: dict[str, Any]) -> dict[tuple[int, str], dict[str, Any]]:
    """By node and what of it moves."""
    targets = [(channel["target"], channel["sampler"]) for channel in animation["channels"]]
    return {(to["node"], to["path"]): animation["samplers"][sampler] for to, sampler in targets}


def _motion(
    document: Document, person: int, samplers: dict[tuple[int, str], dict[str, Any]], count: int
) -> Motion:
    nodes = document.json["nodes"]
    hips = nodes[person]["children"][0]
    shown = document.floats(samplers[person, "scale"]["output"])[:, 0] > 0.5
    present = np.flatnonzero(shown)
    offsets, turns = np.zeros((len(present), len(JOINTS), 3)), {}
    rest = np.zeros((len(JOINTS), 3))
    for i, joint in enumerate(JOINTS):
        node = hips + i
        if nodes[node]["name"] != joint.name:
            raise ValueError(f"its node {node} is {nodes[node]['name']!r}, wanted {joint.name!r}")
        rest[i] = nodes[node]["translation"]
        moved, turning = samplers.get((node, "translation")), samplers.get((node, "rotation"))
        offsets[:, i] = rest[i] if moved is None else document.floats(moved["output"])
        if joint.turn is not None and turning is not None:
            turns[i] = _rotations(document.floats(turning["output"]))
    points: FloatArray = np.full((count, NUM_LANDMARKS, 3), np.nan, np.float32)
    moving = Animation(rest=rest, offsets=offsets, turns=turns)
    points[present] = turned(moving.landmarks()).astype(np.float32)
    return Motion(track_id=int(nodes[person]["extras"]["track_id"]), points=points)


def _rotations(quaternions: FloatArray) -> DoubleArray:
    return rotations.from_quaternions(quaternions.astype(np.float64))
