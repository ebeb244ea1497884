"""What a worker tells about a file, whatever the file is."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pose_landmarker import process
from pose_landmarker.batch import content, worker
from pose_landmarker.batch.columns import worker_schema
from pose_landmarker.batch.work import Done, Failed, FileTask, Rows, Sample, Settings
from pose_landmarker.batch.worker import FileWorker
from pose_landmarker.errors import (
    EngineError,
    ImageFileError,
    MissingExtraError,
    ModelNotFoundError,
    VideoError,
)
from pose_landmarker.options import BaseOptions, PoseLandmarkerOptions
from tests.archives import write_person, write_picture
from tests.clips import truncate, write_clip
from tests.stand_in import StandIn


def _work(source: object, *, sample: bool = False, **options: Any) -> list[Any]:
    looker = FileWorker(Settings(options=PoseLandmarkerOptions(**options)))
    is_video = str(source).endswith((".mp4", ".mkv", ".avi"))
    try:
        return list(looker.work(FileTask(7, str(source), is_video, 0, sample)))
    finally:
        looker.close()


def _rows(events: list[Any]) -> pa.Table:
    """All rows, however many came at a time."""
    batches = [event.batch for event in events if isinstance(event, Rows)]
    return pa.Table.from_batches(batches, worker_schema())


def _failed(source: object) -> Failed:
    *_, last = _work(source)
    assert isinstance(last, Failed)
    assert last.number == 7
    return last


class TestVideo:
    def test_it_tells_all_frames_and_what_they_come_to(
        self, stand_in_workers: type[StandIn], tmp_path: Path
    ) -> None:
        clip = write_clip(tmp_path / "a.mp4", 10)
        *rows, done = _work(clip, num_poses=2)
        assert all(isinstance(event, Rows) for event in rows)
        assert sum(event.frames for event in rows) == 10
        assert _rows(rows)["frame"].to_pylist() == [i // 2 for i in range(20)]
        sha256 = hashlib.sha256(clip.read_bytes()).hexdigest()
        assert {event.content for event in rows} == {sha256}
        assert isinstance(done, Done)
        assert (done.content, done.size) == (sha256, clip.stat().st_size)
        assert (done.width, done.height, done.frames, done.poses, done.people) == (80, 48, 10, 20, 2)
        assert done.duration_s == pytest.approx(0.4)

    def test_the_next_one_begins_anew(self, stand_in_workers: type[StandIn], tmp_path: Path) -> None:
        clip = write_clip(tmp_path / "a.mp4", 3)
        looker = FileWorker(Settings(options=PoseLandmarkerOptions()))
        for number in range(2):
            list(looker.work(FileTask(number, str(clip), True, 0)))
        assert len(stand_in_workers.made) == 1
        assert stand_in_workers.made[0].resets == 2

    def test_rows_come_while_it_goes_on(
        self, stand_in_workers: type[StandIn], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(worker, "_FRAMES_AT_ONCE", 4)
        *rows, _ = _work(write_clip(tmp_path / "a.mp4", 10))
        assert len(rows) >= 3
        assert max(event.frames for event in rows) <= 4
        assert _rows(rows)["frame"].to_pylist() == [*range(10)]

    def test_what_is_broken_in_it_is_told(self, stand_in_workers: type[StandIn], tmp_path: Path) -> None:
        clip = truncate(write_clip(tmp_path / "a.mkv", 60, codec="mpeg4"), 0.7)
        *_, done = _work(clip)
        assert isinstance(done, Done)
        assert 0 < done.frames < 60
        assert done.problems

    def test_a_sample_shows_somebody(self, stand_in_workers: type[StandIn], tmp_path: Path) -> None:
        events = _work(write_clip(tmp_path / "a.mp4", 5), sample=True)
        (sample,) = (event for event in events if isinstance(event, Sample))
        assert sample.jpeg.startswith(b"\xff\xd8")
        assert sample.poses == 1
        assert sample.time_s == pytest.approx(sample.frame / 25)


class TestPicture:
    def test_it_tells_one_row_and_what_it_comes_to(
        self, stand_in_workers: type[StandIn], tmp_path: Path
    ) -> None:
        rows, done = _work(write_picture(tmp_path / "a.png"))
        assert rows.batch.num_rows == 1
        assert rows.batch.column("time_s").to_pylist() == [None]
        assert (done.width, done.height, done.frames, done.poses, done.people) == (24, 16, 1, 1, 1)
        assert done.duration_s is None

    def test_a_sample(self, stand_in_workers: type[StandIn], tmp_path: Path) -> None:
        events = _work(write_picture(tmp_path / "a.png", size=(900, 600)), sample=True)
        (sample,) = (event for event in events if isinstance(event, Sample))
        assert (sample.frame, sample.time_s, sample.poses) == (0, None, 1)


class TestFailure:
    """Every one is told; none is raised."""

    def test_a_file_that_is_not_there(self, stand_in_workers: type[StandIn], tmp_path: Path) -> None:
        failed = _failed(tmp_path / "gone.mp4")
        assert (failed.cause, failed.reason, failed.content) == ("access", "there is no such file", None)

    def test_a_loop_of_links(self, stand_in_workers: type[StandIn], tmp_path: Path) -> None:
        (tmp_path / "a.png").symlink_to(tmp_path / "a.png")
        failed = _failed(tmp_path / "a.png")
        assert failed.cause == "access"
        assert "symbolic links" in failed.reason

    def test_a_folder_and_a_pipe(self, stand_in_workers: type[StandIn], tmp_path: Path) -> None:
        (tmp_path / "a.mp4").mkdir()
        assert _failed(tmp_path / "a.mp4").reason == "a folder, wanted a file"
        if hasattr(os, "mkfifo"):
            os.mkfifo(tmp_path / "b.mp4")
            assert "pipe" in _failed(tmp_path / "b.mp4").reason

    @pytest.mark.parametrize("name", ["a.mp4", "a.png"])
    def test_an_empty_file(self, stand_in_workers: type[StandIn], tmp_path: Path, name: str) -> None:
        (tmp_path / name).touch()
        failed = _failed(tmp_path / name)
        assert failed.cause == "content"
        assert "empty" in failed.reason
        assert failed.content == hashlib.sha256().hexdigest()

    @pytest.mark.parametrize("name", ["a.mp4", "a.png"])
    def test_noise(self, stand_in_workers: type[StandIn], tmp_path: Path, name: str) -> None:
        (tmp_path / name).write_bytes(bytes(range(256)) * 40)
        failed = _failed(tmp_path / name)
        assert failed.cause == "content"
        assert str(tmp_path) not in failed.reason  # the name stands beside it

    def test_a_codec_that_is_missing(self, stand_in_workers: type[StandIn], tmp_path: Path) -> None:
        clip = write_clip(tmp_path / "a.avi", 5, codec="mpeg4")
        content = clip.read_bytes()
        for name in (b"FMP4", b"fmp4"):
            content = content.replace(name, b"QQQQ")
        clip.write_bytes(content)
        failed = _failed(clip)
        assert failed.cause == "content"
        assert "decodes" in failed.reason

    def test_one_that_grows_while_it_is_read(self, stand_in_workers: type[StandIn], tmp_path: Path) -> None:
        clip = write_clip(tmp_path / "a.mp4", 5)
        size = clip.stat().st_size

        def grow(before: int) -> None:
            if before == 2:
                with clip.open("ab") as file:
                    file.write(b"more")

        stand_in_workers.on_frame = grow
        failed = _failed(clip)
        assert failed.cause == "changed"
        assert failed.reason == f"it changed while it was read: {size} bytes before, {size + 4} after"

    def test_one_that_is_removed_while_it_is_read(
        self, stand_in_workers: type[StandIn], tmp_path: Path
    ) -> None:
        clip = write_clip(tmp_path / "a.mp4", 5)
        stand_in_workers.on_frame = lambda before: clip.unlink() if before == 2 else None
        assert _failed(clip).cause == "access"

    def test_one_that_is_replaced_while_it_is_read(
        self, stand_in_workers: type[StandIn], tmp_path: Path
    ) -> None:
        clip = write_clip(tmp_path / "a.mp4", 5)
        other = Path(shutil.copy(clip, tmp_path / "b.mp4"))
        os.utime(other, ns=(1, 1))
        stand_in_workers.on_frame = lambda before: other.replace(clip) if before == 2 else None
        assert _failed(clip).cause == "changed"

    @pytest.mark.parametrize(
        ("error", "cause"),
        [
            (MemoryError(), "memory"),
            (OSError(errno.ENOSPC, "No space left on device"), "write"),
            (OSError(errno.EIO, "Input/output error"), "access"),
            (ZeroDivisionError("of a kind that nobody thought of"), "content"),
        ],
    )
    def test_whatever_is_raised_on_the_way(
        self, stand_in_workers: type[StandIn], tmp_path: Path, error: Exception, cause: str
    ) -> None:
        def fail(_before: int) -> None:
            raise error

        stand_in_workers.on_frame = fail
        failed = _failed(write_clip(tmp_path / "a.mp4", 5))
        assert failed.cause == cause
        assert failed.reason

    @pytest.mark.parametrize(
        ("number", "cause"),
        [
            (errno.EMFILE, "access"),
            (errno.EIO, "access"),
            (errno.EACCES, "access"),
            (errno.EINVAL, "content"),
            (None, "content"),
        ],
    )
    @pytest.mark.parametrize("kind", [ImageFileError, VideoError])
    def test_what_may_pass_is_not_the_content(
        self,
        stand_in_workers: type[StandIn],
        tmp_path: Path,
        kind: type[Exception],
        number: int | None,
        cause: str,
    ) -> None:
        def fail(_before: int) -> None:
            try:
                try:
                    raise OSError(number, "so it is") if number else OSError("so it is")
                except OSError as error:
                    raise RuntimeError("the decoder") from error
            except RuntimeError:
                raise kind("it cannot be read") from None

        stand_in_workers.on_frame = fail
        failed = _failed(write_picture(tmp_path / "a.png"))
        assert (failed.cause, failed.reason) == (cause, "it cannot be read")

    def test_too_many_open_files(
        self, stand_in_workers: type[StandIn], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_arguments: object, **_named: object) -> None:
            raise OSError(errno.EMFILE, "Too many open files")

        monkeypatch.setattr("PIL.Image.open", fail)
        failed = _failed(write_picture(tmp_path / "a.png"))
        assert (failed.cause, failed.reason) == ("access", "Too many open files")

    def test_a_package_that_is_missing_here(
        self, stand_in_workers: type[StandIn], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_arguments: object, **_named: object) -> None:
            raise MissingExtraError("videos need PyAV: pip install av")

        monkeypatch.setattr("pose_landmarker.media.VideoReader", fail)
        failed = _failed(write_clip(tmp_path / "a.mp4", 2))
        assert (failed.cause, failed.reason) == ("access", "videos need PyAV: pip install av")

    def test_a_disk_that_cannot_be_read(
        self, stand_in_workers: type[StandIn], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(_path: object) -> None:
            raise OSError(errno.EACCES, "Permission denied")

        monkeypatch.setattr(content, "hash_file", fail)
        failed = _failed(write_picture(tmp_path / "a.png"))
        assert (failed.cause, failed.reason) == ("access", "Permission denied")


@pytest.mark.parametrize("error", [EngineError("out of order"), ModelNotFoundError("not there")])
def test_what_would_fail_with_every_file_is_raised(
    stand_in_workers: type[StandIn], tmp_path: Path, error: Exception
) -> None:
    def fail(_before: int) -> None:
        raise error

    stand_in_workers.on_frame = fail
    with pytest.raises(type(error)):
        _work(write_picture(tmp_path / "a.png"))


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("OpenVINO failed to run the network: out of order", "killed"),
        ("PyTorch has no memory for a picture: CUDA", "memory"),
        ("LiteRT failed to run the network: std::bad_alloc", "memory"),
    ],
)
def test_an_engine_that_has_worked_is_made_anew(
    stand_in_workers: type[StandIn], tmp_path: Path, text: str, cause: str
) -> None:
    looker = FileWorker(Settings(options=PoseLandmarkerOptions()))
    task = FileTask(0, str(write_clip(tmp_path / "a.mp4", 3)), True, 0)

    def fail(before: int) -> None:
        if before == 4:  # in the second one
            raise EngineError(text)

    stand_in_workers.on_frame = fail
    lasts = [list(looker.work(task))[-1] for _ in range(3)]
    assert [type(last) for last in lasts] == [Done, Failed, Done]
    failed = lasts[1]
    assert isinstance(failed, Failed)
    assert (failed.cause, failed.reason) == (cause, text)
    assert [made.closed for made in stand_in_workers.made] == [True, False]


def test_an_engine_that_fails_for_good_ends_it(stand_in_workers: type[StandIn], tmp_path: Path) -> None:
    looker = FileWorker(Settings(options=PoseLandmarkerOptions()))
    task = FileTask(0, str(write_picture(tmp_path / "a.png")), False, 0)
    assert isinstance(list(looker.work(task))[-1], Done)

    def fail(_before: int) -> None:
        raise EngineError("the card has fallen off the bus")

    stand_in_workers.on_frame = fail
    for _ in range(3):
        assert isinstance(list(looker.work(task))[-1], Failed)
    with pytest.raises(EngineError, match="fallen off"):
        list(looker.work(task))


def test_a_broken_file_does_not_show_that_the_engine_works(
    stand_in_workers: type[StandIn], tmp_path: Path
) -> None:
    def fail(_before: int) -> None:
        raise EngineError("out of order")

    stand_in_workers.on_frame = fail
    looker = FileWorker(Settings(options=PoseLandmarkerOptions()))
    (tmp_path / "a.png").touch()
    *_, last = looker.work(FileTask(0, str(tmp_path / "a.png"), False, 0))
    assert isinstance(last, Failed)
    assert last.cause == "content"
    with pytest.raises(EngineError):
        list(looker.work(FileTask(1, str(write_picture(tmp_path / "b.png")), False, 0)))


def test_a_missing_model_is_raised(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError):
        _work(write_picture(tmp_path / "a.png"), base_options=BaseOptions.of(tmp_path / "none.task"))


def test_the_numbers_are_those_of_process(tmp_path: Path, model_file: Callable[[str], Path]) -> None:
    clip = write_person(tmp_path / "a.mp4", 6)
    model = model_file("lite")
    *rows, done = _work(clip, base_options=BaseOptions.of(model), threads=1)
    told = _rows(rows)
    results = [done.result for done in process(clip, model, threads=1, workers=1)]
    assert done.poses == len(told) == 6
    for i, result in enumerate(results):
        assert result is not None
        values = told.column("values")[i].as_py()
        assert values[:3] == result.poses[0].landmarks[0].tolist()
        assert told.column("score")[i].as_py() == pytest.approx(result.poses[0].score)
