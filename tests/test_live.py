from __future__ import annotations

import gc
import logging
import os
import subprocess
import sys
import threading
import time
import traceback
import warnings
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pose_landmarker import live
from pose_landmarker.errors import ClosedError, TimestampError
from pose_landmarker.live import LiveStream
from pose_landmarker.scheduling import LiveStats

THREAD = "pose-landmarker-live"


def eventually(condition: Callable[[], bool]) -> None:
    """Wait for what another thread is about to do."""
    deadline_s = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.001)


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == THREAD]


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    yield
    eventually(lambda: not threads() or (gc.collect() >= 0 and not threads()))


def echo(image: Any, timestamp_ms: int, processing: Any) -> Any:
    return image


def ignore(result: Any, image: Any, timestamp_ms: int) -> None:
    pass


class Gate:
    """A callback that waits until it is let through."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.open = threading.Event()
        self.results: list[Any] = []

    def __call__(self, result: Any, image: Any, timestamp_ms: int) -> None:
        self.entered.set()
        self.open.wait(10)
        self.results.append(result)


def settled(stats: LiveStats) -> bool:
    return stats.received == stats.processed + stats.dropped and not stats.waiting + stats.in_work


class TestLiveStream:
    def test_results_come_from_one_thread(self) -> None:
        seen: list[tuple[object, ...]] = []

        def process(image: str, timestamp_ms: int, processing: str) -> str:
            seen.append((threading.current_thread(), image, timestamp_ms, processing))
            return image.upper()

        def callback(result: str, image: str, timestamp_ms: int) -> None:
            seen.append((threading.current_thread(), result, image, timestamp_ms))

        with LiveStream(process, callback) as stream:
            stream.submit("a", 7, "upright")
            eventually(lambda: len(seen) == 2)
            (worker,) = threads()
        assert seen == [(worker, "a", 7, "upright"), (worker, "A", "a", 7)]
        assert worker.daemon

    def test_a_slow_callback_drops_frames(self) -> None:
        gate = Gate()
        with LiveStream(echo, gate) as stream:
            stream.submit(0, 0, None)
            gate.entered.wait(5)
            for number in range(1, 10_000):
                stream.submit(number, number, None)
            stats = stream.stats
            assert (stats.received, stats.processed, stats.dropped, stats.waiting) == (10_000, 1, 9998, 1)
            assert stream._mailbox._bell.qsize() <= 1
            gate.open.set()
            eventually(lambda: len(gate.results) == 2)
        assert gate.results == [0, 9999]
        assert settled(stream.stats)

    def test_latency_ends_when_the_result_is_handed_over(self) -> None:
        now_s = 0.0

        def process(image: Any, timestamp_ms: int, processing: Any) -> None:
            nonlocal now_s
            now_s += 0.020

        def callback(result: Any, image: Any, timestamp_ms: int) -> None:
            nonlocal now_s
            now_s += 1.0

        with LiveStream(process, callback, clock=lambda: now_s) as stream:
            stream.submit("a", 0, None)
            eventually(lambda: now_s > 1)
        assert str(stream.stats).endswith("latency 20 ms median, 20 ms p95")

    def test_the_callback_may_submit(self) -> None:
        results = []

        def callback(result: int, image: int, timestamp_ms: int) -> None:
            results.append(result)
            if result < 5:
                stream.submit(result + 1, timestamp_ms + 1, None)

        with LiveStream(echo, callback) as stream:
            stream.submit(0, 0, None)
            eventually(lambda: len(results) == 6)
        assert results == [0, 1, 2, 3, 4, 5]

    def test_several_threads_submit(self) -> None:
        results: list[int] = []
        accepted: list[int] = []

        def submit_all() -> None:
            for number in range(300):
                try:
                    stream.submit(number, number, None)
                except TimestampError:
                    continue
                accepted.append(number)

        with LiveStream(echo, lambda result, image, timestamp_ms: results.append(result)) as stream:
            sources = [threading.Thread(target=submit_all) for _ in range(4)]
            for source in sources:
                source.start()
            for source in sources:
                source.join()
            eventually(lambda: not stream.stats.waiting)
        assert sorted(accepted) == sorted(set(accepted)), "no time was accepted twice"
        assert stream.stats.received == len(accepted)
        assert results == sorted(results)
        assert results[-1] == 299


_PAUSES_MS = st.sampled_from([0, 0, 0, 1, 2])


@settings(max_examples=25, deadline=None)
@given(
    frames=st.lists(st.tuples(_PAUSES_MS, _PAUSES_MS, _PAUSES_MS, st.booleans()), min_size=1, max_size=12),
    close_early=st.booleans(),
)
def test_any_timing(frames: list[tuple[int, int, int, bool]], close_early: bool) -> None:
    """Nothing is lost, doubled or reordered, whatever takes how long and fails or not."""
    processed: list[int] = []
    results: list[int] = []
    errors: list[Exception] = []

    def process(image: int, timestamp_ms: int, processing: None) -> int:
        processed.append(image)
        time.sleep(frames[image][1] / 1e3)
        if frames[image][3]:
            raise ValueError(image)
        return image

    def callback(result: int, image: int, timestamp_ms: int) -> None:
        time.sleep(frames[image][2] / 1e3)
        results.append(result)

    with LiveStream(process, callback, on_error=errors.append) as stream:
        for number, (pause_ms, *_) in enumerate(frames):
            time.sleep(pause_ms / 1e3)
            stream.submit(number, number, None)
        if not close_early:
            eventually(lambda: settled(stream.stats))
    assert settled(stream.stats)
    assert stream.stats.received == len(frames)
    assert stream.stats.processed == len(processed)
    assert processed == sorted(set(processed))
    assert close_early or processed[-1] == len(frames) - 1, "the newest is always processed"
    assert results == [number for number in processed if not frames[number][3]]
    assert stream.stats.errors == len(errors) == len(processed) - len(results)


def failing(image: Any, timestamp_ms: int, processing: Any) -> Any:
    raise ValueError(image)


class TestErrors:
    @pytest.mark.parametrize("place", ["process", "callback"])
    @pytest.mark.parametrize("kind", [ValueError, SystemExit, KeyboardInterrupt])
    def test_are_raised_once_by_submit(self, place: str, kind: type[BaseException]) -> None:
        raised = kind("a")
        results = []

        def fail_at_a(image: str) -> None:
            if image == "a":
                raise raised
            results.append(image)

        def process(image: str, timestamp_ms: int, processing: None) -> str:
            if place == "process":
                fail_at_a(image)
            return image

        def callback(result: str, image: str, timestamp_ms: int) -> None:
            if place == "callback":
                fail_at_a(image)

        with LiveStream(process, callback) as stream:
            stream.submit("a", 0, None)
            eventually(lambda: stream.stats.errors == 1)
            with pytest.raises(kind) as caught:
                stream.submit("not accepted", 1, None)
            assert caught.value is raised
            assert "fail_at_a" in [line.name for line in traceback.extract_tb(raised.__traceback__)]
            stream.submit("b", 1, None)
            eventually(lambda: results == ["b"])
        stats = stream.stats
        assert (stats.received, stats.processed, stats.dropped, stats.errors) == (2, 2, 0, 1)

    def test_are_raised_once_by_close(self) -> None:
        stream = LiveStream(failing, ignore)
        stream.submit("a", 0, None)
        eventually(lambda: stream.stats.errors == 1)
        with pytest.raises(ValueError, match="a"):
            stream.close()
        stream.close()
        with pytest.raises(ClosedError):
            stream.submit("b", 1, None)

    def test_the_first_is_raised_and_the_others_are_counted(self) -> None:
        def on_error(error: Exception) -> None:
            raise TypeError("on_error failed")

        stream = LiveStream(failing, ignore, on_error=on_error)
        stream.submit("a", 0, None)
        eventually(lambda: stream.stats.errors == 1)
        stream._mailbox.put(stream_item("b", 1), 1)
        eventually(lambda: stream.stats.errors == 2)
        with pytest.raises(TypeError, match="on_error failed") as caught:
            stream.close()
        assert isinstance(caught.value.__context__, ValueError)
        if sys.version_info >= (3, 11):
            assert caught.value.__notes__ == ["(1 more of the frames after this one failed)"]

    def test_on_error_takes_them(self) -> None:
        errors: list[Exception] = []
        with LiveStream(failing, ignore, on_error=errors.append) as stream:
            for number in range(3):
                stream.submit(number, number, None)
                eventually(lambda: stream.stats.errors == len(errors) == number + 1)  # noqa: B023
        assert [str(error) for error in errors] == ["0", "1", "2"]

    def test_on_error_does_not_take_an_exit(self) -> None:
        errors: list[Exception] = []

        def leave(*_: object) -> None:
            raise SystemExit(3)

        stream = LiveStream(echo, leave, on_error=errors.append)
        stream.submit("a", 0, None)
        eventually(lambda: stream.stats.errors == 1)
        with pytest.raises(SystemExit):
            stream.close()
        assert not errors

    def test_the_callback_is_not_given_them(self) -> None:
        closed = threading.Event()

        def callback(result: str, image: str, timestamp_ms: int) -> None:
            if image == "a":
                raise ValueError(image)
            stream.submit("c", 2, None)
            stream.close()
            closed.set()

        stream = LiveStream(echo, callback)
        stream.submit("a", 0, None)
        eventually(lambda: stream.stats.errors == 1)
        stream._mailbox.put(stream_item("b", 1), 1)
        assert closed.wait(5)
        with pytest.raises(ValueError, match="a"):
            stream.close()

    def test_do_not_hide_the_exception_under_way(self, unhandled: list[BaseException]) -> None:
        def use() -> None:
            with LiveStream(failing, ignore) as stream:
                stream.submit("a", 0, None)
                eventually(lambda: stream.stats.errors == 1)
                raise RuntimeError("the user's own")

        with pytest.raises(RuntimeError, match="the user's own"):
            use()
        assert [str(error) for error in unhandled] == ["a"]

    def test_of_a_forgotten_stream_are_reported(self, unhandled: list[BaseException]) -> None:
        def forget() -> None:
            stream = LiveStream(failing, ignore)
            stream.submit("a", 0, None)
            eventually(lambda: stream.stats.errors == 1)

        forget()
        eventually(
            lambda: gc.collect() >= 0 and bool(unhandled)
        )  # the error's traceback refers to the stream
        assert [str(error) for error in unhandled] == ["a"]


def stream_item(image: object, timestamp_ms: int) -> Any:
    """What ``submit`` puts into the mailbox, for tests that must not be given a kept error."""
    from pose_landmarker.live import _Submitted

    return _Submitted(image, timestamp_ms, None)


@pytest.fixture
def unhandled(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    errors: list[BaseException] = []

    def take(details: threading.ExceptHookArgs) -> None:
        assert details.exc_value is not None
        errors.append(details.exc_value)

    monkeypatch.setattr(threading, "excepthook", take)
    return errors


class TestClosing:
    def test_finishes_the_frame_in_work_and_drops_the_waiting_one(self) -> None:
        results = []
        working = threading.Event()

        def process(image: str, timestamp_ms: int, processing: None) -> str:
            working.set()
            time.sleep(0.05)
            return image

        stream = LiveStream(process, lambda result, image, timestamp_ms: results.append(result))
        stream.submit("a", 0, None)
        working.wait(5)
        stream.submit("b", 1, None)
        stream.close()
        assert results == ["a"]
        assert stream.stats.dropped == 1
        assert settled(stream.stats)

    def test_does_not_wait_long_for_the_callback(self, caplog: pytest.LogCaptureFixture) -> None:
        gate = Gate()
        stream = LiveStream(echo, gate)
        stream.submit("a", 0, None)
        gate.entered.wait(5)
        stream.submit("b", 1, None)
        started_s = time.monotonic()
        with caplog.at_level(logging.WARNING, logger="pose_landmarker"):
            stream.close()
            stream.close()
        assert time.monotonic() - started_s < 1
        assert settled(stream.stats)
        (record,) = caplog.records
        assert "the result_callback is still running" in record.getMessage()
        gate.open.set()
        eventually(lambda: not threads())
        assert gate.results == ["a"]

    def test_no_callback_begins_afterwards(
        self, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(live, "_PATIENCE_S", 0.01)
        working, go_on = threading.Event(), threading.Event()
        results: list[str] = []

        def process(image: str, timestamp_ms: int, processing: None) -> str:
            working.set()
            go_on.wait(10)
            return image

        stream = LiveStream(process, lambda result, image, timestamp_ms: results.append(result))
        stream.submit("a", 0, None)
        working.wait(5)
        stream.close()
        assert stream.stats == LiveStats(received=1, dropped=1)
        assert "the work on a frame is still running" in caplog.text
        go_on.set()
        eventually(lambda: not threads())
        assert not results
        assert stream.stats == LiveStats(received=1, dropped=1)

    def test_from_the_callback(self) -> None:
        results: list[str] = []

        def callback(result: str, image: str, timestamp_ms: int) -> None:
            stream.close()
            stream.close()
            with pytest.raises(ClosedError):
                stream.submit("b", 1, None)
            results.append(result)

        stream = LiveStream(echo, callback)
        stream.submit("a", 0, None)
        eventually(lambda: not threads())
        stream.close()
        assert results == ["a"]
        assert settled(stream.stats)

    def test_from_several_threads(self) -> None:
        gate = Gate()
        stream = LiveStream(echo, gate)
        stream.submit("a", 0, None)
        gate.entered.wait(5)
        closers = [threading.Thread(target=stream.close) for _ in range(8)]
        for closer in closers:
            closer.start()
        gate.open.set()
        for closer in closers:
            closer.join(1)
            assert not closer.is_alive()
        assert gate.results == ["a"]

    def test_many_leave_no_threads(self) -> None:
        before = threading.active_count()
        for _ in range(200):
            with LiveStream(echo, ignore) as stream:
                stream.submit("a", 0, None)
            assert settled(stream.stats)
        eventually(lambda: threading.active_count() == before)


class TestForgotten:
    def test_an_idle_stream_ends_its_thread(self) -> None:
        def forget() -> weakref.ref[object]:
            stream = LiveStream(echo, ignore)
            stream.submit("a", 0, None)
            eventually(lambda: settled(stream.stats))
            return weakref.ref(stream)

        gone = forget()
        eventually(lambda: gone() is None and not threads())

    def test_a_stream_whose_callback_owns_it_ends_its_thread(self) -> None:
        class App:
            def __init__(self) -> None:
                self.results: list[str] = []
                self.stream = LiveStream(echo, self.show)

            def show(self, result: str, image: str, timestamp_ms: int) -> None:
                self.results.append(result)

        def forget() -> weakref.ref[object]:
            app = App()
            app.stream.submit("a", 0, None)
            eventually(lambda: app.results == ["a"])
            return weakref.ref(app)

        gone = forget()
        eventually(lambda: gc.collect() >= 0 and gone() is None and not threads())

    def test_the_frame_in_work_is_finished(self) -> None:
        gate = Gate()
        stream = LiveStream(echo, gate)
        stream.submit("a", 0, None)
        gate.entered.wait(5)
        stream.submit("b", 1, None)
        del stream
        gate.open.set()
        eventually(lambda: not threads())
        assert gate.results == ["a"]

    def test_one_that_could_not_be_made_is_quiet(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(thread: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="can't start"):
            LiveStream(echo, ignore)
        with pytest.raises(TypeError):
            LiveStream(echo)  # type: ignore[call-arg]


def test_the_end_of_a_program(unhandled: list[BaseException]) -> None:
    """What the programs below do last, here where it can be looked at."""
    gate = Gate()
    streams = [LiveStream(failing, ignore), LiveStream(echo, gate)]
    for stream in streams:
        stream.submit("a", 0, None)
    gate.entered.wait(5)
    eventually(lambda: streams[0].stats.errors == 1)
    streams[1].submit("b", 1, None)
    threading.Timer(0.01, gate.open.set).start()
    live._end_streams()
    assert gate.results == ["a"]
    assert all(settled(stream.stats) for stream in streams)
    assert [str(error) for error in unhandled] == ["a"]


_WORK = """
import time
from pose_landmarker.live import LiveStream

def work(image, timestamp_ms, processing):
    sum(range(100_000))
    time.sleep(0.005)

def show(result, image, timestamp_ms):
    pass

def hang(result, image, timestamp_ms):
    time.sleep(60)

def fail(result, image, timestamp_ms):
    raise KeyError("lost")

def feed(stream):
    for number in range(10):
        stream.submit(number, number, None)
        time.sleep(0.002)
"""
_WAIT = "stream.submit(0, 0, None)\nwhile not stream.stats.{count}: time.sleep(0.001)"
#: name → the rest of a program that does not close its stream.
_PROGRAMS = {
    "in flight": "stream = LiveStream(work, show)\nfeed(stream)",
    "exits": "stream = LiveStream(work, show)\nfeed(stream)\nraise SystemExit(5)",
    "raises": "stream = LiveStream(work, show)\nfeed(stream)\n1 / 0",
    "hangs": "stream = LiveStream(work, hang)\n" + _WAIT.format(count="processed"),
    "fails": "stream = LiveStream(work, fail)\n" + _WAIT.format(count="errors"),
}


@pytest.fixture(scope="module")
def programs() -> Iterator[dict[str, subprocess.Popen[str]]]:
    """All at once, which takes less time."""
    started = {
        name: subprocess.Popen(
            [sys.executable, "-c", _WORK + rest], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for name, rest in _PROGRAMS.items()
    }
    yield started
    for program in started.values():
        with program:
            program.kill()


@pytest.mark.parametrize(
    ("name", "status", "said"),
    [
        ("in flight", 0, ""),
        ("exits", 5, ""),
        ("raises", 1, "ZeroDivisionError: division by zero"),
        ("hangs", 0, ""),
        ("fails", 0, "KeyError: 'lost'"),
    ],
)
def test_a_program_that_does_not_close(
    programs: dict[str, subprocess.Popen[str]], name: str, status: int, said: str
) -> None:
    output, complaint = programs[name].communicate(timeout=20)
    assert programs[name].returncode == status, complaint
    assert not output
    assert complaint.rstrip().endswith(said)
    assert complaint.count("Traceback") == bool(said) == bool(complaint)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_forked_child_is_told() -> None:
    with LiveStream(echo, ignore) as stream, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking beside threads, from 3.12
        child = os.fork()
        if not child:
            try:
                stream.submit("a", 0, None)
            except ClosedError:
                stream.close()
                os._exit(42)
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 42
        stream.submit("a", 0, None)
