"""Options: frozen, keyword-only, checked when made.

Names, ranges and defaults are those of the reference's ``PoseLandmarkerOptions``; what is ours
beyond it says so.
"""

from __future__ import annotations

import inspect
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict, cast

from pose_landmarker.checks import (
    check_choice,
    check_device,
    check_flag,
    check_fraction,
    check_integer,
    check_positive,
)
from pose_landmarker.errors import OptionError, OptionTypeError
from pose_landmarker.filters import REFERENCE_SMOOTHING, Smoothing
from pose_landmarker.image_options import RegionOfInterest, region_of

if TYPE_CHECKING:
    from pose_landmarker.results import PoseLandmarkerResult

#: Called as ``callback(result, image, timestamp_ms)`` for every frame of a live stream.
ResultCallback: TypeAlias = "Callable[[PoseLandmarkerResult, Any, int], object]"

#: Takes an exception that a live stream's callback or pipeline raised.
ErrorCallback: TypeAlias = Callable[[Exception], object]

#: A word, a point (x, y) or a box (x, y, width, height) in image pixels.
SubjectChoice: TypeAlias = "str | tuple[float, float] | tuple[float, float, float, float]"

#: ``"whole"``, ``"wide"``, or regions of interest.
Search: TypeAlias = "str | Sequence[RegionOfInterest | tuple[float, float, float, float]]"

#: How exactly the networks compute.
Precision: TypeAlias = Literal["exact", "fast"]

MODEL_NAMES = ("lite", "full", "heavy")
ENGINE_NAMES = ("auto", "native", "litert", "openvino", "torch")
PRECISION_NAMES: tuple[Precision, ...] = ("exact", "fast")
#: Those that know precision ``fast``.
_FAST_ENGINES = ("auto", "native", "openvino", "torch")
SUBJECT_NAMES = ("largest", "central", "first")
SMOOTHING_NAMES = ("reference", "none")
SEARCH_NAMES = ("whole", "wide")

#: How often the landmark network looks again after a wide search, and at boxes that are given.
DEFAULT_PASSES = 2
MAX_PASSES = 100
#: What a close search must think of a pose to report it: it meets many more things that look like people.
DEFAULT_MIN_SCORE = 0.4


class RunningMode(Enum):
    """What kind of input a landmarker is made for."""

    IMAGE = "IMAGE"
    VIDEO = "VIDEO"
    LIVE_STREAM = "LIVE_STREAM"


@dataclass(frozen=True, kw_only=True, slots=True)
class BaseOptions:
    """Which model to use; exactly one of the three is given.

    Attributes:
        model_asset_path: Path of a ``.task`` bundle.
        model_asset_buffer: The bytes of a ``.task`` bundle.
        model: ``"lite"``, ``"full"`` or ``"heavy"``: fetched on first use, then kept (ours).
        device: Where the networks run (ours): ``"cpu"``; ``"cuda"`` or ``"cuda:1"``, a graphics card of
            NVIDIA's, by the engine ``"torch"``, which ``"auto"`` means then.

    Raises:
        OptionError: None or several are given, the name is unknown, or ``device`` is none.
    """

    model_asset_path: str | os.PathLike[str] | None = None
    model_asset_buffer: bytes | None = field(default=None, repr=False)
    model: str | None = None
    device: str = "cpu"

    def __post_init__(self) -> None:
        check_device(self.device)
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
    def of(cls, model: str | os.PathLike[str] | bytes, device: str = "cpu") -> BaseOptions:
        """Options for a model given by name, by path or by its bytes, and a device."""
        if isinstance(model, (bytes, bytearray, memoryview)):
            return cls(model_asset_buffer=bytes(model), device=device)
        if isinstance(model, str) and model in MODEL_NAMES:
            return cls(model=model, device=device)
        if not isinstance(model, (str, os.PathLike)):
            raise OptionTypeError(
                "model must be 'lite', 'full', 'heavy', the path of a .task file or its bytes, not "
                f"{type(model).__name__}"
            )
        if isinstance(model, str) and PurePath(model).name == model and not model.endswith(".task"):
            check_choice("model", model, MODEL_NAMES)  # a misspelt name rather than a path
        return cls(model_asset_path=model, device=device)


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
        result_callback: Receives the results of a LIVE_STREAM, and only of that:
            ``callback(result, image, timestamp_ms)``, in order, on a thread of its own.
        on_error: Receives what the callback or the pipeline of a LIVE_STREAM raises (ours). Without
            it the next ``detect_async`` or ``close`` raises it.
        smoothing: Of every person's landmarks over time (ours): ``"reference"``, the reference's
            filters and constants, which it applies to a single person only; a :class:`Smoothing`
            of your own; ``"none"`` or None.
        steady: Whether the regions that people are followed with hold still as long as the people do
            (ours): less jitter, and results that hardly depend on the engine.
        detection_interval: Seconds between two looks for further people while some, but fewer than
            ``num_poses``, are in view (ours). 0 is the reference: at every frame, and what is
            detected replaces the region of a person it overlaps.
        search: Where people are looked for (ours): ``"whole"``, in the picture as a whole, like the
            reference; ``"wide"``, also closer, in overlapping parts of it, which finds people who are far
            away or many; or a sequence of regions (left, top, right, bottom), normalised, that are
            each looked at.
        refine: How often the landmark network looks again, where its own landmarks say that the body
            is, until that settles (ours). None: never with ``search="whole"``, else twice at most.
        mirror: Whether the landmarks are averaged with those of the mirror image (ours). Twice the
            time, a little more exact.
        min_pose_score: A pose is reported from this ``Pose.score`` on (ours). None: 0.4 with a
            close search for several people. Who looks for one person is taken to know that somebody is
            there: then, and with ``search="whole"``, 0.
        subject: Whom to follow where several people are in view (ours): ``"largest"``, ``"central"``,
            ``"first"``, or the one nearest to a point (x, y) or a box (x, y, width, height) in image
            pixels. Results hold this person only, and nobody while that person is hidden.
        engine: ``"auto"``, ``"native"``, ``"litert"``, ``"openvino"``, ``"torch"``, or a function of your own
            that compiles networks, see :class:`pose_landmarker.engines.Engine` (ours). ``auto`` takes the
            native one where it was compiled and the processor has AVX2, else OpenVINO where it is
            installed, else LiteRT; and PyTorch where ``device`` is a graphics card.
        precision: ``"exact"``, or ``"fast"`` (ours): the middle layers of the networks compute in
            bfloat16, on processors that have it, and nearly all in float16 on graphics cards. Elsewhere a
            warning says why it stays exact.
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
    on_error: ErrorCallback | None = None
    smoothing: Smoothing | str | None = "reference"
    steady: bool = False
    detection_interval: float = 0.25
    search: Search = "whole"
    refine: int | None = None
    mirror: bool = False
    min_pose_score: float | None = None
    subject: SubjectChoice | None = None
    engine: str | Callable[..., Any] = "auto"
    precision: Precision = "exact"
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
        self._check_engine()
        self._check_precision()
        if self.threads is not None:
            self._set("threads", check_integer("threads", self.threads, low=1, high=1024))
        interval = check_positive("detection_interval", self.detection_interval, zero=True)
        self._set("detection_interval", interval)
        self._set("steady", check_flag("steady", self.steady))
        if isinstance(self.smoothing, str):
            check_choice("smoothing", self.smoothing, SMOOTHING_NAMES)
        elif self.smoothing is not None and not isinstance(self.smoothing, Smoothing):
            raise OptionTypeError(
                "smoothing must be 'reference', 'none', None or Smoothing(...), not "
                f"{type(self.smoothing).__name__}"
            )
        if self.subject is not None:
            self._set("subject", _subject(self.subject))
        self._check_search()
        self._check_callback()

    @property
    def smoothing_constants(self) -> Smoothing | None:
        """The constants that ``smoothing`` means."""
        if isinstance(self.smoothing, str):
            return {"reference": REFERENCE_SMOOTHING, "none": None}[self.smoothing]
        return self.smoothing

    @property
    def regions(self) -> tuple[RegionOfInterest, ...] | None:
        """The regions that ``search`` is, if it is regions."""
        return None if isinstance(self.search, str) else cast("tuple[RegionOfInterest, ...]", self.search)

    @property
    def passes(self) -> int:
        """What ``refine`` means."""
        if self.refine is not None:
            return self.refine
        return 0 if self.search == "whole" else DEFAULT_PASSES

    @property
    def least_score(self) -> float:
        """What ``min_pose_score`` means."""
        if self.min_pose_score is not None:
            return self.min_pose_score
        return 0.0 if self.search == "whole" or self.num_poses == 1 else DEFAULT_MIN_SCORE

    @property
    def like_reference(self) -> bool:
        """Whether pictures are looked at as the reference does."""
        return self.search == "whole" and self.passes == 0 and not self.mirror

    def _check_search(self) -> None:
        self._set("search", _search(self.search))
        if self.refine is not None:
            self._set("refine", check_integer("refine", self.refine, low=0, high=MAX_PASSES))
        self._set("mirror", check_flag("mirror", self.mirror))
        if self.min_pose_score is not None:
            self._set("min_pose_score", check_fraction("min_pose_score", self.min_pose_score))

    def _check_engine(self) -> None:
        if not callable(self.engine):
            check_choice("engine", self.engine, ENGINE_NAMES)
        device = self.base_options.device
        if device != "cpu" and self.engine not in ("auto", "torch"):
            raise OptionError(f"device={device!r} needs engine='torch' or 'auto', not {self._engine_told}")

    def _check_precision(self) -> None:
        check_choice("precision", self.precision, PRECISION_NAMES)
        if self.precision == "fast" and self.engine not in _FAST_ENGINES:
            wanted = f"{', '.join(map(repr, _FAST_ENGINES[:-1]))} or {_FAST_ENGINES[-1]!r}"
            raise OptionError(f"precision='fast' needs engine={wanted}, not {self._engine_told}")

    @property
    def _engine_told(self) -> str:
        return repr(self.engine) if isinstance(self.engine, str) else "an engine of your own"

    def _check_callback(self) -> None:
        live = self.running_mode is RunningMode.LIVE_STREAM
        if self.result_callback is not None and not callable(self.result_callback):
            raise OptionTypeError(
                f"result_callback must be callable, not {type(self.result_callback).__name__}"
            )
        if inspect.iscoroutinefunction(self.result_callback):
            raise OptionTypeError(
                "result_callback must be a plain function, not `async def`; use `async for result in "
                "landmarker.stream(source)`"
            )
        if self.on_error is not None and not callable(self.on_error):
            raise OptionTypeError(f"on_error must be callable, not {type(self.on_error).__name__}")
        for name in ("result_callback", "on_error"):
            if not live and getattr(self, name) is not None:
                raise OptionError(
                    f"{name} should not be provided unless running_mode is LIVE_STREAM; it is "
                    f"{self.running_mode.name}"
                )

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    @classmethod
    def of(cls, model: str | os.PathLike[str] | bytes, options: Mapping[str, Any]) -> PoseLandmarkerOptions:
        """Options for a model as :meth:`BaseOptions.of` takes it, and those of :class:`OptionValues`."""
        rest = dict(options)
        return cls(base_options=BaseOptions.of(model, rest.pop("device", "cpu")), **rest)


class FindingValues(TypedDict, total=False):
    """The options of :class:`PoseLandmarkerOptions` that say what is found, for type checkers."""

    device: str
    num_poses: int
    min_pose_detection_confidence: float
    min_pose_presence_confidence: float
    min_tracking_confidence: float
    smoothing: Smoothing | str | None
    steady: bool
    detection_interval: float
    search: Search
    refine: int | None
    mirror: bool
    min_pose_score: float | None
    subject: SubjectChoice | None
    precision: Precision
    threads: int | None


class OptionValues(FindingValues, total=False):
    """The options of :class:`PoseLandmarkerOptions` besides the model, for type checkers."""

    running_mode: RunningMode
    output_segmentation_masks: bool
    result_callback: ResultCallback | None
    on_error: ErrorCallback | None
    engine: str | Callable[..., Any]


def _search(value: object) -> str | tuple[RegionOfInterest, ...]:
    if isinstance(value, str):
        return check_choice("search", value, SEARCH_NAMES)
    if not isinstance(value, Sequence) or isinstance(value, (bytes, bytearray)):
        raise OptionTypeError(
            "search must be 'whole', 'wide' or a sequence of regions (left, top, right, bottom), not "
            f"{type(value).__name__}"
        )
    if not value:
        raise OptionError("search is an empty sequence, wanted 'whole', 'wide' or one region or more")
    return tuple(region_of(part, "search") for part in value)


def _subject(value: object) -> SubjectChoice:
    if isinstance(value, str):
        return check_choice("subject", value, SUBJECT_NAMES)
    wanted = f"{', '.join(map(repr, SUBJECT_NAMES))}, a point (x, y) or a box (x, y, width, height)"
    if not isinstance(value, (tuple, list)) or len(value) not in (2, 4):
        raise OptionTypeError(f"subject must be {wanted}, not {value!r}")
    numbers = []
    for part in value:
        try:
            numbers.append(float("x" if isinstance(part, (bool, str)) else part))
        except (TypeError, ValueError, OverflowError):
            raise OptionTypeError(f"subject must be {wanted} of numbers, not {value!r}") from None
    if not all(map(math.isfinite, numbers)):
        raise OptionError(f"subject must be {wanted} of finite numbers, not {value!r}")
    if len(numbers) == 4 and min(numbers[2:]) <= 0:
        raise OptionError(f"subject must be a box with width and height > 0, not {value!r}")
    return cast("SubjectChoice", tuple(numbers))
