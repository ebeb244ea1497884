"""A live stream as MediaPipe has it: the callback gets the image that was handed over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from pose_landmarker.arrays import RgbImage
from pose_landmarker.given import UPRIGHT, given_for_later, given_time_ms
from pose_landmarker.image_options import ImageProcessingOptions
from pose_landmarker.landmarker import PoseLandmarker
from pose_landmarker.live import LiveStream
from pose_landmarker.mediapipe.tasks.python.vision.core.image import Image, ImageFormat
from pose_landmarker.options import ErrorCallback
from pose_landmarker.results import PoseLandmarkerResult

#: Seconds for which ``close`` waits for the frames that were handed over.
_PATIENCE_S = 2.0
_POLL_S = 0.002

#: Of a thread: whether a callback is running in it.
_inside = threading.local()


class _Frame(NamedTuple):
    rgb: RgbImage
    image: object


class LiveResults:
    """Works on the newest frame in a thread of its own and hands results over.

    One frame is in work and one waits; a newer one takes its place. So a slow callback builds no queue. An
    exception that it raises goes to :func:`threading.excepthook`, and the stream goes on; one of the
    networks is raised by the next :meth:`submit` or :meth:`close`.

    Args:
        landmarker: Made for VIDEO.
        callback: Called as ``callback(result, image, timestamp_ms)``.
        on_error: Takes exceptions instead.
    """

    def __init__(
        self,
        landmarker: PoseLandmarker,
        callback: Callable[[PoseLandmarkerResult, Any, int], object],
        on_error: ErrorCallback | None = None,
    ) -> None:
        def process(
            frame: _Frame, timestamp_ms: int, processing: ImageProcessingOptions
        ) -> PoseLandmarkerResult:
            return landmarker.detect_for_video(frame.rgb, timestamp_ms, processing)

        def hand_over(result: PoseLandmarkerResult, frame: _Frame, timestamp_ms: int) -> None:
            _inside.callback = True
            try:
                callback(result, frame.image, timestamp_ms)
            except Exception as error:
                if on_error is not None:
                    raise
                _report(error)
            finally:
                _inside.callback = False

        self._stream: LiveStream[_Frame, ImageProcessingOptions, PoseLandmarkerResult] = LiveStream(
            process, hand_over, on_error=on_error
        )

    def submit(self, image: object, timestamp_ms: object, processing: ImageProcessingOptions | None) -> None:
        """Hand over a frame and return at once.

        Args:
            image: Anything that a landmarker takes. The callback gets an image of MediaPipe's kind as it
                is, and for all else an :class:`Image`.
            timestamp_ms: Later than that of the frame before.
            processing: How to look at it.

        Raises:
            TimestampError: The time is not later.
            ClosedError: The stream is closed.
            ImageError: The image cannot be used.
            Exception: Whatever the networks raised for an earlier frame.
        """
        time_ms = given_time_ms(timestamp_ms)
        rgb = given_for_later(image)
        given = image if hasattr(image, "numpy_view") else Image.sharing(ImageFormat.SRGB, rgb)
        self._stream.submit(_Frame(rgb, given), time_ms, processing or UPRIGHT)

    def close(self, *, reraise: bool = True) -> None:
        """Work on the frames that were handed over, for two seconds at most, and end the thread.

        From inside the callback it does not wait.

        Raises:
            Exception: Whatever the networks raised, unless ``reraise`` is False.
        """
        if not getattr(_inside, "callback", False):
            self._finish()
        self._stream.close(reraise=reraise)

    def _finish(self) -> None:
        deadline_s = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline_s:
            stats = self._stream.stats
            if not (stats.in_work or stats.waiting):
                return
            time.sleep(_POLL_S)


def _report(error: Exception) -> None:
    details = (type(error), error, error.__traceback__, threading.current_thread())
    threading.excepthook(threading.ExceptHookArgs(details))
