"""A thread that works on the newest frame and calls back: the LIVE_STREAM mode."""

from __future__ import annotations

import atexit
import functools
import logging
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable
from types import TracebackType
from typing import Any, Generic, NamedTuple, TypeVar

from pose_landmarker.errors import ClosedError
from pose_landmarker.mailbox import Mailbox
from pose_landmarker.scheduling import LiveStats

ImageT = TypeVar("ImageT")
ProcessingT = TypeVar("ProcessingT")
ResultT = TypeVar("ResultT")

#: ``close()`` returns within a second, whatever the frame in work does.
_PATIENCE_S = 0.8

_logger = logging.getLogger("pose_landmarker")


class _Submitted(NamedTuple):
    image: Any
    timestamp_ms: int
    processing: Any


class LiveStream(Generic[ImageT, ProcessingT, ResultT]):
    """Works on frames in a thread of its own: one in work, one waiting, the newest wins.

    ``process`` and ``callback`` run in that one thread, so a slow callback builds no queue: more frames
    are dropped. Results come in order, once for every frame that was processed. All methods may be
    called from any thread, and from the callback.

    An exception of ``process`` or ``callback`` goes to ``on_error``. Without it, or when ``on_error``
    raises itself, or when it is no :class:`Exception` (``SystemExit``, say), the first one is kept and
    raised by the next :meth:`submit` or :meth:`close` of another thread; the stream goes on. One that
    nobody asked for goes to :func:`threading.excepthook` when the stream or the program ends.

    A stream that is not closed ends its thread when it is garbage-collected or the program ends, unless
    ``process`` or ``callback`` never return.

    Args:
        process: Called as ``process(image, timestamp_ms, processing)``, gives the result.
        callback: Called as ``callback(result, image, timestamp_ms)``.
        on_error: Called as ``on_error(error)``, in the same thread.
        clock: Seconds that do not go backwards, for latencies.
    """

    def __init__(
        self,
        process: Callable[[ImageT, int, ProcessingT], ResultT],
        callback: Callable[[ResultT, ImageT, int], object],
        *,
        on_error: Callable[[Exception], object] | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._process = process
        self._callback = callback
        self._on_error = on_error
        self._mailbox: Mailbox[_Submitted] = Mailbox(clock)
        self._kept = _KeptError()
        self._gave_up = False
        self._pid = os.getpid()
        self._thread = threading.Thread(
            target=_work, args=(self._mailbox, weakref.ref(self)), name="pose-landmarker-live", daemon=True
        )
        self._thread.start()
        _close_at_exit()
        _STREAMS.add(self)

    def submit(self, image: ImageT, timestamp_ms: int, processing: ProcessingT) -> None:
        """Let a frame wait for the worker, in place of the one that waits; returns at once.

        ``image`` is passed on as it is, so it must not change until its result was handed over.

        Raises:
            ClosedError: The stream is closed, or belongs to another process.
            TimestampError: The time is not after that of the frame submitted before, by any thread.
            BaseException: What ``process`` or ``callback`` raised for an earlier frame; then this frame
                was not accepted.
        """
        if os.getpid() != self._pid:
            raise ClosedError(
                "this live stream belongs to the parent process, threads do not survive os.fork(); "
                "create a new one in this process"
            )
        if not self._in_worker():
            self._raise_kept()
        self._mailbox.put(_Submitted(image, timestamp_ms, processing), timestamp_ms)

    def close(self, *, reraise: bool = True) -> None:
        """Finish the frame in work, drop the waiting one, end the thread.

        Returns within a second: a result that is not there by then is dropped, and a callback that has
        not returned is left to end by itself, with a warning to the logger ``pose_landmarker``. No
        callback begins after this. From inside the callback it does not wait. Closing twice is fine.

        Args:
            reraise: Whether to raise a kept error. Without, it goes to :func:`threading.excepthook`:
                for ``__exit__`` with an exception under way, which it must not hide.

        Raises:
            BaseException: What ``process`` or ``callback`` raised, unless raised before.
        """
        if os.getpid() != self._pid:
            return
        self._mailbox.close()
        if self._in_worker():
            return
        self._thread.join(0 if self._gave_up else _PATIENCE_S)
        if self._thread.is_alive():
            self._give_up()
        else:
            self._process = self._callback = _gone  # networks, maybe: this object may live on for its stats
        if reraise:
            self._raise_kept()
        else:
            self._report_kept()

    @property
    def stats(self) -> LiveStats:
        """What became of the frames so far; after :meth:`close` too."""
        return self._mailbox.stats

    def __enter__(self) -> LiveStream[ImageT, ProcessingT, ResultT]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close(reraise=error is None)

    def __del__(self) -> None:
        if hasattr(self, "_thread"):  # else the constructor failed
            self._mailbox.release()
            self._report_kept()

    def _in_worker(self) -> bool:
        return threading.current_thread() is self._thread

    def _work_on(self, frame: _Submitted) -> None:
        try:
            result = self._process(frame.image, frame.timestamp_ms, frame.processing)
            if self._mailbox.hand_over():
                self._callback(result, frame.image, frame.timestamp_ms)
        except BaseException as error:
            if self._on_error is None or not isinstance(error, Exception):
                self._kept.keep(error)  # before it is counted: who sees the count will be given it
                self._mailbox.fail()
            else:
                self._mailbox.fail()
                self._tell(self._on_error, error)

    def _tell(self, on_error: Callable[[Exception], object], error: Exception) -> None:
        try:
            on_error(error)
        except BaseException as another:
            self._kept.keep(another)

    def _raise_kept(self) -> None:
        error = self._kept.take()
        try:
            if error is not None:
                raise error
        finally:
            del error  # its traceback refers to this frame

    def _report_kept(self) -> None:
        error = self._kept.take()
        if error is not None:
            details = (type(error), error, error.__traceback__, self._thread)
            threading.excepthook(threading.ExceptHookArgs(details))

    def _give_up(self) -> None:
        late = "the work on a frame" if self._mailbox.abandon() else "the result_callback"
        if not self._gave_up:
            self._gave_up = True
            _logger.warning(
                "a live stream was closed, but %s is still running after %s s; it is left to end by itself",
                late,
                _PATIENCE_S,
            )

    def _end(self, patience_s: float) -> None:
        """The last act of a program that did not close the stream."""
        self._thread.join(patience_s)
        self._mailbox.abandon()
        self._report_kept()


class _KeptError:
    """The first of the errors since the last one was taken."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._error: BaseException | None = None
        self._further = 0

    def keep(self, error: BaseException) -> None:
        """Keep an error, or count it if there is one already."""
        with self._lock:
            if self._error is None:
                self._error = error
            else:
                self._further += 1

    def take(self) -> BaseException | None:
        """The error, once."""
        if self._error is None:
            return None
        with self._lock:
            error, self._error = self._error, None
            further, self._further = self._further, 0
        if sys.version_info >= (3, 11) and error is not None and further:
            error.add_note(f"({further} more of the frames after this one failed)")
        return error


def _gone(*_arguments: object) -> Any:
    """In place of functions that are not needed any more."""
    raise ClosedError("this live stream is closed")


def _work(mailbox: Mailbox[_Submitted], stream_of: Callable[[], LiveStream[Any, Any, Any] | None]) -> None:
    """The thread. It holds the stream while working only, so that an idle one can be collected."""
    while (frame := mailbox.take()) is not None:
        stream = stream_of()
        if stream is None:
            return
        stream._work_on(frame)
        del stream, frame


_STREAMS: weakref.WeakSet[LiveStream[Any, Any, Any]] = weakref.WeakSet()


@functools.cache
def _close_at_exit() -> None:
    # Called with the first stream, when the engine is loaded: its own exit functions then run later.
    atexit.register(_end_streams)


def _end_streams() -> None:
    """Native code in a daemon thread could crash the interpreter while that is taken down."""
    streams = [stream for stream in _STREAMS if stream._pid == os.getpid()]
    for stream in streams:
        stream._mailbox.close()
    deadline_s = time.monotonic() + _PATIENCE_S
    for stream in streams:
        stream._end(max(0.0, deadline_s - time.monotonic()))
