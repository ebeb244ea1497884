"""Jobs that are killed: whenever that is, the dataset comes out as if nothing had happened."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as parquet
import pytest

from tests.archives import assert_same_rows, dataset, files, write_person, write_picture

#: Small limits, so that files come into the journal, into parts of their own, and out of it.
_PROGRAM = """
import sys
from pose_landmarker.batch import store
store.ROWS_IN_MEMORY, store.SEAL_BYTES = 20, 60_000
from pose_landmarker.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("archive")
    for i in range(5):
        write_person(folder / f"clip{i}.mp4", frames=15 + 5 * (i % 4), shift=3 * i)
    for i in range(14):
        write_person(folder / "photos" / f"{i:02}.png", frames=1, shift=5 * i)
    for i in range(5):
        write_picture(folder / "noise" / f"{i}.png", i)
    (folder / "empty.mp4").touch()
    cut = (folder / "clip0.mp4").read_bytes()
    (folder / "cut.mp4").write_bytes(cut[: len(cut) // 2])
    (folder / "twice.png").write_bytes((folder / "photos" / "03.png").read_bytes())
    return folder


def _begin(archive: Path, output: Path, model: Path) -> subprocess.Popen[bytes]:
    arguments = ["batch", str(archive), "-o", str(output), "-m", str(model), "--workers", "2"]
    command = [sys.executable, "-c", _PROGRAM, *arguments, "--retries", "1000"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _killed(archive: Path, output: Path, model: Path, kills: int, seed: int) -> None:
    """Kill a job and begin it again, then let it end."""
    moments = random.Random(seed)
    for _ in range(kills):
        job = _begin(archive, output, model)
        time.sleep(moments.uniform(0.2, 3.0))
        job.kill()
        job.wait()
        for part in (output / "data").glob("*"):
            parquet.ParquetFile(part).read()  # never half a file
    assert _begin(archive, output, model).wait() == 1  # two files are broken


@pytest.fixture(scope="module")
def undisturbed(
    archive: Path, tmp_path_factory: pytest.TempPathFactory, model_file: Callable[[str], Path]
) -> Path:
    output = tmp_path_factory.mktemp("undisturbed") / "out"
    assert _begin(archive, output, model_file("lite")).wait() == 1
    return output


@pytest.mark.parametrize(("kills", "seed"), [(3, 1), pytest.param(20, 2, marks=pytest.mark.slow)])
def test_a_job_killed_at_random_moments_ends_with_the_same_rows(
    archive: Path,
    undisturbed: Path,
    tmp_path: Path,
    model_file: Callable[[str], Path],
    kills: int,
    seed: int,
) -> None:
    output = tmp_path / "out"
    _killed(archive, output, model_file("lite"), kills, seed)
    assert_same_rows(dataset(output), dataset(undisturbed))
    ours, theirs = files(output), files(undisturbed)
    assert ours.keys() == theirs.keys()
    for name, row in ours.items():
        for column in ("content", "state", "same_as", "cause", "reason", "frames", "poses", "people"):
            assert row[column] == theirs[name][column], (name, column)
    assert not list((output / "journal").glob("*.part"))


@pytest.mark.skipif(os.name != "posix", reason="needs /proc")
def test_workers_end_with_a_killed_job(
    archive: Path, tmp_path: Path, model_file: Callable[[str], Path]
) -> None:
    job = _begin(archive, tmp_path / "out", model_file("lite"))
    workers: list[int] = []
    for _ in range(200):
        time.sleep(0.05)
        workers = _children(job.pid)
        if len(workers) == 2:
            break
    job.kill()
    job.wait()
    assert len(workers) == 2
    for _ in range(100):
        time.sleep(0.05)
        if not any(map(_is_alive, workers)):
            break
    assert not any(map(_is_alive, workers))


@pytest.mark.skipif(os.name != "posix", reason="needs /proc")
def test_workers_killed_at_random_cost_a_try(
    archive: Path, undisturbed: Path, tmp_path: Path, model_file: Callable[[str], Path]
) -> None:
    moments = random.Random(3)
    job = _begin(archive, tmp_path / "out", model_file("lite"))
    killed = 0
    while job.poll() is None and killed < 4:
        time.sleep(moments.uniform(0.3, 1.0))
        workers = _children(job.pid)
        if workers:
            os.kill(moments.choice(workers), signal.SIGKILL)
            killed += 1
    assert job.wait() == 1
    assert killed
    assert_same_rows(dataset(tmp_path / "out"), dataset(undisturbed))


def _children(pid: int) -> list[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(child) for child in text.split()]


def _is_alive(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
