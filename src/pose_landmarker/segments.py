"""A long video in pieces that are worked on at the same time, and the same people across the joints.

Every piece but the first begins a little earlier than its results do: meanwhile people are found, and the
filters of their landmarks settle. Where two pieces look at the same frames, they see the same people at the
same places; that tells which number of one is which of the other.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from pose_landmarker.association import body_distance, match
from pose_landmarker.results import Pose, PoseLandmarkerResult

#: Seconds by which a piece begins earlier. Filters and regions forget within one; the rest is for people
#: who are covered just then.
WARM_UP_S = Fraction(2)
#: Two bodies further apart than this, in sizes of their regions, are not one person.
_SAME_WITHIN = 0.25
#: So many of the last common frames tell who is who.
_TELLING = 15


class Segment(NamedTuple):
    """A piece of a video; seconds.

    Attributes:
        warm_up: Where reading begins.
        start: Where its results begin.
        end: Where they end, exclusive; None for the end of the video.
    """

    warm_up: Fraction
    start: Fraction
    end: Fraction | None


def segments(duration: Fraction, length: Fraction) -> Iterator[Segment]:
    """The pieces of a video, in order.

    Args:
        duration: Of the video, seconds.
        length: Of a piece, seconds; the last one may be half as long again.
    """
    count = max(1, int(duration / length + Fraction(1, 2)))
    for number in range(count):
        start = number * length
        last = number == count - 1
        yield Segment(max(Fraction(0), start - WARM_UP_S), start, None if last else start + length)


class Joints:
    """Gives people the same numbers in all pieces of a video. Results have to come in order."""

    def __init__(self) -> None:
        self._next_id = 1
        self._ids: dict[int, int] = {}
        self._warm: dict[int, tuple[Pose, ...]] = {}
        self._seen: deque[tuple[int, Fraction, tuple[Pose, ...]]] = deque()

    def begin(self) -> None:
        """Another piece begins."""
        self._ids = {}
        self._warm = {}

    def warm_up(self, frame: int, result: PoseLandmarkerResult) -> None:
        """What this piece saw in a frame that the one before has a result of."""
        self._warm[frame] = result.poses

    def join(self, frame: int, time: Fraction, result: PoseLandmarkerResult) -> PoseLandmarkerResult:
        """The same result with the numbers that people have in the whole video."""
        if self._warm:
            seen = {number: poses for number, _, poses in self._seen}
            common = [(seen[number], poses) for number, poses in self._warm.items() if number in seen]
            self._ids = _same_people(common[-_TELLING:])
            self._warm = {}
        poses = tuple(replace(pose, track_id=self._id_of(pose)) for pose in result.poses)
        self._seen.append((frame, time, tuple(replace(pose, mask=None) for pose in poses)))
        while self._seen[0][1] < time - WARM_UP_S:
            self._seen.popleft()
        return replace(result, poses=poses)

    def _id_of(self, pose: Pose) -> int | None:
        if pose.track_id is None:
            return None
        if pose.track_id not in self._ids:
            self._ids[pose.track_id] = self._next_id
        found = self._ids[pose.track_id]
        self._next_id = max(self._next_id, found + 1)
        return found


def _same_people(common: Sequence[tuple[Sequence[Pose], Sequence[Pose]]]) -> dict[int, int]:
    """From numbers of this piece to those of the one before, by what both saw in the same frames."""
    distances: dict[tuple[int, int], list[float]] = defaultdict(list)
    for before, now in common:
        for a in before:
            for b in now:
                if a.track_id is not None and b.track_id is not None:
                    gap = body_distance(a.pixels.astype(np.float64), b.pixels.astype(np.float64), a.roi.size)
                    distances[b.track_id, a.track_id].append(gap)
    rows = sorted({new for new, _ in distances})
    columns = sorted({old for _, old in distances})
    costs = np.full((len(rows), len(columns)), np.inf)
    for (new, old), gaps in distances.items():
        costs[rows.index(new), columns.index(old)] = np.median(gaps)
    return {rows[i]: columns[j] for i, j in match(costs, _SAME_WITHIN)}
