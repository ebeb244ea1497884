"""The class that users meet: running modes around the pipeline."""

from __future__ import annotations

import os
import threading
from types import TracebackType
from typing import TYPE_CHECKING

from pose_landmarker.engines import load_engine
from pose_landmarker.engines.cpu import default_threads
from pose_landmarker.errors import ClosedError, OptionTypeError, RunningModeError
from pose_landmarker.media.images import as_rgb
from pose_landmarker.models.store import load_bundle
from pose_landmarker.options import (
    BaseOptions,
    ImageProcessingOptions,
    OptionValues,
    PoseLandmarkerOptions,
    RunningMode,
)
from pose_landmarker.pipeline import Pipeline
from pose_landmarker.results import PoseLandmarkerResult
from pose_landmarker.tracker import Tracker

if TYPE_CHECKING:
    from typing_extensions import Unpack

_UPRIGHT = ImageProcessingOptions()


class PoseLandmarker:
    """Finds bodies and their 33 landmarks.

    Make one with :meth:`create`, :meth:`create_from_options` or :meth:`create_from_model_path`, use
    it for many images, and close it, best with ``with``. Calls from several threads are safe.

    Attributes:
        options: What it was made with.
        engine: The inference engine that runs the networks: ``"litert"``, ``"openvino"``, or the name
            of a function of your own.
        threads: How many threads that engine uses.
    """

    def __init__(self, options: PoseLandmarkerOptions) -> None:
        if not isinstance(options, PoseLandmarkerOptions):
            raise OptionTypeError(f"options must be PoseLandmarkerOptions(...), not {type(options).__name__}")
        self.options = options
        self.engine, engine = load_engine(options.engine)
        self.threads = options.threads or default_threads()
        bundle = load_bundle(options.base_options)
        self._pipeline: Pipeline | None = Pipeline.build(bundle, engine, options, self.threads)
        self._tracker = Tracker(self._pipeline, options)
        self._turn = threading.Lock()
        self._last_ms: int | None = None

    @classmethod
    def create(
        cls, model: str | os.PathLike[str] | bytes = "full", **options: Unpack[OptionValues]
    ) -> PoseLandmarker:
        """A landmarker for a model and any of the options of :class:`PoseLandmarkerOptions`.

        Args:
            model: ``"lite"``, ``"full"`` or ``"heavy"``, fetched on first use; the path of a
                ``.task`` bundle; or its bytes.
            **options: Such as ``num_poses=2``.

        Raises:
            OptionError: An option is wrong.
            ModelError: The model is missing, damaged or cannot be fetched.
            EngineError: The engine cannot compile it.
        """
        try:
            checked = PoseLandmarkerOptions(base_options=BaseOptions.of(model), **options)
        except TypeError as error:
            if isinstance(error, OptionTypeError):
                raise
            known = ", ".join(PoseLandmarkerOptions.__dataclass_fields__)
            raise OptionTypeError(f"{error}; the options are {known}") from None
        return cls(checked)

    @classmethod
    def create_from_options(cls, options: PoseLandmarkerOptions) -> PoseLandmarker:
        """A landmarker with these options; the reference's name for it."""
        return cls(options)

    @classmethod
    def create_from_model_path(cls, model_path: str | os.PathLike[str]) -> PoseLandmarker:
        """A landmarker for IMAGE mode with default options; the reference's name for it."""
        return cls(PoseLandmarkerOptions(base_options=BaseOptions(model_asset_path=model_path)))

    def detect(
        self, image: object, image_processing_options: ImageProcessingOptions | None = None
    ) -> PoseLandmarkerResult:
        """Find the bodies in one image.

        Args:
            image: A uint8 array, (H, W, 3) RGB, (H, W) greyscale or (H, W, 4) RGBA; the path of a
                picture; a Pillow image; or an object with ``numpy_view()``.
            image_processing_options: A turn, or a region that people are looked for in.

        Returns:
            At most ``num_poses`` poses, best detection first, in the coordinates of ``image``.

        Raises:
            ClosedError: The landmarker is closed.
            ImageError: The image cannot be used; the message says what is wanted.
            OptionTypeError: ``image_processing_options`` is something else.
            EngineError: The inference engine failed.
        """
        pipeline = self._open_pipeline()
        processing = _UPRIGHT if image_processing_options is None else image_processing_options
        if not isinstance(processing, ImageProcessingOptions):
            raise OptionTypeError(
                "image_processing_options must be ImageProcessingOptions(...), not "
                f"{type(processing).__name__}"
            )
        rgb = as_rgb(image)
        return PoseLandmarkerResult(
            poses=pipeline(rgb, processing),
            image_size=(rgb.shape[1], rgb.shape[0]),
            with_masks=self.options.output_segmentation_masks,
        )

    def detect_for_video(
        self, image: object, timestamp_ms: int, image_processing_options: ImageProcessingOptions | None = None
    ) -> PoseLandmarkerResult:
        pipeline = self._open_pipeline()
        rgb = as_rgb(image)
        with self._turn:
            poses = self._tracker(rgb, timestamp_ms, image_processing_options or _UPRIGHT)
        return PoseLandmarkerResult(
            poses=poses,
            image_size=(rgb.shape[1], rgb.shape[0]),
            timestamp_ms=timestamp_ms,
            with_masks=self.options.output_segmentation_masks,
        )

    def close(self) -> None:
        """Free the networks. Closing twice is fine; calls under way in other threads finish."""
        self._pipeline = None

    def __enter__(self) -> PoseLandmarker:
        self._open_pipeline()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._pipeline is None else f"{self.engine}, {self.threads} threads"
        return f"<PoseLandmarker {self.options.running_mode.name}, {state}>"

    def _open_pipeline(self) -> Pipeline:
        pipeline = self._pipeline
        if pipeline is None:
            raise ClosedError("this PoseLandmarker is closed; create a new one")
        return pipeline
