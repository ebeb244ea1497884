from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pose_landmarker import streaming
from pose_landmarker.errors import OptionTypeError, TimestampError
from pose_landmarker.media.frame import Frame
from pose_landmarker.streaming import Item, ResultStream

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """In asyncio's debug mode, which complains about more."""
    return asyncio.run(main, debug=True)


def threads() -> set[str]:
    return {thread.name for thread in threading.enumerate() if thread.name.startswith("pose-landmarker-")}


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait for what others are about to do, while the loop goes on."""
    deadline_s = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.001)


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    if threads():
        run(eventually(lambda: gc.collect() >= 0 and not threads()))


def echo(image: Any, timestamp_ms: int) -> Any:
    return image


async def consume(results: ResultStream[T], seen: list[T]) -> None:
    async for result in results:
        seen.append(result)


class Video:
    """Numbers up to an end, and a note of how far it was read."""

    live = False

    def __init__(self, length: int) -> None:
        self.length = length
        self.read = 0

    def __iter__(self) -> Iterator[tuple[int, int]]:
        for number in range(self.length):
            self.read = number + 1
            yield number, number


class Camera(Video):
    """As many pictures as there is time for."""

    live = True

    def __init__(self, length: int = 1_000_000, pause_s: float = 0.001) -> None:
        super().__init__(length)
        self.pause_s = pause_s

    def __iter__(self) -> Iterator[tuple[int, int]]:
        for item in super().__iter__():
            yield item
            time.sleep(self.pause_s)


class Stuck(Camera):
    """A camera that gives one picture and then hangs, until it is told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.unplugged = threading.Event()

    def __iter__(self) -> Iterator[tuple[int, int]]:
        yield 0, 0
        self.unplugged.wait(10)


class Pushed:
    """Pictures that arrive in the event loop."""

    def __init__(self, length: int, pause_s: float = 0.0) -> None:
        self.length = length
        self.pause_s = pause_s
        self.read = 0

    async def __aiter__(self) -> AsyncIterator[tuple[int, int]]:
        for number in range(self.length):
            self.read = number + 1
            yield number, number
            if self.pause_s:
                await asyncio.sleep(self.pause_s)


class TestVideo:
    def test_every_frame_in_order(self) -> None:
        async def main() -> None:
            results = ResultStream(echo, Video(50))
            assert [result async for result in results] == list(range(50))
            stats = results.stats
            assert (stats.received, stats.processed, stats.dropped) == (50, 50, 0)
            assert [result async for result in results] == [], "it has ended"

        run(main())

    def test_frames_and_pairs(self) -> None:
        image = np.zeros((4, 6, 3), np.uint8)
        frame = Frame(image=image, index=0, time=Fraction(0), timestamp_ms=5)

        async def main() -> None:
            source: list[Item] = [frame, (image, 7)]
            results = [result async for result in ResultStream(lambda *given: given, source)]
            assert [timestamp_ms for _, timestamp_ms in results] == [5, 7]
            assert all(given is image for given, _ in results)

        run(main())

    def test_reads_one_frame_ahead(self) -> None:
        async def main() -> None:
            video = Video(50)
            results = ResultStream(echo, video)
            await asyncio.sleep(0.02)
            assert video.read == 0, "nothing was asked for"
            for number in range(5):
                assert await anext(results) == number
                await eventually(lambda: video.read == number + 2)  # noqa: B023
            await asyncio.sleep(0.02)
            assert video.read == 6
            await results.aclose()
            assert video.read == 6

        run(main())

    def test_works_in_a_thread_beside_the_loop(self) -> None:
        entered, go_on = threading.Event(), threading.Event()

        def process(image: int, timestamp_ms: int) -> str:
            entered.set()
            assert go_on.wait(5), "the loop stood still"
            return threading.current_thread().name

        async def main() -> None:
            result = asyncio.ensure_future(anext(results))
            await eventually(entered.is_set)
            go_on.set()
            assert await result == "pose-landmarker-stream"
            await results.aclose()

        results = ResultStream(process, Video(5))
        run(main())

    def test_in_one_loop_after_another(self) -> None:
        async def main() -> list[int]:
            return [result async for result in ResultStream(echo, Video(5))]

        assert [run(main()) for _ in range(3)] == [[0, 1, 2, 3, 4]] * 3

    def test_an_empty_one(self) -> None:
        async def main() -> list[int]:
            return [result async for result in ResultStream(echo, [])]

        assert run(main()) == []


class TestLive:
    def test_newest_wins(self) -> None:
        async def main() -> None:
            camera = Camera()
            async with ResultStream(echo, camera) as results:
                seen = [await anext(results)]
                for _ in range(5):
                    await eventually(lambda: camera.read > seen[-1] + 20)
                    before = camera.read
                    seen.append(await anext(results))
                    assert seen[-1] >= before - 2, "not an old one"
            stats = results.stats
            assert stats.received == stats.processed + stats.dropped
            assert stats.processed == 6
            assert stats.dropped > 50

        run(main())

    def test_the_last_frame_is_not_lost(self) -> None:
        async def main() -> list[int]:
            return [result async for result in ResultStream(echo, Camera(20, 0.0))]

        results = run(main())
        assert results == sorted(set(results))
        assert results[-1] == 19

    def test_waits_for_the_next_frame(self) -> None:
        def process(image: int, timestamp_ms: int) -> int:
            processed.append(image)
            return image

        async def main() -> None:
            async with ResultStream(process, Camera(10, 0.005)) as results:
                assert [result async for result in results] == processed

        processed: list[int] = []
        run(main())
        assert processed == sorted(set(processed))

    @pytest.mark.parametrize("pause_s", [0.0, 0.001])
    def test_an_asynchronous_source(self, pause_s: float) -> None:
        async def main() -> None:
            results = ResultStream(echo, Pushed(100, pause_s))
            numbers = [result async for result in results]
            assert numbers == sorted(set(numbers))
            assert numbers[-1] == 99
            assert results.stats.received == 100 == results.stats.dropped + len(numbers)

        run(main())


Make = Callable[[], ResultStream[int]]


async def leave_by_break(make: Make) -> None:
    async for _ in make():
        break


async def leave_by_error(make: Make) -> None:
    with contextlib.suppress(KeyError):
        async for _ in make():
            raise KeyError


async def leave_by_aclose(make: Make) -> None:
    results = make()
    await anext(results)
    await results.aclose()
    await results.aclose()
    assert results.stats.received == results.stats.processed + results.stats.dropped
    with pytest.raises(StopAsyncIteration):
        await anext(results)


async def leave_by_with(make: Make) -> None:
    async with make() as results:
        await anext(results)


async def leave_by_cancelling(make: Make) -> None:
    async def consume() -> None:
        async for _ in make():
            begun.set()

    begun = asyncio.Event()
    task = asyncio.ensure_future(consume())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def leave_by_closing_under_a_consumer(make: Make) -> None:
    async def consume() -> None:
        async for _ in results:
            begun.set()

    results, begun = make(), asyncio.Event()
    task = asyncio.ensure_future(consume())
    await begun.wait()
    await results.aclose()
    await task


class TestLeaving:
    @pytest.mark.parametrize("make_source", [lambda: Video(10**6), Camera, lambda: Pushed(10**6, 0.001)])
    @pytest.mark.parametrize(
        "leave",
        [
            leave_by_break,
            leave_by_error,
            leave_by_aclose,
            leave_by_with,
            leave_by_cancelling,
            leave_by_closing_under_a_consumer,
        ],
    )
    def test_ends_threads_and_reading(
        self, make_source: Callable[[], Any], leave: Callable[[Make], Awaitable[None]]
    ) -> None:
        async def main() -> None:
            source = make_source()
            started_s = time.monotonic()
            await leave(lambda: ResultStream(echo, source))
            await eventually(lambda: not threads() and len(asyncio.all_tasks()) == 1)
            read = source.read
            assert time.monotonic() - started_s < 1
            await asyncio.sleep(0.005)
            assert source.read == read

        run(main())

    @pytest.mark.parametrize("make_source", [lambda: Video(10**6), Camera, lambda: Pushed(10**6, 0.001)])
    def test_the_end_of_the_loop(self, make_source: Callable[[], Any]) -> None:
        async def main() -> ResultStream[int]:
            results = ResultStream(echo, make_source())
            await anext(results)
            return results

        results = run(main())
        run(eventually(lambda: not threads()))
        assert results.stats.processed

    @pytest.mark.parametrize("make_source", [lambda: Video(10**6), Camera])
    def test_a_loop_that_is_closed_under_it(self, make_source: Callable[[], Any]) -> None:
        loop = asyncio.new_event_loop()
        results = ResultStream(echo, make_source())
        assert loop.run_until_complete(anext(results)) >= 0
        loop.close()

    def test_unused(self) -> None:
        async def main() -> None:
            ResultStream(echo, Video(5))
            await ResultStream(echo, Camera()).aclose()
            async with ResultStream(echo, Pushed(5)):
                assert not threads()

        run(main())

    @pytest.mark.parametrize("live", [True, False])
    def test_a_source_that_hangs(self, live: bool, monkeypatch: pytest.MonkeyPatch) -> None:
        async def main() -> None:
            results = ResultStream(echo, source)
            assert await anext(results) == 0
            waiting = asyncio.ensure_future(anext(results, "the end"))
            await asyncio.sleep(0.01)
            started_s = time.monotonic()
            await results.aclose()
            assert time.monotonic() - started_s < 1
            assert await waiting == "the end"
            assert threads()

        source = Stuck()
        source.live = live
        if live:
            monkeypatch.setattr(streaming, "_PATIENCE_S", 0.01)
        run(main())
        source.unplugged.set()

    def test_work_that_hangs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def process(image: int, timestamp_ms: int) -> int:
            entered.set()
            go_on.wait(10)
            return image

        async def main() -> None:
            results = ResultStream(process, Video(5))
            task = asyncio.ensure_future(anext(results))
            await eventually(entered.is_set)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            go_on.set()
            await eventually(lambda: not threads())
            assert (results.stats.received, results.stats.dropped) == (1, 1)

        entered, go_on = threading.Event(), threading.Event()
        monkeypatch.setattr(streaming, "_PATIENCE_S", 0.01)
        run(main())


class Broken(Video):
    def __iter__(self) -> Iterator[tuple[int, int]]:
        yield from super().__iter__()
        raise OSError("unplugged")


class BrokenPushed(Pushed):
    async def __aiter__(self) -> AsyncIterator[tuple[int, int]]:
        async for item in super().__aiter__():
            yield item
        raise OSError("unplugged")


class TestErrors:
    @pytest.mark.parametrize("make", [Broken, BrokenPushed, Camera])
    def test_of_the_source_come_after_the_results_before(self, make: type[Any]) -> None:
        async def main() -> None:
            source = Broken(3) if make is Camera else make(3)
            source.live = make is not Broken
            seen: list[int] = []
            with pytest.raises(OSError, match="unplugged"):
                await consume(ResultStream(echo, source), seen)
            assert seen[-1] == 2
            assert source.live or seen == [0, 1, 2]

        run(main())

    @pytest.mark.parametrize("make_source", [lambda: Video(10**6), Camera, lambda: Pushed(10**6, 0.001)])
    @pytest.mark.parametrize("error", [ValueError("bad"), KeyboardInterrupt(), asyncio.CancelledError()])
    def test_of_the_work(self, make_source: Callable[[], Any], error: BaseException) -> None:
        def process(image: int, timestamp_ms: int) -> int:
            if image:
                raise error
            return image

        async def main() -> None:
            results = ResultStream(process, make_source())
            with pytest.raises(type(error)) as caught:
                await consume(results, [])
            assert caught.value is error
            assert "process" in [line.name for line in caught.traceback]
            stats = results.stats
            assert stats.errors == 1
            assert stats.received == stats.processed + stats.dropped

        run(main())

    @pytest.mark.parametrize("live", [True, False])
    def test_of_times(self, live: bool) -> None:
        class Backwards(Video):
            def __iter__(self) -> Iterator[tuple[int, int]]:
                yield 0, 7
                yield 1, 7

        async def main() -> None:
            source = Backwards(2)
            source.live = live
            seen: list[int] = []
            with pytest.raises(TimestampError, match="got 7 after 7"):
                await consume(ResultStream(echo, source), seen)
            assert seen == [0]

        run(main())

    @pytest.mark.parametrize("item", [np.zeros((4, 6, 3), np.uint8), (1, 2, 3), "ab", None])
    def test_of_items(self, item: Any) -> None:
        async def main() -> None:
            with pytest.raises(OptionTypeError, match=type(item).__name__):
                await anext(ResultStream(echo, [item]))

        run(main())

    def test_of_types(self) -> None:
        with pytest.raises(OptionTypeError, match="source must be iterable, not int"):
            ResultStream(echo, 5)  # type: ignore[arg-type]


_PAUSES_MS = st.sampled_from([0, 0, 0, 1, 2])


@settings(max_examples=25, deadline=None)
@given(
    frames=st.lists(st.tuples(_PAUSES_MS, _PAUSES_MS, _PAUSES_MS), max_size=10),
    kind=st.sampled_from(["video", "camera", "pushed"]),
)
def test_any_timing(frames: list[tuple[int, int, int]], kind: str) -> None:
    """Nothing is lost, doubled or reordered, whatever takes how long."""

    class Source:
        live = kind == "camera"

        def __iter__(self) -> Iterator[tuple[int, int]]:
            for number, (pause_ms, _, _) in enumerate(frames):
                time.sleep(pause_ms / 1e3)
                yield number, number

    def process(image: int, timestamp_ms: int) -> int:
        time.sleep(frames[image][1] / 1e3)
        return image

    async def main() -> None:
        seen = []
        source: Any = Pushed(len(frames), 0.001) if kind == "pushed" else Source()
        results = ResultStream(process, source)
        async for result in results:
            await asyncio.sleep(frames[result][2] / 1e3)
            seen.append(result)
        stats = results.stats
        assert stats.received == len(frames) == stats.processed + stats.dropped
        assert stats.processed == len(seen)
        assert seen == sorted(set(seen))
        assert seen[-1:] == list(range(len(frames)))[-1:]
        if kind == "video":
            assert seen == list(range(len(frames)))

    asyncio.run(main())
