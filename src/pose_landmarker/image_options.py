"""How one picture is to be looked at."""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from pose_landmarker.checks import check_flag, check_fraction
from pose_landmarker.errors import OptionError, OptionTypeError


@dataclass(frozen=True, kw_only=True, slots=True)
class RegionOfInterest:
    """A part of the picture, normalised: 0 is the left or top edge, 1 the right or bottom one.

    Raises:
        OptionError: The region is empty or reaches outside the picture.
    """

    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        for name in ("left", "top", "right", "bottom"):
            value = check_fraction(f"region_of_interest.{name}", getattr(self, name))
            object.__setattr__(self, name, value)
        if self.left >= self.right or self.top >= self.bottom:
            raise OptionError(
                "region_of_interest must have left < right and top < bottom, not "
                f"left={self.left}, top={self.top}, right={self.right}, bottom={self.bottom}"
            )


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageProcessingOptions:
    """How one image is to be looked at.

    Attributes:
        rotation_degrees: Clockwise turn that makes the picture upright: a multiple of 90. Results
            stay in the coordinates of the picture as given.
        region_of_interest: Where people are looked for (ours; the reference refuses it):
            :class:`RegionOfInterest`, a tuple ``(left, top, right, bottom)``, or any object with
            those attributes. A body found there may reach beyond it.
        reference_rotation: Whether a turned picture is treated like the reference treats it (ours, for
            parity). MediaPipe 1.2.2 shows the detector the picture upright but does not turn its
            answer back, so it looks for landmarks in the wrong place.

    Raises:
        OptionError: The angle is no multiple of 90, or the region is empty or out of the picture.
    """

    rotation_degrees: int = 0
    region_of_interest: RegionOfInterest | tuple[float, float, float, float] | None = None
    reference_rotation: bool = False

    def __post_init__(self) -> None:
        degrees: Any = self.rotation_degrees
        if isinstance(degrees, (float, np.floating)) and float(degrees).is_integer():
            degrees = int(degrees)
        try:
            whole = operator.index(degrees)
        except TypeError:
            whole = None
        if whole is None or isinstance(degrees, bool):
            raise OptionTypeError(f"rotation_degrees must be a multiple of 90, not {self.rotation_degrees!r}")
        if whole % 90:
            raise OptionError(f"rotation_degrees must be a multiple of 90, not {whole}")
        object.__setattr__(self, "rotation_degrees", whole)
        if self.region_of_interest is not None:
            object.__setattr__(self, "region_of_interest", region_of(self.region_of_interest))
        like_reference = check_flag("reference_rotation", self.reference_rotation)
        object.__setattr__(self, "reference_rotation", like_reference)

    @property
    def region(self) -> RegionOfInterest | None:
        """The region of interest, checked."""
        return cast("RegionOfInterest | None", self.region_of_interest)

    @property
    def rotation_rad(self) -> float:
        """Rotation of the region that the detector looks at, clockwise on screen."""
        return -math.radians(self.rotation_degrees % 360)


def region_of(value: object, name: str = "region_of_interest") -> RegionOfInterest:
    """A region, checked, from any of the forms it may be given in.

    Raises:
        OptionError: It is empty or reaches out of the picture.
        OptionTypeError: It is something else.
    """
    if isinstance(value, RegionOfInterest):
        return value
    names = ("left", "top", "right", "bottom")
    if all(hasattr(value, name) for name in names):
        return RegionOfInterest(**{name: getattr(value, name) for name in names})
    if isinstance(value, (tuple, list)) and len(value) == 4:
        return RegionOfInterest(**dict(zip(names, value, strict=True)))
    raise OptionTypeError(
        f"{name} must be RegionOfInterest(left=, top=, right=, bottom=) or a tuple of those four, "
        f"not {value!r}"
    )
