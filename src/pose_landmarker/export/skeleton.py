"""The skeleton of formats that hold joints and rotations: its hierarchy, its rest pose, and its motion.

At rest the body stands as a T: y up, the face to +z, the left arm along +x, and nothing is turned. A joint
turns everything that hangs on it. Where it points:

=====================  =================================================================================
Hips                   x along the hips, y as near to the shoulders as can be
Spine                  y from the hips to the shoulders, x as near to the line of the shoulders as can be
Head                   x along the ears, z as near to the nose as can be
LeftHand, RightHand    along the hand to its knuckles, z as near from pinky to index as can be
LeftFoot, RightFoot    z from the heel to the toes, y as near to the ankle as can be
others                 to the joint that hangs on them, by the shortest turn from the joint before, without
                       twist
=====================  =================================================================================

Lengths of bones are medians over time. Networks find landmarks, not bones, so lengths differ from frame to
frame; an :class:`Animation` has the place of every joint in its parent in every frame, too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import DoubleArray, FloatArray
from pose_landmarker.export import rotations
from pose_landmarker.topology import LANDMARK_NAMES, NUM_LANDMARKS
from pose_landmarker.topology import PoseLandmark as P

_X, _Y, _Z = 0, 1, 2
_LEFTWARD, _UP, _DOWN = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, -1.0, 0.0)


class Axes(NamedTuple):
    """A joint that three points turn: a main axis exactly, another as near as can be.

    Attributes:
        main: 0, 1 or 2 for x, y or z.
        along: From the middle of the first landmarks to that of the second.
        other: The other axis.
        towards: From the middle of the first landmarks to that of the second.
        sign: -1 where the main axis points the other way, so that both hands have the same twist.
    """

    main: int
    along: tuple[tuple[int, ...], tuple[int, ...]]
    other: int
    towards: tuple[tuple[int, ...], tuple[int, ...]]
    sign: float = 1.0


class Swing(NamedTuple):
    """A joint that turns by the shortest way to where its first child is.

    Attributes:
        rest: Where that is at rest.
    """

    rest: tuple[float, float, float]


class Joint(NamedTuple):
    """A joint of the skeleton, or a point on it.

    Attributes:
        name: Of the joint, as in other skeletons, or of the landmark where it is a point that turns nothing.
        parent: Index of the joint that it hangs on; -1 for the hips.
        at: Landmarks in the middle of which it is; one that stands here twice counts twice.
        turn: What turns it; None for points.
    """

    name: str
    parent: int
    at: tuple[int, ...]
    turn: Axes | Swing | None = None


_HIPS, _SHOULDERS, _EARS = (
    (P.LEFT_HIP, P.RIGHT_HIP),
    (P.LEFT_SHOULDER, P.RIGHT_SHOULDER),
    (P.LEFT_EAR, P.RIGHT_EAR),
)
_TORSO: Final = (_HIPS, _SHOULDERS)


def _points(parent: int, *landmarks: int) -> list[Joint]:
    return [Joint(LANDMARK_NAMES[i], parent, (i,)) for i in landmarks]


def _arm(side: str, first: int, spine: int) -> list[Joint]:
    shoulder, elbow, wrist, pinky, index, thumb = (
        P[f"{side.upper()}_{name}"] for name in ("SHOULDER", "ELBOW", "WRIST", "PINKY", "INDEX", "THUMB")
    )
    sign = 1.0 if side == "Left" else -1.0
    swing = Swing((sign, 0.0, 0.0))
    hand = Axes(_X, ((wrist,), (pinky, index)), _Z, ((pinky,), (index,)), sign)
    return [
        Joint(f"{side}Arm", spine, (shoulder,), swing),
        Joint(f"{side}ForeArm", first, (elbow,), swing),
        Joint(f"{side}Hand", first + 1, (wrist,), hand),
        *_points(first + 2, pinky, index, thumb),
    ]


def _leg(side: str, first: int) -> list[Joint]:
    hip, knee, ankle, heel, toe = (
        P[f"{side.upper()}_{name}"] for name in ("HIP", "KNEE", "ANKLE", "HEEL", "FOOT_INDEX")
    )
    foot = Axes(_Z, ((heel,), (toe,)), _Y, ((heel,), (ankle,)))
    return [
        Joint(f"{side}UpLeg", 0, (hip,), Swing(_DOWN)),
        Joint(f"{side}Leg", first, (knee,), Swing(_DOWN)),
        Joint(f"{side}Foot", first + 1, (ankle,), foot),
        *_points(first + 2, heel, toe),
    ]


def _body() -> tuple[Joint, ...]:
    """Parents before children, and each with everything on it in a row, as files want them."""
    joints = [
        Joint("Hips", -1, _HIPS, Axes(_X, (_HIPS[1:], _HIPS[:1]), _Y, _TORSO)),
        Joint("Spine", 0, _HIPS + _HIPS + _SHOULDERS, Axes(_Y, _TORSO, _X, (_SHOULDERS[1:], _SHOULDERS[:1]))),
        Joint("Neck", 1, _SHOULDERS, Swing(_UP)),
        Joint("Head", 2, _EARS, Axes(_X, (_EARS[1:], _EARS[:1]), _Z, (_EARS, (P.NOSE,)))),
        *_points(3, *range(P.NOSE, P.MOUTH_RIGHT + 1)),
    ]
    for side in ("Left", "Right"):
        joints += _arm(side, len(joints), 1)
    for side in ("Left", "Right"):
        joints += _leg(side, len(joints))
    return tuple(joints)


#: Parents come before children, and everything that hangs on a joint follows it in a row.
JOINTS: Final = _body()
#: The joint at each of the 33 landmarks.
JOINT_OF_LANDMARK: Final = tuple(
    next(i for i, joint in enumerate(JOINTS) if joint.at == (landmark,)) for landmark in range(NUM_LANDMARKS)
)
_FIRST_CHILD: Final = {joint.parent: i for i, joint in reversed(list(enumerate(JOINTS)))}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Animation:
    """A body of J joints that moves through T frames; y up, metres.

    Attributes:
        rest: (J, 3) where joints are in their parents at rest; the hips are at the origin.
        offsets: (T, J, 3) where they are in each frame; of the hips, in the world.
        turns: By joints that turn, (T, 3, 3): how they are turned in their parents.
    """

    rest: DoubleArray
    offsets: DoubleArray
    turns: dict[int, DoubleArray]

    def with_fixed_bones(self) -> Animation:
        """The same turns, with the bones of the rest pose in all frames; only the hips move."""
        offsets = np.repeat(self.rest[None], len(self.offsets), axis=0)
        offsets[:, 0] = self.offsets[:, 0]
        return replace(self, offsets=offsets)

    def landmarks(self) -> DoubleArray:
        """(T, 33, 3) where landmarks are; metres, y up."""
        places = np.empty_like(self.offsets)
        turned: dict[int, DoubleArray] = {-1: np.eye(3)[None]}
        for i, joint in enumerate(JOINTS):
            parent = turned[joint.parent]
            places[:, i] = rotations.apply(parent, self.offsets[:, i])
            if joint.parent >= 0:
                places[:, i] += places[:, joint.parent]
            if i in self.turns:
                turned[i] = parent @ self.turns[i]
        return places[:, JOINT_OF_LANDMARK]


def fit(points: FloatArray) -> Animation:
    """The motion of the skeleton that has its joints where landmarks are, exactly.

    In frames in which nothing is known the body stays as it was, or as it will first be. A landmark that is
    not known among others that are is at its place of the rest pose, turned with its parent.

    Args:
        points: (T, 33, 3) metres, y up; NaN where they are not known, but not everywhere.
    """
    known = np.all(np.isfinite(points), axis=2)
    seen = np.asarray(np.any(known, axis=1))
    held = np.where(known[..., None], points, np.nan)[_last_seen(seen)].astype(np.float64)
    rest, offsets = np.zeros((len(JOINTS), 3)), np.zeros((len(points), len(JOINTS), 3))
    places, turns = np.zeros_like(offsets), {}
    turned = {-1: np.broadcast_to(np.eye(3), (len(points), 3, 3))}
    for i, joint in enumerate(JOINTS):
        back = np.swapaxes(turned[joint.parent], 1, 2)
        from_parent = places[:, joint.parent] if joint.parent >= 0 else 0.0
        offset = rotations.apply(back, _middle(held, joint.at) - from_parent)
        there = np.all(np.isfinite(offset), axis=1)
        if joint.parent >= 0 and np.any(there & seen):
            rest[i] = np.median(offset[there & seen], axis=0)
        offsets[:, i] = np.where(there[:, None], offset, rest[i])
        places[:, i] = from_parent + rotations.apply(turned[joint.parent], offsets[:, i])
        if joint.turn is not None:
            turns[i] = _turn(i, joint.turn, held, places[:, i], back)
            turned[i] = turned[joint.parent] @ turns[i]
    return Animation(rest=rest, offsets=offsets, turns=turns)


def _turn(
    i: int, turn: Axes | Swing, held: DoubleArray, place: DoubleArray, back: DoubleArray
) -> DoubleArray:
    """(T, 3, 3) how a joint is turned in its parent; not at all where that is not known."""
    if isinstance(turn, Swing):
        child = _middle(held, JOINTS[_FIRST_CHILD[i]].at)
        local = rotations.shortest_arc(np.array(turn.rest), rotations.apply(back, child - place))
    else:
        along, towards = (
            _middle(held, end) - _middle(held, start) for start, end in (turn.along, turn.towards)
        )
        local = back @ rotations.from_axes(turn.main, turn.sign * along, turn.other, towards)
    lost = np.isnan(local).any(axis=(1, 2))
    local[lost] = np.eye(3)
    return local


def _middle(points: DoubleArray, landmarks: tuple[int, ...]) -> DoubleArray:
    out: DoubleArray = points[:, landmarks].mean(axis=1)
    return out


def _last_seen(seen: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """(T,) the frame itself, or the last one before it in which somebody is, or the first one of all."""
    last = np.maximum.accumulate(np.where(seen, np.arange(len(seen)), -1))
    return np.where(last < 0, np.argmax(seen), last)
