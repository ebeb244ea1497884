"""``--processes`` on the command line: the same files and figures as with threads."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pose_landmarker.cli.main import main
from pose_landmarker.evaluation import FoundPoses, LabelledPicture, Landmarker, parse_configuration
from pose_landmarker.media import encode_image
from tests.clips import write_clip
from tests.poses import astronaut_photo


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("media")
    photo = astronaut_photo()[:384, :384].copy()
    (where / "a.png").write_bytes(encode_image(photo, ".png"))
    for name in ("b.mp4", "c.mp4"):
        write_clip(where / name, 8, pictures=[np.roll(photo, 2 * n, axis=1) for n in range(8)])
    (where / "d.png").write_bytes(b"nothing")
    return where


class TestCommands:
    @pytest.fixture
    def lines(
        self,
        folder: Path,
        tmp_path: Path,
        model_file: Callable[[str], Path],
        capsys: pytest.CaptureFixture[str],
    ) -> Callable[..., tuple[int, str, dict[str, bytes]]]:
        """Exit status, what is printed, and the files that were made; the same without and with processes."""

        def both(command: str, *arguments: str) -> tuple[int, str, dict[str, bytes]]:
            seen = []
            for extra in ([], ["--processes"]):
                out = tmp_path / "out"
                common = ["--model", str(model_file("lite")), "--engine", "litert", "--threads", "1"]
                status = main([command, *arguments, *common, "--workers", "2", "-o", str(out), *extra])
                files = {p.name: p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}
                shutil.rmtree(out)
                printed = re.sub(r" in [\d.]+ s \(\d+ a second\)|\d+ fps", "", capsys.readouterr().out)
                seen.append((status, printed, files))
            assert seen[0] == seen[1]
            return seen[0]

        return both

    def test_pictures(self, lines: Callable[..., Any], folder: Path) -> None:
        status, printed, files = lines("image", str(folder / "a.png"), str(folder / "d.png"))
        assert status == 1
        assert "1 person" in printed
        assert set(files) == {"a_pose.png", "a_pose.json"}

    def test_videos(self, lines: Callable[..., Any], folder: Path) -> None:
        status, printed, files = lines("video", str(folder / "b.mp4"), str(folder / "c.mp4"))
        assert status == 0
        assert "8 frames" in printed
        assert len(files) == 4

    def test_pieces(self, lines: Callable[..., Any], folder: Path) -> None:
        status, _, files = lines("video", str(folder / "b.mp4"), "--segments", "--no-video")
        assert status == 0
        assert list(files) == ["b_pose.jsonl"]

    def test_parts_are_refused(
        self, folder: Path, model_file: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
    ) -> None:
        arguments = [str(folder / "b.mp4"), "--model", str(model_file("lite")), "--every", "2"]
        assert main(["video", *arguments, "--processes"]) == 2
        assert "--processes is for whole videos; leave out --every" in capsys.readouterr().err


def test_evaluation_has_the_same_figures(folder: Path, model_file: Callable[[str], Path]) -> None:
    pictures = [
        LabelledPicture(path=folder / "a.png", dataset="photos", name="a"),
        LabelledPicture(path=folder / "a.png", dataset="photos", name="a", size=(9, 9)),
        LabelledPicture(path=folder / "d.png", dataset="photos", name="a"),
    ]
    configuration = parse_configuration(f"{model_file('lite')},engine=litert,threads=1")
    threads, processes = (
        list(Landmarker(configuration, processes=flag).find(pictures, 1)) for flag in (False, True)
    )
    assert [type(one) for one in threads] == [type(one) for one in processes]
    assert isinstance(processes[0], FoundPoses)
    assert isinstance(threads[0], FoundPoses)
    np.testing.assert_array_equal(processes[0].scores, threads[0].scores)
    assert [str(one) for one in threads[1:]] == [str(one) for one in processes[1:]]
