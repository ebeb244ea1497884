"""Videos, cameras, streams and folders of pictures as frames with exact times."""

from __future__ import annotations

import errno
import functools
import http.server
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from pose_landmarker.arrays import RgbImage
from pose_landmarker.errors import (
    ClosedError,
    MissingExtraError,
    OptionError,
    OptionTypeError,
    VideoError,
)
from pose_landmarker.media import Frame, VideoReader, decoder, source
from pose_landmarker.media.picture_stream import PictureStream
from pose_landmarker.media.pixels import RgbConverter
from pose_landmarker.media.timeline import Timeline
from tests.clips import (
    MATRIX_NUMBERS,
    SIZE,
    error_of,
    number_of,
    numbered,
    patches,
    read,
    strictly_increasing,
    truncate,
    turn_clip,
    write_clip,
    write_planes,
    yuv_planes,
)

#: Formats that differ in what they know about times, each with an encoder and options.
FORMATS = {
    "mp4": ("a.mp4", "libx264", {}, {}),
    "fragments": ("a.mp4", "libx264", {}, {"movflags": "frag_keyframe+empty_moov"}),
    "open groups": ("a.mkv", "libx264", {"x264-params": "open-gop=1:scenecut=0"}, {}),
    "webm": ("a.webm", "libvpx-vp9", {"g": "10", "deadline": "realtime", "cpu-used": "8"}, {}),
    "vp8": ("a.webm", "libvpx", {"g": "10", "deadline": "realtime", "cpu-used": "8"}, {}),
    "transport": ("a.ts", "libx264", {}, {}),
    "avi": ("a.avi", "libx264", {}, {}),
    "mpeg4": ("a.avi", "mpeg4", {"g": "10", "bf": "2"}, {}),
    "program": ("a.mpg", "mpeg1video", {"g": "10", "bf": "2"}, {}),
}


def keys(frames: Iterator[Frame] | list[Frame]) -> list[tuple[int, Fraction, int]]:
    return [(frame.index, frame.time, frame.timestamp_ms) for frame in frames]


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """30 numbered pictures, 25 a second."""
    return write_clip(tmp_path / "clip.mp4", 30)


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A video of 40 pictures of every kind."""
    return {
        kind: write_clip(
            tmp_path_factory.mktemp("clips") / name,
            40,
            codec=codec,
            options=options,
            container_options=container_options,
        )
        for kind, (name, codec, options, container_options) in FORMATS.items()
    }


class TestTimes:
    @pytest.mark.parametrize("kind", FORMATS)
    def test_every_picture_comes_at_its_time(self, kind: str, tmp_path: Path) -> None:
        name, codec, options, container_options = FORMATS[kind]
        path = write_clip(
            tmp_path / name, 30, codec=codec, options=options, container_options=container_options
        )
        with VideoReader(path) as reader:
            frames = list(reader)
        assert [number_of(frame.image) for frame in frames] == list(range(30))
        assert keys(frames) == [(n, Fraction(n, 25), 40 * n) for n in range(30)]
        assert reader.problems == ()
        assert reader.num_frames == 30 or kind == "program"  # which knows times of few pictures

    def test_2997_is_30000_by_1001(self, tmp_path: Path) -> None:
        rate = Fraction(30000, 1001)
        frames = read(write_clip(tmp_path / "a.mp4", 5, rate=rate))
        assert [frame.time for frame in frames] == [Fraction(n * 1001, 30000) for n in range(5)]
        assert [frame.timestamp_ms for frame in frames] == [0, 33, 67, 100, 133]

    def test_a_variable_rate_stays_one(self, tmp_path: Path) -> None:
        times = [Fraction(n, 600) for n in (0, 10, 21, 80, 90, 500, 501)]
        frames = read(write_clip(tmp_path / "a.mp4", times, tick=Fraction(1, 600)))
        assert [frame.time for frame in frames] == times

    def test_times_count_from_the_first_frame(self, tmp_path: Path) -> None:
        times = [Fraction(n, 25) for n in range(100, 105)]
        frames = read(write_clip(tmp_path / "a.mkv", times))
        assert [frame.time for frame in frames] == [Fraction(n, 25) for n in range(5)]

    def test_milliseconds_increase_below_a_millisecond(self, tmp_path: Path) -> None:
        times = [Fraction(n, 10_000) for n in (0, 2, 4, 40, 41, 100)]
        frames = read(write_clip(tmp_path / "a.mp4", times, tick=Fraction(1, 10_000)))
        assert [frame.time for frame in frames] == times
        assert [frame.timestamp_ms for frame in frames] == [0, 1, 2, 4, 5, 10]

    def test_a_stream_without_times_goes_by_its_rate(self, tmp_path: Path) -> None:
        frames = read(write_clip(tmp_path / "a.h264", 10))
        assert keys(frames) == [(n, Fraction(n, 25), 40 * n) for n in range(10)]

    def test_what_goes_back_in_time_is_left_out(self, tmp_path: Path) -> None:
        path = tmp_path / "a.mkv"
        with av.open(str(path), "w") as out:
            stream: Any = out.add_stream("mjpeg", rate=25)
            stream.width, stream.height = SIZE
            stream.pix_fmt = "yuvj420p"
            for number, pts in enumerate((0, 40, 80, 80, 120)):
                frame = av.VideoFrame.from_ndarray(numbered(number)).reformat(format="yuvj420p")
                frame.pts, frame.time_base = number, Fraction(1, 25)
                for packet in stream.encode(frame):
                    packet.pts = packet.dts = pts
                    packet.time_base = Fraction(1, 1000)
                    out.mux(packet)
        with VideoReader(path) as reader:
            frames = list(reader)
        assert [frame.index for frame in frames] == [0, 1, 2, 4]
        assert [number_of(frame.image) for frame in frames] == [0, 1, 2, 4]
        assert "after frame 2 (0.080 s)" in reader.problems[0]

    def test_gif(self, tmp_path: Path) -> None:
        pictures = [Image.fromarray(numbered(n)) for n in range(4)]
        path = tmp_path / "a.gif"
        pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=[50, 200, 70, 90])
        with VideoReader(path) as reader:
            frames = list(reader)
        assert [number_of(frame.image) for frame in frames] == [0, 1, 2, 3]
        assert [frame.timestamp_ms for frame in frames] == [0, 50, 250, 320]
        assert reader.problems == ()


class TestSelection:
    @pytest.mark.parametrize("kind", FORMATS)
    @pytest.mark.parametrize(
        ("start", "end", "every"),
        [
            (0.6, None, 1),
            (Fraction(27, 25), 1.16, 1),
            (None, 0.5, 3),
            (0.45, 2, 4),
            (Fraction(19, 25), None, 1),
        ],
    )
    def test_is_a_part_of_the_whole(
        self, kind: str, start: Any, end: Any, every: int, paths: dict[str, Path]
    ) -> None:
        path = paths[kind]
        wanted = [n for n in range(40) if (start or 0) <= n / 25 < (end or 9) and n % every == 0]
        with VideoReader(path, start=start, end=end, every=every) as reader:
            assert reader.num_frames == len(wanted) or kind == "program"
            frames = list(reader)
        assert keys(frames) == [(n, Fraction(n, 25), 40 * n) for n in wanted]
        assert [number_of(frame.image) for frame in frames] == wanted
        assert reader.problems == ()

    def test_a_start_decodes_from_the_key_frame_before(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen = []
        place = Timeline.place

        def spy(self: Timeline, pts: int | None) -> bool:
            seen.append(pts)
            return place(self, pts)

        monkeypatch.setattr(Timeline, "place", spy)
        path = write_clip(tmp_path / "a.mp4", 100, options={"x264-params": "scenecut=0"})
        assert [number_of(frame.image) for frame in read(path, start=3.8)] == [95, 96, 97, 98, 99]
        assert len(seen) == 1 + 10  # the first frame, and those from number 90 on

    def test_the_time_of_a_frame_starts_with_it(self, tmp_path: Path) -> None:
        path = write_clip(tmp_path / "a.mp4", 20, rate=30)
        for number in (3, 7, 14):
            assert read(path, start=number / 30)[0].index == number
            assert read(path, end=number / 30)[-1].index == number - 1

    def test_beyond_the_end_there_is_nothing(self, clip: Path) -> None:
        with VideoReader(clip, start=100) as reader:
            assert reader.num_frames == 0
            assert list(reader) == []
            assert list(reader) == []

    def test_frames_that_are_left_out_are_not_converted(
        self, clip: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with VideoReader(clip, every=10) as reader:
            conversions = []
            convert = RgbConverter.__call__

            def spy(self: RgbConverter, frame: av.VideoFrame) -> RgbImage:
                conversions.append(frame.pts)
                return convert(self, frame)

            monkeypatch.setattr(RgbConverter, "__call__", spy)
            assert len(list(reader)) == 3
        assert len(conversions) == 2  # the first one was converted to know the size

    @pytest.mark.parametrize(
        ("options", "error", "words"),
        [
            ({"start": "1"}, OptionTypeError, "start must be a number of seconds, not '1'"),
            ({"end": True}, OptionTypeError, "end must be"),
            ({"start": float("nan")}, OptionError, "not nan"),
            ({"start": 2, "end": 1}, OptionError, "end must be later than start"),
            ({"every": 0}, OptionError, "every must be a whole number ≥ 1, not 0"),
            ({"every": 1.5}, OptionTypeError, "every"),
            ({"fps": 25}, OptionError, "times of its own"),
            ({"fps": -1}, OptionError, "fps must be"),
        ],
    )
    def test_nonsense_is_refused(
        self, clip: Path, options: dict[str, Any], error: type[Exception], words: str
    ) -> None:
        with pytest.raises(error, match=words):
            VideoReader(clip, **options)


class TestColours:
    @pytest.mark.parametrize("matrix", ["bt601", "bt709", "bt2020"])
    @pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
    @pytest.mark.parametrize("bits", [8, 10])
    def test_are_those_that_the_file_is_tagged_with(
        self, matrix: str, full: bool, bits: int, tmp_path: Path
    ) -> None:
        planes = yuv_planes(matrix, full=full, bits=bits)
        pixel_format = "yuv420p" if bits == 8 else "yuv420p10le"
        number = MATRIX_NUMBERS[matrix]
        path = write_planes(tmp_path / "a.mkv", planes, pixel_format, matrix=number, full=1 + full)
        assert error_of(read(path)[0].image) <= 3

    def test_without_tags_are_bt601_of_limited_range(self, tmp_path: Path) -> None:
        path = write_planes(tmp_path / "a.mkv", yuv_planes("bt601", full=False), "yuv420p")
        assert error_of(read(path)[0].image) <= 3

    def test_of_jpeg_are_of_full_range(self, tmp_path: Path) -> None:
        path = write_clip(tmp_path / "a.mov", 1, codec="mjpeg", pictures=[patches()], pixel_format="yuvj420p")
        assert error_of(read(path)[0].image) <= 6

    @pytest.mark.parametrize("matrix", [8, 10, 14])  # YCgCo, BT.2020 constant, ICtCp
    def test_of_a_matrix_that_swscale_refuses(self, matrix: int, tmp_path: Path) -> None:
        planes = yuv_planes("bt2020", full=False)
        path = write_planes(tmp_path / "a.mkv", planes, "yuv420p", matrix=matrix, full=1)
        assert read(path)[0].image.shape == (32, 192, 3)

    def test_grey(self, tmp_path: Path) -> None:
        ramp = np.arange(0, 250, 5, dtype=np.uint8)[None].repeat(20, 0)
        path = write_planes(tmp_path / "a.mkv", [ramp], "gray", full=2)
        image = read(path)[0].image
        assert np.array_equal(image, ramp[..., None].repeat(3, 2))

    def test_transparency_is_ignored(self, tmp_path: Path) -> None:
        picture = numbered(5)
        with av.open(str(tmp_path / "a.mkv"), "w") as out:
            stream: Any = out.add_stream("ffv1", rate=25)
            stream.width, stream.height, stream.pix_fmt = *SIZE, "bgra"
            rgba = np.dstack([picture, np.full(picture.shape[:2], 7, np.uint8)])
            out.mux(stream.encode(av.VideoFrame.from_ndarray(rgba, format="rgba").reformat(format="bgra")))
            out.mux(stream.encode(None))
        assert np.array_equal(read(tmp_path / "a.mkv")[0].image, picture)

    def test_pixels_are_those_of_the_default_conversion(self, media: Path) -> None:
        """The reference's results for videos were made with it."""
        for name in ("gym_jumping_jacks.mp4", "home_squat_dark.mp4", "openpose_street_dance.avi"):
            path = media / "videos" / name
            with av.open(str(path)) as plain, VideoReader(path) as reader:
                for frame, ours in zip(plain.decode(video=0), (next(reader) for _ in range(3)), strict=False):
                    assert np.array_equal(frame.to_ndarray(format="rgb24"), ours.image)


class TestShapes:
    #: (a, b, c, d) of display matrices, and the picture as it is meant.
    TURNS: tuple[tuple[tuple[int, int, int, int], Callable[[RgbImage], RgbImage]], ...] = (
        ((1, 0, 0, 1), lambda image: image),
        ((0, 1, -1, 0), lambda image: np.rot90(image, -1)),  # a phone held upright
        ((-1, 0, 0, -1), lambda image: np.rot90(image, 2)),
        ((0, -1, 1, 0), lambda image: np.rot90(image, 1)),
        ((-1, 0, 0, 1), lambda image: image[:, ::-1]),  # a mirror
        ((1, 0, 0, -1), lambda image: image[::-1]),
        ((0, 1, 1, 0), lambda image: image.transpose(1, 0, 2)),
        ((0, -1, -1, 0), lambda image: np.rot90(image, 2).transpose(1, 0, 2)),
    )

    @pytest.mark.parametrize("matrix", range(len(TURNS)))
    def test_frames_stand_upright(self, matrix: int, tmp_path: Path) -> None:
        numbers, turned = self.TURNS[matrix]
        path = write_clip(tmp_path / "a.mp4", 2)
        lying = read(path)[1].image
        with VideoReader(turn_clip(path, *numbers)) as reader:
            image = list(reader)[1].image
        assert np.array_equal(image, turned(lying))
        assert reader.size == (image.shape[1], image.shape[0])
        assert image.flags.c_contiguous
        assert image.flags.writeable

    @pytest.mark.parametrize("size", [(321, 241), (17, 33), (80, 49)])
    def test_odd_sizes(self, size: tuple[int, int], tmp_path: Path) -> None:
        picture = numbered(21, (max(size[0], 80), size[1]))[:, : size[0]]
        path = write_clip(tmp_path / "a.mkv", 1, codec="ffv1", pictures=[picture])
        with VideoReader(path) as reader:
            frame = next(reader)
        assert reader.size == size
        assert frame.image.shape == (size[1], size[0], 3)
        assert np.abs(frame.image.astype(int) - picture).max() < 40  # chroma is of half the size

    def test_a_size_that_changes(self, tmp_path: Path) -> None:
        times = [[Fraction(n, 25) for n in range(50)], [Fraction(n, 25) for n in range(60, 70)]]
        parts = [
            write_clip(tmp_path / f"{n}.ts", times[n], pictures=[numbered(n, size)] * 50)
            for n, size in enumerate([(80, 48), (160, 96)])
        ]
        path = tmp_path / "a.ts"
        path.write_bytes(b"".join(part.read_bytes() for part in parts))
        frames = read(path)
        assert [frame.image.shape for frame in frames] == [(48, 80, 3)] * 50 + [(96, 160, 3)] * 10
        assert strictly_increasing([frame.time for frame in frames])

    def test_two_recordings_in_one_file(self, tmp_path: Path) -> None:
        one = write_clip(tmp_path / "one.ts", 50).read_bytes()
        (tmp_path / "two.ts").write_bytes(one + one)
        with VideoReader(tmp_path / "two.ts") as reader:
            frames = list(reader)
        assert [frame.time for frame in frames] == [Fraction(n, 25) for n in range(100)]
        assert [number_of(frame.image) for frame in frames] == [*range(50), *range(50)]
        assert "the clock of the file begins anew after frame 49 (1.960 s)" in reader.problems

    @pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
    def test_interlaced(self, name: str, tmp_path: Path) -> None:
        options = {"x264-params": "interlaced=1", "flags": "+ildct+ilme"}
        pictures = [numbered(n, (80, 64)) for n in range(30)]
        path = write_clip(tmp_path / name, 30, pictures=pictures, options=options)
        with VideoReader(path, start=0.5) as reader:
            frames = list(reader)
        assert keys(frames) == [(n, Fraction(n, 25), 40 * n) for n in range(13, 30)]
        assert reader.problems == ()

    def test_frames_do_not_share_memory(self, clip: Path) -> None:
        frames = read(clip)
        frames[3].image[:] = 0
        assert number_of(frames[4].image) == 4


class TestDamage:
    @pytest.mark.parametrize("kind", ["mp4", "avi", "open groups"])
    def test_a_file_that_ends_early_gives_its_frames(self, kind: str, tmp_path: Path) -> None:
        name, codec, options, _ = FORMATS[kind]
        options = options | {"bf": "0"}  # else some of the last ones are missing
        path = write_clip(
            tmp_path / name, 100, codec=codec, options=options, container_options={"movflags": "faststart"}
        )
        with VideoReader(truncate(path, 0.6)) as reader:
            frames = list(reader)
        assert 20 < len(frames) < 90
        assert [number_of(frame.image) for frame in frames] == list(range(len(frames)))
        last = frames[-1]
        assert f"after frame {last.index} ({last.time_s:.3f} s)" in reader.problems[-1]
        assert "ends early" in reader.problems[-1]

    def test_broken_data_in_the_middle(self, tmp_path: Path) -> None:
        path = write_clip(tmp_path / "a.mov", 40, codec="mjpeg", pixel_format="yuvj420p")
        content = bytearray(path.read_bytes())
        with av.open(str(path)) as plain:
            packets = [(packet.pos or 0, packet.size) for packet in plain.demux(video=0)]
        for start, size in packets[20:22]:
            content[start : start + size] = bytes(size)
        path.write_bytes(content)
        with VideoReader(path) as reader:
            frames = list(reader)
        assert [frame.index for frame in frames] == [n for n in range(40) if n not in (20, 21)]
        assert all(number_of(frame.image) == frame.index for frame in frames)
        assert reader.problems == ("broken data after frame 19 (0.760 s): 2 pictures cannot be decoded",)
        assert keys(read(path, start=1)) == keys(frames)[-15:]

    def test_noise_in_h264_is_survived_and_told(self, tmp_path: Path) -> None:
        path = write_clip(tmp_path / "a.mp4", 60, container_options={"movflags": "faststart"})
        content = bytearray(path.read_bytes())
        noise = np.random.default_rng(3).integers(0, 256, len(content) // 5, np.uint8)
        content[len(content) // 2 : len(content) // 2 + len(noise)] = noise.tobytes()
        path.write_bytes(content)
        with VideoReader(path) as reader:
            frames = list(reader)
        assert len(frames) > 20
        assert strictly_increasing([frame.time for frame in frames])
        assert strictly_increasing([frame.index for frame in frames])
        assert reader.problems
        assert all("frame" in problem for problem in reader.problems)

    def test_a_disk_that_fails_ends_the_frames(self, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        read_packet = decoder.Decoder._read
        calls: list[int] = []

        def failing(self: decoder.Decoder, packets: Any) -> Any:
            calls.append(1)
            if len(calls) > 10:
                raise OSError(errno.EIO, "Input/output error")
            return read_packet(self, packets)

        monkeypatch.setattr(decoder.Decoder, "_read", failing)
        with VideoReader(clip) as reader:
            frames = list(reader)
        assert len(frames) == 10
        assert reader.problems[0].startswith("reading ended after frame ")
        assert reader.problems[0].endswith("Input/output error")
        assert "the video ends early: after frame 9 (0.360 s) of 30 frames" in reader.problems

    def test_a_picture_that_cannot_be_converted(self, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        convert = RgbConverter.__call__

        def picky(self: RgbConverter, frame: av.VideoFrame) -> RgbImage:
            image = convert(self, frame)
            if number_of(image) == 7:
                raise ValueError("no")
            return image

        monkeypatch.setattr(RgbConverter, "__call__", picky)
        with VideoReader(clip) as reader:
            assert [frame.index for frame in reader] == [n for n in range(30) if n != 7]
        assert reader.problems == ("a picture was left out: it cannot be converted to RGB (no)",)

    def test_nothing_is_written_to_the_terminal(self, clip: Path) -> None:
        truncate(clip, 0.9)
        damaged = bytearray(clip.read_bytes())
        damaged[900:1500] = bytes(600)
        code = (
            "import sys; from pose_landmarker.media import VideoReader\n"
            "for path in sys.argv[1:]:\n"
            "    try: print(len(list(VideoReader(path))))\n"
            "    except OSError as error: print(type(error).__name__)\n"
        )
        other = clip.with_name("other.avi")
        truncate(write_clip(other, 30, codec="mpeg4"), 0.7)
        command = [sys.executable, "-W", "error", "-c", code, str(clip), str(other)]
        outcome = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert outcome.returncode == 0, outcome.stderr
        assert outcome.stderr == ""
        assert len(outcome.stdout.split()) == 2

    def test_problems_do_not_fill_the_memory(self) -> None:
        from pose_landmarker.media.problems import Problems

        problems = Problems()
        for number in range(250):
            problems.add(f"number {number}")
        assert len(problems.as_tuple()) == 101
        assert problems.as_tuple()[-1] == "... and 150 more problems"


class TestUnopenable:
    def refusal(self, source: object, **options: Any) -> str:
        with pytest.raises(VideoError) as caught:
            VideoReader(source, **options)  # type: ignore[arg-type]
        return str(caught.value)

    def test_says_why(self, tmp_path: Path, clip: Path) -> None:
        (tmp_path / "empty.mp4").touch()
        (tmp_path / "text.mp4").write_text("Not a video at all.\n" * 100)
        (tmp_path / "plain.txt").write_text("Not a video at all.\n" * 100)
        whole = clip.read_bytes()
        (tmp_path / "half.mp4").write_bytes(whole[: whole.index(b"moov") - 4])
        (tmp_path / "folder").mkdir()
        assert "there is no such file" in self.refusal(tmp_path / "none.mp4")
        assert "the file is empty" in self.refusal(tmp_path / "empty.mp4")
        assert "not a video" in self.refusal(tmp_path / "text.mp4")
        assert "not a video" in self.refusal(tmp_path / "plain.txt")
        assert "its index is missing" in self.refusal(tmp_path / "half.mp4")
        assert "no pictures in this folder" in self.refusal(tmp_path / "folder", fps=5)
        for name in ("none.mp4", "empty.mp4", "text.mp4", "half.mp4"):
            assert name in self.refusal(tmp_path / name)

    def test_sound_alone(self, tmp_path: Path) -> None:
        with av.open(str(tmp_path / "a.mp4"), "w") as out:
            stream: Any = out.add_stream("aac", rate=8000)
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), "fltp", "mono")
            silence.rate = 8000
            out.mux(stream.encode(silence))
            out.mux(stream.encode(None))
        assert "no pictures in it (only sound)" in self.refusal(tmp_path / "a.mp4")

    @pytest.mark.parametrize("name", ["", "a\0b.mp4"])
    def test_names_that_no_file_has(self, name: str) -> None:
        with pytest.raises((OptionError, VideoError)):
            VideoReader(name)

    @pytest.mark.parametrize("wrong", [None, 1.5, b"a.mp4"[0:0] or ["a.mp4"], True])
    def test_other_types(self, wrong: object) -> None:
        with pytest.raises(OptionTypeError, match="source must be"):
            VideoReader(wrong)  # type: ignore[arg-type]

    @pytest.mark.skipif(sys.platform == "win32", reason="has no such pipes")
    def test_a_pipe_is_not_waited_for(self, tmp_path: Path) -> None:
        import os

        os.mkfifo(tmp_path / "pipe.mp4")
        assert "a pipe or a device" in self.refusal(tmp_path / "pipe.mp4")

    def test_a_file_whose_name_looks_like_an_address(self, tmp_path: Path, clip: Path) -> None:
        odd = clip.rename(tmp_path / "data:1,%03d #?.mp4")
        assert len(read(odd)) == 30
        assert len(read(odd.as_uri())) == 30

    def test_without_pyav(self, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "av", None)
        with pytest.raises(
            MissingExtraError, match=r"videos need PyAV: pip install 'pose-landmarker\[video\]'"
        ):
            VideoReader(clip)

    def test_with_an_old_pyav(self, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(av, "__version__", "14.2.0")
        with pytest.raises(MissingExtraError, match=r"PyAV 17 or newer, not 14\.2\.0"):
            VideoReader(clip)

    def test_importing_does_not_import_pyav(self) -> None:
        code = "import sys, pose_landmarker.media; assert 'av' not in sys.modules"
        subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


class TestAddresses:
    @pytest.fixture
    def server(self, tmp_path: Path) -> Iterator[str]:
        handler = functools.partial(_Quiet, directory=str(tmp_path))
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            thread = threading.Thread(target=server.serve_forever, daemon=True)
            thread.start()
            yield f"http://127.0.0.1:{server.server_address[1]}"
            server.shutdown()
            thread.join()

    def test_a_file_of_a_server(self, server: str, clip: Path) -> None:
        with VideoReader(f"{server}/{clip.name}", start=0.8) as reader:
            assert [number_of(frame.image) for frame in reader] == list(range(20, 30))
        assert not reader.live

    def test_what_a_server_does_not_have(self, server: str) -> None:
        with pytest.raises(VideoError, match=r"none\.mp4: .*404"):
            VideoReader(f"{server}/none.mp4")

    @pytest.mark.parametrize("scheme", ["http", "rtsp", "tcp"])
    def test_nobody_there_is_known_at_once(self, scheme: str) -> None:
        with socket.socket() as taken:  # bound, but not listening
            taken.bind(("127.0.0.1", 0))
            begin = time.monotonic()
            with pytest.raises(VideoError, match=r"connection refused|nothing answers"):
                VideoReader(f"{scheme}://127.0.0.1:{taken.getsockname()[1]}/a")
        assert time.monotonic() - begin < 5

    def test_a_server_that_never_answers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(source, "TIMEOUT_S", 0.3)
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            begin = time.monotonic()
            with pytest.raises(VideoError, match="no answer"):
                VideoReader(f"http://127.0.0.1:{silent.getsockname()[1]}/a.mp4")
        assert time.monotonic() - begin < 5

    def test_unknown_kinds(self) -> None:
        with pytest.raises(VideoError, match="addresses of this kind are unknown"):
            VideoReader("gopherx://example.invalid/a")


class TestClosing:
    def test_twice(self, clip: Path) -> None:
        reader = VideoReader(clip)
        assert next(reader).index == 0
        reader.close()
        reader.close()
        with pytest.raises(ClosedError, match="this VideoReader is closed"):
            next(reader)

    def test_from_another_thread(self, clip: Path) -> None:
        reader = VideoReader(clip)
        seen: list[int] = []

        def iterate() -> None:
            try:
                seen.extend(frame.index for frame in reader)
            except ClosedError:
                seen.append(-1)

        thread = threading.Thread(target=iterate)
        thread.start()
        reader.close()
        thread.join(10)
        assert not thread.is_alive()

    def test_the_first_frame_is_not_decoded_twice(self, clip: Path) -> None:
        with VideoReader(clip) as reader:
            assert next(reader).index == 0
            assert next(reader).index == 1

    def test_what_it_prints(self, clip: Path) -> None:
        with VideoReader(clip) as reader:
            assert repr(reader) == f"<VideoReader of {clip!r}, 80x48>"
            assert reader.fps == 25
            assert reader.duration == Fraction(6, 5)

    def test_a_key_picture_that_is_elsewhere_is_no_loss(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = write_clip(tmp_path / "a.mp4", 50)
        landing = PictureStream._landing

        def wrong(self: PictureStream, start: Fraction) -> Any:
            right = landing(self, start)
            assert right is not None
            return type(right)(right.at, right.pts + 1, right.index)

        monkeypatch.setattr(PictureStream, "_landing", wrong)
        frames = read(path, start=1.5)
        assert [(frame.index, number_of(frame.image)) for frame in frames] == [(n, n) for n in range(38, 50)]


class TestRealVideos:
    @pytest.mark.parametrize(
        ("name", "count", "size"),
        [
            ("s2d_run_side.mp4", 47, (480, 352)),
            ("ntu_drink_single.avi", 103, (1920, 1080)),
            ("intel_walk_to_camera.gif", 35, (480, 270)),
        ],
    )
    def test_all_frames(self, media: Path, name: str, count: int, size: tuple[int, int]) -> None:
        with VideoReader(media / "videos" / name, every=8) as reader:
            frames = list(reader)
        assert reader.size == size
        assert [frame.index for frame in frames] == list(range(0, count, 8))
        assert strictly_increasing([frame.timestamp_ms for frame in frames])
        assert reader.problems == ()
