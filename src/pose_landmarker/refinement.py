"""The landmark network again, on the regions that its own landmarks give, until they settle."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import DoubleArray, RgbImage
from pose_landmarker.association import distinct_bodies
from pose_landmarker.confidence import pose_scores
from pose_landmarker.landmark_net import Bodies, LandmarkNet, joined, mean_of
from pose_landmarker.plausibility import are_plausible
from pose_landmarker.results import Roi
from pose_landmarker.roi import wrap_angle

#: A region has settled when the next one differs by less than this: in place, as a share of its side, and in
#: size, as the logarithm of the ratio; by twice as many radians in rotation. Found by measurement
#: (docs/search.md).
_SETTLED = 0.05
#: A pose is worth another look as long as its score is this share of what will be asked of it.
_WORTH_A_LOOK = 0.17
#: The presence score of a pose may be lower by this factor as long as its region is still on the move.
_PRESENCE_MARGIN = 0.4


class Judged(NamedTuple):
    """Bodies with what is thought of them."""

    bodies: Bodies
    detections: DoubleArray
    """(N,) the detector's scores, NaN where no detection led there."""
    scores: DoubleArray
    """(N,) probabilities that they are people (see :func:`pose_landmarker.confidence.pose_scores`)."""
    origins: list[int]
    """Which of the regions at the beginning each came from."""

    def take(self, indices: list[int]) -> Judged:
        """Some of them, in that order."""
        return Judged(
            self.bodies.take(indices),
            self.detections[indices],
            self.scores[indices],
            [self.origins[i] for i in indices],
        )


def judge(bodies: Bodies, detections: DoubleArray, origins: list[int], upright: float = 0.0) -> Judged:
    """What is thought of bodies.

    Args:
        bodies: N of them.
        detections: (N,) the detector's scores, NaN where no detection led there.
        origins: Which of the regions at the beginning each came from.
        upright: Rotation of people who stand, radians.
    """
    rotations = np.array([_next(bodies, i).rotation for i in range(len(bodies.rois))]) - upright
    return Judged(
        bodies, detections, pose_scores(bodies.scores, bodies.peaks, rotations, detections), origins
    )


def plausible(bodies: Bodies) -> npt.NDArray[np.bool_]:
    """(N,) which bodies could be those of people (see :mod:`pose_landmarker.plausibility`)."""
    return are_plausible(bodies.points, bodies.world, np.array([roi.size for roi in bodies.rois]))


def refined(
    net: LandmarkNet,
    image: RgbImage,
    rois: list[Roi],
    detections: DoubleArray,
    *,
    passes: int,
    min_presence: float,
    upright: float = 0.0,
    mirror: bool = False,
    least_score: float = 0.0,
) -> Judged:
    """Bodies in regions, each looked at again until its region settles; the same body twice counts once.

    Args:
        net: The landmark network.
        image: (H, W, 3) uint8.
        rois: One or more regions, image pixels.
        detections: (N,) the detector's scores that led to them, NaN where none did.
        passes: How often the network looks again at most.
        min_presence: The least presence score of a pose.
        upright: Rotation of people who stand, radians.
        least_score: What will be asked of a pose in the end; those far below it are given up early.
        mirror: Whether the last look at everybody is averaged with one at the mirror image.

    Returns:
        The bodies that are there, the most likely ones first.
    """
    found = judge(net(image, rois), detections, list(range(len(rois))), upright)
    found = _without_doubles(_worth_a_look(found, min_presence, least_score), min_presence)
    moving = [i for i in range(len(found.origins)) if not _has_settled(found.bodies, i)]
    for _ in range(passes):
        if not moving:
            break
        again = net(image, [_next(found.bodies, i) for i in moving])
        moved = found.take(moving)
        looked = judge(again, moved.detections, moved.origins, upright)
        lost = _lost(moved, looked, min_presence)
        rest = found.take([i for i in range(len(found.origins)) if i not in moving])
        looked = looked.take([i for i in range(len(moving)) if i not in lost])
        looked = _worth_a_look(looked, min_presence, least_score)
        found = _without_doubles(_concatenated(_concatenated(rest, moved.take(lost)), looked), min_presence)
        fresh = set(looked.origins)
        moving = [
            i
            for i, origin in enumerate(found.origins)
            if origin in fresh and not _has_settled(found.bodies, i)
        ]
    found = found.take(np.flatnonzero(_there(found, min_presence) & plausible(found.bodies)).tolist())
    if mirror and found.origins:
        both = mean_of(found.bodies, net(image, found.bodies.rois, mirror=True))
        found = judge(both, found.detections, found.origins, upright)
    return found


def _lost(before: Judged, after: Judged, min_presence: float) -> list[int]:
    """Bodies that were there before another look, and are not any more: the look before is believed."""
    lost = _there(before, min_presence) & ~_there(after, min_presence)
    return [int(i) for i in np.flatnonzero(lost)]


def _there(found: Judged, min_presence: float) -> npt.NDArray[np.bool_]:
    there: npt.NDArray[np.bool_] = found.bodies.scores >= min_presence
    return there


def _concatenated(first: Judged, second: Judged) -> Judged:
    return Judged(
        joined(first.bodies, second.bodies),
        np.concatenate([first.detections, second.detections]),
        np.concatenate([first.scores, second.scores]),
        first.origins + second.origins,
    )


def _worth_a_look(found: Judged, min_presence: float, least_score: float) -> Judged:
    enough = found.bodies.scores >= _PRESENCE_MARGIN * min_presence
    enough &= found.scores >= _WORTH_A_LOOK * least_score
    alive = [i for i in np.flatnonzero(enough).tolist() if found.bodies.next_roi(i) is not None]
    return found.take(alive)


def _without_doubles(found: Judged, min_presence: float) -> Judged:
    """Each body once. One that is not quite there yet does not stand in the way of one that is."""
    if not found.origins:
        return found
    ranks = found.scores + _there(found, min_presence)
    sizes = np.array([_next(found.bodies, i).size for i in range(len(found.origins))])
    return found.take(distinct_bodies(found.bodies.points, sizes, ranks, found.bodies.peaks))


def _has_settled(bodies: Bodies, i: int) -> bool:
    roi, after = bodies.rois[i], _next(bodies, i)
    return (
        math.hypot(after.center_x - roi.center_x, after.center_y - roi.center_y) < _SETTLED * roi.size
        and abs(math.log(after.size / roi.size)) < _SETTLED
        and abs(wrap_angle(after.rotation - roi.rotation)) < 2 * _SETTLED
    )


def _next(bodies: Bodies, i: int) -> Roi:
    return bodies.next_roi(i) or bodies.rois[i]
