"""COCO's average precision and recall of keypoints, by pycocotools (extra ``evaluate``)."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Literal, TypeAlias

import numpy as np

from pose_landmarker.errors import MissingExtraError
from pose_landmarker.evaluation.joints import COCO_JOINTS, COCO_LANDMARKS
from pose_landmarker.evaluation.labelled import LabelledPerson
from pose_landmarker.evaluation.observed import Observed

#: The ten numbers of pycocotools for keypoints, in its order.
_NAMES = ("ap", "ap50", "ap75", "ap_medium", "ap_large", "ar", "ar50", "ar75", "ar_medium", "ar_large")
_PERSON = 1
_VISIBLE = 2

#: What poses are ranked by.
Rank: TypeAlias = Literal["score", "presence"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CocoScores:
    """COCO's numbers, 0 to 1; None where nobody is of that size.

    Attributes:
        pictures: In which everybody is labelled; the others are left out.
        persons: In them, with labelled joints.
        ap: Mean over OKS thresholds from 0.5 to 0.95 of the mean precision over recall.
        ap50: At OKS 0.5.
        ap75: At OKS 0.75.
        ap_medium: Of people with an area from 32² to 96² pixels.
        ap_large: Of larger people.
        ar: Mean over the thresholds of the highest recall, with 20 poses a picture at most.
        ar50: At OKS 0.5.
        ar75: At OKS 0.75.
        ar_medium: Of people with an area from 32² to 96² pixels.
        ar_large: Of larger people.
        precision50: (101,) precision at OKS 0.5 for recall from 0 to 1.
    """

    pictures: int
    persons: int
    ap: float | None
    ap50: float | None
    ap75: float | None
    ap_medium: float | None
    ap_large: float | None
    ar: float | None
    ar50: float | None
    ar75: float | None
    ar_medium: float | None
    ar_large: float | None
    precision50: tuple[float, ...]


def require_pycocotools() -> None:
    """See that pycocotools is there.

    Raises:
        MissingExtraError: It is not; the message holds the line to type.
    """
    if find_spec("pycocotools") is None:
        raise MissingExtraError("AP and AR need pycocotools: pip install 'pose-landmarker[evaluate]'")


def average_precision(observed: Sequence[Observed], rank: Rank = "score") -> CocoScores | None:
    """COCO's numbers for the pictures in which everybody is labelled.

    People without labelled joints, and crowds, are treated as COCO does: whatever is found there is
    neither right nor wrong.

    Args:
        observed: A picture each.
        rank: Whether poses are ranked by their score or by the mean presence of their landmarks.

    Returns:
        None where there is nobody to be found.

    Raises:
        MissingExtraError: pycocotools is not installed.
    """
    require_pycocotools()
    complete = [one for one in observed if one.picture.exhaustive]
    persons = sum(len(one.judged) for one in complete)
    if not persons:
        return None
    # It writes to standard output, and has no switch for that.
    with contextlib.redirect_stdout(io.StringIO()):
        stats, precision = _run(complete, rank)
    values = {name: None if value < 0 else float(value) for name, value in zip(_NAMES, stats, strict=True)}
    curve = tuple(float(value) for value in np.maximum(precision, 0))
    return CocoScores(pictures=len(complete), persons=persons, precision50=curve, **values)


def _run(observed: Sequence[Observed], rank: Rank) -> tuple[Any, Any]:
    from pycocotools.cocoeval import COCOeval

    images = [{"id": number} for number, _ in enumerate(observed, start=1)]
    labels = [
        {"image_id": number, **_label(person)}
        for number, one in enumerate(observed, start=1)
        for person in one.picture.persons
    ]
    poses = [
        {"image_id": number, **_pose(one, i, rank)}
        for number, one in enumerate(observed, start=1)
        for i in range(len(one.found))
    ]
    evaluation = COCOeval(_coco(images, labels), _coco(images, poses), "keypoints")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return evaluation.stats, evaluation.eval["precision"][0, :, 0, 0, 0]


def _coco(images: list[dict[str, Any]], annotations: list[dict[str, Any]]) -> Any:
    from pycocotools.coco import COCO

    coco = COCO()
    numbered = [{"id": number, **annotation} for number, annotation in enumerate(annotations, start=1)]
    coco.dataset = {
        "images": images,
        "annotations": numbered,
        "categories": [{"id": _PERSON, "name": "person", "keypoints": list(COCO_JOINTS)}],
    }
    coco.createIndex()
    return coco


def _label(person: LabelledPerson) -> dict[str, Any]:
    points = person.points[list(COCO_LANDMARKS)]
    labelled = np.isfinite(points).all(axis=-1)
    flags = np.where(labelled, _VISIBLE, 0)
    return {
        "category_id": _PERSON,
        "keypoints": np.column_stack([np.nan_to_num(points), flags]).ravel().tolist(),
        "num_keypoints": int(labelled.sum()),
        "bbox": list(person.box),
        "area": person.area,
        "iscrowd": int(person.crowd),
        "ignore": int(person.crowd),
    }


def _pose(one: Observed, number: int, rank: Rank) -> dict[str, Any]:
    points = one.found.points[number][list(COCO_LANDMARKS)]
    low, high = points.min(axis=0), points.max(axis=0)
    width, height = (high - low).tolist()
    return {
        "category_id": _PERSON,
        "keypoints": np.column_stack([points, np.full(len(points), _VISIBLE)]).ravel().tolist(),
        "score": float((one.found.scores if rank == "score" else one.found.presence)[number]),
        "bbox": [*low.tolist(), width, height],
        "area": width * height,
        "iscrowd": 0,
    }
