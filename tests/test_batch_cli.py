"""``pose-landmarker batch``: what is typed, what is printed, how it ends."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pose_landmarker.batch import job
from pose_landmarker.batch.summary import Counts, Progress
from pose_landmarker.cli import batch, files_bar
from pose_landmarker.cli.files_bar import FilesBar
from pose_landmarker.cli.main import main
from pose_landmarker.cli.timecode import format_duration
from tests.archives import InlineEngine, dataset, files, write_person
from tests.job_runs import Jobs
from tests.stand_in import StandIn


@pytest.fixture
def run(jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tiny_task: bytes) -> Callable[..., int]:
    """Types a command, without the options that all have."""
    model = tmp_path / "tiny.task"
    model.write_bytes(tiny_task)
    monkeypatch.setattr(job, "_local", lambda settings, workers, _: InlineEngine(settings, workers))

    def typed(*arguments: object) -> int:
        given = [str(argument) for argument in arguments] or [str(jobs.archive)]
        return main(["batch", *given, "-o", str(jobs.output), "-m", str(model)])

    return typed


def test_it_says_what_was_done(
    run: Callable[..., int], jobs: Jobs, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0
    out, err = capsys.readouterr()
    assert out.startswith("3 files: 3 done; 7 frames in ")
    assert out.endswith(f", 7 poses\n  -> {jobs.output}\n")
    assert err == ""
    assert run() == 0
    assert capsys.readouterr().out.startswith("3 files: 0 done, 3 known from before; 0 frames in ")


def test_failures_are_a_table(
    run: Callable[..., int], jobs: Jobs, capsys: pytest.CaptureFixture[str]
) -> None:
    (jobs.archive / "x.mp4").touch()
    assert run() == 1
    _, err = capsys.readouterr()
    head, *lines = err.splitlines()
    assert head == "1 of 4 files failed:"
    assert [cell.strip() for cell in lines[0].split("|")[1:-1]] == ["file", "cause", "reason", "tries"]
    assert "| content | the file is empty |     1 |" in lines[2]


def test_a_long_table_ends(
    run: Callable[..., int], jobs: Jobs, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pose_landmarker.cli.batch._MOST_SHOWN", 2)
    assert run(*(f"{number}.mp4" for number in range(5))) == 1
    *_, last = capsys.readouterr().err.splitlines()
    assert last == f"... and 3 more, in {jobs.output / 'failures.csv'}"


def test_quiet_and_json(run: Callable[..., int], jobs: Jobs, capsys: pytest.CaptureFixture[str]) -> None:
    (jobs.archive / "x.mp4").touch()
    assert run(jobs.archive, "--quiet") == 1
    assert capsys.readouterr().out == ""
    assert run(jobs.archive, "--json", "--retry-failed", "--retries", "0") == 1
    summary = json.loads(capsys.readouterr().out)
    assert summary["files"] == 4
    assert summary["before"] == 3
    assert summary["failures"][0]["reason"] == "the file is empty"
    assert summary["output"] == str(jobs.output)


def test_options_go_to_the_landmarkers(
    run: Callable[..., int], jobs: Jobs, stand_in_workers: type[StandIn]
) -> None:
    assert run(jobs.archive / "a.mp4", "-n", 2, "--smoothing", "none", "--rotate", 90, "--threads", 1) == 0
    (made,) = stand_in_workers.made
    assert (made.options.num_poses, made.options.smoothing, made.options.threads) == (2, "none", 1)
    assert made.processing.rotation_degrees == 90
    assert not made.options.output_segmentation_masks


def test_lists_of_files(
    run: Callable[..., int], jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = f"{jobs.archive}/a.mp4\r\n\n{jobs.archive}/sub\n"
    (tmp_path / "list.txt").write_text(lines)
    assert run(f"@{tmp_path}/list.txt") == 0
    assert list(files(jobs.output)) == ["a.mp4", "c.png"]
    given = io.BytesIO(f"{jobs.archive}/b.png\n".encode())
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(given, encoding="ascii"))
    assert run("@-") == 0
    assert len(files(jobs.output)) == 3


def test_lists_of_names_that_are_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = b"\xff.png\r\n\n\xc3\xa4.png"
    (tmp_path / "list.txt").write_bytes(lines)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines), encoding="utf-8", errors="strict"))
    for argument in (f"@{tmp_path}/list.txt", "@-"):
        assert list(batch._sources([argument])) == ["\udcff.png", "\u00e4.png"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("@gone.txt",), "gone.txt: the list cannot be read: No such file or directory"),
        (("a.mp4", "--workers", "0"), "workers must be"),
        (("a.mp4", "--retries", "-1"), "retries must be"),
        (("a.mp4", "--subject", "1,2,3"), "--subject must be"),
    ],
)
def test_what_means_nothing(
    run: Callable[..., int], capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    assert run(*arguments) == 2
    assert message in capsys.readouterr().err


def test_masks_are_no_option(run: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run("a.mp4", "--masks")


class TestBar:
    @pytest.fixture
    def terminal(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> pytest.CaptureFixture[str]:
        monkeypatch.setattr(files_bar, "to_terminal", lambda _: True)
        monkeypatch.setenv("COLUMNS", "120")
        return capsys

    def _progress(self, seconds: float, **counts: int) -> Progress:
        made = Counts(files=10, **counts)
        return Progress(counts=made, seconds=seconds, left_s=100.0 if made.over else None, where="2 workers")

    def test_files_frames_rate_and_time_left(self, terminal: pytest.CaptureFixture[str]) -> None:
        bar = FilesBar()
        bar.see(self._progress(1.0))
        bar.see(self._progress(3.0, frames=100, done=2, failed=1))
        bar.close()
        shown = terminal.readouterr().err
        assert "3/10 files, 100 frames, 50 a second, 2 min left, 1 failed, 2 workers" in shown
        assert "0/10 files, 0 frames, 0 a second, 2 workers" in shown

    def test_quiet(self, terminal: pytest.CaptureFixture[str]) -> None:
        bar = FilesBar(quiet=True)
        bar.see(self._progress(1.0))
        bar.close()
        assert not terminal.readouterr().err


@pytest.mark.parametrize(("seconds", "text"), [(3.4, "3 s"), (600, "10 min"), (9000, "2.5 h")])
def test_durations(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.skipif(os.name != "posix", reason="signals are of POSIX")
def test_ctrl_c_keeps_what_is_done(tmp_path: Path, model_file: Callable[[str], Path]) -> None:
    for i in range(150):
        write_person(tmp_path / "archive" / f"{i:03}.png", 1, i)
    output = tmp_path / "out"
    command: list[Any] = [
        sys.executable,
        "-m",
        "pose_landmarker",
        "batch",
        tmp_path / "archive",
        "-o",
        output,
    ]
    command += ["-m", model_file("lite"), "--workers", "1"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    journal = output / "journal"
    for _ in range(400):
        time.sleep(0.05)
        if any(path.stat().st_size > 20_000 for path in journal.glob("*.part")):
            break
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    assert "interrupted, " in err
    assert "Traceback" not in err
    done = len(dataset(output))
    assert 0 < done < 150
    assert f"{done} done" in out
