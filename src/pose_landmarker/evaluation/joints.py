"""Joints by which poses are judged, as indexes into the 33 landmarks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from pose_landmarker.arrays import DoubleArray, frozen
from pose_landmarker.topologies import COCO_17
from pose_landmarker.topology import LANDMARK_NAMES

_SIDES = ("left", "right")


def _paired(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{side}_{name}" for name in names for side in _SIDES)


#: COCO's keypoints in COCO's order.
COCO_JOINTS: Final = COCO_17.points
#: Where COCO's keypoints are among the 33 landmarks.
COCO_LANDMARKS: Final = tuple(LANDMARK_NAMES.index(name) for name in COCO_JOINTS)
#: How widely people place each of them, as a share of the root of the person's area (cocodataset.org,
#: keypoint evaluation; the same numbers as in pycocotools).
COCO_SIGMAS: Final[DoubleArray] = frozen(
    np.array([0.026] + [s for s in (0.025, 0.035, 0.079, 0.072, 0.062, 0.107, 0.087, 0.089) for _ in _SIDES])
)

#: The joints of arms and legs, which every data set labels.
LIMB_JOINTS: Final = _paired(("shoulder", "elbow", "wrist", "hip", "knee", "ankle"))
#: Where they are among the 33 landmarks.
LIMB_LANDMARKS: Final = tuple(LANDMARK_NAMES.index(name) for name in LIMB_JOINTS)

#: Ends of a head as data sets name them, top and bottom (MPII, LSP, AI Challenger, PoseTrack).
HEAD_TOP: Final = "head_top"
HEAD_BOTTOMS: Final = ("upper_neck", "neck", "head_bottom")
