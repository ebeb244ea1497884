"""Options: frozen, keyword-only, checked when made.

Names, ranges and defaults are those of the reference's ``PoseLandmarkerOptions``; what is ours
beyond it (``model``, ``engine``, ``threads``, ``region_of_interest``) says so.
"""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict, cast

import numpy as np

from pose_landmarker.errors import OptionError, OptionTypeError

if TYPE_CHECKING:
    from pose_landmarker.results import PoseLandmarkerResult

#: Called as ``callback(result, image, timestamp_ms)`` for every frame of a live stream.
ResultCallback: TypeAlias = "Callable[[PoseLandmarkerResult, Any, int], object]"

MODEL_NAMES = ("lite", "full", "heavy")
ENGINE_NAMES = ("auto", "litert", "openvino")


class RunningMode(Enum):
    """What kind of input a landmarker is made for."""

    IMAGE = "IMAGE"
    VIDEO = "VIDEO"
    LIVE_STREAM = "LIVE_STREAM"


def check_integer(name: str, value: object, *, low: int, high: int | None = None) -> int:
    """``value`` as an ``int`` in [low, high], or an error that names the option."""
    wanted = f"a whole number ≥ {low}" if high is None else f"a whole number from {low} to {high}"
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = None
    if number is None or isinstance(value, bool):
        raise OptionTypeError(f"{name} must be {wanted}, not {value!r} ({type(value).__name__})")
    if number < low or (high is not None and number > high):
        raise OptionError(f"{name} must be {wanted}, not {number}")
    return number


def check_fraction(name: str, value: object) -> float:
    """``value`` as a ``float`` in [0, 1], or an error that names the option."""
    if isinstance(value, (bool, str, bytes)) or not hasattr(value, "__float__"):
        raise OptionTypeError(f"{name} must be a number from 0 to 1, not {value!r} ({type(value).__name__})")
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):  # an array, say
        raise OptionTypeError(f"{name} must be a number from 0 to 1, not {value!r}") from None
    if not 0.0 <= number <= 1.0:
        raise OptionError(f"{name} must be a number from 0 to 1, not {number}")
    return number


def check_flag(name: str, value: object) -> bool:
    """``value`` if it is a ``bool``, or an error that names the option."""
    if not isinstance(value, (bool, np.bool_)):
        raise OptionTypeError(f"{name} must be True or False, not {value!r} ({type(value).__name__})")
    return bool(value)


def check_choice(name: str, value: object, choices: tuple[str, ...]) -> str:
    """``value`` if it is one of ``choices``, or an error that lists them."""
    wanted = " or ".join((", ".join(map(repr, choices[:-1])), repr(choices[-1])))
    if not isinstance(value, str):
        raise OptionTypeError(f"{name} must be {wanted}, not {value!r} ({type(value).__name__})")
    if value not in choices:
        raise OptionError(f"{name} must be {wanted}, not {value!r}")
    return value


@dataclass(frozen=True, kw_only=True, slots=True)
class BaseOptions:
    """Which model to use; exactly one of the three is given.

    Attributes:
        model_asset_path: Path of a ``.task`` bundle.
        model_asset_buffer: The bytes of a ``.task`` bundle.
        model: ``"lite"``, ``"full"`` or ``"heavy"``: fetched on first use, then kept (ours).

    Raises:
        OptionError: None or several are given, or the name is unknown.
    """

    model_asset_path: str | os.PathLike[str] | None = None
    model_asset_buffer: bytes | None = field(default=None, repr=False)
    model: str | None = None

    def __post_init__(self) -> None:
        given = [
            name
            for name in ("model_asset_path", "model_asset_buffer", "model")
            if getattr(self, name) is not None
        ]
        if len(given) != 1:
            raise OptionError(
                "BaseOptions needs exactly one of model_asset_path, model_asset_buffer and model; "
                f"{' and '.join(given) or 'none'} given"
            )
        if self.model is not None:
            check_choice("model", self.model, MODEL_NAMES)
        if self.model_asset_path is not None and not isinstance(self.model_asset_path, (str, os.PathLike)):
            raise OptionTypeError(
                f"model_asset_path must be a path, not {type(self.model_asset_path).__name__}"
            )
        if self.model_asset_path is not None and not os.fspath(self.model_asset_path):
            raise OptionError("model_asset_path is empty, wanted the path of a .task file")
        if self.model_asset_buffer is not None:
            if not isinstance(self.model_asset_buffer, (bytes, bytearray, memoryview)):
                raise OptionTypeError(
                    "model_asset_buffer must be the bytes of a .task file, not "
                    f"{type(self.model_asset_buffer).__name__}"
                )
            object.__setattr__(self, "model_asset_buffer", bytes(self.model_asset_buffer))

    @classmethod
    def of(cls, model: str | os.PathLike[str] | bytes) -> BaseOptions:
        """Options for a model given by name, by path or by its bytes."""
        if isinstance(model, (bytes, bytearray, memoryview)):
            return cls(model_asset_buffer=bytes(model))
        if isinstance(model, str) and model in MODEL_NAMES:
            return cls(model=model)
        if not isinstance(model, (str, os.PathLike)):
            raise OptionTypeError(
                "model must be 'lite', 'full', 'heavy', the path of a .task file or its bytes, not "
                f"{type(model).__name__}"
            )
        if isinstance(model, str) and PurePath(model).name == model and not model.endswith(".task"):
            check_choice("model", model, MODEL_NAMES)  # a misspelt name rather than a path
        return cls(model_asset_path=model)


@dataclass(frozen=True, kw_only=True, slots=True)
class PoseLandmarkerOptions:
    """How a :class:`~pose_landmarker.PoseLandmarker` works.

    Attributes:
        base_options: The model; *full* unless said.
        running_mode: IMAGE, VIDEO or LIVE_STREAM.
        num_poses: How many people are looked for at most.
        min_pose_detection_confidence: A person is looked at more closely from this detector score on.
        min_pose_presence_confidence: A pose is reported from this presence score on.
        min_tracking_confidence: Overlap (IoU) above which a detection continues a track (VIDEO and
            LIVE_STREAM).
        output_segmentation_masks: Whether every pose carries a mask. Costs time.
        result_callback: Receives the results of a LIVE_STREAM, and only of that.
        engine: ``"auto"``, ``"litert"``, ``"openvino"``, or a function of your own that compiles
            networks, see :class:`pose_landmarker.engines.Engine` (ours). ``auto`` takes OpenVINO where
            it is installed.
        threads: Threads of the inference engine (ours). By default as many as this process may use,
            four at most.

    Raises:
        OptionError: A value is out of its range.
        OptionTypeError: A value has the wrong type.
    """

    base_options: BaseOptions = field(default_factory=lambda: BaseOptions(model="full"))
    running_mode: RunningMode = RunningMode.IMAGE
    num_poses: int = 1
    min_pose_detection_confidence: float = 0.5
    min_pose_presence_confidence: float = 0.5
    min_tracking_confidence: float = 0.5
    output_segmentation_masks: bool = False
    result_callback: ResultCallback | None = None
    engine: str | Callable[..., Any] = "auto"
    threads: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.base_options, BaseOptions):
            raise OptionTypeError(
                f"base_options must be BaseOptions(...), not {type(self.base_options).__name__}"
            )
        if not isinstance(self.running_mode, RunningMode):
            raise OptionTypeError(
                "running_mode must be RunningMode.IMAGE, RunningMode.VIDEO or RunningMode.LIVE_STREAM, "
                f"not {self.running_mode!r}"
            )
        self._set("num_poses", check_integer("num_poses", self.num_poses, low=1))
        for name in (
            "min_pose_detection_confidence",
            "min_pose_presence_confidence",
            "min_tracking_confidence",
        ):
            self._set(name, check_fraction(name, getattr(self, name)))
        masks = check_flag("output_segmentation_masks", self.output_segmentation_masks)
        self._set("output_segmentation_masks", masks)
        if not callable(self.engine):
            check_choice("engine", self.engine, ENGINE_NAMES)
        if self.threads is not None:
            self._set("threads", check_integer("threads", self.threads, low=1, high=1024))
        self._check_callback()

    def _check_callback(self) -> None:
        live = self.running_mode is RunningMode.LIVE_STREAM
        if self.result_callback is not None and not callable(self.result_callback):
            raise OptionTypeError(
                f"result_callback must be callable, not {type(self.result_callback).__name__}"
            )
        if live and self.result_callback is None:
            raise OptionError("result_callback must be given when running_mode is LIVE_STREAM")
        if not live and self.result_callback is not None:
            raise OptionError(
                "result_callback should not be provided unless running_mode is LIVE_STREAM; it is "
                f"{self.running_mode.name}"
            )

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)


class OptionValues(TypedDict, total=False):
    """The options of :class:`PoseLandmarkerOptions` besides the model, for type checkers."""

    running_mode: RunningMode
    num_poses: int
    min_pose_detection_confidence: float
    min_pose_presence_confidence: float
    min_tracking_confidence: float
    output_segmentation_masks: bool
    result_callback: ResultCallback | None
    engine: str | Callable[..., Any]
    threads: int | None


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
            object.__setattr__(self, "region_of_interest", _region(self.region_of_interest))
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


def _region(value: object) -> RegionOfInterest:
    if isinstance(value, RegionOfInterest):
        return value
    names = ("left", "top", "right", "bottom")
    if all(hasattr(value, name) for name in names):
        return RegionOfInterest(**{name: getattr(value, name) for name in names})
    if isinstance(value, (tuple, list)) and len(value) == 4:
        return RegionOfInterest(**dict(zip(names, value, strict=True)))
    raise OptionTypeError(
        "region_of_interest must be RegionOfInterest(left=, top=, right=, bottom=) or a tuple of "
        f"those four, not {value!r}"
    )
