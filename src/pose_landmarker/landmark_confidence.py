"""How sure we are of single landmarks, as probabilities that mean what they say.

The networks' visibility and presence are no probabilities. Here they are put together with what the heat maps
say, by logistic regressions on labelled photos. ``benchmarks/landmark_calibration.py`` made the constants;
docs/confidence.md shows how good they are.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import DoubleArray, FloatArray
from pose_landmarker.confidence import logit
from pose_landmarker.topology import NUM_LANDMARKS

#: Landmarks of the face come first. The network believes in ears that nobody can see more than in hidden
#: knees, so the two have weights of their own.
NUM_FACE = 11
#: Weights for the face and for the rest of the body: of the logits of visibility, presence and the heat map's
#: peak, of the peak itself, of being inside the picture, and a constant.
_VISIBLE = np.array([[0.387, -0.354, 1.05, -3.095, 0.0, 1.281], [0.151, 0.094, -0.469, 7.927, 1.574, -5.576]])
_PRESENT = np.array([[0.389, -0.36, 1.23, -4.253, 0.0, 2.103], [0.38, 0.128, -0.458, 7.948, 1.952, -5.375]])
_RIGHT = np.array([[0.299, -0.182, 0.95, 0.24, 0.0, -2.401], [0.225, 0.077, -0.202, 10.033, 1.804, -7.127]])
_GROUPS = (np.arange(NUM_LANDMARKS) >= NUM_FACE).astype(int)


class LandmarkState(IntEnum):
    """What is known of a landmark."""

    SEEN = 0
    """It can be seen."""
    OCCLUDED = 1
    """It is hidden, but most likely where it is said to be."""
    OUTSIDE = 2
    """It is beyond the picture."""
    GUESSED = 3
    """It should be in the picture, but it is as likely somewhere else."""


class LandmarkConfidence(NamedTuple):
    """Probabilities, each (33,) float32 in [0, 1]."""

    visible: FloatArray
    """That it can be seen."""
    present: FloatArray
    """That it is in the picture, seen or hidden."""
    right: FloatArray
    """That it is where it is said to be, as exactly as people would say it."""


def landmark_confidence(
    visibility: FloatArray, presence: FloatArray, peaks: FloatArray, landmarks: FloatArray
) -> LandmarkConfidence:
    """Probabilities of the landmarks of a body.

    Args:
        visibility: (33,) what the landmark network says, in [0, 1].
        presence: (33,) the same.
        peaks: (33,) how sure the heat maps are, in [0, 1].
        landmarks: (33, 2 or 3) x, y normalised by the image's width and height.
    """
    evidence = evidence_of(visibility, presence, peaks, landmarks)
    sums = [(evidence * weights[_GROUPS]).sum(axis=1) for weights in (_VISIBLE, _PRESENT, _RIGHT)]
    return LandmarkConfidence(*((0.5 * (1 + np.tanh(0.5 * total))).astype(np.float32) for total in sums))


def landmark_states(confidence: LandmarkConfidence, landmarks: FloatArray) -> list[LandmarkState]:
    """What is known of each landmark.

    Args:
        confidence: Of each.
        landmarks: (33, 2 or 3) x, y normalised by the image's width and height.
    """
    return [
        LandmarkState.OUTSIDE
        if not inside
        else LandmarkState.SEEN
        if visible >= 0.5
        else LandmarkState.OCCLUDED
        if right >= 0.5
        else LandmarkState.GUESSED
        for inside, visible, right in zip(
            _inside(landmarks), confidence.visible, confidence.right, strict=True
        )
    ]


def evidence_of(
    visibility: FloatArray, presence: FloatArray, peaks: FloatArray, landmarks: FloatArray
) -> DoubleArray:
    """(33, 6) what :func:`landmark_confidence` weighs, from the same arguments."""
    evidence: DoubleArray = np.column_stack(
        [logit(visibility), logit(presence), logit(peaks), peaks, _inside(landmarks), np.ones(len(peaks))]
    )
    return evidence


def _inside(landmarks: FloatArray) -> npt.NDArray[np.bool_]:
    """Whether each is in the picture."""
    x, y = landmarks[:, 0], landmarks[:, 1]
    inside: npt.NDArray[np.bool_] = (x >= 0) & (x <= 1) & (y >= 0) & (y <= 1)
    return inside
