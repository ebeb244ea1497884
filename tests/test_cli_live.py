from __future__ import annotations

import ctypes
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pose_landmarker import EngineError, RunningMode
from pose_landmarker.cli.capture import Capture
from pose_landmarker.cli.main import main
from pose_landmarker.errors import MissingExtraError, VideoError
from pose_landmarker.media import Frame, VideoReader
from pose_landmarker.results import PoseLandmarkerResult
from tests.clips import number_of, numbered, write_clip
from tests.stand_in import StandIn, install

Captured = pytest.CaptureFixture[str]

FRAMES, RATE = 20, 50


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", FRAMES, rate=RATE).read_bytes()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clip: bytes) -> Path:
    """The current folder of a user whose camera is a clip."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clip.mp4").write_bytes(clip)
    install(monkeypatch)
    return tmp_path


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Any:
    """SDL without a screen, which is allowed by name."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("sdl2")


def _lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


class TestSession:
    def test_a_file_as_a_camera(self, folder: Path, capsys: Captured) -> None:
        began = time.monotonic()
        assert main(["live", "clip.mp4"]) == 0
        assert time.monotonic() - began >= (FRAMES - 1) / RATE  # at its own speed
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith(
            f"clip.mp4: received {FRAMES}, processed {FRAMES}, dropped 0, errors 0; latency "
        )
        assert "results a second" in err
        assert StandIn.made[-1].closed
        assert [path.name for path in folder.iterdir()] == ["clip.mp4"]

    def test_lines_for_the_next_program(self, folder: Path, capsys: Captured) -> None:
        assert main(["live", "clip.mp4", "--jsonl", "-"]) == 0
        lines = _lines(capsys.readouterr().out)
        assert [line["frame"] for line in lines] == list(range(FRAMES))
        assert [line["time"] for line in lines] == [i / RATE for i in range(FRAMES)]
        assert [line["timestamp_ms"] for line in lines] == [20 * i for i in range(FRAMES)]
        assert lines[0]["poses"][0]["track_id"] == 1

    def test_files(self, folder: Path, capsys: Captured) -> None:
        assert main(["live", "clip.mp4", "--jsonl", "new/me.jsonl", "-o", "new/me.mp4", "-n", "2"]) == 0
        _, err = capsys.readouterr()
        assert f"  -> {Path('new/me.mp4')}\n  -> {Path('new/me.jsonl')}\n" in err
        assert len(_lines(Path("new/me.jsonl").read_text())) == FRAMES
        with VideoReader("new/me.mp4") as recorded, VideoReader("clip.mp4") as original:
            pairs = list(zip(recorded, original, strict=True))
        assert [a.time for a, _ in pairs] == [b.time for _, b in pairs]
        assert all((np.abs(a.image.astype(int) - b.image).max(axis=2) > 60).any() for a, b in pairs)

    def test_options_reach_the_landmarker_and_the_camera(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[Any] = []
        real = VideoReader.__init__

        def spy(self: VideoReader, source: Any, **options: Any) -> None:
            asked.append((source, options))
            real(self, "clip.mp4")

        monkeypatch.setattr(VideoReader, "__init__", spy)
        assert main(["live", "2", "--fps", "60", "-n", "3", "--rotate", "180", "--smoothing", "none"]) == 0
        assert main(["live"]) == 0
        assert asked == [(2, {"fps": 60}), (0, {"fps": None})]
        options: Any = StandIn.made[0].options
        assert (options.running_mode, options.num_poses) == (RunningMode.LIVE_STREAM, 3)
        assert options.smoothing == "none"
        assert StandIn.made[0].processing.rotation_degrees == 180

    def test_ends_in_time(self, folder: Path, capsys: Captured) -> None:
        assert main(["live", "clip.mp4", "--seconds", "0.2", "--jsonl", "-"]) == 0
        assert len(_lines(capsys.readouterr().out)) < FRAMES

    def test_a_line_where_somebody_looks(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        class Terminal(io.StringIO):
            def isatty(self) -> bool:
                return True

        terminal = Terminal()
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setenv("COLUMNS", "120")
        assert main(["live", "clip.mp4"]) == 0
        texts = [text.strip() for text in terminal.getvalue().split("\r")]
        assert any(text.startswith("clip.mp4  ") and "1 person  12 ms late" in text for text in texts)
        assert texts[-1].startswith("clip.mp4: received")


class TestFailures:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["-o", "out.xyz"], "--output out.xyz: videos are written as .mp4, "),
            (["-o", "out"], "--output out: videos are written as"),
            (["-o", "-"], "not written to standard output"),
            (["-o", "clip.mp4"], "--output clip.mp4 is the input itself"),
            (["--jsonl", "clip.mp4"], "--jsonl clip.mp4 is the input itself"),
            (["--jsonl", "clip.mp4/x"], "--jsonl clip.mp4 cannot be made"),
            (["--seconds", "0"], "--seconds must be a number > 0, not 0.0"),
            (["--fps", "many"], "--fps must be a rate"),
            (["--trail", "-1"], "--trail must be a number > 0"),
            (["--region", "x"], "--region must be four numbers"),
            (["--num-poses", "0"], "num_poses must be a whole number"),
        ],
    )
    def test_wrong_options_are_one_sentence(
        self, folder: Path, capsys: Captured, arguments: list[str], message: str
    ) -> None:
        before = Path("clip.mp4").read_bytes()
        assert main(["live", "clip.mp4", *arguments]) == 2
        _, err = capsys.readouterr()
        assert message in err
        assert err.count("\n") == 1
        assert Path("clip.mp4").read_bytes() == before

    @pytest.mark.parametrize("source", ["97", "/dev/video97", "gone.mp4", "rtsp://me:secret@127.0.0.1:9/x"])
    def test_no_camera_is_one_sentence(self, folder: Path, capsys: Captured, source: str) -> None:
        assert main(["live", source, "--jsonl", "out.jsonl", "-o", "out.mp4"]) == 1
        _, err = capsys.readouterr()
        assert err.startswith("pose-landmarker: error: ")
        assert err.count("\n") == 1
        assert "secret" not in err
        assert [path.name for path in folder.iterdir()] == ["clip.mp4"]

    def test_a_camera_that_is_lost_spoils_no_recording(
        self, folder: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = VideoReader.__next__

        def lose(self: VideoReader) -> Frame:
            frame = real(self)
            if frame.index == 7:
                raise VideoError("camera 0: it is gone")
            return frame

        monkeypatch.setattr(VideoReader, "__next__", lose)
        assert main(["live", "clip.mp4", "--jsonl", "out.jsonl", "-o", "out.mp4"]) == 1
        _, err = capsys.readouterr()
        assert "clip.mp4: received 7, processed 7" in err
        assert err.endswith("pose-landmarker: error: camera 0: it is gone\n")
        assert len(_lines(Path("out.jsonl").read_text())) == 7
        monkeypatch.undo()
        with VideoReader(folder / "out.mp4") as reader:
            assert sum(1 for _ in reader) == 7

    def test_an_engine_that_fails_is_one_sentence(
        self, folder: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(frames: int) -> None:
            if frames == 3:
                raise EngineError("the engine failed")

        monkeypatch.setattr(StandIn, "on_frame", fail)
        assert main(["live", "clip.mp4"]) == 1
        assert capsys.readouterr().err.endswith("pose-landmarker: error: the engine failed\n")

    def test_problems_of_the_reader_are_warnings(
        self, folder: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(VideoReader, "problems", ("frame 7 (0.280 s) is broken",))
        assert main(["live", "clip.mp4", "--seconds", "0.1"]) == 0
        assert "warning: clip.mp4: frame 7 (0.280 s) is broken\n" in capsys.readouterr().err


class TestWindow:
    def test_shows_everything_and_ends_with_the_source(
        self, folder: Path, screen: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from pose_landmarker.cli.window import Window

        shown: list[tuple[int, ...]] = []
        real = Window.show

        def spy(self: Window, image: Any) -> None:
            shown.append(image.shape)
            real(self, image)

        monkeypatch.setattr(Window, "show", spy)
        assert main(["live", "clip.mp4", "--window"]) == 0
        assert shown == [(48, 80, 3)] * FRAMES

    @pytest.mark.parametrize("end", ["Esc", "q", "button"])
    def test_ends_as_the_user_likes(
        self, folder: Path, screen: Any, monkeypatch: pytest.MonkeyPatch, capsys: Captured, end: str
    ) -> None:
        def press(frames: int) -> None:
            if frames == 5:
                event = screen.SDL_Event()
                event.type = screen.SDL_QUIT if end == "button" else screen.SDL_KEYDOWN
                event.key.keysym.sym = {"Esc": screen.SDLK_ESCAPE, "q": screen.SDLK_q}.get(end, 0)
                screen.SDL_PushEvent(ctypes.byref(event))

        monkeypatch.setattr(StandIn, "on_frame", press)
        assert main(["live", "clip.mp4", "--window", "--jsonl", "-"]) == 0
        assert 4 <= len(_lines(capsys.readouterr().out)) <= 8

    def test_pictures_of_any_size_and_resizing(self, screen: Any) -> None:
        from pose_landmarker.cli.window import Window

        with Window("test") as window:
            assert not window.closed()  # also before the first picture
            for width, height in ((64, 48), (64, 48), (33, 77), (6000, 40)):
                window.show(np.full((height, width, 3), 90, np.uint8))
            event = screen.SDL_Event()
            event.type = screen.SDL_WINDOWEVENT
            screen.SDL_PushEvent(ctypes.byref(event))
            assert not window.closed()
            window.close()

    def test_large_pictures_fit_the_screen(self, screen: Any) -> None:
        from pose_landmarker.cli.window import Window

        with Window("test") as window:
            window.show(np.zeros((4000, 2000, 3), np.uint8))
            width, height = ctypes.c_int(), ctypes.c_int()
            screen.SDL_GetWindowSize(window._window, ctypes.byref(width), ctypes.byref(height))
            assert height.value < 4000
            assert height.value / width.value == pytest.approx(2, abs=0.01)

    @pytest.mark.skipif(not sys.platform.startswith("linux"), reason="screens as on Linux")
    def test_without_a_screen(self, folder: Path, capfd: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
        for variable in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
            monkeypatch.delenv(variable, raising=False)
        if Path("/dev/dri").exists():
            pytest.skip("there may be a screen")
        assert main(["live", "clip.mp4", "--window"]) == 1
        _, err = capfd.readouterr()
        assert err.startswith("pose-landmarker: error: no screen to show a window on")
        assert "use --jsonl or -o" in err
        assert err.count("\n") == 1

    def test_without_the_extra(self, folder: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "sdl2", None)
        assert main(["live", "clip.mp4", "--window"]) == 1
        assert "pip install 'pose-landmarker[window]'" in capsys.readouterr().err
        with pytest.raises(MissingExtraError):
            __import__("pose_landmarker.cli.window").cli.window.Window("test")


class _Camera:
    """Frames as fast as anybody takes them."""

    live = True

    def __init__(self, count: int) -> None:
        self.count = count
        self.closed = threading.Event()

    def __iter__(self) -> Iterator[Frame]:
        return (Frame(numbered(i), i, Fraction(i, 30), 33 * i) for i in range(self.count))

    def __enter__(self) -> _Camera:
        return self

    def __exit__(self, *error: object) -> None:
        self.closed.set()


class TestCapture:
    def test_results_find_their_frames_when_others_are_dropped(self) -> None:
        capture = Capture()
        kept: list[Frame] = []

        def submit(frame: Frame) -> None:
            if frame.index % 3 == 1:  # as if the landmarker had been busy with the others
                result = PoseLandmarkerResult(poses=(), image_size=(1, 1), timestamp_ms=frame.timestamp_ms)
                capture.take_result(result, frame.image, frame.timestamp_ms)

        with capture:
            capture.start(_Camera(10), submit)  # type: ignore[arg-type]
            while not capture.over or kept == []:
                found = capture.next_result()
                kept += [found[0]] if found else []
        assert [frame.index for frame in kept] == [1, 4, 7]
        assert [frame.time for frame in kept] == [Fraction(i, 30) for i in (1, 4, 7)]
        assert [number_of(frame.image) for frame in kept] == [1, 4, 7]

    def test_ends_though_nobody_takes_the_results(self) -> None:
        capture = Capture()
        camera = _Camera(1000)

        def submit(frame: Frame) -> None:
            result = PoseLandmarkerResult(poses=(), image_size=(1, 1), timestamp_ms=frame.timestamp_ms)
            capture.take_result(result, frame.image, frame.timestamp_ms)

        with capture:
            capture.start(camera, submit)  # type: ignore[arg-type]
            assert capture.next_result() is not None
        assert camera.closed.wait(1)
        assert capture.over

    def test_the_first_error_is_told(self) -> None:
        capture = Capture()
        for error in (EngineError("one"), EngineError("two")):
            capture.take_error(error)
        with pytest.raises(EngineError, match="one"):
            capture.next_result()


#: Runs the command line without a network.
_PROGRAM = """
import sys
import pytest
from pose_landmarker.cli.main import main
from tests.stand_in import install
with pytest.MonkeyPatch.context() as patch:
    install(patch)
    sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(os.name != "posix", reason="signals and pipes as in POSIX")
class TestProgram:
    @pytest.fixture
    def camera(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
        write_clip(tmp_path / "camera.mp4", 300, rate=30)
        (tmp_path / "run.py").write_text(_PROGRAM)
        return tmp_path

    def test_ctrl_c_is_a_good_end(self, camera: Path) -> None:
        command = [sys.executable, "run.py", "live", "camera.mp4", "--jsonl", "-", "-o", "out.mp4"]
        running = subprocess.Popen(
            command, cwd=camera, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert running.stdout is not None
        first = [running.stdout.readline() for _ in range(10)]  # each comes as soon as it is there
        running.send_signal(signal.SIGINT)
        rest, err = running.communicate(timeout=20)
        assert running.returncode == 0
        lines = _lines("".join(first) + rest)
        assert 10 <= len(lines) < 300
        assert err.startswith("camera.mp4: received ")
        with VideoReader(camera / "out.mp4") as reader:
            assert sum(1 for _ in reader) == len(lines)

    def test_a_closed_pipe_is_a_quiet_end_and_spoils_no_recording(self, camera: Path) -> None:
        command = f"'{sys.executable}' run.py live camera.mp4 --jsonl - -o out.mp4 | head -n 3"
        done = subprocess.run(
            ["bash", "-c", command], cwd=camera, capture_output=True, check=False, timeout=30
        )
        assert len(_lines(done.stdout.decode())) == 3
        assert done.stderr == b""
        with VideoReader(camera / "out.mp4") as reader:
            assert sum(1 for _ in reader) >= 3


def test_a_real_landmarker(
    tmp_path: Path, media: Path, model_file: Callable[[str], Path], capsys: Captured
) -> None:
    clip = media / "videos" / "tfjs_pose_1.mp4"
    model = ["-m", str(model_file("lite")), "--engine", "litert"]
    assert main(["live", str(clip), *model, "--seconds", "1", "--jsonl", "-"]) == 0
    out, err = capsys.readouterr()
    lines = _lines(out)
    assert len(lines) >= 3
    assert {pose["track_id"] for line in lines for pose in line["poses"]} == {1}
    assert lines[-1]["frame"] > len(lines) / 2
    assert "tfjs_pose_1.mp4: received " in err


def test_help_teaches(capsys: Captured) -> None:
    with pytest.raises(SystemExit):
        main(["live", "--help"])
    out = capsys.readouterr().out
    assert "pose-landmarker live --window" in out
    assert "exit status 0" in out
