"""The topologies that other programs and data sets use, in their own order.

Names are ours, one for each place on the body: what OpenPose calls MidHip, Halpe and Human3.6M Hip, is
``pelvis`` here, and LSP's Neck is MPII's ``upper_neck``. docs/topologies.md has the whole table.
"""

from __future__ import annotations

from typing import Final

from pose_landmarker.topologies.topology import Topology
from pose_landmarker.topology import LANDMARK_NAMES, POSE_CONNECTIONS

#: The 33 landmarks of this package.
BLAZEPOSE_33: Final = Topology("BlazePose 33", LANDMARK_NAMES, POSE_CONNECTIONS)

_COCO_POINTS = (
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
)

#: COCO's keypoints. Order and lines: ``keypoints`` and ``skeleton`` (there counted from 1) of the category
#: "person" in person_keypoints_*2017.json; cocodataset.org, "Data format", 2. Keypoint detection.
COCO_17: Final = Topology(
    "COCO 17",
    _COCO_POINTS,
    (
        *((15, 13), (13, 11), (16, 14), (14, 12), (11, 12), (5, 11), (6, 12), (5, 6), (5, 7), (6, 8)),
        *((7, 9), (8, 10), (1, 2), (0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 6)),
    ),
)

#: OpenPose's. Order: doc/02_output.md of CMU-Perceptual-Computing-Lab/openpose, POSE_BODY_25_BODY_PARTS;
#: lines: POSE_BODY_25_PAIRS_RENDER_GPU in poseParametersRender.hpp.
BODY_25: Final = Topology(
    "BODY_25",
    (
        "nose",
        "neck",
        "right_shoulder",
        "right_elbow",
        "right_wrist",
        "left_shoulder",
        "left_elbow",
        "left_wrist",
        "pelvis",
        "right_hip",
        "right_knee",
        "right_ankle",
        "left_hip",
        "left_knee",
        "left_ankle",
        "right_eye",
        "left_eye",
        "right_ear",
        "left_ear",
        "left_foot_index",
        "left_small_toe",
        "left_heel",
        "right_foot_index",
        "right_small_toe",
        "right_heel",
    ),
    (
        *((1, 8), (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (8, 9), (9, 10), (10, 11), (8, 12)),
        *((12, 13), (13, 14), (1, 0), (0, 15), (15, 17), (0, 16), (16, 18), (14, 19), (19, 20)),
        *((14, 21), (11, 22), (22, 23), (11, 24)),
    ),
)

#: Order: README.md of Fang-Haoshu/Halpe-FullBody, "26 body keypoints"; lines: AlphaPose's ``l_pair`` for 26
#: points in alphapose/utils/vis.py.
HALPE_26: Final = Topology(
    "Halpe 26",
    (
        *_COCO_POINTS,
        "head_top",
        "neck",
        "pelvis",
        "left_foot_index",
        "right_foot_index",
        "left_small_toe",
        "right_small_toe",
        "left_heel",
        "right_heel",
    ),
    (
        *((0, 1), (0, 2), (1, 3), (2, 4), (5, 18), (6, 18), (5, 7), (7, 9), (6, 8), (8, 10), (17, 18)),
        *((18, 19), (19, 11), (19, 12), (11, 13), (12, 14), (13, 15), (14, 16), (20, 24), (21, 25)),
        *((23, 25), (22, 24), (15, 24), (16, 25)),
    ),
)

#: Human3.6M's 17 joints that move, out of 32. Order and lines: facebookresearch/VideoPose3D,
#: common/h36m_dataset.py (``parents`` after ``remove_joints``); names: una-dinosauria/3d-pose-baseline,
#: H36M_NAMES, where joint 9 is "Neck/Nose" and joint 10 "Head".
H36M_17: Final = Topology(
    "Human3.6M 17",
    (
        "pelvis",
        "right_hip",
        "right_knee",
        "right_ankle",
        "left_hip",
        "left_knee",
        "left_ankle",
        "spine",
        "thorax",
        "nose",
        "head_top",
        "left_shoulder",
        "left_elbow",
        "left_wrist",
        "right_shoulder",
        "right_elbow",
        "right_wrist",
    ),
    (
        *((0, 1), (1, 2), (2, 3), (0, 4), (4, 5), (5, 6), (0, 7), (7, 8), (8, 9), (9, 10), (8, 11)),
        *((11, 12), (12, 13), (8, 14), (14, 15), (15, 16)),
    ),
)

#: Order: human-pose.mpi-inf.mpg.de, "Annotation description", joint ids 0 to 15. It has no lines; these
#: follow the limbs.
MPII_16: Final = Topology(
    "MPII 16",
    (
        "right_ankle",
        "right_knee",
        "right_hip",
        "left_hip",
        "left_knee",
        "left_ankle",
        "pelvis",
        "thorax",
        "upper_neck",
        "head_top",
        "right_wrist",
        "right_elbow",
        "right_shoulder",
        "left_shoulder",
        "left_elbow",
        "left_wrist",
    ),
    (
        *((0, 1), (1, 2), (2, 6), (6, 3), (3, 4), (4, 5), (6, 7), (7, 8), (8, 9), (7, 12), (12, 11)),
        *((11, 10), (7, 13), (13, 14), (14, 15)),
    ),
)

#: Order: README.txt of the Leeds Sports Pose dataset (Johnson and Everingham 2010), joints.mat. It has no
#: lines; these follow the limbs.
LSP_14: Final = Topology(
    "LSP 14",
    (
        "right_ankle",
        "right_knee",
        "right_hip",
        "left_hip",
        "left_knee",
        "left_ankle",
        "right_wrist",
        "right_elbow",
        "right_shoulder",
        "left_shoulder",
        "left_elbow",
        "left_wrist",
        "upper_neck",
        "head_top",
    ),
    (
        *((0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (6, 7), (7, 8), (8, 12), (12, 9), (9, 10), (10, 11)),
        *((12, 13), (2, 8), (3, 9)),
    ),
)

#: All of them.
TOPOLOGIES: Final = (BLAZEPOSE_33, COCO_17, BODY_25, HALPE_26, H36M_17, MPII_16, LSP_14)
