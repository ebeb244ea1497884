"""Jobs that go on: what is done is not done again, and the rows are those of what is there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pose_landmarker.batch import driver, plan
from pose_landmarker.batch.content import hash_source
from pose_landmarker.batch.summary import Progress
from pose_landmarker.batch.work import Failed, FileTask
from pose_landmarker.errors import OptionError
from tests.archives import assert_same_rows, dataset, files, write_picture
from tests.clips import write_clip
from tests.job_runs import Jobs
from tests.stand_in import StandIn


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that the driver hashes."""
    names: list[str] = []

    def hash_it(source: str) -> str:
        names.append(Path(source).name)
        return hash_source(source)

    monkeypatch.setattr(plan, "hash_source", hash_it)
    return names


class TestGoingOn:
    def test_what_is_done_is_left_out(self, jobs: Jobs) -> None:
        jobs.run()
        before = dataset(jobs.output)
        summary = jobs.run()
        assert jobs.engine is None
        assert (summary.before, summary.done) == (3, 0)
        assert_same_rows(dataset(jobs.output), before)

    def test_further_files_are_added(self, jobs: Jobs) -> None:
        jobs.run()
        write_picture(jobs.archive / "d.png", 3)
        summary = jobs.run()
        assert jobs.looked_at == ["d.png"]
        assert (summary.before, summary.done) == (3, 1)
        assert list(files(jobs.output)) == ["a.mp4", "b.png", "d.png", "c.png"]

    def test_a_file_of_another_name_is_the_same(self, jobs: Jobs) -> None:
        jobs.run()
        (jobs.archive / "b.png").rename(jobs.archive / "z.png")
        summary = jobs.run()
        assert jobs.engine is None
        assert summary.same == 1
        row = files(jobs.output)["z.png"]
        assert (row["state"], Path(row["same_as"]).name) == ("same", "b.png")
        assert jobs.run().before == 3  # and that is known by now

    def test_a_new_time_is_no_new_content(self, jobs: Jobs) -> None:
        jobs.run()
        os.utime(jobs.archive / "b.png", ns=(1, 1))
        summary = jobs.run()
        assert jobs.engine is None
        assert (summary.before, summary.same) == (3, 0)
        assert files(jobs.output)["b.png"]["mtime_ns"] == 1
        assert jobs.rows()["b.png"] == 1

    def test_a_file_with_a_new_time_is_hashed_once(self, jobs: Jobs, hashed: list[str]) -> None:
        jobs.run()
        del hashed[:]
        for name in ("a.mp4", "b.png"):
            os.utime(jobs.archive / name, ns=(1, 1))
        assert jobs.run().before == 3
        assert sorted(hashed) == ["a.mp4", "b.png"]

    @pytest.mark.parametrize("wanted", ["nothing", "the first", "the second"])
    def test_hashing_ends_when_somebody_wants_to_stop(
        self, jobs: Jobs, hashed: list[str], monkeypatch: pytest.MonkeyPatch, wanted: str
    ) -> None:
        monkeypatch.setattr(driver, "_PROGRESS_S", 0.0)
        jobs.run()
        del hashed[:]
        count = ["nothing", "the first", "the second"].index(wanted)
        for path in jobs.archive.iterdir():
            os.utime(path, ns=(1, 1))
        told: list[Progress] = []
        summary = jobs.run(stop=lambda: len(hashed) >= count, progress=told.append)
        assert len(hashed) == count
        assert len(told) >= count
        assert summary.interrupted
        assert jobs.rows() == {"a.mp4": 5, "b.png": 1, "c.png": 1}
        assert jobs.run().before == 3
        assert jobs.engine is None

    def test_hashing_of_new_files_ends_too(self, jobs: Jobs, hashed: list[str]) -> None:
        for name in ("x.png", "y.png", "z.png"):
            (jobs.archive / name).write_bytes((jobs.archive / "b.png").read_bytes())
        summary = jobs.run(stop=lambda: len(hashed) >= 2)
        assert len(hashed) == 2
        assert summary.interrupted
        assert jobs.run().failed == 0
        assert jobs.rows() == {"a.mp4": 5, "b.png": 1, "c.png": 1}

    def test_rows_of_what_was_in_a_file_go(self, jobs: Jobs, tmp_path: Path) -> None:
        jobs.run()
        write_clip(jobs.archive / "a.mp4", 3)
        jobs.run()
        assert jobs.looked_at == ["a.mp4"]
        assert jobs.rows() == {"a.mp4": 3, "b.png": 1, "c.png": 1}
        jobs.run(output=tmp_path / "anew")
        assert_same_rows(dataset(jobs.output), dataset(tmp_path / "anew"))

    def test_so_do_those_of_a_file_that_is_broken_now(self, jobs: Jobs) -> None:
        jobs.run()
        (jobs.archive / "a.mp4").write_bytes(b"?")
        assert jobs.run().failed == 1
        assert jobs.rows() == {"b.png": 1, "c.png": 1}

    def test_a_file_that_comes_back_is_looked_at_again(
        self, jobs: Jobs, stand_in_workers: type[StandIn]
    ) -> None:
        jobs.run()
        before, about = (jobs.archive / "a.mp4").read_bytes(), (jobs.archive / "a.mp4").stat()
        write_clip(jobs.archive / "a.mp4", 3)
        assert jobs.run(stop=lambda: True).interrupted  # its rows are gone, and no others have come
        assert jobs.rows() == {"b.png": 1, "c.png": 1}
        (jobs.archive / "a.mp4").write_bytes(before)
        os.utime(jobs.archive / "a.mp4", ns=(about.st_atime_ns, about.st_mtime_ns))
        assert jobs.run().done == 1
        assert jobs.rows() == {"a.mp4": 5, "b.png": 1, "c.png": 1}

    def test_a_copy_is_looked_at_when_its_original_changes(self, jobs: Jobs) -> None:
        (jobs.archive / "z.png").write_bytes((jobs.archive / "b.png").read_bytes())
        jobs.run()
        assert files(jobs.output)["z.png"]["state"] == "same"
        write_picture(jobs.archive / "b.png", 9)
        jobs.run()
        assert sorted(jobs.looked_at) == ["b.png", "z.png"]
        assert jobs.rows() == {"a.mp4": 5, "b.png": 1, "c.png": 1, "z.png": 1}

    def test_the_other_copies_are_the_same_as_that_one_then(self, jobs: Jobs) -> None:
        for name in ("y.png", "z.png"):
            (jobs.archive / name).write_bytes((jobs.archive / "b.png").read_bytes())
        jobs.run()
        assert Path(files(jobs.output)["z.png"]["same_as"]).name == "b.png"
        write_picture(jobs.archive / "b.png", 9, (90, 90))  # the largest: it is looked at first
        jobs.run()
        assert jobs.looked_at == ["b.png", "y.png"]
        assert Path(files(jobs.output)["z.png"]["same_as"]).name == "y.png"
        assert jobs.run().before == 5

    def test_a_file_that_cannot_be_reached_keeps_its_rows(self, jobs: Jobs) -> None:
        jobs.run([jobs.archive / "a.mp4", jobs.archive / "b.png"])
        (jobs.archive / "b.png").unlink()
        summary = jobs.run([jobs.archive / "a.mp4", jobs.archive / "b.png"])
        assert [failure.cause for failure in summary.failures] == ["access"]
        assert jobs.rows() == {"a.mp4": 5, "b.png": 1}

    def test_other_options_are_refused(self, jobs: Jobs) -> None:
        jobs.run()
        with pytest.raises(OptionError, match=r"num_poses was 1, is 2; min_pose_score was None, is 0.5"):
            jobs.run(num_poses=2, min_pose_score=0.5)

    def test_threads_are_no_other_options(self, jobs: Jobs) -> None:
        jobs.run(threads=1)
        assert jobs.run(threads=2, workers=3).before == 3


class TestSameContent:
    def test_it_is_looked_at_once_and_is_the_first_ones(self, jobs: Jobs) -> None:
        for name in ("b2.png", "0.png"):
            (jobs.archive / name).write_bytes((jobs.archive / "b.png").read_bytes())
        summary = jobs.run()
        assert (summary.done, summary.same) == (3, 2)
        rows = files(jobs.output)
        assert [rows[name]["state"] for name in ("0.png", "b.png", "b2.png")] == ["done", "same", "same"]
        assert Path(rows["b.png"]["same_as"]).name == "0.png"

    def test_it_fails_once(self, jobs: Jobs) -> None:
        for name in ("x.mp4", "y.mp4", "z.mp4"):
            (jobs.archive / name).touch()
        summary = jobs.run()
        assert jobs.looked_at.count("x.mp4") == 1
        assert "y.mp4" not in jobs.looked_at
        assert [failure.reason for failure in summary.failures] == ["the file is empty"] * 3

    def test_the_next_one_is_looked_at_if_the_first_fails_for_its_own_reasons(self, jobs: Jobs) -> None:
        for name in ("x.png", "y.png"):
            write_picture(jobs.archive / name, 5)

        def fail(task: FileTask, _before: int) -> Failed | None:
            return Failed(task.number, "killed", "by whom?") if "x.png" in task.source else None

        jobs.fail = fail
        summary = jobs.run(retries=1)
        assert [Path(failure.file).name for failure in summary.failures] == ["x.png"]
        assert files(jobs.output)["y.png"]["state"] == "done"

    def test_the_next_one_is_looked_at_if_the_first_is_not_the_same_any_more(self, jobs: Jobs) -> None:
        for name in ("x.mp4", "y.mp4"):
            write_clip(jobs.archive / name, 4)

        def change(task: FileTask, _before: int) -> None:
            if "x.mp4" in task.source:
                (jobs.archive / "x.mp4").write_bytes(b"no video")

        jobs.fail = change
        summary = jobs.run()
        assert [Path(failure.file).name for failure in summary.failures] == ["x.mp4"]
        assert jobs.rows()["y.mp4"] == 4
