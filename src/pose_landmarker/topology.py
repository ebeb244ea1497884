"""The 33 landmarks of a body: their names, the lines between them, and which mirrors which.

Order and names are those of the BlazePose GHUM model card and of the reference's ``PoseLandmark``.
Left and right are the person's own sides.
"""

from __future__ import annotations

import operator
from enum import IntEnum

NUM_LANDMARKS = 33


class PoseLandmark(IntEnum):
    """Index of each landmark in the arrays of a :class:`~pose_landmarker.Pose`."""

    NOSE = 0
    LEFT_EYE_INNER = 1
    LEFT_EYE = 2
    LEFT_EYE_OUTER = 3
    RIGHT_EYE_INNER = 4
    RIGHT_EYE = 5
    RIGHT_EYE_OUTER = 6
    LEFT_EAR = 7
    RIGHT_EAR = 8
    MOUTH_LEFT = 9
    MOUTH_RIGHT = 10
    LEFT_SHOULDER = 11
    RIGHT_SHOULDER = 12
    LEFT_ELBOW = 13
    RIGHT_ELBOW = 14
    LEFT_WRIST = 15
    RIGHT_WRIST = 16
    LEFT_PINKY = 17
    RIGHT_PINKY = 18
    LEFT_INDEX = 19
    RIGHT_INDEX = 20
    LEFT_THUMB = 21
    RIGHT_THUMB = 22
    LEFT_HIP = 23
    RIGHT_HIP = 24
    LEFT_KNEE = 25
    RIGHT_KNEE = 26
    LEFT_ANKLE = 27
    RIGHT_ANKLE = 28
    LEFT_HEEL = 29
    RIGHT_HEEL = 30
    LEFT_FOOT_INDEX = 31
    RIGHT_FOOT_INDEX = 32


#: Lower-case names in index order: ``LANDMARK_NAMES[25] == "left_knee"``.
LANDMARK_NAMES: tuple[str, ...] = tuple(landmark.name.lower() for landmark in PoseLandmark)

_INDEX = {name: index for index, name in enumerate(LANDMARK_NAMES)}

_FACE = ((0, 1), (1, 2), (2, 3), (3, 7), (0, 4), (4, 5), (5, 6), (6, 8), (9, 10))
_TORSO = ((11, 12), (11, 23), (12, 24), (23, 24))
_LEFT_ARM = ((11, 13), (13, 15), (15, 17), (15, 19), (15, 21), (17, 19))
_RIGHT_ARM = ((12, 14), (14, 16), (16, 18), (16, 20), (16, 22), (18, 20))
_LEFT_LEG = ((23, 25), (25, 27), (27, 29), (29, 31), (27, 31))
_RIGHT_LEG = ((24, 26), (26, 28), (28, 30), (30, 32), (28, 32))

#: The 35 lines of the reference's ``PoseLandmarksConnections``.
POSE_CONNECTIONS: tuple[tuple[int, int], ...] = (
    _FACE + _TORSO + _LEFT_ARM + _RIGHT_ARM + _LEFT_LEG + _RIGHT_LEG
)


def _mirror(name: str) -> str:
    swapped = name.replace("left", "?").replace("right", "left").replace("?", "right")
    return swapped if swapped in _INDEX else name


#: ``MIRROR[i]`` is the landmark on the other side of the body; the nose is its own mirror.
MIRROR: tuple[int, ...] = tuple(_INDEX[_mirror(name)] for name in LANDMARK_NAMES)

LEFT_LANDMARKS: frozenset[int] = frozenset(i for i, name in enumerate(LANDMARK_NAMES) if "left" in name)
RIGHT_LANDMARKS: frozenset[int] = frozenset(i for i, name in enumerate(LANDMARK_NAMES) if "right" in name)


def landmark_index(key: str | int) -> int:
    """Index of a landmark given by :class:`PoseLandmark`, number or name in any case.

    Raises:
        KeyError: There is no landmark of that name.
        IndexError: There is no landmark of that number.
        TypeError: It is neither.
    """
    if isinstance(key, str):
        try:
            return _INDEX[key.strip().lower()]
        except KeyError:
            known = ", ".join(LANDMARK_NAMES)
            raise KeyError(f"no landmark is called {key!r}; the names are {known}") from None
    index = operator.index(key)  # a float is no number of a landmark
    if not 0 <= index < NUM_LANDMARKS:
        raise IndexError(f"there is no landmark {index}; the numbers are 0 to {NUM_LANDMARKS - 1}")
    return index
