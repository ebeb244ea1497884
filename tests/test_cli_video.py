from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pose_landmarker import EngineError, RunningMode
from pose_landmarker.cli import inputs
from pose_landmarker.cli.main import main
from pose_landmarker.cli.timecode import format_time
from pose_landmarker.media import VideoReader
from tests.clips import SIZE, numbered, write_clip
from tests.stand_in import StandIn, install

#: Frames of the clip, and their number a second.
FRAMES, RATE = 20, 25

Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", FRAMES, rate=RATE).read_bytes()


@pytest.fixture(scope="session")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_clip(tmp_path_factory.mktemp("clip") / "long.mp4", 500, rate=25).read_bytes()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clip: bytes) -> Path:
    """The current folder of a user who has a clip; people are found in it without any network."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clip.mp4").write_bytes(clip)
    install(monkeypatch)
    return tmp_path


def _times(path: str | Path) -> list[Fraction]:
    with VideoReader(path) as reader:
        return [frame.time for frame in reader]


def _lines(path: str | Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


def _files() -> set[str]:
    return {str(path) for path in Path().rglob("*") if path.is_file()}


class TestResults:
    def test_one_video(self, folder: Path, capsys: Captured) -> None:
        assert main(["video", "clip.mp4"]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        assert out.startswith("clip.mp4  80x48  0:00.0 to 0:00.7  1 person  20 frames in ")
        assert "  -> poses/clip_pose.mp4\n  -> poses/clip_pose.jsonl\n" in out.replace(os.sep, "/")
        assert _files() == {"clip.mp4", *(str(Path("poses", f"clip_pose.{x}")) for x in ("mp4", "jsonl"))}
        assert _times("poses/clip_pose.mp4") == _times("clip.mp4")
        lines = _lines("poses/clip_pose.jsonl")
        assert [line["frame"] for line in lines] == list(range(FRAMES))
        assert [line["time"] for line in lines] == [i / RATE for i in range(FRAMES)]
        assert [line["timestamp_ms"] for line in lines] == [40 * i for i in range(FRAMES)]
        assert {line["video"] for line in lines} == {"clip.mp4"}
        assert lines[3]["poses"][0]["track_id"] == 1
        assert len(lines[3]["poses"][0]["landmarks"]) == 33

    def test_is_drawn_on(self, folder: Path) -> None:
        assert main(["video", "clip.mp4", "-o", "out.mp4"]) == 0
        with VideoReader("clip.mp4") as before, VideoReader("out.mp4") as after:
            for old, new in zip(before, after, strict=True):
                assert (np.abs(old.image.astype(int) - new.image).max(axis=2) > 60).mean() > 0.02

    def test_one_file_is_all_there_is(self, folder: Path) -> None:
        assert main(["video", "clip.mp4", "-o", "new/out.mkv"]) == 0
        assert _files() == {"clip.mp4", str(Path("new/out.mkv"))}

    def test_a_part_of_it(self, folder: Path) -> None:
        part = ["--start", "0:00.2", "--end", ".6", "--every", "3"]
        assert main(["video", "clip.mp4", "-o", "out.mp4", "--jsonl", "out.jsonl", *part]) == 0
        assert [line["frame"] for line in _lines("out.jsonl")] == [6, 9, 12]
        assert _times("out.mp4") == [0, Fraction(3, RATE), Fraction(6, RATE)]
        assert StandIn.made[-1].seen == [240, 360, 480]

    def test_only_lines_to_the_next_program(self, folder: Path, capsys: Captured) -> None:
        assert main(["video", "clip.mp4", "--no-video", "--jsonl", "-"]) == 0
        out, err = capsys.readouterr()
        assert [json.loads(line)["frame"] for line in out.splitlines()] == list(range(FRAMES))
        assert err.startswith("clip.mp4  80x48 ")
        assert _files() == {"clip.mp4"}

    def test_no_video(self, folder: Path, capsys: Captured) -> None:
        assert main(["video", "clip.mp4", "--no-video"]) == 0
        assert _files() == {"clip.mp4", str(Path("poses/clip_pose.jsonl"))}

    def test_for_machines(self, folder: Path, capsys: Captured) -> None:
        assert main(["video", "clip.mp4", "-o", "out.mp4", "--json", "-n", "3"]) == 0
        out, err = capsys.readouterr()
        told = json.loads(out)
        assert err == ""
        assert told["frames_per_second"] > 0
        assert {**told, "frames_per_second": 0} == {
            "video": "clip.mp4",
            "outputs": ["out.mp4"],
            "width": 80,
            "height": 48,
            "frames": FRAMES,
            "first_time": 0.0,
            "last_time": 0.76,
            "frames_per_second": 0,
            "tracks": 3,
            "most_people": 3,
            "interrupted": False,
            "problems": [],
        }

    def test_several_videos(self, folder: Path, clip: bytes, capsys: Captured) -> None:
        Path("clips/deep").mkdir(parents=True)
        for name in ("a.mp4", "a.MOV", "deep/b.mp4"):
            Path("clips", name).write_bytes(clip)
        Path("clips/broken.mp4").write_bytes(b"no video")
        Image.new("RGB", (8, 8)).save("clips/photo.png")
        run = ["video", "clips", "clips/a*", "gone.mp4", "clips/photo.png", "*.avi", "--jsonl", "all.jsonl"]
        for _ in range(2):  # the second run replaces the results of the first
            assert main(run) == 1
            out, err = capsys.readouterr()
            assert "3 videos, 3 with people, 60 frames" in out
            assert "4 of 7 failed:" in err
            assert "broken.mp4: not a video" in err
            assert "gone.mp4: there is no such file" in err
            assert "photo.png: a picture, not a video; use 'pose-landmarker image'" in err
            assert "*.avi: no videos match" in err
            names = ("a_pose", "a-2_pose", "deep/b_pose")
            results = {str(Path("poses", name + x)) for name in names for x in (".mp4", ".jsonl")}
            assert {name for name in _files() if name.startswith("poses")} == results
            assert len(_lines("all.jsonl")) == 3 * FRAMES
        assert sum(made.resets for made in StandIn.made) == 2 * 3  # the file that is none never came so far

    def test_somebody_elses_files_stay(self, folder: Path) -> None:
        Path("clip_pose.mp4").write_text("precious")
        Path("clip-2_pose.jsonl").write_text("precious")
        for _ in range(2):
            assert main(["video", "clip.mp4", "-o", "."]) == 0
        assert Path("clip_pose.mp4").read_text() == Path("clip-2_pose.jsonl").read_text() == "precious"
        assert _files() - {"clip.mp4", "clip_pose.mp4", "clip-2_pose.jsonl"} == {
            "clip-3_pose.mp4",
            "clip-3_pose.jsonl",
        }

    def test_results_are_not_taken_for_videos(self, folder: Path, capsys: Captured) -> None:
        for _ in range(2):
            assert main(["video", ".", "-o", "."]) == 0
            assert capsys.readouterr().out.count(" frames in ") == 1

    def test_a_folder_of_pictures(self, folder: Path, capsys: Captured) -> None:
        Path("walk").mkdir()
        for i in range(12):
            Image.fromarray(numbered(i)).save(f"walk/{i}.png")
        assert main(["video", "walk", "-o", "out.mp4"]) == 1
        assert "walk: no videos in this folder; with --fps its pictures are one" in capsys.readouterr().err
        assert main(["video", "walk", "--fps", "30000/1001"]) == 0
        times = [line["time"] for line in _lines("poses/walk_pose.jsonl")]
        assert times == [float(i * Fraction(1001, 30000)) for i in range(12)]
        assert main(["video", "walk/1.png", "--fps", "5"]) == 1
        assert "a picture, not a video; name its folder" in capsys.readouterr().err

    def test_options_reach_the_landmarker(self, folder: Path) -> None:
        typed = "--subject 40,20.5 --smoothing none --rotate 90 --region 0,0,1,.5 --masks -n 2"
        confidence = "--min-detection .1 --min-presence .2 --min-tracking .3 --engine litert --threads 3"
        run = ["video", "clip.mp4", "--no-video", "-m", "lite", *typed.split(), *confidence.split()]
        assert main(run) == 0
        made = StandIn.made[-1]
        options: Any = made.options
        assert (made.model, made.closed, options.running_mode) == ("lite", True, RunningMode.VIDEO)
        assert (options.subject, options.smoothing, options.num_poses) == ((40, 20.5), "none", 2)
        assert options.output_segmentation_masks
        assert options.min_pose_detection_confidence == 0.1
        assert options.min_pose_presence_confidence == 0.2
        assert options.min_tracking_confidence == 0.3
        assert (options.engine, options.threads) == ("litert", 3)
        assert made.processing.rotation_degrees == 90
        assert made.processing.region_of_interest.bottom == 0.5

    def test_one_person_looks_as_in_pictures_several_by_track(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from pose_landmarker import draw

        looks: list[tuple[bool, str | None]] = []
        real = draw.annotate

        def spy(image: Any, result: Any, style: Any, trails: Any) -> Any:
            looks.append((style.by_track, trails and f"{trails.of} {trails.seconds:g}"))
            return real(image, result, style, trails)

        monkeypatch.setattr(draw, "annotate", spy)
        for more, wanted in (
            ([], (False, None)),
            (["-n", "2"], (True, None)),
            (["-n", "2", "--subject", "largest"], (False, None)),
            (["--trail"], (False, "hips 2")),
            (["--trail=0.5", "--trail-of", "nose"], (False, "nose 0.5")),
            (["--trail-of", "wrists"], (False, "wrists 2")),
        ):
            looks.clear()
            assert main(["video", "clip.mp4", "-o", "out.mp4", "--every", "10", *more]) == 0
            assert set(looks) == {wanted}

    def test_a_bar_where_somebody_looks(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        class Terminal(io.StringIO):
            def isatty(self) -> bool:
                return True

        terminal = Terminal()
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setattr(StandIn, "delay_s", 0.02)
        assert main(["video", "clip.mp4", "-o", "out.mp4"]) == 0
        assert "clip.mp4: " in terminal.getvalue()
        assert f"/{FRAMES} [" in terminal.getvalue()


class TestFailures:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["-o", "out.xyz"], "videos are written as .mp4, "),
            (["-o", "out.jsonl"], "for landmarks use --jsonl"),
            (["-o", "-"], "not written to standard output"),
            (["-o", "clip.mp4"], "--output clip.mp4 is the input itself"),
            (["-o", "link.mp4"], "--output link.mp4 is the input itself"),
            (["-o", "clip.mp4/out.mp4"], "--output clip.mp4 cannot be made"),
            (["gone.mp4", "-o", "out.mp4"], "out.mp4 is one file for several videos"),
            (["-o", "out.mp4", "--no-video"], "--output out.mp4 names a video, but --no-video"),
            (["-o", "x.mp4", "--jsonl", "x.mp4"], "--output and --jsonl are the same file"),
            (["--jsonl", "clip.mp4"], "--jsonl clip.mp4 is the input itself"),
            (["--jsonl", "."], "--jsonl . is a folder"),
            (["--jsonl", "-", "--json"], "choose one"),
            (["--start", "5", "--end", "3"], "--end 3 is not after --start 5"),
            (["--start", "soon"], "--start must be a time like 12.5, 1:02.5"),
            (["--end", "0"], "--end 0 is not after --start 0"),
            (["--every", "0"], "--every must be a whole number ≥ 1, not 0"),
            (["--fps", "0"], "--fps must be a rate such as 25 or 30000/1001, not '0'"),
            (["--fps", "1/0"], "--fps must be a rate"),
            (["--trail", "0"], "--trail must be a number > 0, not 0.0"),
            (["--trail-of", "elbow"], "--trail-of must be one of hips, wrists, ankles, nose, "),
            (["--subject", "me"], "subject must be 'largest', 'central' or 'first', not 'me'"),
            (["--subject", "1,2,3"], "a point like 320,240 or a box like 200,100,80,300, not '1,2,3'"),
            (["--subject", "a,b"], "--subject must be largest, central, first, a point"),
            (["--region", "1,2"], "--region must be four numbers"),
            (["--num-poses", "0"], "num_poses must be a whole number ≥ 1, not 0"),
        ],
    )
    def test_wrong_options_are_one_sentence(
        self, folder: Path, capsys: Captured, arguments: list[str], message: str
    ) -> None:
        Path("link.mp4").symlink_to("clip.mp4")
        before = Path("clip.mp4").read_bytes()
        assert main(["video", "clip.mp4", *arguments]) == 2
        out, err = capsys.readouterr()
        assert message in err
        assert err.startswith("pose-landmarker: error: ")
        assert err.count("\n") == 1
        assert out == ""
        assert Path("clip.mp4").read_bytes() == before

    def test_a_trail_that_swallows_the_video_says_so(self, folder: Path, capsys: Captured) -> None:
        with pytest.raises(SystemExit):
            main(["video", "--trail", "clip.mp4"])
        assert "put --trail last, or write --trail=2" in capsys.readouterr().err

    def test_nothing_after_the_start(self, folder: Path, capsys: Captured) -> None:
        Path("out.jsonl").write_text("of an earlier run\n")
        assert main(["video", "clip.mp4", "-o", "out.mp4", "--jsonl", "out.jsonl", "--start", "1:00"]) == 1
        assert "no frame at or after --start 1:00.0; the video is 0:00.8 long" in capsys.readouterr().err
        assert _files() == {"clip.mp4", "out.jsonl"}
        assert Path("out.jsonl").read_text() == "of an earlier run\n"

    def test_one_bad_video_spoils_no_other(
        self, folder: Path, clip: bytes, capsys: Captured, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(frames: int) -> None:
            if frames == 5 and StandIn.made[-1].resets == 1:
                raise EngineError("the engine failed")

        for name in ("a.mp4", "b.mp4"):
            Path(name).write_bytes(clip)
        Path("poses").mkdir()
        Path("poses/a_pose.jsonl").write_text('{"video": "of an earlier run"}')
        monkeypatch.setattr(StandIn, "on_frame", fail)
        assert main(["video", "a.mp4", "b.mp4", "--workers", "1"]) == 1
        out, err = capsys.readouterr()
        assert "1 video, 1 with people, 20 frames" in out
        assert err == "1 of 2 failed:\n  a.mp4: the engine failed\n"
        results = {name for name in _files() if name.startswith("poses")}
        assert results == {str(Path("poses", n)) for n in ("a_pose.jsonl", "b_pose.jsonl", "b_pose.mp4")}
        assert Path("poses/a_pose.jsonl").read_text() == '{"video": "of an earlier run"}'

    def test_problems_of_the_reader_are_warnings(
        self, folder: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(VideoReader, "problems", ("frame 7 (0.280 s) is broken",))
        assert main(["video", "clip.mp4", "-o", "out.mp4"]) == 0
        assert capsys.readouterr().err == "warning: clip.mp4: frame 7 (0.280 s) is broken\n"

    def test_without_the_extra(self, folder: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "av", None)
        assert main(["video", "clip.mp4"]) == 1
        assert "pip install 'pose-landmarker[video]'" in capsys.readouterr().err

    def test_a_password_is_for_nobody_to_see(self, folder: Path, capsys: Captured) -> None:
        assert main(["video", "http://me:secret@127.0.0.1:9/x.mp4"]) == 1
        out, err = capsys.readouterr()
        assert "http://127.0.0.1:9/x.mp4: " in err
        assert "secret" not in out + err


class TestInputs:
    def test_names_of_addresses(self) -> None:
        addresses = ["https://x.org/a/my%20clip.webm?t=3", "rtsp://me:pw@cam.local/live", "rtsp://cam.local"]
        found, failures = inputs.find_videos([*addresses, addresses[0], "udp://@/.."], None)
        assert failures == []
        outputs = [str(video.output) for video in found]
        assert outputs == ["my_clip_pose.mp4", "live_pose.mp4", "cam_pose.mp4", "stream_pose.mp4"]
        assert found[1].source == addresses[1]
        assert found[1].name == "rtsp://cam.local/live"

    def test_folders_as_videos(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "v1.2").mkdir()
        monkeypatch.chdir(tmp_path / "v1.2")
        found, _ = inputs.find_videos([".", str(tmp_path / "v1.2")], None, whole_folders=True)
        assert [str(video.output) for video in found] == ["v1.2_pose.mp4"]

    def test_short_names(self) -> None:
        assert inputs.short_name("a/b/clip.mp4") == "clip.mp4"
        assert inputs.short_name("rtsp://x/") == "x"
        assert inputs.short_name("x" * 50) == "…" + "x" * 23


#: Runs the command line with a landmarker that takes its time.
_SLOW = """
import sys
import pytest
from pose_landmarker.cli.main import main
from tests.stand_in import install
with pytest.MonkeyPatch.context() as patch:
    install(patch).delay_s = 0.02
    sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(os.name != "posix", reason="signals as in POSIX")
class TestInterruption:
    @pytest.fixture(autouse=True)
    def _there(self, tmp_path: Path, long_clip: bytes) -> None:
        (tmp_path / "long.mp4").write_bytes(long_clip)

    def _start(self, folder: Path, *arguments: str, lines: str) -> subprocess.Popen[str]:
        """The command, when its landmarks have come to the tenth frame."""
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        running = subprocess.Popen(
            [sys.executable, "-c", _SLOW, "video", *arguments],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        deadline = time.monotonic() + 30
        while running.poll() is None and time.monotonic() < deadline:
            parts = list(folder.glob(f"{lines}.*.part"))
            if parts and parts[0].read_bytes().count(b"\n") >= 10:
                return running
            time.sleep(0.01)
        raise AssertionError(f"never came that far: {running.communicate()}")

    @pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
    def test_what_was_done_is_whole(self, tmp_path: Path, number: int, status: int) -> None:
        running = self._start(tmp_path, "long.mp4", "long.mp4", "gone.mp4", lines="poses/long_pose.jsonl")
        running.send_signal(number)
        _, err = running.communicate(timeout=20)
        assert running.returncode == status
        lines = _lines(tmp_path / "poses/long_pose.jsonl")
        assert 10 <= len(lines) < 500
        assert len(_times(tmp_path / "poses/long_pose.mp4")) == len(lines)
        assert f"(frame {len(lines) - 1}): poses/long_pose.mp4 and poses/long_pose.jsonl hold what" in err
        assert "interrupted at 0:0" in err
        assert " of 0:20.0 " in err
        assert {path.name for path in (tmp_path / "poses").iterdir()} == {"long_pose.mp4", "long_pose.jsonl"}

    def test_once_finishes(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
        def interrupt(frames: int) -> None:
            if frames == 3:
                os.kill(os.getpid(), signal.SIGINT)

        monkeypatch.chdir(tmp_path)
        install(monkeypatch)
        monkeypatch.setattr(StandIn, "on_frame", interrupt)
        Path("more.mp4").write_bytes(Path("long.mp4").read_bytes())
        names = ["long.mp4", "more.mp4", "gone.mp4"]
        run = ["video", *names, "--no-video", "--end", "10", "-n", "2", "--workers", "1"]
        assert main(run) == 130
        out, err = capsys.readouterr()
        record = Path("poses/long_pose.jsonl")
        done = len(_lines(record))
        assert 4 <= done <= 20  # what was ahead of the results is not thrown away
        assert f"2 people  {done} frames" in out
        where = f"interrupted at {format_time(Fraction(done - 1, 25))} of 0:10.0 (frame {done - 1})"
        told = f"{where}: {record} holds what was done\n1 video not begun\n"
        assert err == f"1 of 2 failed:\n  gone.mp4: there is no such file\n{told}"

    def test_twice_aborts(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
        def interrupt_twice(frames: int) -> None:
            if frames == 3:  # two in a moment would be one
                for _ in range(2):
                    os.kill(os.getpid(), signal.SIGINT)
                    time.sleep(0.1)

        monkeypatch.chdir(tmp_path)
        install(monkeypatch)
        monkeypatch.setattr(StandIn, "on_frame", interrupt_twice)
        before = signal.getsignal(signal.SIGINT)
        assert main(["video", "long.mp4", "-o", "out.mp4", "--jsonl", "out.jsonl"]) == 130
        assert capsys.readouterr().err == "interrupted\n"
        assert _files() == {"long.mp4"}
        assert signal.getsignal(signal.SIGINT) is before

    def test_when_killed_whole_lines_are_left(self, tmp_path: Path) -> None:
        running = self._start(tmp_path, "long.mp4", "--no-video", "--jsonl", "out.jsonl", lines="out.jsonl")
        running.kill()
        running.communicate(timeout=20)
        (part,) = tmp_path.glob("out.jsonl.*.part")
        assert part.read_bytes().endswith(b"\n")
        assert [line["frame"] for line in _lines(part)][:10] == list(range(10))

    def test_others_are_not_begun(self, tmp_path: Path) -> None:
        (tmp_path / "more.mp4").write_bytes((tmp_path / "long.mp4").read_bytes())
        run = ("long.mp4", "more.mp4", "--no-video", "--workers", "1")
        running = self._start(tmp_path, *run, lines="poses/long_pose.jsonl")
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=20)
        assert running.returncode == 130
        assert err.endswith("hold what was done\n1 video not begun\n".replace("hold ", "holds "))

    def test_a_closed_pipe_is_no_error(self, tmp_path: Path) -> None:
        script = tmp_path / "run.py"
        script.write_text(_SLOW)
        command = f"'{sys.executable}' '{script}' video long.mp4 --no-video --jsonl - | head -n 2"
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            check=False,
            timeout=30,
        )
        assert [json.loads(line)["frame"] for line in done.stdout.splitlines()] == [0, 1]
        assert done.stderr == b""


def test_a_real_video(
    tmp_path: Path, media: Path, model_file: Callable[[str], Path], capsys: Captured
) -> None:
    out = tmp_path / "out.mp4"
    arguments = [str(media / "videos" / "gym_jumping_jacks.mp4"), "-o", str(out), "--end", "0.5", "--trail"]
    model = ["-m", str(model_file("lite")), "--engine", "litert"]
    assert main(["video", *arguments, *model, "--jsonl", str(tmp_path / "out.jsonl"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["tracks"], told["most_people"], told["frames"]) == (1, 1, 30)
    assert len(_times(out)) == 30
    for line in _lines(tmp_path / "out.jsonl"):
        (pose,) = line["poses"]
        assert pose["track_id"] == 1
        assert 0.3 < pose["landmarks"][0]["x"] < 0.7


def test_help_teaches(capsys: Captured) -> None:
    with pytest.raises(SystemExit):
        main(["video", "--help"])
    out = capsys.readouterr().out
    assert "pose-landmarker video dance.mp4" in out
    assert "Ctrl-C" in out
    assert SIZE == (80, 48)


def test_lines_of_all_do_not_take_the_place_of_those_of_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.mp4").write_bytes(b"")
    Path("b.mp4").write_bytes(b"")
    assert main(["video", "a.mp4", "b.mp4", "-o", "out", "--jsonl", "out/a_pose.jsonl"]) == 2
    assert "name another file" in capsys.readouterr().err
