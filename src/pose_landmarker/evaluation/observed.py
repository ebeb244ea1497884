"""One picture, what is labelled in it, what was found, and how they compare."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from pose_landmarker.arrays import DoubleArray
from pose_landmarker.errors import DatasetError
from pose_landmarker.evaluation.found import FoundPoses
from pose_landmarker.evaluation.joints import COCO_LANDMARKS
from pose_landmarker.evaluation.labelled import LabelledPerson, LabelledPicture
from pose_landmarker.evaluation.silhouettes import mask_iou
from pose_landmarker.evaluation.similarity import oks
from pose_landmarker.media import read_image
from pose_landmarker.results import Box
from pose_landmarker.topology import NUM_LANDMARKS

#: A pose is right from this similarity on, where one threshold has to do (PASCAL VOC's and COCO's first).
MATCH = 0.5
_PERSON, _BACKGROUND = 255, 0


@dataclass(frozen=True, eq=False, kw_only=True)
class Observed:
    """A picture and the poses that were found in it.

    Attributes:
        picture: With its labels.
        found: Poses, without their silhouette.
        iou: Of the masks, or None where there are none to compare.
    """

    picture: LabelledPicture
    found: FoundPoses
    iou: float | None = None

    @cached_property
    def judged(self) -> tuple[LabelledPerson, ...]:
        """The people whom poses can be compared with."""
        return tuple(person for person in self.picture.persons if person.judged)

    @cached_property
    def similarity(self) -> DoubleArray:
        """(P, N) OKS of each judged person with each pose."""
        labelled = np.array([person.points for person in self.judged]).reshape(-1, NUM_LANDMARKS, 2)
        return oks(self.found.points, labelled, [person.area for person in self.judged])

    @cached_property
    def best(self) -> list[int | None]:
        """For each judged person the pose that fits best; None where nobody was found."""
        if not len(self.found):
            return [None] * len(self.judged)
        return [int(row.argmax()) for row in self.similarity]

    @cached_property
    def best_similarity(self) -> DoubleArray:
        """(P,) OKS of that pose; 0 where nobody was found."""
        best: DoubleArray = self.similarity.max(axis=1, initial=0.0)
        return best

    @cached_property
    def matched(self) -> DoubleArray:
        """(N,) 1 where a pose fits a labelled person, 0 where nobody, NaN where labels do not tell.

        They do not tell in pictures in which somebody was left out (not even of poses that fit: those alone
        would make everybody look good), and of poses that fit nobody in a crowd or on a person without
        joints.
        """
        if not self.picture.exhaustive:
            return np.full(len(self.found), np.nan)
        fits = self.similarity.max(axis=0, initial=0.0) > MATCH
        vague = [person.box for person in self.picture.persons if not person.judged]
        excused = [any(_mostly_inside(points, box) for box in vague) for points in self.found.points]
        return np.where(~fits & np.array(excused, dtype=bool), np.nan, fits.astype(float))


def observe(picture: LabelledPicture, found: FoundPoses) -> Observed:
    """Compare what was found with the labels.

    Raises:
        PoseLandmarkerError: The mask cannot be read, or is not that of the picture.
    """
    iou = None
    if picture.mask is not None and found.silhouette is not None:
        mask = read_image(picture.mask)[..., 0]
        if mask.shape != found.silhouette.shape:
            raise DatasetError(
                f"{picture.mask} is a mask of {mask.shape[1]}x{mask.shape[0]} pixels, but its picture has "
                f"{found.silhouette.shape[1]}x{found.silhouette.shape[0]}"
            )
        vague = (mask != _PERSON) & (mask != _BACKGROUND)
        iou = mask_iou(found.silhouette, mask == _PERSON, vague)
    if not found.with_landmarks:  # then labelled people are no measure of it
        picture = replace(picture, persons=(), exhaustive=False)
    return Observed(picture=picture, found=replace(found, silhouette=None), iou=iou)


def _mostly_inside(points: DoubleArray, box: Box) -> bool:
    """Whether half of COCO's joints, or more, lie in a box."""
    xy = points[list(COCO_LANDMARKS)]
    low, high = np.array([box.x, box.y]), np.array([box.x + box.width, box.y + box.height])
    return float(((xy >= low) & (xy <= high)).all(axis=-1).mean()) >= 0.5
