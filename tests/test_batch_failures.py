"""Files that fail, and a disk that is full: each is listed, the others are done."""

from __future__ import annotations

import errno
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pose_landmarker.batch import journal, overview, parts, store
from pose_landmarker.batch.summary import BatchSummary
from pose_landmarker.batch.work import Failed
from pose_landmarker.errors import EngineError
from tests.archives import assert_same_rows, dataset, files, write_picture
from tests.clips import truncate, write_clip
from tests.job_runs import Jobs
from tests.stand_in import StandIn


class TestFailures:
    def test_forty_broken_files_among_others(self, jobs: Jobs, tmp_path: Path) -> None:
        chance = random.Random(4)
        clip = write_clip(tmp_path / "clip.mp4", 20).read_bytes()
        picture = write_picture(tmp_path / "picture.png", 8, (64, 64)).read_bytes()
        for i in range(40):
            whole, suffix = ((clip, "mp4"), (picture, "png"))[i % 2]
            damaged = bytearray(whole[: chance.randrange(len(whole) // 3)])
            for _ in range(i):
                if damaged:
                    damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            (jobs.archive / f"broken{i:02}.{suffix}").write_bytes(bytes(damaged))
        summary = jobs.run()
        assert {"a.mp4", "b.png", "c.png"} <= jobs.rows().keys()
        assert summary.failed == 40
        assert all(failure.reason and failure.cause == "content" for failure in summary.failures)
        listed = (jobs.output / "failures.csv").read_text().splitlines()
        assert listed[0] == "file,cause,reason,attempts,size"
        assert len(listed) == 41

    def test_a_damaged_video_that_can_be_read_is_done_with_problems(self, jobs: Jobs) -> None:
        truncate(write_clip(jobs.archive / "cut.mkv", 60, codec="mpeg4"), 0.7)
        jobs.run()
        row = files(jobs.output)["cut.mkv"]
        assert row["state"] == "done"
        assert row["problems"]

    def test_what_may_pass_is_tried_again_after_the_others(self, jobs: Jobs) -> None:
        jobs.fail = lambda task, before: (
            Failed(task.number, "killed", "out of memory?") if task.is_video and before < 2 else None
        )
        summary = jobs.run()
        assert jobs.looked_at == ["a.mp4", "b.png", "c.png", "a.mp4", "a.mp4"]
        assert summary.failed == 0
        assert files(jobs.output)["a.mp4"]["attempts"] == 3

    def test_but_a_bounded_number_of_times_in_all_runs(self, jobs: Jobs) -> None:
        jobs.fail = lambda task, _: Failed(task.number, "killed", "always") if task.is_video else None
        assert jobs.run(retries=0).failed == 1
        assert jobs.run(retries=2).failed == 1
        assert jobs.looked_at == ["a.mp4"] * 2
        summary = jobs.run(retries=2)
        assert jobs.engine is None
        assert (summary.failed, summary.before) == (1, 3)
        assert summary.failures[0].attempts == 3

    def test_broken_content_is_not_tried_again_unless_asked(self, jobs: Jobs) -> None:
        (jobs.archive / "x.mp4").write_bytes(b"no video")
        jobs.run()
        assert jobs.looked_at.count("x.mp4") == 1
        assert jobs.run().failed == 1
        assert jobs.engine is None
        jobs.run(retry_failed=True)
        assert jobs.looked_at == ["x.mp4"]

    def test_a_file_that_is_mended_is_tried_again(self, jobs: Jobs) -> None:
        (jobs.archive / "x.mp4").write_bytes(b"no video")
        jobs.run()
        write_clip(jobs.archive / "x.mp4", 2)
        assert jobs.run().failed == 0
        assert jobs.rows()["x.mp4"] == 2
        assert files(jobs.output)["x.mp4"]["attempts"] == 1

    def test_rows_of_a_try_that_failed_are_forgotten(
        self, jobs: Jobs, stand_in_workers: type[StandIn], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(store, "ROWS_IN_MEMORY", 0)
        monkeypatch.setattr("pose_landmarker.batch.worker._FRAMES_AT_ONCE", 1)
        failures = [MemoryError()]

        def fail(_before: int) -> None:
            if len(stand_in_workers.made[-1].seen) == 3 and failures:
                raise failures.pop()

        stand_in_workers.on_frame = fail
        summary = jobs.run()
        assert (summary.failed, summary.frames) == (0, 7)
        assert jobs.rows() == {"a.mp4": 5, "b.png": 1, "c.png": 1}

    def test_sources_that_mean_nothing(self, jobs: Jobs, tmp_path: Path) -> None:
        (tmp_path / "hollow").mkdir()
        given = [jobs.archive, tmp_path / "gone.mp4", tmp_path / "hollow", str(tmp_path / "*.xyz"), ""]
        summary = jobs.run(given)
        assert summary.done == 3
        assert [failure.reason for failure in summary.failures] == [
            "there is no such file",
            "no pictures or videos in this folder",
            "no pictures or videos match",
            "an empty name",
        ]

    def test_no_worker_can_work(self, jobs: Jobs, stand_in_workers: type[StandIn]) -> None:
        def fail(_before: int) -> None:
            raise EngineError("out of order")

        jobs.run(jobs.archive / "a.mp4")
        stand_in_workers.on_frame = fail
        with pytest.raises(EngineError):
            jobs.run()
        assert jobs.rows() == {"a.mp4": 5}  # is kept
        assert jobs.engine is not None
        assert jobs.engine.closed

    def test_an_engine_that_fails_with_one_file_costs_it_a_try(
        self, jobs: Jobs, stand_in_workers: type[StandIn]
    ) -> None:
        failures = [EngineError("out of order")]

        def fail(_before: int) -> None:
            if len(stand_in_workers.made) > 1 and failures:
                raise failures.pop()

        stand_in_workers.on_frame = fail
        assert jobs.run().failed == 0
        assert jobs.looked_at == ["a.mp4", "b.png", "c.png", "b.png"]
        assert jobs.rows() == {"a.mp4": 5, "b.png": 1, "c.png": 1}


class TestFullDisk:
    def test_a_small_file(self, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
        self._fill(monkeypatch, journal.Journal, "append", times=3, when=lambda entry: "a.mp4" in entry.file)
        summary = jobs.run()
        self._check(jobs, summary, "a.mp4")

    def test_a_large_file_while_it_goes_on(self, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(store, "ROWS_IN_MEMORY", 3)
        self._fill(monkeypatch, parts.PartWriter, "write", times=3)
        self._check(jobs, jobs.run(), "a.mp4")

    def test_a_large_file_at_its_end(self, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(store, "ROWS_IN_MEMORY", 3)
        self._fill(monkeypatch, parts, "replace_durably", times=3)
        self._check(jobs, jobs.run(), "a.mp4")

    def test_a_full_journal_waits_until_there_is_space(
        self, jobs: Jobs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        with monkeypatch.context() as patch:
            self._fill(patch, parts, "replace_durably", times=100)
            summary = jobs.run()
        assert (summary.done, summary.failed, summary.complete) == (3, 0, False)
        assert not list((jobs.output / "data").iterdir())
        assert jobs.run().complete
        assert jobs.engine is None  # nothing had to be done again
        jobs.run(output=tmp_path / "anew")
        assert_same_rows(dataset(jobs.output), dataset(tmp_path / "anew"))

    def test_the_tables_and_the_report(self, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
        self._fill(monkeypatch, overview, "whole_file", times=9)
        assert jobs.run().done == 3
        assert not (jobs.output / "files.parquet").exists()

    @staticmethod
    def _fill(
        patch: pytest.MonkeyPatch,
        where: Any,
        name: str,
        times: int,
        when: Callable[[Any], bool] = lambda _: True,
    ) -> None:
        """So many calls fail, of those with a certain last argument but one."""
        whole, left = getattr(where, name), [times]

        def full(*arguments: Any, **named: Any) -> Any:
            if left[0] and when(arguments[-2] if len(arguments) > 1 else None):
                left[0] -= 1
                raise OSError(errno.ENOSPC, "No space left on device")
            return whole(*arguments, **named)

        patch.setattr(where, name, full)

    @staticmethod
    def _check(jobs: Jobs, summary: BatchSummary, lost: str) -> None:
        """The file has failed, after three tries, and nothing else has; nothing is left of it."""
        ((file, cause, reason, attempts),) = summary.failures
        assert (Path(file).name, cause, attempts) == (lost, "write", 3)
        assert reason == "its rows cannot be written: No space left on device"
        assert lost not in jobs.rows()
        assert not list((jobs.output / "work").iterdir())
        assert jobs.run(retry_failed=True).failed == 0
        assert lost in jobs.rows()
