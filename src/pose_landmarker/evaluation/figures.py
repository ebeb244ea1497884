"""All figures of one contestant on one data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pose_landmarker.arrays import DoubleArray
from pose_landmarker.evaluation.average_precision import CocoScores, Rank, average_precision
from pose_landmarker.evaluation.joints import LIMB_JOINTS
from pose_landmarker.evaluation.labelled import LabelledPerson
from pose_landmarker.evaluation.mpjpe import mpjpe, pa_mpjpe
from pose_landmarker.evaluation.observed import MATCH, Observed
from pose_landmarker.evaluation.pck import PCK_SHARE, PCKH_SHARE, pck, torso_length
from pose_landmarker.evaluation.recall import HeightBin, recall_by_height
from pose_landmarker.evaluation.reliability import ScoreBin, reliability
from pose_landmarker.topology import NUM_LANDMARKS

#: OKS that is asked for where more than a rough fit is wanted.
GOOD_MATCH = 0.75
#: Recall is of people as tall, image pixels, and with as many of COCO's joints labelled.
MIN_HEIGHT = 64
MIN_JOINTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """Share of people whom some pose fits.

    Attributes:
        persons: At least ``MIN_HEIGHT`` pixels high, with at least ``MIN_JOINTS`` labelled joints.
        found: Of them, with OKS above 0.5.
        found_well: Of them, with OKS above 0.75.
        by_height: The same joints, any height, OKS above 0.5.
        well_by_height: The same, OKS above 0.75.
    """

    persons: int
    found: int
    found_well: int
    by_height: tuple[HeightBin, ...]
    well_by_height: tuple[HeightBin, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Correct:
    """Share of correct keypoints.

    Attributes:
        persons: Who could be measured.
        joints: Their labelled joints of arms and legs.
        share: Of joints that are right.
        by_joint: The same for each joint; None where it is never labelled.
    """

    persons: int
    joints: int
    share: float
    by_joint: dict[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """Poses that match a labelled person with OKS above 0.5, where labels tell.

    Attributes:
        poses: Where everybody is labelled, and outside of crowds; and those that match.
        matched: Of them.
    """

    poses: int
    matched: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Negatives:
    """Pictures without people.

    Attributes:
        pictures: How many.
        with_poses: Of them, those in which something was found.
        poses: Found in them.
    """

    pictures: int
    with_poses: int
    poses: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Masks:
    """Silhouettes.

    Attributes:
        pictures: With a labelled mask.
        iou: Mean over the pictures.
    """

    pictures: int
    iou: float


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Joints in space.

    Attributes:
        persons: With labels in metres.
        found: Of them, in whose picture there was a pose; the errors are theirs.
        mpjpe_mm: Mean error with the hips laid over each other; None where nobody was found.
        pa_mpjpe_mm: Mean error after the best similarity; None where nobody was found.
    """

    persons: int
    found: int
    mpjpe_mm: float | None
    pa_mpjpe_mm: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Everything that the labels allow to say; None where they do not.

    Attributes:
        pictures: That were looked at.
        persons: With labelled joints.
        poses: That were found.
        coco: AP and AR.
        recall: Of people, by height.
        pck: At 0.2 of the torso.
        pckh: At 0.5 of the head.
        precision: Of poses.
        negatives: False positives.
        masks: IoU.
        world: Errors in millimetres.
    """

    pictures: int
    persons: int
    poses: int
    coco: CocoScores | None
    recall: Recall | None
    pck: Correct | None
    pckh: Correct | None
    precision: Precision | None
    negatives: Negatives | None
    masks: Masks | None
    world: World | None


def figures(observed: Sequence[Observed], rank: Rank = "score") -> Figures:
    """Figures of everything that was observed.

    Args:
        observed: A picture each.
        rank: What poses are ranked by for average precision.

    Raises:
        MissingExtraError: There are people to be found, and pycocotools is not installed.
    """
    persons = [person for one in observed for person in one.judged]
    labelled = np.array([person.points for person in persons]).reshape(-1, NUM_LANDMARKS, 2)
    found = np.array([points for one in observed for points in _best_points(one)]).reshape(labelled.shape)
    heads = np.array([person.head_length or np.nan for person in persons])
    complete = any(one.picture.exhaustive and one.judged for one in observed)
    return Figures(
        pictures=len(observed),
        persons=len(persons),
        poses=sum(len(one.found) for one in observed),
        coco=average_precision(observed, rank) if complete else None,
        recall=_recall(observed, persons),
        pck=_correct(pck(found, labelled, torso_length(labelled), PCK_SHARE)),
        pckh=_correct(pck(found, labelled, heads, PCKH_SHARE)),
        precision=_precision(observed) if complete else None,
        negatives=_negatives(observed),
        masks=_masks(observed),
        world=_world(observed),
    )


def _best_points(one: Observed) -> list[DoubleArray]:
    """(33, 2) for each judged person; NaN where nobody was found."""
    nobody = np.full((NUM_LANDMARKS, 2), np.nan)
    return [nobody if number is None else one.found.points[number] for number in one.best]


def _recall(observed: Sequence[Observed], persons: Sequence[LabelledPerson]) -> Recall | None:
    asked = np.array([person.num_joints >= MIN_JOINTS for person in persons], dtype=bool)
    if not asked.any():
        return None
    heights = np.array([person.box.height for person in persons])[asked]
    best = np.concatenate([one.best_similarity for one in observed])[asked]
    tall = heights >= MIN_HEIGHT
    return Recall(
        persons=int(tall.sum()),
        found=int((best[tall] > MATCH).sum()),
        found_well=int((best[tall] > GOOD_MATCH).sum()),
        by_height=recall_by_height(heights, best, MATCH),
        well_by_height=recall_by_height(heights, best, GOOD_MATCH),
    )


def _correct(right: DoubleArray) -> Correct | None:
    judged = ~np.isnan(right)
    if not judged.any():
        return None
    counts, hits = judged.sum(axis=0), np.nansum(right, axis=0)
    shares = [float(hit / count) if count else None for hit, count in zip(hits, counts, strict=True)]
    return Correct(
        persons=int(judged.any(axis=1).sum()),
        joints=int(counts.sum()),
        share=float(hits.sum() / counts.sum()),
        by_joint=dict(zip(LIMB_JOINTS, shares, strict=True)),
    )


def _precision(observed: Sequence[Observed]) -> Precision:
    matched = np.concatenate([one.matched for one in observed])
    return Precision(poses=int((~np.isnan(matched)).sum()), matched=int(np.nansum(matched)))


def score_bins(observed: Sequence[Observed]) -> tuple[ScoreBin, ...]:
    """Poses of all data sets by score, with those that match a person; where labels tell."""
    if not observed:
        return ()
    matched = np.concatenate([one.matched for one in observed])
    scores = np.concatenate([one.found.scores for one in observed])
    told = ~np.isnan(matched)
    return reliability(scores[told], matched[told] > 0)


def _negatives(observed: Sequence[Observed]) -> Negatives | None:
    counts = [len(one.found) for one in observed if one.picture.negative]
    if not counts:
        return None
    return Negatives(pictures=len(counts), with_poses=sum(map(bool, counts)), poses=sum(counts))


def _masks(observed: Sequence[Observed]) -> Masks | None:
    values = [one.iou for one in observed if one.iou is not None]
    return Masks(pictures=len(values), iou=float(np.mean(values))) if values else None


def _world(observed: Sequence[Observed]) -> World | None:
    errors = [error for one in observed for error in world_errors(one) if error is not None]
    persons = sum(person.world is not None for one in observed for person in one.judged)
    if not persons:
        return None
    root, aligned = np.array(errors).reshape(-1, 2).mean(axis=0) if errors else (None, None)
    return World(
        persons=persons,
        found=len(errors),
        mpjpe_mm=None if root is None else float(root),
        pa_mpjpe_mm=None if aligned is None else float(aligned),
    )


def world_errors(one: Observed) -> list[tuple[float, float] | None]:
    """MPJPE and PA-MPJPE, millimetres, of each judged person; None where it cannot be said."""
    errors: list[tuple[float, float] | None] = []
    for person, number in zip(one.judged, one.best, strict=True):
        if person.world is None or number is None or np.isnan(one.found.world[number]).any():
            errors.append(None)
        else:
            pose = one.found.world[number]
            errors.append((mpjpe(pose, person.world), pa_mpjpe(pose, person.world)))
    return errors
