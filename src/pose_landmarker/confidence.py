"""How sure we are, as probabilities that mean what they say, and which bodies cannot be.

The networks' own scores are no probabilities: of a hundred detections of 0.6 that a close search makes,
hardly ten are people. Here they are put together, with what the heat maps say, by a logistic regression on
labelled photos and photos without people. ``benchmarks/calibration.py`` made the constants;
docs/confidence.md shows how good they are.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import DoubleArray, FloatArray

#: Face, arms and legs: landmarks whose heat maps tell bodies from things that look like bodies.
_FACE, _ARMS, _LEGS = slice(0, 11), slice(11, 17), slice(23, 29)
#: Weights of the detector's logit, the presence logit, how sure the heat maps are of face, arms and legs,
#: how far
#: the body is from upright (1 - cosine), and a constant; without a detection the first is left out.
_DETECTED = np.array([0.486, 0.201, 6.207, 5.071, 2.590, -3.091, -8.231])
_FOLLOWED = np.array([0.0, 0.189, 7.015, 5.564, 3.366, -3.093, -8.805])
#: Scores nearer to 0 and 1 than this say no more.
_EDGE = 1e-4


def pose_scores(
    presence: FloatArray,
    peaks: FloatArray,
    rotations: DoubleArray,
    detections: DoubleArray | None = None,
) -> DoubleArray:
    """Probabilities that poses are those of people, and right.

    Args:
        presence: (N,) what the landmark network says, in [0, 1].
        peaks: (N, 33 or more) how sure the heat maps are, in [0, 1].
        rotations: (N,) of the bodies against upright, radians.
        detections: (N,) the detector's scores, in [0, 1], NaN where there are none.

    Returns:
        (N,) in [0, 1]: of the poses with a score around p, the share p fits a person with an OKS above 0.5.
    """
    evidence = evidence_of(presence, peaks, rotations, detections)
    followed = np.ones(len(presence), bool) if detections is None else np.isnan(detections)
    weights = np.where(followed[:, None], _FOLLOWED, _DETECTED)
    scores: DoubleArray = 0.5 * (1 + np.tanh(0.5 * (evidence * weights).sum(axis=1)))
    return scores


def evidence_of(
    presence: FloatArray,
    peaks: FloatArray,
    rotations: DoubleArray,
    detections: DoubleArray | None = None,
) -> DoubleArray:
    """(N, 7) what :func:`pose_scores` weighs, from the same arguments; 0 for detections that are missing."""
    columns = [
        np.zeros(len(presence)) if detections is None else np.nan_to_num(logit(detections)),
        logit(presence),
        peaks[:, _FACE].mean(axis=1),
        peaks[:, _ARMS].mean(axis=1),
        peaks[:, _LEGS].mean(axis=1),
        1 - np.cos(rotations),
        np.ones(len(presence)),
    ]
    evidence: DoubleArray = np.stack(columns, axis=1)
    return evidence


def logit(probability: npt.ArrayLike) -> DoubleArray:
    """The logarithm of the odds, bounded."""
    bounded = np.clip(np.asarray(probability, float), _EDGE, 1 - _EDGE)
    logit: DoubleArray = np.log(bounded / (1 - bounded))
    return logit
