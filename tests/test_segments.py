"""Long videos in pieces: where they are cut, and who is who across the joints."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from pose_landmarker import Pose, PoseLandmarkerResult
from pose_landmarker.segments import WARM_UP_S, Joints, Segment, segments
from tests.poses import make_pose

_SECOND = 10  # frames


def test_pieces_cover_a_video_once() -> None:
    assert list(segments(Fraction(95), Fraction(30))) == [
        Segment(Fraction(0), Fraction(0), Fraction(30)),
        Segment(30 - WARM_UP_S, Fraction(30), Fraction(60)),
        Segment(60 - WARM_UP_S, Fraction(60), None),
    ]


@pytest.mark.parametrize(("duration", "count"), [(1, 1), (29, 1), (44, 1), (45, 2), (75, 3), (3600, 120)])
def test_the_last_piece_is_never_a_crumb(duration: int, count: int) -> None:
    cut = list(segments(Fraction(duration), Fraction(30)))
    assert len(cut) == count
    assert cut[0].start == cut[0].warm_up == 0
    assert cut[-1].end is None
    assert all(a.end == b.start for a, b in pairwise(cut))


def _result(*people: tuple[int, float]) -> PoseLandmarkerResult:
    """People by number and place (a shift to the right by so many pixels)."""
    return PoseLandmarkerResult(poses=tuple(_pose(*person) for person in people), image_size=(640, 480))


def _pose(track_id: int, shift: float) -> Pose:
    pose = make_pose()
    moved = pose.landmarks + np.array([shift / pose.image_size[0], 0, 0], np.float32)
    return replace(pose, track_id=track_id, landmarks=moved.astype(np.float32))


def _play(joints: Joints, first: int, last: int, *people: tuple[int, float]) -> list[list[int | None]]:
    return [
        [pose.track_id for pose in joints.join(n, Fraction(n, _SECOND), _result(*people)).poses]
        for n in range(first, last)
    ]


def test_people_keep_their_numbers_across_a_joint() -> None:
    joints = Joints()
    joints.begin()
    assert _play(joints, 0, 50, (1, 0.0), (2, 300.0)) == [[1, 2]] * 50
    joints.begin()
    for n in range(30, 50):  # the other way round in this piece
        joints.warm_up(n, _result((1, 301.0), (2, 1.0)))
    assert _play(joints, 50, 60, (1, 302.0), (2, 2.0)) == [[2, 1]] * 10


def test_newcomers_get_numbers_that_nobody_had() -> None:
    joints = Joints()
    joints.begin()
    _play(joints, 0, 50, (1, 0.0), (7, 300.0))
    joints.begin()
    for n in range(30, 50):
        joints.warm_up(n, _result((1, 0.0)))
    seen = _play(joints, 50, 52, (1, 0.0), (2, 500.0))
    assert seen[0][0] == 1
    assert seen[0][1] == seen[1][1] not in (None, 1, 2)


def test_somebody_elsewhere_is_somebody_else() -> None:
    joints = Joints()
    joints.begin()
    _play(joints, 0, 50, (1, 0.0))
    joints.begin()
    for n in range(30, 50):
        joints.warm_up(n, _result((1, 400.0)))
    assert _play(joints, 50, 51, (1, 400.0)) == [[2]]


def test_without_common_frames_everybody_is_new() -> None:
    joints = Joints()
    joints.begin()
    _play(joints, 0, 50, (1, 0.0))
    joints.begin()
    assert _play(joints, 50, 51, (1, 0.0)) == [[2]]


def test_only_the_overlap_is_remembered() -> None:
    joints = Joints()
    joints.begin()
    _play(joints, 0, 1000, (1, 0.0))
    assert len(joints._seen) <= WARM_UP_S * _SECOND + 1
