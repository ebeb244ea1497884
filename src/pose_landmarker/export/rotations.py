"""Rotations over time, as matrices, quaternions and Euler angles: arrays of many frames at once.

Matrices turn columns: the columns of ``m`` are where the axes x, y, z go. Angles and axes are right-handed.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from pose_landmarker.arrays import DoubleArray

#: Shorter vectors, in metres, point nowhere.
_SHORTEST: Final = 1e-6
#: Nearer to a quarter turn about the middle axis than this, the other two angles are one (radians).
_LOCKED: Final = 1e-7


def apply(matrices: DoubleArray, vectors: DoubleArray) -> DoubleArray:
    """(..., 3) vectors, turned by (..., 3, 3) rotations."""
    out: DoubleArray = (matrices @ vectors[..., None])[..., 0]
    return out


def unit(vectors: DoubleArray) -> DoubleArray:
    """(..., 3) vectors of length 1; NaN where they are too short, or not known."""
    lengths = np.sqrt((vectors * vectors).sum(axis=-1, keepdims=True))
    out: DoubleArray = vectors / np.where(lengths > _SHORTEST, lengths, np.nan)
    return out


def from_axes(main: int, along: DoubleArray, other: int, towards: DoubleArray) -> DoubleArray:
    """(T, 3, 3) rotations that take one axis to ``along`` exactly, another as near to ``towards`` as can be.

    Args:
        main: 0, 1 or 2: the axis x, y or z.
        along: (T, 3) where it goes.
        other: Another axis.
        towards: (T, 3) where that goes.

    Returns:
        NaN where the two vectors are not known, or on one line.
    """
    first = unit(along)
    second = unit(towards - (towards * first).sum(axis=-1, keepdims=True) * first)
    third = np.cross(first, second) if (other - main) % 3 == 1 else np.cross(second, first)
    out = np.empty((*along.shape, 3))
    for axis, column in ((main, first), (other, second), (3 - main - other, third)):
        out[..., axis] = column
    return out


def shortest_arc(start: DoubleArray, end: DoubleArray) -> DoubleArray:
    """(T, 3, 3) the smallest rotations that take ``start`` to ``end``, without any twist about it.

    Args:
        start: (3,) of length 1.
        end: (T, 3) of any length.

    Returns:
        NaN where ``end`` is not known.
    """
    goal = unit(end)
    cosine = goal @ start
    opposite = cosine < -1 + 1e-12
    axis = np.cross(np.broadcast_to(start, goal.shape), goal)
    cross = np.zeros((*goal.shape, 3))
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        cross[..., k, j], cross[..., j, k] = axis[..., i], -axis[..., i]
    scale = 1 / np.where(opposite, 1.0, 1 + cosine)
    out: DoubleArray = np.eye(3) + cross + cross @ cross * scale[..., None, None]
    # Half a turn is about any axis across: the same one in all frames.
    across = np.cross(start, np.eye(3)[np.argmin(np.abs(start))])
    across /= np.linalg.norm(across)
    out[opposite] = 2 * np.outer(across, across) - np.eye(3)
    return out


def to_quaternions(matrices: DoubleArray) -> DoubleArray:
    """(T, 4) x, y, z, w of (T, 3, 3) rotations, of the signs that change least over time."""
    m = matrices
    xx, yy, zz = m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]
    # Each of the four rows is the quaternion times four times one of its numbers: the largest is safe.
    sums = np.stack([1 + xx - yy - zz, 1 - xx + yy - zz, 1 - xx - yy + zz, 1 + xx + yy + zz], axis=-1)
    xy, xz, yz = m[..., 0, 1] + m[..., 1, 0], m[..., 0, 2] + m[..., 2, 0], m[..., 1, 2] + m[..., 2, 1]
    xw, yw, zw = m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1]
    rows = np.stack(
        [
            np.stack([sums[..., 0], xy, xz, xw], axis=-1),
            np.stack([xy, sums[..., 1], yz, yw], axis=-1),
            np.stack([xz, yz, sums[..., 2], zw], axis=-1),
            np.stack([xw, yw, zw, sums[..., 3]], axis=-1),
        ],
        axis=-2,
    )
    largest = np.argmax(sums, axis=-1)
    out: DoubleArray = np.take_along_axis(rows, largest[..., None, None], axis=-2)[..., 0, :]
    out /= np.linalg.norm(out, axis=-1, keepdims=True)
    turned = (out[1:] * out[:-1]).sum(axis=-1) < 0
    signs = np.concatenate([[False], np.cumsum(turned) % 2 == 1])
    if len(out) and out[0, 3] < 0:
        signs = ~signs
    out[signs] *= -1
    return out


def from_quaternions(quaternions: DoubleArray) -> DoubleArray:
    """(..., 3, 3) rotations of (..., 4) x, y, z, w of any length above 0."""
    x, y, z, w = np.moveaxis(quaternions / np.linalg.norm(quaternions, axis=-1, keepdims=True), -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def to_euler_zxy(matrices: DoubleArray) -> DoubleArray:
    """(T, 3) radians: the angles about z, x, y whose rotations, multiplied in this order, are the matrices.

    Two triples of angles mean the same rotation. The one nearer to the frame before is taken, and whole turns
    are counted, so that nothing jumps where the body does not.
    """
    m = matrices
    x = np.arctan2(m[..., 2, 1], np.hypot(m[..., 2, 0], m[..., 2, 2]))
    locked = np.hypot(m[..., 2, 0], m[..., 2, 2]) < _LOCKED
    z = np.where(locked, np.arctan2(m[..., 1, 0], m[..., 0, 0]), np.arctan2(-m[..., 0, 1], m[..., 1, 1]))
    y = np.where(locked, 0.0, np.arctan2(-m[..., 2, 0], m[..., 2, 2]))
    angles = np.stack([z, x, y], axis=-1)
    others = np.stack([z + np.pi, np.pi - x, y + np.pi], axis=-1)
    stays, changes = (np.abs(_wrapped(to[1:] - angles[:-1])).sum(axis=-1) for to in (angles, others))
    other = np.concatenate([[False], np.cumsum(changes < stays) % 2 == 1])
    out: DoubleArray = np.unwrap(np.where(other[:, None], others, angles), axis=0)
    return out


def about(axis: int, angles: DoubleArray) -> DoubleArray:
    """(..., 3, 3) rotations about the axis x (0), y (1) or z (2) by (...) radians."""
    cos, sin = np.cos(angles), np.sin(angles)
    j, k = (axis + 1) % 3, (axis + 2) % 3
    out = np.zeros((*angles.shape, 3, 3))
    out[..., axis, axis] = 1
    out[..., j, j] = out[..., k, k] = cos
    out[..., k, j], out[..., j, k] = sin, -sin
    return out


def _wrapped(angles: DoubleArray) -> DoubleArray:
    """The same angles from -π to π."""
    return (angles + np.pi) % (2 * np.pi) - np.pi
