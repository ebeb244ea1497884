"""How good poses are, measured with labels: AP, PCK, recall, false positives, masks, errors in space.

    from pose_landmarker.evaluation import Landmarker, evaluate, parse_configuration, read_dataset

    pictures = read_dataset("person_keypoints_val2017.json", images="val2017")
    full = Landmarker(parse_configuration("full,num_poses=20"))
    print(evaluate(pictures, [full]).figures)

The metrics need nothing but numpy; AP, AR and ``evaluate`` where people are labelled need the extra
``evaluate``.
"""

from __future__ import annotations

from pose_landmarker.evaluation.average_precision import CocoScores, average_precision
from pose_landmarker.evaluation.comparison import Evaluation, evaluate
from pose_landmarker.evaluation.configuration import Configuration, parse_configuration
from pose_landmarker.evaluation.contestant import Contestant, Landmarker
from pose_landmarker.evaluation.dataset import FORMATS, chosen, read_dataset
from pose_landmarker.evaluation.dump import Dump
from pose_landmarker.evaluation.figures import Figures, figures
from pose_landmarker.evaluation.folders import read_negatives, with_masks
from pose_landmarker.evaluation.found import FoundPoses, found_poses
from pose_landmarker.evaluation.labelled import LabelledPerson, LabelledPicture
from pose_landmarker.evaluation.mpjpe import mpjpe, pa_mpjpe, procrustes
from pose_landmarker.evaluation.observed import Observed, observe
from pose_landmarker.evaluation.pck import pck, torso_length
from pose_landmarker.evaluation.recall import HeightBin, recall_by_height
from pose_landmarker.evaluation.reliability import ScoreBin, reliability
from pose_landmarker.evaluation.silhouettes import mask_iou
from pose_landmarker.evaluation.similarity import oks

__all__ = [
    "FORMATS",
    "CocoScores",
    "Configuration",
    "Contestant",
    "Dump",
    "Evaluation",
    "Figures",
    "FoundPoses",
    "HeightBin",
    "LabelledPerson",
    "LabelledPicture",
    "Landmarker",
    "Observed",
    "ScoreBin",
    "average_precision",
    "chosen",
    "evaluate",
    "figures",
    "found_poses",
    "mask_iou",
    "mpjpe",
    "observe",
    "oks",
    "pa_mpjpe",
    "parse_configuration",
    "pck",
    "procrustes",
    "read_dataset",
    "read_negatives",
    "recall_by_height",
    "reliability",
    "torso_length",
    "with_masks",
]
