"""Requests of many threads in one lane; nothing here needs PyTorch."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from pose_landmarker.engines.pytorch.gate import Gate
from pose_landmarker.engines.pytorch.lane import Lane
from pose_landmarker.errors import EngineError

_WAIT_S = 30


class Doubling:
    """Doubles numbers; the first batch waits until it is let go."""

    def __init__(self, *, held: bool = False) -> None:
        self.batches: list[list[int]] = []
        self.begun, self.go_on = threading.Event(), threading.Event()
        if not held:
            self.go_on.set()

    def __call__(self, requests: Sequence[int]) -> list[int]:
        self.batches.append(list(requests))
        self.begun.set()
        assert self.go_on.wait(_WAIT_S)
        return [2 * number for number in requests]


def _asked(lane: Lane[int, int], numbers: Sequence[int], meanwhile: Callable[[], object]) -> list[int]:
    """The answers to numbers that threads ask for one after the other, while something else is done."""
    with ThreadPoolExecutor(len(numbers)) as crew:
        asked = []
        for i, number in enumerate(numbers):
            asked.append(crew.submit(lane, number, 1))
            while i and _waiting(lane) < i:
                pass
            if not i:
                meanwhile()
        _run_of(lane).go_on.set()
        return [future.result(_WAIT_S) for future in asked]


def _waiting(lane: Lane[int, int]) -> int:
    worker = lane._worker
    return 0 if worker is None else worker.tickets.qsize()


def _run_of(lane: Lane[int, int]) -> Doubling:
    assert isinstance(lane._run, Doubling)
    return lane._run


def test_answers_are_those_of_the_requests() -> None:
    lane = Lane(Doubling(), 8)
    with ThreadPoolExecutor(8) as crew:
        assert list(crew.map(lambda i: lane(i, 1), range(500))) == [2 * i for i in range(500)]


def test_what_comes_while_a_batch_is_in_work_is_the_next_batch() -> None:
    run = Doubling(held=True)
    lane = Lane(run, 8)
    answers = _asked(lane, [1, 2, 3, 4], lambda: run.begun.wait(_WAIT_S))
    assert answers == [2, 4, 6, 8]
    assert run.batches == [[1], [2, 3, 4]]


def test_nobody_waits_for_a_batch_to_fill() -> None:
    run = Doubling()
    lane = Lane(run, 8)
    assert [lane(1, 1), lane(2, 1)] == [2, 4]
    assert run.batches == [[1], [2]]


def test_batches_do_not_become_larger_than_allowed() -> None:
    run = Doubling(held=True)
    lane = Lane(run, 2)
    _asked(lane, [1, 2, 3, 4, 5, 6], lambda: run.begun.wait(_WAIT_S))
    assert run.batches == [[1], [2, 3], [4, 5], [6]]


def test_a_request_that_is_larger_by_itself_is_a_batch() -> None:
    run = Doubling()
    assert Lane(run, 2)(7, 100) == 14


def test_everybody_in_a_batch_is_told_of_its_error_and_the_next_one_is_worked_on() -> None:
    class Failing(Doubling):
        def __call__(self, requests: Sequence[int]) -> list[int]:
            answers = super().__call__(requests)
            if 0 in requests:
                raise ZeroDivisionError("there is a zero")
            return answers

    run = Failing(held=True)
    lane = Lane(run, 8)
    errors: list[BaseException] = []

    def ask(number: int) -> int:
        try:
            return lane(number, 1)
        except EngineError as error:
            errors.append(error)
            return -1

    with ThreadPoolExecutor(3) as crew:
        first = crew.submit(ask, 1)
        run.begun.wait(_WAIT_S)
        others = [crew.submit(ask, 0), crew.submit(ask, 2)]
        while _waiting(lane) < 2:
            pass
        run.go_on.set()
        assert first.result(_WAIT_S) == 2
        assert [other.result(_WAIT_S) for other in others] == [-1, -1]
    assert len({id(error) for error in errors}) == 2  # one each
    assert [str(error) for error in errors] == ["PyTorch failed to run the network: there is a zero"] * 2
    assert all(isinstance(error.__cause__, ZeroDivisionError) for error in errors)
    assert lane(3, 1) == 6


def test_an_error_holds_nothing_of_the_batch() -> None:
    class Big:
        pass

    held: list[weakref.ref[Big]] = []

    def failing(requests: Sequence[int]) -> list[int]:
        big = Big()
        held.append(weakref.ref(big))
        raise ZeroDivisionError

    with pytest.raises(EngineError) as caught:
        Lane(failing, 8)(1, 1)
    assert caught.value.__cause__ is not None
    assert held[0]() is None


def test_an_answer_that_is_missing_is_an_error_and_no_hang() -> None:
    def forgetful(requests: Sequence[int]) -> list[int]:
        return []

    with pytest.raises(EngineError, match="PyTorch failed"):
        Lane(forgetful, 8)(1, 1)


def test_a_lane_that_is_forgotten_lets_go_of_everything() -> None:
    run = Doubling()
    lane = Lane(run, 8)
    lane(1, 1)
    worker = lane._worker
    assert worker is not None
    held = weakref.ref(run)
    del lane, run
    worker.join(_WAIT_S)
    assert not worker.is_alive()
    del worker
    gc.collect()
    assert held() is None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_new_process_has_a_thread_of_its_own() -> None:
    lane = Lane(Doubling(), 8)
    assert lane(1, 1) == 2
    child = os.fork()
    if not child:
        os._exit(0 if lane(4, 1) == 8 else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert lane(5, 1) == 10


class TestGate:
    def test_who_is_inside_is_waited_for_and_nobody_enters_any_more(self) -> None:
        gate = Gate()
        closing = threading.Thread(target=gate.close, args=(_WAIT_S,))
        with gate:
            with gate:
                closing.start()
            while not gate._closed:
                pass
            with pytest.raises(EngineError, match="the program is ending"), gate:
                raise AssertionError("inside")
            assert closing.is_alive()
        closing.join(_WAIT_S)
        assert not closing.is_alive()

    def test_nobody_is_waited_for_forever(self) -> None:
        gate = Gate()
        with gate:
            gate.close(0.01)
        gate.reset()
        with gate:
            pass


_ENDING = """
import atexit, contextlib, threading, time
from pose_landmarker.engines.pytorch.lane import Lane
from pose_landmarker.errors import EngineError

def slow(requests):
    time.sleep(0.05)
    return requests

def late():
    try:
        lane(1, 1)
    except EngineError as error:
        print(error, flush=True)

def ask():
    with contextlib.suppress(EngineError):
        while True:
            lane(1, 1)

atexit.register(late)
import pose_landmarker.engines.pytorch.lane as module
atexit.unregister(module._end)
atexit.register(module._end)  # the last one comes first
lane = Lane(slow, 8)
for _ in range(4):
    threading.Thread(target=ask, daemon=True).start()
time.sleep(0.2)
"""


def test_the_end_of_the_program_waits_for_no_thread() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _ENDING], capture_output=True, text=True, timeout=_WAIT_S, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "the program is ending, no network runs any more\n"
