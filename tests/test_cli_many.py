"""Many pictures and videos, or one in pieces, on the command line."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pose_landmarker import EngineError
from pose_landmarker.cli import turns
from pose_landmarker.cli.main import main
from pose_landmarker.cli.turns import Turns
from pose_landmarker.media import VideoReader, VideoWriter
from tests.clips import numbered, write_clip
from tests.stand_in import StandIn, install

Captured = pytest.CaptureFixture[str]

RATE = 25
#: Frames of the clips: the first one is through last.
LENGTHS = {"a.mp4": 60, "b.mp4": 5, "c.mp4": 20, "d.mp4": 1, "e.mp4": 30}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("clips")
    made = {name: write_clip(folder / name, length, rate=RATE) for name, length in LENGTHS.items()}
    made["long.mp4"] = write_clip(folder / "long.mp4", 170, rate=10)
    return {name: path.read_bytes() for name, path in made.items()}


@pytest.fixture
def folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clips: dict[str, bytes]
) -> Iterator[type[StandIn]]:
    """The current folder of a user who has clips and pictures; people are found without any network."""
    monkeypatch.chdir(tmp_path)
    for name in LENGTHS:
        Path(name).write_bytes(clips[name])
    Path("long").mkdir()
    Path("long/long.mp4").write_bytes(clips["long.mp4"])
    Path("photos").mkdir()
    for number in range(12):
        Image.fromarray(numbered(number)).save(f"photos/{number:02}.png")
    yield install(monkeypatch)
    assert not [t for t in threading.enumerate() if t.name.startswith("pose-landmarker")]
    assert all(made.closed for made in StandIn.made)


def _lines(path: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


def _files(folder: str) -> dict[str, bytes]:
    root = Path(folder)
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def _in_order(lines: list[dict[str, Any]]) -> list[tuple[str, int]]:
    return [(line["video"], line["frame"]) for line in lines]


_EXPECTED = [(name, number) for name, length in LENGTHS.items() for number in range(length)]


class TestPictures:
    def test_results_come_in_order_and_are_those_of_one_worker(
        self, folder: type[StandIn], capsys: Captured, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(StandIn, "on_frame", lambda frames: time.sleep(0.01 * (3 - frames % 4)))
        told = []
        for workers in ("1", "4"):
            assert main(["image", "photos", "-o", f"out{workers}", "--workers", workers]) == 0
            told.append(capsys.readouterr().out.replace(f"out{workers}", "out"))
        assert told[0] == told[1]
        assert re.findall(r"(\d\d)\.png ", told[1]) == [f"{number:02}" for number in range(12)]
        assert "12 pictures, 12 with people, 12 poses -> out" in told[1]
        assert _files("out1") == _files("out4")
        assert len(_files("out4")) == 24

    def test_every_worker_has_a_landmarker_with_its_share_of_threads(
        self, folder: type[StandIn], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        all_there = threading.Barrier(3)
        monkeypatch.setattr(StandIn, "on_frame", lambda frames: frames or all_there.wait(10))
        assert main(["image", "photos", "--json", "--workers", "3", "--threads", "2"]) == 0
        assert [made.options.threads for made in StandIn.made] == [2, 2, 2]
        assert sum(made.frames for made in StandIn.made) == 12

    def test_no_more_workers_than_pictures(self, folder: type[StandIn]) -> None:
        assert main(["image", "photos/01.png", "--json", "--workers", "3"]) == 0
        assert len(StandIn.made) == 1

    def test_bad_ones_spoil_no_others(self, folder: type[StandIn], capsys: Captured) -> None:
        Path("photos/03.png").write_bytes(b"\x89PNG\r\n\x1a\n no more")
        Path("photos/07x.jpg").write_bytes(b"")
        assert main(["image", "photos", "gone.png", "--json", "--workers", "3"]) == 1
        out, err = capsys.readouterr()
        names = [Path(json.loads(line)["image"]).stem for line in out.splitlines()]
        assert names == [f"{number:02}" for number in range(12) if number != 3]
        failed = [line.split(":")[0].strip() for line in err.splitlines()[1:]]
        assert err.startswith("3 of 14 failed:\n")
        assert failed == ["gone.png", str(Path("photos/03.png")), str(Path("photos/07x.jpg"))]

    def test_progress_with_rate_and_time_left(
        self, folder: type[StandIn], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        terminal = Terminal()
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setattr(StandIn, "delay_s", 0.03)
        assert main(["image", "photos", "--json", "--workers", "2"]) == 0
        assert re.search(r"\d+%\|.*\| \d+/12 \[[\d:]+<[\d:]+, +[\d.]+picture/s\]", terminal.getvalue())

    @pytest.mark.skipif(os.name != "posix", reason="signals as in POSIX")
    def test_an_interruption_finishes_what_was_begun(
        self, folder: type[StandIn], capsys: Captured, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _interrupt_at(monkeypatch, 2, times=1)
        assert main(["image", "photos", "--workers", "2"]) == 130
        out, err = capsys.readouterr()
        done = out.count("1 person")
        assert 3 <= done < 12
        assert f"{done} pictures, {done} with people" in out
        assert err == f"interrupted\n{12 - done} pictures not begun\n"
        assert len(_files("poses")) == 2 * done

    @pytest.mark.skipif(os.name != "posix", reason="signals as in POSIX")
    def test_a_second_one_aborts(
        self, folder: type[StandIn], capsys: Captured, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _interrupt_at(monkeypatch, 2, times=2)
        before = signal.getsignal(signal.SIGINT)
        assert main(["image", "photos", "--workers", "2"]) == 130
        assert capsys.readouterr().err == "interrupted\n"
        assert not [name for name in _files("poses") if not name.endswith(("_pose.png", "_pose.json"))]
        assert signal.getsignal(signal.SIGINT) is before


class TestVideos:
    def test_results_are_those_of_one_worker(self, folder: type[StandIn], capsys: Captured) -> None:
        told = []
        for workers in ("1", "3"):
            run = ["video", *LENGTHS, "-n", "2", "--workers", workers, "--jsonl", f"all{workers}.jsonl"]
            assert main([*run, "-o", f"out{workers}/"]) == 0
            out = capsys.readouterr().out.replace(f"out{workers}", "out").replace(f"all{workers}", "all")
            told.append(re.sub(r" in .*", "", out))
        assert told[0] == told[1]
        assert "5 videos, 5 with people, 116 frames" in told[1]
        assert re.findall(r"^(\w\.mp4) ", told[1], re.MULTILINE) == list(LENGTHS)
        first, second = _files("out1"), _files("out3")
        assert first.keys() == second.keys()
        assert len(second) == 10
        assert all(first[name] == second[name] for name in first if name.endswith(".jsonl"))
        for name, length in LENGTHS.items():
            with VideoReader(Path("out3", name).with_stem(f"{Path(name).stem}_pose")) as reader:
                assert [frame.index for frame in reader] == list(range(length))

    @pytest.mark.parametrize("room", [0, 1 << 18])
    def test_lines_of_all_keep_the_order_of_the_videos(
        self, folder: type[StandIn], capsys: Captured, monkeypatch: pytest.MonkeyPatch, room: int
    ) -> None:
        monkeypatch.setattr(turns, "_ROOM", room)  # 0: every line goes through the file
        monkeypatch.setattr(StandIn, "delay_s", 0.002)
        run = ["video", *LENGTHS, "--workers", "3", "--no-video", "--jsonl"]
        assert main([*run, "all.jsonl"]) == 0
        assert "5 videos, 5 with people, 116 frames in " in capsys.readouterr().out
        assert _in_order(_lines("all.jsonl")) == _EXPECTED
        assert main([*run, "-"]) == 0
        out, err = capsys.readouterr()
        assert _in_order([json.loads(line) for line in out.splitlines()]) == _EXPECTED
        assert re.findall(r"^(\w\.mp4) ", err, re.MULTILINE) == list(LENGTHS)

    def test_bad_ones_spoil_no_others(
        self, folder: type[StandIn], capsys: Captured, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail_in_the_middle(frames: int) -> None:
            if frames == 40:  # only the first clip is that long
                raise EngineError("the engine failed")

        monkeypatch.setattr(StandIn, "on_frame", fail_in_the_middle)
        Path("b.mp4").write_bytes(b"no video")
        names = [*LENGTHS, "gone.mp4"]
        assert main(["video", *names, "--workers", "5", "--jsonl", "all.jsonl", "-o", "out/"]) == 1
        out, err = capsys.readouterr()
        assert "3 videos, 3 with people, 51 frames" in out
        assert [line.split(":")[0].strip() for line in err.splitlines()] == [
            "3 of 6 failed",
            "gone.mp4",
            "a.mp4",
            "b.mp4",
        ]
        assert {name[0] for name in _files("out")} == {"c", "d", "e"}
        lines = _in_order(_lines("all.jsonl"))
        assert lines == [
            (name, n) for name, n in _EXPECTED if name != "b.mp4" and (name != "a.mp4" or n < 40)
        ]

    def test_one_bar_for_all_of_them(self, folder: type[StandIn], monkeypatch: pytest.MonkeyPatch) -> None:
        terminal = Terminal()
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setattr(StandIn, "delay_s", 0.02)
        assert main(["video", *LENGTHS, "--workers", "2", "--no-video"]) == 0
        shown = terminal.getvalue()
        assert "0/5 videos: " in shown
        assert re.search(r"[34]/5 videos: +\d+%\|.*\| \d+/116 \[[\d:]+<[\d:]+, +[\d.]+frame/s\]", shown)
        assert "a.mp4" not in shown

    def test_threads_of_decoders_and_encoders(
        self, folder: type[StandIn], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import cv2

        asked: list[tuple[str, Any]] = []
        for kind in (VideoReader, VideoWriter):
            monkeypatch.setattr(kind, "__init__", _spy(kind, asked))
        monkeypatch.setattr(StandIn, "on_frame", lambda _: asked.append(("cv2", cv2.getNumThreads())))
        before = cv2.getNumThreads()
        assert main(["video", "b.mp4", "d.mp4", "--workers", "2", "--threads", "1"]) == 0
        assert set(asked) == {("VideoReader", 1), ("VideoWriter", 1), ("cv2", 1)}
        asked.clear()
        assert main(["video", "b.mp4"]) == 0  # one alone has the machine
        assert set(asked) == {("VideoReader", None), ("VideoWriter", None), ("cv2", before)}
        assert cv2.getNumThreads() == before

    @pytest.mark.skipif(os.name != "posix", reason="signals as in POSIX")
    def test_an_interruption_finishes_all_that_were_begun(
        self, folder: type[StandIn], capsys: Captured, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(StandIn, "delay_s", 0.01)
        _interrupt_at(monkeypatch, 10, times=1)
        assert main(["video", "a.mp4", "long", "c.mp4", "--workers", "2", "--jsonl", "all.jsonl"]) == 130
        out, err = capsys.readouterr()
        assert "2 videos, 2 with people, " in out
        counts = []
        for name in ("a", "long"):
            lines = _lines(f"poses/{name}_pose.jsonl")
            with VideoReader(f"poses/{name}_pose.mp4") as reader:
                assert len(list(reader)) == len(lines)
            counts.append(len(lines))
            assert re.search(rf"{name}.mp4: interrupted at .* \(frame {len(lines) - 1}\): poses.*hold", err)
        assert 10 < max(counts) < 60
        assert err.endswith("1 video not begun\n")
        assert _in_order(_lines("all.jsonl")) == [
            *(("a.mp4", number) for number in range(counts[0])),
            *((str(Path("long/long.mp4")), number) for number in range(counts[1])),
        ]

    @pytest.mark.skipif(os.name != "posix", reason="signals as in POSIX")
    def test_a_second_one_aborts(
        self, folder: type[StandIn], capsys: Captured, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _interrupt_at(monkeypatch, 10, times=2)
        assert main(["video", "long", "a.mp4", "--workers", "2", "--jsonl", "all.jsonl"]) == 130
        assert capsys.readouterr().err == "interrupted\n"
        # The other worker may have finished its video in between; nothing is left half.
        assert len({name[:4] for name in _files("poses")}) <= 1
        assert all(re.fullmatch(r"(a|long)_pose.(mp4|jsonl)", name) for name in _files("poses"))
        assert not list(Path().glob("all.jsonl*"))

    def test_nobody_reads_any_more(self, folder: type[StandIn], monkeypatch: pytest.MonkeyPatch) -> None:
        class Closed(io.StringIO):
            def write(self, text: str) -> int:
                raise BrokenPipeError

        monkeypatch.setattr(StandIn, "delay_s", 0.02)
        monkeypatch.setattr(sys, "stdout", Closed())
        began = time.monotonic()
        assert main(["video", "long", "a.mp4", "--workers", "2", "--no-video", "--jsonl", "-"]) == 1
        assert time.monotonic() - began < 2  # all of it would take 3.4 s


class TestPieces:
    def test_a_video_in_pieces(self, folder: type[StandIn], capsys: Captured) -> None:
        run = ["video", "long/long.mp4", "-n", "2", "--trail"]
        assert main([*run, "-o", "whole.mp4", "--jsonl", "whole.jsonl"]) == 0
        capsys.readouterr()
        made = len(StandIn.made)
        pieces = ["--segments", "5", "--workers", "3"]
        assert main([*run, "-o", "out.mp4", "--jsonl", "out.jsonl", *pieces]) == 0
        assert "0:00.0 to 0:16.9  2 people  170 frames in " in capsys.readouterr().out
        assert len(StandIn.made) - made == 1 + 3  # one to try the options, one for each worker
        whole, lines = _lines("whole.jsonl"), _lines("out.jsonl")
        assert lines == whole
        with VideoReader("whole.mp4") as before, VideoReader("out.mp4") as after:
            for a, b in zip(before, after, strict=True):
                assert (a.index, a.time) == (b.index, b.time)
                if a.index % 50 == 0:
                    assert np.array_equal(a.image, b.image)

    def test_without_pictures_and_of_several_videos(self, folder: type[StandIn], capsys: Captured) -> None:
        Path("broken.mp4").write_bytes(b"no video")
        run = ["video", "c.mp4", "broken.mp4", "long", "--segments", "5", "--workers", "2"]
        assert main([*run, "--no-video"]) == 1
        out, err = capsys.readouterr()
        assert "2 videos, 2 with people, 190 frames in " in out
        assert err.startswith("1 of 3 failed:\n  broken.mp4: not a video")
        assert [line["frame"] for line in _lines("poses/long_pose.jsonl")] == list(range(170))
        assert set(_files("poses")) == {"c_pose.jsonl", "long_pose.jsonl"}

    def test_a_frame_that_cannot_be_read_again_is_a_problem(
        self, folder: type[StandIn], capsys: Captured, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from pose_landmarker.cli import finding

        real = finding._Pictures.of
        monkeypatch.setattr(finding._Pictures, "of", lambda self, n: None if n == 3 else real(self, n))
        assert main(["video", "c.mp4", "-o", "out.mp4", "--segments"]) == 0
        assert "warning: c.mp4: frame 3 could not be read again, and is not drawn" in capsys.readouterr().err
        with VideoReader("out.mp4") as reader:
            assert len(list(reader)) == 19

    def test_pictures_are_found_by_their_number(self, folder: type[StandIn]) -> None:
        from pose_landmarker.cli.finding import _Pictures
        from tests.clips import number_of

        with VideoReader("c.mp4", every=2) as reader:
            pictures = _Pictures(reader)
            found = [pictures.of(number) for number in (0, 1, 2, 7, 8, 30)]
        assert [None if image is None else number_of(image) for image in found] == [0, None, 2, None, 8, None]

    @pytest.mark.skipif(os.name != "posix", reason="signals as in POSIX")
    def test_an_interruption_keeps_what_was_done(
        self, folder: type[StandIn], capsys: Captured, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(StandIn, "delay_s", 0.01)
        _interrupt_at(monkeypatch, 20, times=1)
        run = ["video", "long/long.mp4", "--segments", "5", "--workers", "2", "-o", "out.mp4"]
        assert main(run) == 130
        assert re.search(
            r"interrupted at 0:0\d\.\d of 0:17\.0 \(frame \d+\): out.mp4 holds", capsys.readouterr().err
        )
        with VideoReader("out.mp4") as reader:
            assert 1 <= len(list(reader)) < 170

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--segments", "2"], "--segments must be 5 or more, not 2"),
            (["--segments", "nan"], "--segments"),
            (["--segments", "--start", "3"], "--segments is for whole videos; leave out --start"),
            (["--segments", "--end", "3"], "leave out --end"),
            (["--segments", "--every", "2"], "leave out --every"),
            (["--segments", "--fps", "25"], "leave out --fps"),
            (["--segments", "--subject", "largest"], "--segments cannot follow a --subject"),
            (["--segments", "--num-poses", "0"], "num_poses must be a whole number ≥ 1, not 0"),
            (["--segments", "--workers", "0"], "--workers must be a whole number ≥ 1, not 0"),
            (["--workers", "0"], "--workers must be a whole number ≥ 1, not 0"),
            (["--workers", "-1"], "--workers must be a whole number ≥ 1, not -1"),
        ],
    )
    def test_wrong_options_are_one_sentence(
        self, folder: type[StandIn], capsys: Captured, arguments: list[str], message: str
    ) -> None:
        assert main(["video", "c.mp4", "b.mp4", *arguments]) == 2
        out, err = capsys.readouterr()
        assert message in err
        assert err.startswith("pose-landmarker: error: ")
        assert err.count("\n") == 1
        assert out == ""
        assert not _files("poses")

    def test_what_is_no_number(self, folder: type[StandIn], capsys: Captured) -> None:
        for command in (["video", "--segments", "c.mp4"], ["image", "photos", "--workers", "x"]):
            with pytest.raises(SystemExit):
                main(command)
        err = capsys.readouterr().err
        assert "put --segments last, or write --segments=30" in err
        assert "argument --workers: invalid int value: 'x'" in err

    def test_live_has_no_workers(self, capsys: Captured) -> None:
        with pytest.raises(SystemExit):
            main(["live", "--workers", "2"])
        assert "unrecognized arguments: --workers" in capsys.readouterr().err


class TestTurns:
    def test_lines_wait_for_their_turn(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(turns, "_ROOM", 20)
        said: list[str] = []

        class Sink:
            def write(self, line: str) -> None:
                said.append(line)

        lines = Turns([Sink()])
        first, second, third = (lines.of(number)[0] for number in range(3))
        third.write("only one, ü")
        lines.put_away(2)
        for number in range(9):
            second.write(f"second {number}")
        first.write("first")
        assert said == ["first"]
        lines.finish(0)
        assert said == ["first"]
        second.write("second 9")
        assert said == ["first", *(f"second {number}" for number in range(10))]
        lines.finish(1)
        assert said[-1] == "second 9"
        lines.finish(2)
        assert said[-1] == "only one, ü"
        lines.close()

    def test_nobody_wants_lines(self) -> None:
        lines = Turns([])
        assert lines.of(0) == []
        lines.finish(0)
        lines.close()

    @pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs a device that is always full")
    def test_lines_that_cannot_be_written_fail_their_video(
        self, folder: type[StandIn], capsys: Captured, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(StandIn, "delay_s", 0.002)
        run = ["video", "a.mp4", "b.mp4", "--workers", "2", "--no-video", "-o", "out", "--jsonl", "/dev/full"]
        assert main(run) == 1
        err = capsys.readouterr().err
        assert err.startswith("2 of 2 failed:\n  a.mp4: ")
        assert err.count("No space left") == 2


def test_threads_of_a_writer(tmp_path: Path) -> None:
    for threads in (1, 2):
        with VideoWriter(tmp_path / "out.mp4", threads=threads) as writer:
            writer.write(numbered(1), 0)
            assert writer._stream.codec_context.thread_count == threads
    with pytest.raises(ValueError, match="threads must be a whole number ≥ 1"):
        VideoWriter(tmp_path / "out.mp4", threads=0)


def _interrupt_at(patch: pytest.MonkeyPatch, frame: int, times: int) -> None:
    """Ctrl-C, or two, when a landmarker comes to a frame; the first one that does."""
    begun = threading.Lock()

    def interrupt(frames: int) -> None:
        if frames == frame and begun.acquire(blocking=False):
            for _ in range(times):
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(0.1)  # two in a moment would be one

    patch.setattr(StandIn, "on_frame", interrupt)


def _spy(kind: Any, asked: list[tuple[str, Any]]) -> Any:
    real = kind.__init__

    def init(self: Any, *arguments: Any, **options: Any) -> None:
        asked.append((kind.__name__, options.get("threads")))
        real(self, *arguments, **options)

    return init
