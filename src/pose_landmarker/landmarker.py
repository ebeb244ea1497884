"""The class that users meet: running modes around the pipeline."""

from __future__ import annotations

import os
import threading
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, overload

from pose_landmarker.arrays import RgbImage
from pose_landmarker.engines import choose_engine, rough_engine
from pose_landmarker.engines.cpu import default_threads
from pose_landmarker.errors import ClosedError, OptionTypeError, RunningModeError, TimestampError
from pose_landmarker.given import (
    UPRIGHT,
    Regions,
    given_for_later,
    given_processing,
    given_rgb,
    given_rois,
    given_time_ms,
)
from pose_landmarker.image_options import ImageProcessingOptions
from pose_landmarker.live import LiveStream
from pose_landmarker.models.store import load_bundle
from pose_landmarker.options import BaseOptions, OptionValues, PoseLandmarkerOptions, RunningMode
from pose_landmarker.pipeline import Pipeline
from pose_landmarker.results import PoseLandmarkerResult, RegionPoses, Roi
from pose_landmarker.scheduling import LiveStats
from pose_landmarker.tracker import Tracker

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from pose_landmarker.streaming import ResultStream, Source

_METHODS = {
    RunningMode.IMAGE: "detect",
    RunningMode.VIDEO: "detect_for_video",
    RunningMode.LIVE_STREAM: "detect_async",
}


class PoseLandmarker:
    """Finds bodies and their 33 landmarks.

    Make one with :meth:`create`, :meth:`create_from_options` or :meth:`create_from_model_path`, use
    it for many images, and close it, best with ``with``. Calls from several threads are safe.

    Attributes:
        options: What it was made with.
        engine: The inference engine that runs the networks, such as ``"litert"``, or the name of a function
            of your own.
        precision: How exactly it runs them: ``"fast"`` where that was asked for and can be had, else
            ``"exact"``.
        threads: How many threads that engine uses.
    """

    def __init__(self, options: PoseLandmarkerOptions) -> None:
        if not isinstance(options, PoseLandmarkerOptions):
            raise OptionTypeError(f"options must be PoseLandmarkerOptions(...), not {type(options).__name__}")
        self.options = options
        device = options.base_options.device
        self.engine, engine, self.precision = choose_engine(options.engine, options.precision, device)
        self.threads = options.threads or default_threads()
        bundle = load_bundle(options.base_options)
        rough = rough_engine(self.engine, engine) if options.search != "whole" else None
        pipeline = Pipeline.build(bundle, engine, options, self.threads, rough=rough)
        tracker = Tracker(pipeline, options)
        self._tracker: Tracker | None = tracker  # None when closed
        self._turn = threading.Lock()
        self._last_ms: int | None = None
        self._live: LiveStream[RgbImage, ImageProcessingOptions, PoseLandmarkerResult] | None = None
        if options.result_callback is not None:
            # Not a method of this object: a thread that holds on to it would keep it from being freed.
            self._live = LiveStream(tracker, options.result_callback, on_error=options.on_error)

    @classmethod
    def create(
        cls, model: str | os.PathLike[str] | bytes = "full", **options: Unpack[OptionValues]
    ) -> PoseLandmarker:
        """A landmarker for a model and any of the options of :class:`PoseLandmarkerOptions`.

        Args:
            model: ``"lite"``, ``"full"`` or ``"heavy"``, fetched on first use; the path of a
                ``.task`` bundle; or its bytes.
            **options: Such as ``num_poses=2``, and ``device`` of :class:`BaseOptions`.

        Raises:
            OptionError: An option is wrong.
            ModelError: The model is missing, damaged or cannot be fetched.
            EngineError: The engine cannot compile it.
        """
        try:
            checked = PoseLandmarkerOptions.of(model, options)
        except TypeError as error:
            if isinstance(error, OptionTypeError):
                raise
            known = ", ".join((*PoseLandmarkerOptions.__dataclass_fields__, "device"))
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

    @overload
    def detect(
        self,
        image: object,
        image_processing_options: ImageProcessingOptions | None = None,
        *,
        rois: None = None,
    ) -> PoseLandmarkerResult: ...

    @overload
    def detect(
        self,
        image: object,
        image_processing_options: ImageProcessingOptions | None = None,
        *,
        rois: Regions,
    ) -> RegionPoses: ...

    def detect(
        self,
        image: object,
        image_processing_options: ImageProcessingOptions | None = None,
        *,
        rois: Regions | None = None,
    ) -> PoseLandmarkerResult | RegionPoses:
        """Find the bodies in one image, in running mode IMAGE.

        Args:
            image: A uint8 array, (H, W, 3) RGB, (H, W) greyscale or (H, W, 4) RGBA; the path of a
                picture; a Pillow image; or an object with ``numpy_view()``.
            image_processing_options: A turn, or a region that people are looked for in.
            rois: Where people are, from any other detector (ours): boxes (x, y, width, height) or
                :class:`Roi` objects, image pixels. Nobody is looked for elsewhere, and ``num_poses`` does
                not matter.

        Returns:
            At most ``num_poses`` poses, in the coordinates of ``image``: the best detection first, or
            with a close search the most likely pose. With ``rois``, :class:`RegionPoses`: one pose per
            region in the same order, None where nobody is (or somebody who is in another one too).

        Raises:
            ClosedError: The landmarker is closed.
            RunningModeError: It was made for another running mode.
            ImageError: The image cannot be used; the message says what is wanted.
            OptionTypeError: ``image_processing_options`` or ``rois`` are something else.
            OptionError: A region of ``rois`` is empty or not finite.
            EngineError: The inference engine failed.
        """
        pipeline = self._open(RunningMode.IMAGE, "detect").pipeline
        processing = given_processing(image_processing_options)
        squares = None if rois is None else given_rois(rois, processing.rotation_rad)
        rgb = given_rgb(image)
        if squares is not None:
            return self._in_regions(pipeline, rgb, squares, processing)
        return PoseLandmarkerResult(
            poses=pipeline(rgb, processing),
            image_size=(rgb.shape[1], rgb.shape[0]),
            with_masks=self.options.output_segmentation_masks,
        )

    @overload
    def detect_for_video(
        self,
        image: object,
        timestamp_ms: int,
        image_processing_options: ImageProcessingOptions | None = None,
        *,
        rois: None = None,
    ) -> PoseLandmarkerResult: ...

    @overload
    def detect_for_video(
        self,
        image: object,
        timestamp_ms: int,
        image_processing_options: ImageProcessingOptions | None = None,
        *,
        rois: Regions,
    ) -> RegionPoses: ...

    def detect_for_video(
        self,
        image: object,
        timestamp_ms: int,
        image_processing_options: ImageProcessingOptions | None = None,
        *,
        rois: Regions | None = None,
    ) -> PoseLandmarkerResult | RegionPoses:
        """Find and follow the bodies in the next frame of a video, in running mode VIDEO.

        Args:
            image: As for :meth:`detect`. Its size may change from frame to frame.
            timestamp_ms: Time of the frame in milliseconds, later than that of the frame before.
            image_processing_options: As for :meth:`detect`.
            rois: As for :meth:`detect`. Frames with them are looked at one by one: nobody is followed, and
                those followed before are left alone.

        Returns:
            At most ``num_poses`` poses, those followed longest first, each with its ``track_id``. With
            ``rois``, as :meth:`detect`.

        Raises:
            TimestampError: ``timestamp_ms`` is not later than the one before; the message names both.
            ClosedError: The landmarker is closed.
            RunningModeError: It was made for another running mode.
            ImageError: The image cannot be used; the message says what is wanted.
            OptionTypeError: An argument has the wrong type.
            EngineError: The inference engine failed.
        """
        tracker = self._open(RunningMode.VIDEO, "detect_for_video")
        processing = given_processing(image_processing_options)
        time_ms = given_time_ms(timestamp_ms)
        squares = None if rois is None else given_rois(rois, processing.rotation_rad)
        rgb = given_rgb(image)
        with self._turn:
            if self._last_ms is not None and time_ms <= self._last_ms:
                raise TimestampError(
                    f"timestamp_ms must increase: got {time_ms} after {self._last_ms}; for another "
                    "video, call reset() first"
                )
            self._last_ms = time_ms
            if squares is None:
                return tracker(rgb, time_ms, processing)
            return self._in_regions(tracker.pipeline, rgb, squares, processing, time_ms)

    def _in_regions(
        self,
        pipeline: Pipeline,
        image: RgbImage,
        squares: list[Roi],
        processing: ImageProcessingOptions,
        time_ms: int | None = None,
    ) -> RegionPoses:
        return RegionPoses(
            poses=pipeline.at(image, squares, processing),
            image_size=(image.shape[1], image.shape[0]),
            timestamp_ms=time_ms,
            with_masks=self.options.output_segmentation_masks,
        )

    def detect_async(
        self, image: object, timestamp_ms: int, image_processing_options: ImageProcessingOptions | None = None
    ) -> None:
        """Hand over a frame of a live stream and return at once, in running mode LIVE_STREAM.

        One frame is in work and one waits; a newer one takes the place of the waiting one. For every
        frame that was worked on, ``result_callback(result, image, timestamp_ms)`` is called once, in
        order, with the frame as (H, W, 3) RGB.

        Args:
            image: As for :meth:`detect`; an array may be written to again once this returns.
            timestamp_ms: Time of the frame in milliseconds, later than that of the frame before.
            image_processing_options: As for :meth:`detect`.

        Raises:
            TimestampError: ``timestamp_ms`` is not later than the one before; the message names both.
            ClosedError: The landmarker is closed.
            RunningModeError: It was made for another running mode, or without ``result_callback``.
            ImageError: The image cannot be used; the message says what is wanted.
            OptionTypeError: An argument has the wrong type.
            Exception: Whatever the callback or the pipeline raised for an earlier frame, unless there
                is ``on_error``.
        """
        self._open(RunningMode.LIVE_STREAM, "detect_async")
        if self._live is None:
            raise RunningModeError(
                "detect_async() needs result_callback in the options; or use `async for result in "
                "landmarker.stream(source)`"
            )
        processing = given_processing(image_processing_options)
        time_ms = given_time_ms(timestamp_ms)
        self._live.submit(given_for_later(image), time_ms, processing)

    def stream(self, source: Source) -> ResultStream[PoseLandmarkerResult]:
        """Results of a live source as they come, in running mode LIVE_STREAM without a callback.

        Args:
            source: Frames: a :class:`~pose_landmarker.media.VideoReader`, or any iterable or
                asynchronous iterable of :class:`~pose_landmarker.media.Frame` or of pairs (image,
                timestamp_ms). Of a camera, a network stream or an asynchronous iterable the newest
                frame is taken and what came meanwhile is dropped; of anything else no frame is.

        Returns:
            For ``async for``; leaving the loop ends its threads and stops reading.

        Raises:
            ClosedError: The landmarker is closed.
            RunningModeError: It was made for another running mode.
        """
        from pose_landmarker.streaming import ResultStream  # asyncio is slow to import

        tracker = self._open(RunningMode.LIVE_STREAM, "stream")
        if self._live is not None:
            raise RunningModeError("stream() is for a landmarker without result_callback; this one has one")
        # Every stream is a video of its own.
        return ResultStream(partial(self._next, Tracker(tracker.pipeline, self.options)), source)

    def reset(self) -> None:
        """Start another video: forget everybody, and accept any timestamp.

        Raises:
            ClosedError: The landmarker is closed.
            RunningModeError: It was made for IMAGE, where nothing is remembered, or calls
                ``result_callback``, whose frames may still be in work.
        """
        tracker = self._open()
        if self.options.running_mode is RunningMode.IMAGE or self._live is not None:
            raise RunningModeError(
                f"reset() is for VIDEO; this landmarker was made for {self.options.running_mode.name}"
            )
        with self._turn:
            tracker.reset()
            self._last_ms = None

    @property
    def stats(self) -> LiveStats:
        """Frames received, processed and dropped, errors and latencies of a LIVE_STREAM.

        Raises:
            RunningModeError: It was made for another running mode, or without ``result_callback``.
        """
        if self._live is None:
            raise RunningModeError("stats are those of running mode LIVE_STREAM with a result_callback")
        return self._live.stats

    def _next(self, tracker: Tracker, image: object, timestamp_ms: int) -> PoseLandmarkerResult:
        """One frame of :meth:`stream`."""
        self._open(RunningMode.LIVE_STREAM, "stream")
        return tracker(given_rgb(image), given_time_ms(timestamp_ms), UPRIGHT)

    def close(self) -> None:
        """Free the networks. Closing twice is fine; calls under way in other threads finish.

        In running mode LIVE_STREAM: finish the frame in work, drop the waiting one and end the thread,
        within a second.

        Raises:
            Exception: Whatever the callback or the pipeline raised since the last ``detect_async``,
                unless there is ``on_error``.
        """
        self._close(reraise=True)

    def _close(self, *, reraise: bool) -> None:
        self._tracker = None
        if self._live is not None:
            self._live.close(reraise=reraise)

    def __enter__(self) -> PoseLandmarker:
        self._open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close(reraise=error is None)  # the error that leaves the block is the one to see

    def __repr__(self) -> str:
        device = self.options.base_options.device
        where = f"{self.threads} threads" if device == "cpu" else device
        state = "closed" if self._tracker is None else f"{self.engine}, {self.precision}, {where}"
        return f"<PoseLandmarker {self.options.running_mode.name}, {state}>"

    def _open(self, mode: RunningMode | None = None, method: str = "") -> Tracker:
        """The tracker, if this is open and the method belongs to the running mode."""
        tracker = self._tracker
        if tracker is None:
            raise ClosedError("this PoseLandmarker is closed; create a new one")
        made_for = self.options.running_mode
        if mode is not None and mode is not made_for:
            raise RunningModeError(
                f"{method}() is for running mode {mode.name}; this landmarker was made for "
                f"{made_for.name}: use {_METHODS[made_for]}()"
            )
        return tracker
