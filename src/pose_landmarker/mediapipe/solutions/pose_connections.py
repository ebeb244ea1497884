"""The lines of a skeleton, as pairs of landmarks."""

from __future__ import annotations

from pose_landmarker import topology

__all__ = ["POSE_CONNECTIONS"]

POSE_CONNECTIONS: frozenset[tuple[int, int]] = frozenset(topology.POSE_CONNECTIONS)
