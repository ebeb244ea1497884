"""Jobs: all rows of all files, in a folder of their own."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import pytest

from pose_landmarker.batch import store
from pose_landmarker.batch.job import run_batch
from pose_landmarker.batch.summary import Progress
from pose_landmarker.errors import DatasetError, OptionError, OptionTypeError
from tests.archives import InlineEngine, assert_same_rows, dataset, files
from tests.clips import truncate
from tests.job_runs import Jobs
from tests.stand_in import StandIn


class TestDataset:
    def test_all_rows_of_all_files(self, jobs: Jobs) -> None:
        summary = jobs.run()
        assert jobs.rows() == {"a.mp4": 5, "b.png": 1, "c.png": 1}
        assert (summary.files, summary.done, summary.failed, summary.frames, summary.poses) == (3, 3, 0, 7, 7)
        assert summary.complete
        assert not summary.interrupted
        assert set(dataset(jobs.output)["model"].to_pylist()) == {"given as bytes"}

    def test_a_row_for_every_file(self, jobs: Jobs) -> None:
        jobs.run()
        rows = files(jobs.output)
        assert list(rows) == ["a.mp4", "b.png", "c.png"]
        video = rows["a.mp4"]
        assert (video["kind"], video["state"], video["frames"], video["poses"]) == ("video", "done", 5, 5)
        assert (video["width"], video["height"], video["worker"]) == (80, 48, "inline")
        assert video["size"] == (jobs.archive / "a.mp4").stat().st_size
        assert rows["b.png"]["kind"] == "picture"

    def test_samples_for_the_report(self, jobs: Jobs) -> None:
        jobs.run()
        shown = json.loads((jobs.output / "samples" / "samples.json").read_text())
        assert {Path(sample["file"]).name for sample in shown} == {"a.mp4", "b.png", "c.png"}
        assert all((jobs.output / "samples" / sample["name"]).is_file() for sample in shown)
        jobs.run(output=jobs.output.with_name("none"), samples=0)
        assert not (jobs.output.with_name("none") / "samples").exists()

    def test_long_files_have_parts_of_their_own(
        self, jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        jobs.run(output=tmp_path / "short")
        monkeypatch.setattr(store, "ROWS_IN_MEMORY", 3)
        jobs.run()
        assert_same_rows(dataset(jobs.output), dataset(tmp_path / "short"))
        assert len(list((jobs.output / "data").iterdir())) == 2
        assert not list((jobs.output / "work").iterdir())

    def test_full_journals_become_parts(self, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(store, "SEAL_BYTES", 1)
        jobs.run()
        assert len(list((jobs.output / "data").iterdir())) == 3
        assert jobs.rows() == {"a.mp4": 5, "b.png": 1, "c.png": 1}

    def test_a_part_can_be_read_as_a_recording(self, jobs: Jobs) -> None:
        from pose_landmarker import export

        jobs.run([jobs.archive / "a.mp4"])
        (part,) = (jobs.output / "data").iterdir()
        assert len(export.load(part)) == 5

    def test_nothing_at_all(self, jobs: Jobs) -> None:
        summary = jobs.run([])
        assert (summary.files, summary.done) == (0, 0)
        assert jobs.engine is None
        assert not list((jobs.output / "data").iterdir())


class TestInterruption:
    def test_no_further_file_is_begun_and_what_is_done_is_kept(
        self, jobs: Jobs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr("pose_landmarker.batch.driver._PROGRESS_S", 0.0)
        seen: list[int] = []
        summary = jobs.run(
            progress=lambda progress: seen.append(progress.counts.done), stop=lambda: 1 in seen
        )
        assert summary.interrupted
        assert (summary.done, summary.waiting) == (1, 2)
        assert jobs.rows() == {"a.mp4": 5}
        assert not jobs.run().interrupted
        jobs.run(output=tmp_path / "anew")
        assert_same_rows(dataset(jobs.output), dataset(tmp_path / "anew"))

    def test_so_with_a_keyboard_interrupt(self, jobs: Jobs, stand_in_workers: type[StandIn]) -> None:
        def interrupt(_before: int) -> None:
            if len(stand_in_workers.made) > 1:
                raise KeyboardInterrupt

        stand_in_workers.on_frame = interrupt
        with pytest.raises(KeyboardInterrupt):
            jobs.run()
        assert jobs.rows() == {"a.mp4": 5}

    def test_progress_is_told(self, jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("pose_landmarker.batch.driver._PROGRESS_S", 0.0)
        seen: list[Progress] = []
        told: list[tuple[int, int]] = []

        def see(progress: Progress) -> None:
            seen.append(progress)
            told.append((progress.counts.over, progress.counts.frames))

        jobs.run(progress=see)
        assert told[-1] == (3, 7)
        assert told == sorted(told)
        assert seen[-1].left_s == 0
        assert seen[-1].counts.bytes == seen[-1].counts.bytes_over


class TestFolder:
    def test_results_in_a_source_are_no_sources(self, jobs: Jobs) -> None:
        inside = jobs.archive / "found"
        jobs.run(output=inside)
        assert (inside / "samples").is_dir()
        assert jobs.run(output=inside).files == 3

    def test_one_with_something_else_in_it_is_refused(self, jobs: Jobs) -> None:
        jobs.output.mkdir()
        (jobs.output / "thesis.doc").touch()
        with pytest.raises(OptionError, match="other files"):
            jobs.run()
        assert [path.name for path in jobs.output.iterdir()] == ["thesis.doc"]

    def test_what_a_kill_has_left_of_its_description_is_removed(self, jobs: Jobs) -> None:
        jobs.output.mkdir()
        (jobs.output / ".lock").touch()
        (jobs.output / ".job.json.0a1b2c3d.part").write_bytes(b"{")
        assert jobs.run().done == 3
        (jobs.output / ".job.json.4e5f6a7b.part").touch()
        assert jobs.run().before == 3
        assert not list(jobs.output.glob(".job.json.*"))

    def test_one_whose_description_is_gone_is_refused(self, jobs: Jobs) -> None:
        jobs.run()
        (jobs.output / "job.json").unlink()
        with pytest.raises(OptionError, match="other files"):
            jobs.run()

    def test_a_file_is_refused(self, jobs: Jobs) -> None:
        jobs.output.touch()
        with pytest.raises(OptionError, match="must be a folder"):
            jobs.run()

    def test_two_jobs_at_once_are_refused(self, jobs: Jobs, stand_in_workers: type[StandIn]) -> None:
        refused: list[str] = []

        def begin_another(_before: int) -> None:
            with pytest.raises(OptionError, match="another job is at work") as caught:
                jobs.run()
            refused.append(str(caught.value))

        stand_in_workers.on_frame = begin_another
        run_batch(jobs.archive / "b.png", jobs.output, jobs.model, engine=InlineEngine)
        assert refused

    def test_a_damaged_part_is_named(self, jobs: Jobs) -> None:
        jobs.run()
        (part,) = (jobs.output / "data").iterdir()
        truncate(part, 0.9)
        with pytest.raises(DatasetError, match="part-000001"):
            jobs.run()

    def test_a_foreign_part_is_named(self, jobs: Jobs) -> None:
        jobs.run()
        (part,) = (jobs.output / "data").iterdir()
        parquet.write_table(parquet.read_table(part).select(["file"]), part.with_name("mine.parquet"))
        with pytest.raises(DatasetError, match=r"mine\.parquet is not of a job"):
            jobs.run()

    def test_a_damaged_description_is_named(self, jobs: Jobs) -> None:
        jobs.run()
        (jobs.output / "job.json").write_text('{"fingerprint": 3')
        with pytest.raises(DatasetError, match=r"job\.json"):
            jobs.run()

    def test_names_that_are_no_text(self, jobs: Jobs) -> None:
        try:
            (jobs.archive / "b.png").rename(jobs.archive / os.fsdecode(b"\xff\xfe.png"))
        except OSError:
            pytest.skip("no such names here")
        jobs.run()
        assert "\\xff\\xfe.png" in files(jobs.output)
        assert jobs.run().before == 3


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"retries": -1}, OptionError),
        ({"retries": "2"}, OptionTypeError),
        ({"samples": 1.5}, OptionTypeError),
        ({"workers": 0}, OptionError),
        ({"retry_failed": 1}, OptionTypeError),
        ({"inference": "magic"}, OptionError),
        ({"num_poses": 0}, OptionError),
        ({"running_mode": "VIDEO"}, OptionError),
        ({"output_segmentation_masks": True}, OptionError),
        ({"image_processing_options": 90}, OptionTypeError),
        ({"sources": 5}, OptionTypeError),
        ({"sources": [b"a.png"]}, OptionTypeError),
        ({"output": ""}, OptionError),
        ({"output": "s3://bucket/out"}, OptionError),
        ({"output": 5}, OptionTypeError),
    ],
)
def test_wrong_options(jobs: Jobs, options: dict[str, Any], error: type[Exception]) -> None:
    given = {"sources": jobs.archive, "output": jobs.output, "engine": InlineEngine, **options}
    with pytest.raises(error):
        run_batch(given.pop("sources"), given.pop("output"), jobs.model, **given)
    with pytest.raises(OptionError):
        run_batch(jobs.archive, jobs.output, jobs.model, engine="magic")


def test_how_long_it_took_is_noted_and_no_difference(jobs: Jobs) -> None:
    jobs.run()
    first = json.loads((jobs.output / "job.json").read_text())["wall_seconds"]
    jobs.run()
    assert json.loads((jobs.output / "job.json").read_text())["wall_seconds"] > first > 0
    with pytest.raises(OptionError, match="num_poses") as caught:
        jobs.run(num_poses=3)
    assert "wall_seconds" not in str(caught.value)


def test_names_of_strangers_are_no_formulas(
    jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("=1+1.mp4").write_bytes(b"no video")
    summary = jobs.run("=1+1.mp4", report=False)
    assert summary.failures[0].file == "=1+1.mp4"
    assert "'=1+1.mp4,content" in (jobs.output / "failures.csv").read_text()
