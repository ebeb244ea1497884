"""Decoding processes around one engine: the same results as threads, whatever becomes of the processes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from multiprocessing import active_children
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pose_landmarker import (
    BaseOptions,
    EngineError,
    OptionError,
    PoseLandmarkerOptions,
    Processed,
    WorkerError,
    process,
    processing,
    worker_process,
)
from pose_landmarker.arrays import FloatArray, RgbImage
from pose_landmarker.decoding_process import Job, Ready
from pose_landmarker.engines.fake import FakeEngine, FakeNetwork
from pose_landmarker.media import encode_image
from pose_landmarker.tasks import Task
from pose_landmarker.worker_process import process_workers
from tests.clips import truncate, write_clip
from tests.conftest import needs_native
from tests.poses import astronaut_photo

#: What the fake detector kills its process for, and what it fails for.
DEADLY, FAILING = 255, 254
_SHAPES = (2254, 12), (2254, 1)


def _left_over() -> list[str]:
    """Shared memory of this process."""
    return [path.name for path in Path("/dev/shm").glob(f"pose-{os.getpid()}-*")]


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    yield
    assert not active_children()
    assert not _left_over()
    assert not [t for t in threading.enumerate() if t.name.startswith("pose-landmarker")]


@pytest.fixture(scope="module")
def photo() -> RgbImage:
    return astronaut_photo()[:384, :384].copy()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, photo: RgbImage) -> Path:
    where = tmp_path_factory.mktemp("media")
    (where / "a.png").write_bytes(encode_image(photo, ".png"))
    write_clip(where / "b.mp4", 8, pictures=[np.roll(photo, 2 * n, axis=1) for n in range(8)])
    cut = write_clip(
        where / "c.avi", 20, pictures=[np.roll(photo, 9 * n, axis=1) for n in range(20)], codec="mpeg4"
    )
    truncate(cut, 0.8)
    (where / "d.mp4").write_bytes(b"nothing")
    return where


def _plain(value: int) -> RgbImage:
    return np.full((48, 64, 3), value, np.uint8)


@pytest.fixture
def pictures(tmp_path: Path) -> Callable[..., list[Path]]:
    """Files of pictures of one colour each."""

    def write(*values: int) -> list[Path]:
        paths = [tmp_path / f"{number}.png" for number in range(len(values))]
        for path, value in zip(paths, values, strict=True):
            path.write_bytes(encode_image(_plain(value), ".png"))
        return paths

    return write


def _fake(answer: Callable[[int], object] | None = None) -> FakeEngine:
    """An engine that finds nobody; ``answer`` is called with the colour of what it sees."""

    def detect(images: RgbImage) -> tuple[FloatArray, ...]:
        if answer is not None:
            answer(int(images.max()))
        return tuple(np.full((len(images), *shape), -9, np.float32) for shape in _SHAPES)

    return FakeEngine([FakeNetwork(*_SHAPES, answer=detect), FakeNetwork()])


def _kill(signal_number: int) -> Callable[[int], None]:
    def kill(color: int) -> None:
        if color == DEADLY:
            (child,) = active_children()
            assert child.pid is not None
            os.kill(child.pid, signal_number)

    return kill


@pytest.fixture
def run(tiny_task: bytes) -> Callable[..., list[Processed]]:
    def run_all(sources: object, engine: FakeEngine, **options: Any) -> list[Processed]:
        return list(process(sources, tiny_task, engine=engine, processes=True, **options))

    return run_all


def _assert_same(one: Processed, other: Processed) -> None:
    assert (one.number, one.source, one.frame, one.time) == (
        other.number,
        other.source,
        other.frame,
        other.time,
    )
    assert one.problems == other.problems
    assert type(one.error) is type(other.error)
    assert str(one.error) == str(other.error)
    if one.result is None or other.result is None:
        assert one.result is other.result
        return
    assert one.image is not None
    assert other.image is not None
    np.testing.assert_array_equal(one.image, other.image)
    assert one.image.flags.writeable == other.image.flags.writeable
    assert one.result.timestamp_ms == other.result.timestamp_ms
    assert len(one.result) == len(other.result) > 0
    for pose, same in zip(one.result, other.result, strict=True):
        for name in ("landmarks", "world_landmarks", "visibility", "presence", "peaks", "mask"):
            np.testing.assert_array_equal(getattr(pose, name), getattr(same, name), strict=True)
            assert not getattr(same, name).flags.writeable
        assert (pose.roi, pose.score, pose.track_id) == (same.roi, same.score, same.track_id)


@pytest.mark.parametrize("engine", [pytest.param("native", marks=needs_native), "litert"])
def test_the_same_as_threads_to_the_last_bit(
    folder: Path, photo: RgbImage, engine: str, model_file: Callable[[str], Path]
) -> None:
    """Pictures, videos, damaged ones, arrays, masks; through pixels that the process or this one cuts out."""
    sources = [folder, photo[:, ::-1], "missing.png", np.zeros((5, 5, 7), np.uint8)]
    options: dict[str, Any] = {"engine": engine, "output_segmentation_masks": True, "images": True}
    threads, processes = (
        list(process(sources, model_file("lite"), workers=2, threads=1, processes=flag, **options))
        for flag in (False, True)
    )
    assert len(threads) > 20
    for one, other in zip(threads, processes, strict=True):
        _assert_same(one, other)
    assert any(one.problems for one in processes)
    assert sum(one.error is not None for one in processes) == 3


def test_a_close_search_asks_for_the_quicker_engine_too(
    folder: Path, model_file: Callable[[str], Path]
) -> None:
    options: dict[str, Any] = {
        "search": "wide",
        "num_poses": 3,
        "min_pose_score": 0,
        "output_segmentation_masks": True,
        "threads": 1,
        "images": True,
    }
    threads, processes = (
        list(process(folder / "a.png", model_file("lite"), processes=flag, **options))
        for flag in (False, True)
    )
    _assert_same(threads[0], processes[0])


def test_pieces_of_a_video_are_joined_and_come_in_order(
    tmp_path: Path, run: Callable[..., list[Processed]]
) -> None:
    clip = write_clip(tmp_path / "long.mp4", 120, rate=10)
    done = run(clip, _fake(), segment_s=5, workers=2)
    assert [one.frame for one in done] == list(range(120))
    assert not any(one.error for one in done)


def test_as_they_come(pictures: Callable[..., list[Path]], run: Callable[..., list[Processed]]) -> None:
    done = run(pictures(*range(9)), _fake(), workers=2, in_order=False)
    assert sorted(one.number for one in done) == list(range(9))


def test_networks_are_compiled_once_and_asked_at_the_same_time(
    pictures: Callable[..., list[Path]], run: Callable[..., list[Processed]]
) -> None:
    together = threading.Barrier(2)
    engine = _fake(lambda _: together.wait(60))  # fails unless both are there
    done = run(pictures(1, 2, 3, 4), engine, workers=2)
    assert not any(one.error for one in done)
    assert len(engine.compiled) == 2


@pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV"])
def test_a_process_that_dies_costs_one_file(
    name: str, pictures: Callable[..., list[Path]], run: Callable[..., list[Processed]]
) -> None:
    paths = pictures(1, DEADLY, 2, DEADLY, 3)
    done = run(paths, _fake(_kill(getattr(signal, name))), workers=1)
    assert [one.number for one in done] == list(range(5))
    assert [type(one.error) for one in done] == [type(None), WorkerError] * 2 + [type(None)]
    assert name in str(done[1].error)
    assert str(paths[1]) in str(done[1].error)
    assert (done[3].source, done[3].result) == (str(paths[3]), None)


def test_of_a_video_what_was_done_before_is_kept(
    tmp_path: Path, pictures: Callable[..., list[Path]], run: Callable[..., list[Processed]]
) -> None:
    clip = write_clip(tmp_path / "c.mp4", 6, pictures=[_plain(10 * n) for n in range(5)] + [_plain(255)])
    done = run([clip, *pictures(1)], _fake(_kill(signal.SIGKILL)), workers=1)
    *frames, failed, last = done
    assert 0 < len(frames) <= 5
    assert all(one.error is None for one in frames)
    assert isinstance(failed.error, WorkerError)
    assert last.error is None
    assert last.number == 1


@pytest.mark.parametrize("error", [EngineError("it is hot"), KeyError("port")])
def test_what_the_engine_raises_is_raised(
    error: Exception, pictures: Callable[..., list[Path]], run: Callable[..., list[Processed]]
) -> None:
    def fail(color: int) -> None:
        if color == FAILING:
            raise error

    with pytest.raises(type(error), match=str(error)):
        run(pictures(1, FAILING, 2), _fake(fail), workers=1)


def test_errors_that_cannot_travel_are_raised_all_the_same(
    pictures: Callable[..., list[Path]], run: Callable[..., list[Processed]]
) -> None:
    class StrangeError(Exception):
        def __init__(self, one: int, two: int) -> None:
            super().__init__(f"{one} and {two}")

    def fail(_color: int) -> None:
        raise StrangeError(1, 2)

    with pytest.raises(StrangeError, match="1 and 2"):
        run(pictures(1), _fake(fail), workers=1)


def test_leaving_early_ends_everything(tiny_task: bytes) -> None:
    def endless() -> Iterator[RgbImage]:
        while True:
            yield _plain(1)

    for one in process(endless(), tiny_task, engine=_fake(), workers=1, processes=True):
        assert one.number == 0
        break

    with pytest.raises(ZeroDivisionError):
        sum(
            1 / one.number for one in process(endless(), tiny_task, engine=_fake(), workers=1, processes=True)
        )


def test_what_the_generator_raises_comes_after_what_it_gave(tiny_task: bytes) -> None:
    def arrays() -> Iterator[RgbImage]:
        yield _plain(1)
        raise KeyError("camera")

    done = process(arrays(), tiny_task, engine=_fake(), workers=1, processes=True)
    assert next(done).number == 0
    with pytest.raises(KeyError, match="camera"):
        next(done)


def test_memory_stays_bounded(tiny_task: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processing, "_ROOM", 1)
    given = 0

    def arrays() -> Iterator[RgbImage]:
        nonlocal given
        for given in range(1, 61):  # noqa: B007
            yield _plain(1)

    done = process(arrays(), tiny_task, engine=_fake(), workers=1, processes=True, images=True)
    for number, one in enumerate(done):
        assert one.error is None
        assert given <= number + 4
    assert given == 60


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="elsewhere it cannot be claimed")
def test_too_little_shared_memory_is_told(
    pictures: Callable[..., list[Path]],
    run: Callable[..., list[Processed]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(EngineError, match=r"no room for .* MiB of shared memory .*--shm-size"):
        run(pictures(1), _fake(), workers=1)


def test_a_worker_that_is_left_in_the_midst_of_a_video_is_of_use_again(
    tmp_path: Path, tiny_task: bytes
) -> None:
    clip = write_clip(tmp_path / "c.mp4", 9, pictures=[_plain(n) for n in range(9)])
    options = PoseLandmarkerOptions(base_options=BaseOptions.of(tiny_task), engine=_fake(), threads=1)
    (worker,) = process_workers(options, 1, 1, False, None)
    steps = worker.work(Task(0, str(clip)))
    assert next(steps).done.frame == 0
    steps.close()
    assert [step.done.frame for step in worker.work(Task(1, str(clip)))] == list(range(9))
    worker.close()
    worker.close()
    assert list(worker.work(Task(2, str(clip)))) == []


@pytest.mark.parametrize("value", [1, "yes", None])
def test_wrong_options_are_refused_at_once(value: object) -> None:
    with pytest.raises(OptionError, match="processes must be"):
        process([], "lite", processes=value)  # type: ignore[arg-type]


def test_a_missing_model_is_told_before_any_process_is_started(folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(process(folder, folder / "no.task", processes=True))


def _leaves_at_once(_connection: Connection, _job: Job) -> None:
    os._exit(3)


def _dies_at_once(_connection: Connection, _job: Job) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _leaves_over_work(connection: Connection, _job: Job) -> None:
    connection.send(Ready())
    connection.recv()
    os._exit(5)


def test_a_process_that_cannot_begin_is_not_replaced(
    pictures: Callable[..., list[Path]],
    run: Callable[..., list[Processed]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker_process, "decode", _leaves_at_once)
    with pytest.raises(WorkerError, match="ended with exit code 3 before it began to work"):
        run(pictures(1, 2), _fake(), workers=1)


@pytest.mark.parametrize(
    ("instead", "words"),
    [(_dies_at_once, "was ended by SIGKILL"), (_leaves_over_work, "ended with exit code 5")],
)
def test_every_end_has_words(
    instead: Callable[[Connection, Job], None],
    words: str,
    pictures: Callable[..., list[Path]],
    run: Callable[..., list[Processed]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker_process, "decode", instead)
    done = run(pictures(1, 2), _fake(), workers=1)
    assert [one.number for one in done] == [0, 1]
    assert all(words in str(one.error) for one in done)


def test_a_system_that_starts_no_process_is_told(
    pictures: Callable[..., list[Path]],
    run: Callable[..., list[Processed]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(SpawnProcess, "start", refuse)
    with pytest.raises(WorkerError, match=r"no further process can be started.*take fewer workers"):
        run(pictures(1), _fake(), workers=1)


def test_a_worker_of_a_pool_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        multiprocessing, "current_process", lambda: SimpleNamespace(name="Pool-1", daemon=True)
    )
    with pytest.raises(OptionError, match="daemonic process"):
        process([], "lite", processes=True)
