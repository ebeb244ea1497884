"""What makes a skeleton visible: an octahedron along each bone, and a bead on each point of the face."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import DoubleArray, FloatArray
from pose_landmarker.export.rotations import unit
from pose_landmarker.export.skeleton import JOINTS
from pose_landmarker.topology import LEFT_LANDMARKS, RIGHT_LANDMARKS

#: Okabe and Ito's orange and sky blue for left and right, and near white, as in drawings; sRGB.
_LEFT, _RIGHT, _MIDDLE = (230, 159, 0), (86, 180, 233), (245, 245, 245)
_THICKNESS: Final = 0.12
_THINNEST_M, _THICKEST_M = 0.008, 0.04
_WIDEST_AT: Final = 0.15
_BEAD_M: Final = 0.01
#: Shorter bones are not drawn.
_SHORTEST_M: Final = 1e-4
_HEAD: Final = next(i for i, joint in enumerate(JOINTS) if joint.name == "Head")
#: Head, tail and four points around: the sides of the tail, then those of the head, seen from outside.
_TRIANGLES: Final = np.array(
    [(2 + i, 2 + (i + 1) % 4, 1) for i in range(4)] + [(2 + (i + 1) % 4, 2 + i, 0) for i in range(4)],
    np.uint16,
)


class Mesh(NamedTuple):
    """Triangles that hang on joints.

    Attributes:
        places: (V, 3) float32, metres, of the rest pose.
        joints: (V, 4) uint8, the joint that moves each vertex, and three that do not.
        weights: (V, 4) float32, 1 for the first of them.
        colors: (V, 3) float32 in [0, 1], linear light.
        triangles: (F, 3) uint16, counter-clockwise from outside.
    """

    places: FloatArray
    joints: npt.NDArray[np.uint8]
    weights: FloatArray
    colors: FloatArray
    triangles: npt.NDArray[np.uint16]


def mesh_of(rest: DoubleArray) -> Mesh:
    """The mesh of a body at rest.

    Args:
        rest: (J, 3) where joints are, metres.
    """
    faces = [i for i, joint in enumerate(JOINTS) if joint.parent == _HEAD]
    bones = [
        i
        for i, joint in enumerate(JOINTS)
        if joint.parent >= 0 and i not in faces and np.linalg.norm(rest[i] - rest[joint.parent]) > _SHORTEST_M
    ]
    parents = np.array([JOINTS[i].parent for i in bones], np.intp)
    heads, tails = rest[parents], rest[bones]
    lengths = np.linalg.norm(tails - heads, axis=1)
    thickness = np.clip(_THICKNESS * lengths, _THINNEST_M, _THICKEST_M)
    sticks = _octahedra(heads, tails, heads + _WIDEST_AT * (tails - heads), thickness)
    bead = np.array([0.0, _BEAD_M, 0.0])
    beads = _octahedra(rest[faces] - bead, rest[faces] + bead, rest[faces], np.full(len(faces), _BEAD_M))
    places = np.concatenate([sticks, beads])
    # The tail of a bone goes with the joint there, all the rest of it with the joint at its head.
    moved = np.concatenate(
        [np.repeat(parents[:, None], 6, axis=1), np.repeat(np.array(faces)[:, None], 6, axis=1)]
    )
    moved[: len(bones), 1] = bones
    count = 6 * len(places)
    joints, weights = np.zeros((count, 4), np.uint8), np.zeros((count, 4), np.float32)
    joints[:, 0], weights[:, 0] = moved.reshape(-1), 1
    return Mesh(
        places=places.reshape(-1, 3).astype(np.float32),
        joints=joints,
        weights=weights,
        colors=np.repeat([_color(i) for i in (*bones, *faces)], 6, axis=0).astype(np.float32),
        triangles=(_TRIANGLES + 6 * np.arange(len(places), dtype=np.uint16)[:, None, None]).reshape(-1, 3),
    )


def _octahedra(
    heads: DoubleArray, tails: DoubleArray, middles: DoubleArray, thickness: DoubleArray
) -> DoubleArray:
    """(B, 6, 3) heads, tails, and four points around the middles."""
    along = unit(tails - heads)
    least = np.eye(3)[np.argmin(np.abs(along), axis=1)] if len(along) else along
    side = unit(np.cross(along, least))
    over = np.cross(along, side)
    ring = [middles + thickness[:, None] * way for way in (side, over, -side, -over)]
    return np.stack([heads, tails, *ring], axis=1)


def _color(joint: int) -> list[float]:
    at = JOINTS[joint].at
    side = at[0] if len(at) == 1 else -1
    color = _LEFT if side in LEFT_LANDMARKS else _RIGHT if side in RIGHT_LANDMARKS else _MIDDLE
    shares = [value / 255 for value in color]
    return [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
