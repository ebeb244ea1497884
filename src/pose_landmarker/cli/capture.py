"""Frames on their way: read in one thread, worked on in another, shown in the main one."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from fractions import Fraction
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pose_landmarker.arrays import RgbImage
    from pose_landmarker.media import Frame, VideoReader
    from pose_landmarker.results import PoseLandmarkerResult

#: Seconds between two looks at whether somebody wants to end.
_PATIENCE_S = 0.05
#: Seconds that a camera may take to let go when the session ends.
_FAREWELL_S = 2.0


class _Mark(NamedTuple):
    """A frame without its picture."""

    timestamp_ms: int
    number: int
    time: Fraction


class Capture:
    """Reads a source without ever waiting for those who work on its frames.

    Cameras go on whether anybody reads or not; files are read at the speed of their own times.
    Results are fetched by :meth:`next_result`. The landmarker waits while nobody does, so it drops
    frames instead of queueing results.
    """

    def __init__(self) -> None:
        self._marks: deque[_Mark] = deque()
        self._results: queue.Queue[tuple[Frame, PoseLandmarkerResult]] = queue.Queue(1)
        self._stopped = threading.Event()
        self._error: BaseException | None = None
        self._thread: threading.Thread | None = None

    def start(self, reader: VideoReader, submit: Callable[[Frame], None]) -> None:
        """Begin to read.

        Args:
            reader: Closed by this object, in its thread.
            submit: Called with every frame: the landmarker's ``detect_async``.
        """
        self._thread = threading.Thread(
            target=self._read, args=(reader, submit), name="pose-landmarker-capture", daemon=True
        )
        self._thread.start()

    @property
    def over(self) -> bool:
        """Whether the source has come to its end."""
        return self._thread is not None and not self._thread.is_alive()

    def take_result(self, result: PoseLandmarkerResult, image: RgbImage, timestamp_ms: int) -> None:
        """The landmarker's ``result_callback``."""
        from pose_landmarker.media import Frame

        mark = self._marks.popleft()
        while mark.timestamp_ms != timestamp_ms:  # those before were dropped
            mark = self._marks.popleft()
        frame = Frame(image, mark.number, mark.time, timestamp_ms)
        while not self._stopped.is_set():
            with contextlib.suppress(queue.Full):
                self._results.put((frame, result), timeout=_PATIENCE_S)
                return

    def take_error(self, error: BaseException) -> None:
        """The landmarker's ``on_error``: the first error is raised by :meth:`next_result`."""
        self._error = self._error or error

    def next_result(self) -> tuple[Frame, PoseLandmarkerResult] | None:
        """The next result, or None where there is none for the moment.

        Raises:
            Exception: What reading raised, or the landmarker.
        """
        try:
            return self._results.get(timeout=_PATIENCE_S)
        except queue.Empty:
            if self._error is not None:
                raise self._error from None
            return None

    def __enter__(self) -> Capture:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(_FAREWELL_S)  # a camera that hangs is left behind: the program ends anyway

    def _read(self, reader: VideoReader, submit: Callable[[Frame], None]) -> None:
        try:
            with reader:
                began_s = None
                for frame in reader:
                    if not reader.live:
                        began_s = time.monotonic() - frame.time_s if began_s is None else began_s
                        self._stopped.wait(began_s + frame.time_s - time.monotonic())
                    if self._stopped.is_set():
                        return
                    self._marks.append(_Mark(frame.timestamp_ms, frame.index, frame.time))
                    submit(frame)
        except BaseException as error:  # for the main thread to raise
            self.take_error(error)
