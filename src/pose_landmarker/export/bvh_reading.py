"""Reads BVH files: joints and channels in any order, played back to where the joints are."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from pose_landmarker.arrays import DoubleArray, FloatArray
from pose_landmarker.export import rotations
from pose_landmarker.export.axes import turned
from pose_landmarker.export.files import reading
from pose_landmarker.export.skeleton import JOINT_OF_LANDMARK, JOINTS
from pose_landmarker.topology import NUM_LANDMARKS

_LANDMARK_OF: Final = {JOINTS[joint].name.lower(): i for i, joint in enumerate(JOINT_OF_LANDMARK)}
_AXES: Final = {"X": 0, "Y": 1, "Z": 2}


@dataclass(slots=True)
class _Node:
    """A joint of the file: its parent's index, its place at rest, and its channels."""

    name: str
    parent: int
    offset: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    channels: list[str] = field(default_factory=list)


def read(path: Path, unit_m: float) -> tuple[DoubleArray, FloatArray]:
    """Times in seconds, (T,), and world landmarks, (T, 33, 3) metres with y down.

    Args:
        path: The file.
        unit_m: Metres in a unit of the file.

    Raises:
        DatasetError: It is missing, damaged or no such file.
    """
    with reading(path, "a BVH file", ValueError, IndexError):
        text = path.read_bytes().decode("utf-8", "replace")
        hierarchy, found, motion = text.partition("MOTION")
        if hierarchy.split(None, 1)[:1] != ["HIERARCHY"] or not found:
            raise ValueError("wanted HIERARCHY, and MOTION behind it")
        nodes = _nodes(hierarchy.splitlines()[1:])
        landmarks = [_LANDMARK_OF.get(node.name.rpartition(":")[2].lower(), -1) for node in nodes]
        if max(landmarks, default=-1) < 0:
            raise ValueError("none of its joints has a name that is known here, such as LeftArm")
        seconds, values = _motion(motion, sum(len(node.channels) for node in nodes))
        places = _play(nodes, values)
        points = np.full((len(values), NUM_LANDMARKS, 3), np.nan)
        for landmark, place in zip(landmarks, places, strict=True):
            if landmark >= 0:
                points[:, landmark] = place
        times_s: DoubleArray = np.arange(len(values)) * np.float64(seconds)
        return times_s, turned(points * unit_m).astype(np.float32)


def _nodes(lines: list[str]) -> list[_Node]:
    """The joints, parents before children; ends of bones are joints without a name."""
    nodes: list[_Node] = []
    path: list[int] = []
    for words in filter(None, (line.split() for line in lines)):
        kind = words[0].upper()
        if kind in ("ROOT", "JOINT", "END"):
            nodes.append(_Node("" if kind == "END" else " ".join(words[1:]), path[-1] if path else -1))
        elif kind == "{":
            path.append(len(nodes) - 1)
        elif kind == "}":
            path.pop()
        elif kind == "OFFSET":
            x, y, z = map(float, words[1:])
            nodes[path[-1]].offset = [x, y, z]
        elif kind == "CHANNELS":
            nodes[path[-1]].channels = _channels(words[1:])
        else:
            raise ValueError(f"{words[0][:40]!r} is no word of a hierarchy")
    if path:
        raise ValueError("a bracket of the hierarchy is not closed")
    return nodes


def _channels(words: list[str]) -> list[str]:
    names = [name.capitalize() for name in words[1:]]
    known = {f"{axis}{kind}" for axis in _AXES for kind in ("position", "rotation")}
    if int(words[0]) != len(names) or not set(names) <= known:
        raise ValueError(f"CHANNELS must be a number and as many names, not {' '.join(words)[:80]!r}")
    return names


def _motion(text: str, channels: int) -> tuple[float, DoubleArray]:
    """Seconds between frames, and (T, channels) numbers."""
    counted, timed, rows = [*text.lstrip().split("\n", 2), "", ""][:3]
    if not counted.startswith("Frames:") or not timed.strip().startswith("Frame Time:"):
        raise ValueError("wanted Frames: and Frame Time: behind MOTION")
    count, seconds = int(counted.split(":")[1]), float(timed.split(":")[1])
    if not 0 < seconds < np.inf:
        raise ValueError(f"its frame time is {seconds:g} s, and must be above 0")
    if not rows.strip():
        raise ValueError("there are no frames in it")
    values = np.loadtxt(io.StringIO(rows), ndmin=2, comments=None)
    if values.shape != (count, channels):
        raise ValueError(
            f"{count} frames of {channels} channels are announced, and there are {len(values)} of "
            f"{values.shape[1]}"
        )
    return seconds, values


def _play(nodes: list[_Node], values: DoubleArray) -> list[DoubleArray]:
    """(T, 3) where each joint is in each frame."""
    places: list[DoubleArray] = []
    turns: list[DoubleArray] = []
    start, still = np.zeros((len(values), 3)), np.broadcast_to(np.eye(3), (len(values), 3, 3))
    column = 0
    for node in nodes:
        offset, local = np.repeat([node.offset], len(values), axis=0), still
        for channel in node.channels:
            axis, kind = _AXES[channel[0]], channel[1:]
            if kind == "position":
                offset[:, axis] = values[:, column]
            else:
                local = local @ rotations.about(axis, np.radians(values[:, column]))
            column += 1
        parent, place = (turns[node.parent], places[node.parent]) if node.parent >= 0 else (still, start)
        places.append(place + rotations.apply(parent, offset))
        turns.append(parent @ local if local is not still else parent)
    return places
