from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pose_landmarker import EngineError, PoseLandmarker, __version__
from pose_landmarker.arrays import RgbImage
from pose_landmarker.cli import inputs
from pose_landmarker.cli.main import main
from pose_landmarker.models import sources, store
from pose_landmarker.models.sources import Progress, Source
from tests.poses import astronaut_photo


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder of a user: a photo of a person, a picture of nobody, and a broken file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos" / "deep").mkdir(parents=True)
    Image.fromarray(astronaut_photo()).save(tmp_path / "photos" / "astronaut.jpg", quality=95)
    Image.new("RGB", (80, 60)).save(tmp_path / "photos" / "deep" / "nobody.png")
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not really")
    return tmp_path


@pytest.fixture
def model(model_file: Callable[[str], Path]) -> list[str]:
    return ["--model", str(model_file("lite")), "--engine", "litert"]


class TestImage:
    def test_one_photo(self, folder: Path, model: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["image", "photos/astronaut.jpg", *model]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        assert "photos/astronaut.jpg  512x512  1 person" in out
        assert "-> poses/astronaut_pose.jpg" in out
        assert "33 landmarks visible" in out
        drawn = np.asarray(Image.open("poses/astronaut_pose.jpg")).astype(int)
        original = np.asarray(Image.open("photos/astronaut.jpg")).astype(int)
        assert 0.01 < (np.abs(drawn - original).max(axis=2) > 40).mean() < 0.3
        read = json.loads(Path("poses/astronaut_pose.json").read_text())
        assert read["image"] == "photos/astronaut.jpg"
        assert len(read["poses"][0]["landmarks"]) == 33

    def test_folders_globs_and_failures(
        self, folder: Path, model: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        arguments = ["photos", "*.jpg", "gone.jpg", "nothing/*.png", "-o", "out", "--masks", "-n", "3"]
        assert main(["image", *arguments, *model]) == 1
        out, err = capsys.readouterr()
        assert "nobody found" in out
        assert "2 pictures, 1 with people, 1 pose -> out" in out
        assert "3 of 5 failed:" in err
        assert "broken.jpg: " in err
        assert "gone.jpg: there is no such file" in err
        assert "nothing/*.png: no pictures match" in err
        written = sorted(str(path.relative_to("out")) for path in Path("out").rglob("*.*"))
        names = ("astronaut_pose.jpg", "astronaut_pose.json", "deep/nobody_pose.json", "deep/nobody_pose.png")
        assert tuple(written) == names

    def test_json_for_programs_writes_nothing_but_lines(
        self, folder: Path, model: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert main(["image", "photos", "--json", *model]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert [len(json.loads(line)["poses"]) for line in lines] == [1, 0]
        assert not Path("poses").exists()

    def test_a_second_run_takes_no_result_for_a_picture(
        self, folder: Path, model: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        for _ in range(2):
            assert main(["image", "photos", "-o", "photos", *model]) == 0
            assert "2 pictures" in capsys.readouterr().out

    def test_a_result_named_by_hand_is_a_picture(
        self, folder: Path, model: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        Path("poses").mkdir()
        Path("photos/astronaut.jpg").rename("poses/warrior_pose.jpg")
        assert main(["image", "poses/warrior_pose.jpg", *model]) == 0
        assert "1 person" in capsys.readouterr().out

    def test_somebody_elses_file_is_not_overwritten(
        self, folder: Path, model: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        Path("astronaut_pose.jpg").write_text("precious")
        for _ in range(2):  # our own results are replaced
            assert main(["image", "photos/astronaut.jpg", "-o", ".", *model]) == 0
            assert "-> astronaut-2_pose.jpg" in capsys.readouterr().out
        assert Path("astronaut_pose.jpg").read_text() == "precious"
        assert not Path("astronaut-3_pose.jpg").exists()

    def test_names_that_the_terminal_cannot_show(self, folder: Path, model: list[str]) -> None:
        Path("photos/astronaut.jpg").rename("photos/\u5199\u771f.jpg")
        command = [sys.executable, "-m", "pose_landmarker", "image", "photos", *model]
        environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
        done = subprocess.run(command, capture_output=True, env=environment, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
        assert rb"\u5199\u771f.jpg  512x512  1 person" in done.stdout

    def test_whatever_goes_wrong_with_one_picture(
        self,
        folder: Path,
        model: list[str],
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        real = PoseLandmarker.detect

        def fail_on_the_first(self: PoseLandmarker, image: RgbImage, *rest: Any) -> Any:
            if image.shape[0] == 512:
                raise EngineError("the engine failed")
            return real(self, image, *rest)

        monkeypatch.setattr(PoseLandmarker, "detect", fail_on_the_first)
        assert main(["image", "photos", *model]) == 1
        out, err = capsys.readouterr()
        assert "nobody found" in out
        assert "astronaut.jpg: the engine failed" in err

    def test_an_interruption_loses_nothing_that_is_done(
        self,
        folder: Path,
        model: list[str],
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        real = PoseLandmarker.detect

        def interrupt_on_the_second(self: PoseLandmarker, image: RgbImage, *rest: Any) -> Any:
            if image.shape[0] != 512:
                raise KeyboardInterrupt
            return real(self, image, *rest)

        monkeypatch.setattr(PoseLandmarker, "detect", interrupt_on_the_second)
        assert main(["image", "photos", *model]) == 130
        out, err = capsys.readouterr()
        assert "1 picture, 1 with people, 1 pose -> poses" in out
        assert err == "interrupted\n"
        assert sorted(path.name for path in Path("poses").iterdir()) == [
            "astronaut_pose.jpg",
            "astronaut_pose.json",
        ]

    def test_an_output_that_cannot_be_written_spoils_nothing_else(
        self, folder: Path, model: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        Path("out").mkdir()
        Path("out/deep").write_text("in the way")
        assert main(["image", "photos", "-o", "out", *model]) == 1
        out, err = capsys.readouterr()
        assert "astronaut.jpg  512x512  1 person" in out
        assert Path("out/astronaut_pose.json").exists()
        assert "nobody.png: " in err

    def test_options_reach_the_landmarker(
        self, folder: Path, model: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        run = ["image", "photos/astronaut.jpg", "--json", *model]
        for extra in (["--min-detection", "1"], ["--min-presence", "1"], ["--region", "0.8,0,1,0.2"]):
            assert main([*run, *extra]) == 0
            assert json.loads(capsys.readouterr().out)["poses"] == []
        assert main([*run, "--rotate", "360", "--threads", "1", "--region", "0,0,1,1"]) == 0
        assert len(json.loads(capsys.readouterr().out)["poses"]) == 1

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--num-poses", "0"], "num_poses must be a whole number ≥ 1, not 0"),
            (["--min-presence", "2"], "min_pose_presence_confidence must be a number from 0 to 1"),
            (["--rotate", "45"], "multiple of 90, not 45"),
            (["--region", "left"], "--region must be four numbers"),
            (["--region", "0,0,1"], "--region must be four numbers"),
            (["--region", "1,0,0,1"], "left < right"),
            (["--model", "huge"], "'lite', 'full' or 'heavy'"),
            (["--output", "broken.jpg"], "--output broken.jpg cannot be made: File exists"),
            (["--output", "broken.jpg/x"], "--output broken.jpg/x cannot be made: Not a directory"),
        ],
    )
    def test_wrong_options_are_one_sentence(
        self, folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
    ) -> None:
        assert main(["image", "photos/astronaut.jpg", *arguments]) == 2
        out, err = capsys.readouterr()
        assert message in err
        assert err.startswith("pose-landmarker: error: ")
        assert out == ""

    def test_a_missing_model_is_one_sentence(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["image", "photos/astronaut.jpg", "--model", "gone.task"]) == 1
        assert "Unable to open file at gone.task" in capsys.readouterr().err

    def test_nothing_to_do_loads_no_model(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        Path("empty").mkdir()
        Path("loop").symlink_to("loop")
        assert main(["image", "empty", "", "x" * 500, "loop", "--model", "gone.task"]) == 1
        err = capsys.readouterr().err
        assert "empty: no pictures in this folder" in err
        assert ": an empty name" in err
        assert "File name too long" in err
        assert "loop: " in err
        assert not Path("poses").exists()


class TestNames:
    def test_names_do_not_collide(self, tmp_path: Path) -> None:
        for name in ("a/x.jpg", "b/x.jpg", "b/x.png", "c/X.JPEG"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).touch()
        arguments = [str(tmp_path / name) for name in ("a/x.jpg", "b/x.jpg", "b/x.png", "a/../a/x.jpg")]
        pictures, failures = inputs.find_pictures(arguments, None)
        assert failures == []
        assert [str(picture.output) for picture in pictures] == ["x_pose.jpg", "x-2_pose.jpg", "x-3_pose.png"]
        everything, _ = inputs.find_pictures([str(tmp_path)], None)
        assert [str(p.output) for p in everything] == [
            "a/x_pose.jpg",
            "b/x_pose.jpg",
            "b/x-2_pose.png",
            "c/X_pose.jpg",
        ]

    def test_many_names_and_names_that_differ_in_case(self, tmp_path: Path) -> None:
        for i in range(3):
            (tmp_path / str(i)).mkdir()
            for name in ("a.jpg", "A.png", "a-2.jpg"):
                (tmp_path / str(i) / name).touch()
        arguments = [str(path) for path in sorted(tmp_path.rglob("*.*"))]
        outputs = [picture.output for picture in inputs.find_pictures(arguments, None)[0]]
        assert len({str(output.with_suffix("")).casefold() for output in outputs}) == len(outputs) == 9


class TestModels:
    @pytest.fixture(autouse=True)
    def _tiny_source(self, monkeypatch: pytest.MonkeyPatch, tiny_task: bytes, empty_cache: Path) -> None:
        def fetch(model: str, progress: Progress) -> bytes:
            return tiny_task

        monkeypatch.setattr(sources, "SOURCES", (Source("test source", ("lite", "full"), fetch),))

    def test_from_nothing_to_nothing(self, capsys: pytest.CaptureFixture[str], empty_cache: Path) -> None:
        assert main(["models"]) == 0
        assert capsys.readouterr().out.count("not on this machine") == 3
        assert main(["models", "verify"]) == 0
        assert "no models" in capsys.readouterr().out
        assert main(["models", "fetch", "lite", "full"]) == 0
        assert "pose_landmarker_lite.task (from test source)" in capsys.readouterr().out
        assert main(["models", "fetch", "lite"]) == 0
        assert "(there already)" in capsys.readouterr().out
        assert main(["models", "fetch", "lite", "--force"]) == 0
        assert "(from test source)" in capsys.readouterr().out
        assert main(["models", "list"]) == 0
        out = capsys.readouterr().out
        assert "Apache-2.0" in out
        assert "test source" in out
        assert str(empty_cache) in out
        assert main(["models", "verify"]) == 0
        assert capsys.readouterr().out == "lite: whole: unknown weights\nfull: whole: unknown weights\n"
        assert main(["models", "remove", "lite", "heavy"]) == 0
        assert capsys.readouterr().out == "lite: removed\nheavy: was not on this machine\n"

    def test_as_json(self, capsys: pytest.CaptureFixture[str]) -> None:
        main(["models", "fetch", "lite"])
        capsys.readouterr()
        assert main(["models", "--json"]) == 0
        rows = json.loads(capsys.readouterr().out)
        assert [row["name"] for row in rows] == ["lite", "full", "heavy"]
        assert rows[0]["source"] == "test source"
        assert rows[1]["size"] is None

    def test_failures_are_told_and_the_others_done(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["models", "fetch", "heavy", "lite"]) == 1
        out, err = capsys.readouterr()
        assert "lite: " in out
        assert "heavy: model 'heavy' could not be fetched" in err
        store.model_path("lite").write_bytes(b"PK")
        assert main(["models", "verify"]) == 1
        assert "truncated" in capsys.readouterr().err
        assert main(["models", "fetch", "huge"]) == 2
        assert "'lite', 'full' or 'heavy'" in capsys.readouterr().err


class TestInfo:
    def test_for_people(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["info"]) == 0
        out = capsys.readouterr().out
        for word in (
            __version__,
            "numpy",
            "ai-edge-litert",
            "auto means",
            "exact, by OpenCV",
            "not on this machine",
        ):
            assert word in out

    def test_for_machines(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["info", "--json"]) == 0
        facts = json.loads(capsys.readouterr().out)
        assert facts["pose-landmarker"]["version"] == __version__
        assert set(facts["models"]) == {"folder", "offline", "lite", "full", "heavy"}


class TestProgram:
    def test_help_teaches(self, capsys: pytest.CaptureFixture[str]) -> None:
        for arguments, words in (
            (["--help"], "pose-landmarker image photo.jpg"),
            (["image", "--help"], "examples:"),
            (["models", "--help"], "POSE_LANDMARKER_OFFLINE"),
        ):
            with pytest.raises(SystemExit) as caught:
                main(arguments)
            assert caught.value.code == 0
            assert words in capsys.readouterr().out

    def test_no_command_is_an_error(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as caught:
            main([])
        assert caught.value.code == 2

    def test_as_a_module_and_into_a_closed_pipe(self) -> None:
        command = f"{sys.executable} -m pose_landmarker info --json | head -c 1"
        done = subprocess.run(["bash", "-c", command], capture_output=True, check=False)
        assert (done.stdout, done.stderr) == (b"{", b"")

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
    def test_into_a_full_disk_or_nowhere(self) -> None:
        command = f"{sys.executable} -m pose_landmarker models"
        full = subprocess.run(["bash", "-c", f"{command} >/dev/full"], capture_output=True, check=False)
        assert full.returncode == 1
        assert full.stderr == b"pose-landmarker: error: [Errno 28] No space left on device\n"
        closed = subprocess.run(["bash", "-c", f"{command} >&-"], capture_output=True, check=False)
        assert (closed.returncode, closed.stderr) == (0, b"")

    def test_an_interruption_is_one_word(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        from pose_landmarker.cli import info

        def interrupt() -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(info, "collect", interrupt)
        assert main(["info"]) == 130
        assert capsys.readouterr().err == "interrupted\n"

    def test_verbose_tells_more(self, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
        import logging

        try:
            for arguments in (["--verbose", "models"], ["models", "-v"]):
                logging.getLogger("pose_landmarker").setLevel(logging.NOTSET)
                assert main(arguments) == 0
                assert logging.getLogger("pose_landmarker").level == logging.DEBUG
        finally:
            logging.getLogger("pose_landmarker").setLevel(logging.NOTSET)
            logging.getLogger().handlers.clear()
