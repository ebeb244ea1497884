"""Results of a video or camera for ``async for``: the work runs in threads, the event loop never waits."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from types import AsyncGeneratorType, TracebackType
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar, cast

from pose_landmarker.errors import OptionTypeError
from pose_landmarker.mailbox import Mailbox
from pose_landmarker.media.frame import Frame
from pose_landmarker.scheduling import LiveStats

ResultT = TypeVar("ResultT")

#: What a source gives: frames, or pairs of an image and its ``timestamp_ms``.
Item: TypeAlias = "Frame | tuple[Any, int]"
#: What frames come from, see :class:`ResultStream`.
Source: TypeAlias = "Iterable[Item] | AsyncIterable[Item]"

#: ``aclose()`` returns within a second, whatever the source and the frame in work do.
_PATIENCE_S = 0.8


class ResultStream(AsyncIterator[ResultT]):
    """The results of a source, in order, for ``async for``.

    How frames are read depends on the source:

    - An iterable, such as a video file: every frame is processed. One result is made ahead of those
      asked for, no frame is read before that.
    - An iterable with a true attribute ``live``, such as a camera: a thread reads all the time. When a
      result is asked for, the newest frame is processed, or the next one if that was; others are dropped.
    - An asynchronous iterable: as a live one, read by a task of the event loop.

    Threads start with the first result asked for. Leaving the ``async for``, cancelling its task and
    :meth:`aclose` end them and the reading: with the last of these, or ``async with``, they are gone on
    return, unless the source or the frame in work takes longer than a second. The source is not closed,
    which is the business of who opened it.

    An exception of the source or of ``process`` ends the stream and is raised in the ``async for``; one
    of the source after the results of the frames before it.

    Args:
        process: Called in a thread as ``process(image, timestamp_ms)``, gives the result.
        source: Gives :class:`Frame` or ``(image, timestamp_ms)``, with times that increase.

    Raises:
        OptionTypeError: ``source`` is not iterable.
    """

    def __init__(self, process: Callable[[Any, int], ResultT], source: Source) -> None:
        self._pump = _Pump(process, source)
        self._results = cast("AsyncGeneratorType[ResultT, None]", _results(self._pump))

    def __aiter__(self) -> ResultStream[ResultT]:
        return self

    async def __anext__(self) -> ResultT:
        return await self._results.__anext__()

    async def aclose(self) -> None:
        """End the stream; a task that waits for a result sees its end. Closing twice is fine."""
        self._pump.stop()
        if self._results.ag_running:
            self._pump.post(_Outcome())
            await self._pump.wait()
        else:
            await self._results.aclose()

    @property
    def stats(self) -> LiveStats:
        """What became of the frames so far."""
        return self._pump.mailbox.stats

    async def __aenter__(self) -> ResultStream[ResultT]:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __del__(self) -> None:
        if hasattr(self, "_pump"):  # else the constructor failed
            self._pump.stop()


@dataclass(frozen=True, slots=True, eq=False)
class _Outcome(Generic[ResultT]):
    """A result, an error, or neither: the end."""

    results: tuple[ResultT, ...] = ()
    error: BaseException | None = None


async def _results(pump: _Pump[ResultT]) -> AsyncGenerator[ResultT, None]:
    """A generator, since asyncio closes those itself when they are dropped, or when the loop ends."""
    try:
        pump.start()
        while True:
            outcome = await pump.next()
            if outcome.error is not None:
                raise outcome.error
            if not outcome.results:
                return
            yield outcome.results[0]
    finally:
        outcome = _Outcome()  # its error's traceback refers to this frame
        pump.stop()
        await pump.wait()


class _Timed(NamedTuple):
    image: Any
    timestamp_ms: int


def _timed(item: object) -> _Timed:
    if isinstance(item, Frame):
        return _Timed(item.image, item.timestamp_ms)
    if isinstance(item, tuple) and len(item) == 2:
        return _Timed(*item)
    raise OptionTypeError(f"a source must give Frame or (image, timestamp_ms), not {type(item).__name__}")


class _Pump(Generic[ResultT]):
    """Threads that read, work and post outcomes to the event loop, as many as are asked for."""

    def __init__(self, process: Callable[[Any, int], ResultT], source: Source) -> None:
        if not isinstance(source, (Iterable, AsyncIterable)):
            raise OptionTypeError(f"source must be iterable, not {type(source).__name__}")
        self.mailbox: Mailbox[_Timed] = Mailbox()
        self._process = process
        self._source = source
        self._source_error: BaseException | None = None
        self._stopped = False
        self._wanted: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._reading: asyncio.Task[None] | None = None
        self._running: list[asyncio.Future[None]] = []

    def start(self) -> None:
        """Begin to read and to work; in the event loop."""
        self._loop = asyncio.get_running_loop()
        self._outcomes: asyncio.Queue[_Outcome[ResultT]] = asyncio.Queue()
        source = self._source
        if isinstance(source, AsyncIterable):
            self._reading = self._loop.create_task(self._read_async(source))
            self._running.append(self._reading)
            self._spawn("pose-landmarker-stream", lambda: self._work(iter(())))
        elif getattr(source, "live", False):
            self._spawn("pose-landmarker-reader", lambda: self._read_all(self._read(source)))
            self._spawn("pose-landmarker-stream", lambda: self._work(iter(())))
        else:
            self._wanted.put(None)  # one result ahead of those asked for
            self._spawn("pose-landmarker-stream", lambda: self._work(self._read(source)))

    async def next(self) -> _Outcome[ResultT]:
        """Ask for an outcome and wait for it."""
        self._wanted.put(None)
        return await self._outcomes.get()

    def post(self, outcome: _Outcome[ResultT]) -> None:
        """Give an outcome to the event loop, from any thread."""
        self._call(self._outcomes.put_nowait, outcome)

    def stop(self) -> None:
        """Tell the threads to end; takes no lock, since finalisers call it."""
        self._stopped = True
        self._wanted.put(None)
        self.mailbox.release()

    async def wait(self) -> None:
        """Wait until all has ended, but not for long: a camera may hang."""
        if self._reading is not None:
            self._reading.cancel()
        if self._running:
            await asyncio.wait(self._running, timeout=_PATIENCE_S)

    def _spawn(self, name: str, target: Callable[[], None]) -> None:
        ended = self._loop.create_future()

        def run() -> None:
            try:
                target()
            finally:
                self._call(ended.set_result, None)

        threading.Thread(target=run, name=name, daemon=True).start()
        self._running.append(ended)

    def _call(self, function: Callable[[Any], None], argument: object) -> None:
        try:
            self._loop.call_soon_threadsafe(function, argument)
        except RuntimeError:  # the loop was closed under the stream: nobody listens
            self.stop()

    def _read(self, source: Iterable[Item]) -> Iterator[None]:
        """Every step puts an item of the source into the mailbox; its end closes that."""
        try:
            for item in source:
                frame = _timed(item)
                self.mailbox.put(frame, frame.timestamp_ms)
                yield
        except BaseException as error:
            self._source_error = error
        finally:
            self.mailbox.close(drop_waiting=False)

    def _read_all(self, steps: Iterator[None]) -> None:
        for _ in steps:
            if self._stopped or self._loop.is_closed():
                return

    async def _read_async(self, source: AsyncIterable[Item]) -> None:
        try:
            async for item in source:
                frame = _timed(item)
                self.mailbox.put(frame, frame.timestamp_ms)
                if self._stopped:
                    return
                await asyncio.sleep(0)  # a source that never waits must not keep the loop
        except BaseException as error:
            self._source_error = error
        finally:
            self.mailbox.close(drop_waiting=False)

    def _work(self, steps: Iterator[None]) -> None:
        try:
            while self._make_one(steps):
                pass
        finally:
            self.mailbox.abandon()
            self.mailbox.close()

    def _make_one(self, steps: Iterator[None]) -> bool:
        """Post one outcome when it is wanted; whether more can follow."""
        self._wanted.get()
        if self._stopped:
            return False
        next(steps, None)
        frame = self.mailbox.take()
        if frame is None:
            error, self._source_error = self._source_error, None
            self.post(_Outcome(error=error))
            return False
        return self._work_on(frame)

    def _work_on(self, frame: _Timed) -> bool:
        try:
            result = self._process(*frame)
        except BaseException as error:
            self.mailbox.fail()
            self.post(_Outcome(error=error))
            return False
        if self._stopped:
            return False
        self.mailbox.hand_over()
        self.post(_Outcome((result,)))
        return True
