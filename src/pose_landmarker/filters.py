"""Constants of the filters that landmarks go through over time."""

from __future__ import annotations

from dataclasses import dataclass

from pose_landmarker.checks import check_flag, check_fraction, check_positive
from pose_landmarker.errors import OptionError

#: Beyond it everything passes as it is; far beyond it, numbers overflow.
MAX_CONSTANT = 1e9


@dataclass(frozen=True, kw_only=True, slots=True)
class Smoothing:
    """Filters of one person's landmarks over time; the defaults are the reference's constants.

    Landmarks go through 1€ filters, visibility through an exponential one
    (pose_landmarks_detector_graph.cc). A lower cutoff is less jitter, a higher beta is less lag.

    Attributes:
        min_cutoff: Cutoff frequency of image landmarks that hold still, Hz.
        beta: How that rises with speed: Hz for one side of the person's region a second.
        world_min_cutoff: Cutoff frequency of world landmarks that hold still, Hz.
        world_beta: How that rises with speed: Hz for one metre a second.
        derivative_cutoff: Cutoff frequency of the speeds, Hz.
        visibility_alpha: Weight of the newest visibility, in (0, 1].
        zero_is_unknown: Whether a timestamp of 0 is no known time, as for the reference, which
            assumes 30 Hz after it.

    Raises:
        OptionError: A constant is not positive, or ``visibility_alpha`` above 1.
    """

    min_cutoff: float = 0.05
    beta: float = 80.0
    world_min_cutoff: float = 0.1
    world_beta: float = 40.0
    derivative_cutoff: float = 1.0
    visibility_alpha: float = 0.1
    zero_is_unknown: bool = False

    def __post_init__(self) -> None:
        for name in ("min_cutoff", "world_min_cutoff", "derivative_cutoff", "visibility_alpha"):
            object.__setattr__(self, name, check_positive(f"smoothing.{name}", getattr(self, name)))
        for name in ("beta", "world_beta"):
            value = check_positive(f"smoothing.{name}", getattr(self, name), zero=True)
            object.__setattr__(self, name, value)
        for name in ("min_cutoff", "beta", "world_min_cutoff", "world_beta", "derivative_cutoff"):
            if getattr(self, name) > MAX_CONSTANT:
                raise OptionError(
                    f"smoothing.{name} must be at most {MAX_CONSTANT:g}, not {getattr(self, name):g}"
                )
        check_fraction("smoothing.visibility_alpha", self.visibility_alpha)
        check_flag("smoothing.zero_is_unknown", self.zero_is_unknown)


#: What ``smoothing="reference"`` means.
REFERENCE_SMOOTHING = Smoothing(zero_is_unknown=True)
