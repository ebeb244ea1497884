"""Several threads whose results come together: order, bounds, errors, ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from pose_landmarker.parallel import parallel


def _squares(worker: int, task: int) -> Iterator[int]:
    time.sleep(0.002 * (3 - task % 4))  # later ones are through first
    yield task * task


def _threads() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith("pose-landmarker-worker")]


@pytest.mark.parametrize("workers", [1, 2, 7])
def test_results_come_in_order(workers: int) -> None:
    results = parallel(_squares, range(40), workers=range(workers))
    assert list(results) == [n * n for n in range(40)]
    assert not _threads()


def test_results_come_as_they_are_made_where_order_is_not_asked_for() -> None:
    blocked = threading.Event()

    def work(worker: int, task: int) -> Iterator[int]:
        if task == 0:
            blocked.wait(10)
        yield task

    results = parallel(work, range(10), workers=range(2), in_order=False)
    first = [next(results) for _ in range(9)]
    blocked.set()
    assert sorted(first) == list(range(1, 10))
    assert list(results) == [0]


def test_results_of_one_task_keep_their_order() -> None:
    def work(worker: int, task: int) -> Iterator[tuple[int, int]]:
        for part in range(50):
            yield task, part

    for in_order in (True, False):
        results = list(parallel(work, range(4), workers=range(3), in_order=in_order, room=5))
        for task in range(4):
            assert [part for number, part in results if number == task] == list(range(50))
        if in_order:
            assert results == sorted(results)


def test_no_tasks_no_results() -> None:
    assert list(parallel(_squares, [], workers=[1, 2])) == []
    assert list(parallel(lambda worker, task: (), range(9), workers=[1, 2])) == []


def test_memory_is_bounded_whatever_the_input() -> None:
    taken = 0

    def endless() -> Iterator[int]:
        nonlocal taken
        while True:
            taken += 1
            yield taken

    results = parallel(lambda worker, task: [task], endless(), workers=range(2), room=5)
    assert [next(results) for _ in range(3)] == [1, 2, 3]
    time.sleep(0.05)
    assert taken <= 3 + 5 + 1 + 2  # given out, waiting, one that is due, in work
    results.close()  # type: ignore[attr-defined]
    assert not _threads()


def test_what_is_due_is_never_shut_out_by_what_comes_later() -> None:
    def work(worker: int, task: int) -> Iterator[int]:
        if task == 0:
            time.sleep(0.05)  # meanwhile the others fill all the room
        for _ in range(20):
            yield task

    results = list(parallel(work, range(6), workers=range(3), room=4))
    assert results == sorted(results)
    assert len(results) == 120


def test_size_counts_and_one_result_always_fits() -> None:
    results = parallel(lambda worker, task: [task], range(5), workers=range(2), room=10, size=lambda _: 99)
    assert list(results) == list(range(5))


def test_an_error_comes_after_the_results_before_it() -> None:
    def work(worker: int, task: int) -> Iterator[int]:
        yield task
        if task == 3:
            raise ValueError("three")

    results = parallel(work, range(100), workers=range(2))
    assert [next(results) for _ in range(4)] == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="three"):
        next(results)
    assert not _threads()


def test_an_error_of_the_tasks_comes_last() -> None:
    def tasks() -> Iterator[int]:
        yield from range(5)
        raise OSError("no more")

    got: list[int] = []
    with pytest.raises(OSError, match="no more"):
        got.extend(parallel(_squares, tasks(), workers=range(3)))
    assert got == [0, 1, 4, 9, 16]


def test_leaving_ends_the_threads() -> None:
    ended = threading.Event()

    def work(worker: int, task: int) -> Iterator[int]:
        try:
            while True:
                yield task
        finally:
            ended.set()

    def leave() -> None:
        for _ in parallel(work, range(2), workers=range(2), room=3):
            raise KeyError

    with pytest.raises(KeyError):
        leave()
    assert ended.wait(5)
    assert not _threads()


def test_nothing_runs_before_the_first_result_is_asked_for() -> None:
    started = threading.Event()

    def work(worker: int, task: int) -> Iterator[int]:
        started.set()
        yield task

    results = parallel(work, [1], workers=[1])
    assert not started.wait(0.02)
    assert list(results) == [1]


@pytest.mark.parametrize("early", [False, True])
def test_workers_that_wait_for_something_are_interrupted(early: bool) -> None:
    """When nothing more is wanted: those that are through as well as those that would wait for ever."""
    stuck = [threading.Event(), threading.Event()]

    def work(event: threading.Event, _task: int) -> Iterator[int]:
        yield 1
        if early:
            event.wait()

    results = parallel(work, range(2), workers=stuck, interrupt=threading.Event.set)
    assert next(results) == 1
    if early:
        results.close()  # type: ignore[attr-defined]
    else:
        assert list(results) == [1]
    assert all(event.is_set() for event in stuck)
