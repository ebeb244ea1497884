"""Pictures, and what people have labelled in them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import DoubleArray, frozen
from pose_landmarker.evaluation.joints import COCO_LANDMARKS
from pose_landmarker.results import Box
from pose_landmarker.topology import NUM_LANDMARKS

#: Share of a box that a person's silhouette takes, where its area is not known (the CrowdPose API).
AREA_OF_BOX = 0.53


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LabelledPerson:
    """One person.

    Attributes:
        points: (33, 2) joints, image pixels; NaN where there is no label.
        box: Around the person, image pixels.
        area: Of the silhouette, square pixels, > 0.
        crowd: Whether this is a box around several people.
        head_length: From the top of the head to the neck, image pixels, or None.
        world: (33, 3) joints in metres, axes of the camera (x right, y down, z away); NaN where there
            is no label; or None.
        visible: (33,) whether joints are labelled as visible, or None where labels do not say that.
    """

    points: DoubleArray
    box: Box
    area: float
    crowd: bool = False
    head_length: float | None = None
    world: DoubleArray | None = None
    visible: npt.NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        for name, axes in (("points", 2), ("world", 3)):
            value = getattr(self, name)
            if value is None:
                continue
            if value.shape != (NUM_LANDMARKS, axes):
                raise ValueError(
                    f"LabelledPerson.{name} has shape {value.shape}, wanted {(NUM_LANDMARKS, axes)}"
                )
            object.__setattr__(self, name, frozen(value.view()))

    @property
    def num_joints(self) -> int:
        """How many of COCO's 17 joints are labelled."""
        return int(np.isfinite(self.points[list(COCO_LANDMARKS)]).all(axis=-1).sum())

    @property
    def judged(self) -> bool:
        """Whether poses can be compared with this person: joints are labelled, and it is no crowd."""
        return not self.crowd and self.num_joints > 0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LabelledPicture:
    """One picture.

    Attributes:
        name: Within its data set, with slashes.
        dataset: Of which it is a part.
        path: Of the file.
        size: (width, height) as the labels have it, or None.
        persons: Who was labelled.
        exhaustive: Whether everybody in the picture was, so that any other pose is wrong.
        mask: File of the people's silhouette: 255 person, 0 background, others are left out; or None.
    """

    name: str
    dataset: str
    path: Path
    size: tuple[int, int] | None = None
    persons: tuple[LabelledPerson, ...] = ()
    exhaustive: bool = False
    mask: Path | None = None

    @property
    def negative(self) -> bool:
        """Whether there is nobody to be found."""
        return self.exhaustive and not self.persons
