"""Worker processes: they work, they are killed, they never begin; and what was in work is not lost."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pose_landmarker.batch import child
from pose_landmarker.batch.local import LocalEngine
from pose_landmarker.batch.work import Done, Event, Failed, FileTask, Rows, Settings, Started, Waiting
from pose_landmarker.errors import EngineError, ModelNotFoundError
from pose_landmarker.options import BaseOptions, PoseLandmarkerOptions
from tests.archives import write_person

posix = pytest.mark.skipif(os.name != "posix", reason="signals are of POSIX")


@pytest.fixture
def settings(model_file: Callable[[str], Path]) -> Settings:
    base = BaseOptions.of(model_file("lite"))
    return Settings(options=PoseLandmarkerOptions(base_options=base, threads=1))


@pytest.fixture
def tasks(tmp_path: Path) -> list[FileTask]:
    paths = [
        write_person(tmp_path / f"{i}.{'mp4' if i < 2 else 'png'}", 40 if i == 0 else 8, i) for i in range(6)
    ]
    return [FileTask(i, str(path), i < 2, 0) for i, path in enumerate(paths)]


def _events(engine: LocalEngine, tasks: list[FileTask]) -> Iterator[Event]:
    left = list(tasks)
    return engine.events(lambda: left.pop(0) if left else None)


def test_every_file_begins_and_ends_and_its_events_are_in_order(
    settings: Settings, tasks: list[FileTask]
) -> None:
    engine = LocalEngine(settings, 2)
    heard = [event for event in _events(engine, tasks) if not isinstance(event, Waiting)]
    for task in tasks:
        own = [event for event in heard if event.number == task.number]
        assert isinstance(own[0], Started)
        assert isinstance(own[-1], Done)
        rows = [event for event in own[1:-1] if isinstance(event, Rows)]
        frames = [frame for event in rows for frame in event.batch.column("frame").to_pylist()]
        assert frames == list(range((40, 8, 1)[min(task.number, 2)]))
    assert {event.worker for event in heard if isinstance(event, Started)} <= {"worker 1", "worker 2"}
    engine.close()
    engine.close()


@posix
def test_a_killed_worker_fails_one_file_and_is_replaced(
    settings: Settings, tasks: list[FileTask], monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = LocalEngine(settings, 1)
    ends: dict[int, Any] = {}
    killed = 0
    for event in _events(engine, tasks):
        if isinstance(event, Started) and event.number < 2:
            ((_, made),) = engine._children.items()
            os.kill(made._process.pid, signal.SIGKILL)
            killed += 1
        if isinstance(event, Done | Failed):
            assert event.number not in ends
            ends[event.number] = event
    assert ends.keys() == {task.number for task in tasks}
    failures = [event for event in ends.values() if isinstance(event, Failed)]
    assert 1 <= len(failures) <= 2  # the second video may be through by then
    assert failures[0].cause == "killed"
    assert failures[0].reason == "the worker was killed by signal 9 (SIGKILL; out of memory?)"
    assert killed == 2


@posix
def test_pictures_that_a_killed_worker_had_not_begun_have_not_failed(
    settings: Settings, tasks: list[FileTask]
) -> None:
    engine = LocalEngine(settings, 1)
    heard = []
    for event in _events(engine, tasks[2:]):
        heard.append(event)
        if sum(isinstance(event, Done | Failed) for event in heard) == 1:
            for made in engine._children.values():
                made.kill()
    ends = [event for event in heard if isinstance(event, Done | Failed)]
    assert sorted(event.number for event in ends) == [2, 3, 4, 5]
    assert sum(isinstance(event, Failed) for event in ends) <= 1  # the one in work


def test_workers_that_never_begin_are_an_error(
    settings: Settings, tasks: list[FileTask], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "_PROGRAM", "{path!r}; raise SystemExit(3)")
    engine = LocalEngine(settings, 2)
    with pytest.raises(EngineError, match="before they begin: the worker ended with status 3"):
        list(_events(engine, tasks))


def test_a_python_that_cannot_be_started_is_an_error(
    settings: Settings, tasks: list[FileTask], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with pytest.raises(EngineError, match="cannot be started"):
        list(_events(LocalEngine(settings, 1), tasks))


def test_what_no_worker_can_do_is_raised_here(tasks: list[FileTask], tmp_path: Path) -> None:
    base = BaseOptions.of(tmp_path / "none.task")
    engine = LocalEngine(Settings(options=PoseLandmarkerOptions(base_options=base)), 1)
    with pytest.raises(ModelNotFoundError, match=r"none\.task"):
        list(_events(engine, tasks))


@posix
def test_leaving_the_events_ends_the_workers(settings: Settings, tasks: list[FileTask]) -> None:
    engine = LocalEngine(settings, 2)
    events = _events(engine, tasks)
    next(events)
    processes = [made._process for made in engine._children.values()]
    assert processes
    events.close()  # type: ignore[attr-defined]
    assert all(process.poll() is not None for process in processes)
    assert not Path(engine._folder).exists()


@posix
def test_a_worker_whose_driver_has_gone_ends_and_tidies_up(settings: Settings, tmp_path: Path) -> None:
    heard: list[Any] = []
    made = child.Child("worker 1", settings, str(tmp_path), lambda _, message: heard.append(message))
    (folder,) = tmp_path.iterdir()
    made.give(FileTask(0, str(tmp_path / "gone.png"), False, 0))
    _until(lambda: len(heard) == 2)
    assert made._process.stdin is not None
    made._process.stdin.close()
    made.join()
    assert heard[-1] == child.Ended("the worker ended with status 0")
    assert not folder.exists()


def _until(true: Callable[[], bool]) -> None:
    for _ in range(600):
        if true():
            return
        time.sleep(0.05)
    pytest.fail("waited for too long")
