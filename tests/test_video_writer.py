"""Frames into a video file, each at its own time, with the sound of another."""

from __future__ import annotations

import errno
import os
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from pose_landmarker.arrays import RgbImage
from pose_landmarker.errors import (
    ClosedError,
    ImageError,
    MissingExtraError,
    OptionError,
    OptionTypeError,
    TimestampError,
    VideoError,
)
from pose_landmarker.media import VideoReader, VideoWriter, formats
from tests.clips import COLOURS, error_of, number_of, numbered, patches, read_whole

TIMES = [Fraction(n, 25) for n in range(10)]


def write(path: Path, times: list[Any] | None = None, **options: Any) -> Path:
    with VideoWriter(path, **options) as writer:
        for number, time in enumerate(TIMES if times is None else times):
            writer.write(numbered(number), time)
    return path


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def hidden(folder: Path) -> list[str]:
    return [name for name in listed(folder) if name.startswith(".")]


class TestTimes:
    @pytest.mark.parametrize("suffix", [".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".gif"])
    def test_come_back_in_every_format(self, suffix: str, tmp_path: Path) -> None:
        frames = read_whole(write(tmp_path / f"a{suffix}", fps=25))
        assert [frame.time for frame in frames] == TIMES
        assert [number_of(frame.image) for frame in frames] == list(range(10))

    @pytest.mark.parametrize("rate", [Fraction(30000, 1001), Fraction(28), Fraction(24000, 1001), 60])
    def test_are_exact(self, rate: Fraction, tmp_path: Path) -> None:
        times = [n / Fraction(rate) for n in range(20)]
        assert [frame.time for frame in read_whole(write(tmp_path / "a.mp4", times, fps=rate))] == times

    def test_are_variable(self, tmp_path: Path) -> None:
        times = [Fraction(n, 600) for n in (0, 7, 20, 21, 300, 301)]
        assert [frame.time for frame in read_whole(write(tmp_path / "a.mov", times))] == times

    def test_may_begin_anywhere(self, tmp_path: Path) -> None:
        frames = read_whole(write(tmp_path / "a.mp4", [-1.5, 0, 100]))
        assert [frame.time for frame in frames] == [0, Fraction(3, 2), Fraction(203, 2)]

    def test_floats_and_numpy(self, tmp_path: Path) -> None:
        times = [0, 1 / 30, np.float32(0.0667), np.int64(1)]
        frames = read_whole(write(tmp_path / "a.mp4", times))
        assert [frame.time_s for frame in frames] == pytest.approx([0, 1 / 30, 0.0667, 1], abs=1e-5)

    def test_must_increase(self, tmp_path: Path) -> None:
        with VideoWriter(tmp_path / "a.mp4") as writer:
            writer.write(numbered(0), 1)
            writer.write(numbered(1), 1.5)
            for time in (1.5, 0.2):
                with pytest.raises(TimestampError, match=rf"{time:.6f} s is not later than 1\.500000 s"):
                    writer.write(numbered(2), time)
            writer.write(numbered(2), 2)
        assert [number_of(frame.image) for frame in read_whole(tmp_path / "a.mp4")] == [0, 1, 2]

    @pytest.mark.parametrize("time", ["1", None, True, [1]])
    def test_must_be_numbers(self, time: Any, tmp_path: Path) -> None:
        with VideoWriter(tmp_path / "a.mp4") as writer, pytest.raises(OptionTypeError, match="time must be"):
            writer.write(numbered(0), time)

    def test_finer_than_the_container_are_told(self, tmp_path: Path) -> None:
        with VideoWriter(tmp_path / "a.mkv") as writer:
            for number in range(4):
                writer.write(numbered(number), Fraction(number, 2000))
        assert len(read_whole(tmp_path / "a.mkv")) == writer.num_frames == 3
        assert len(writer.problems) == 1
        assert "1/1000 s" in writer.problems[0]

    def test_the_last_frame_is_shown_as_long_as_the_one_before(self, tmp_path: Path) -> None:
        with VideoReader(write(tmp_path / "a.mp4", fps=25)) as reader:
            assert reader.duration == Fraction(10, 25)
            assert reader.fps == 25

    def test_hours_between_frames(self, tmp_path: Path) -> None:
        with VideoWriter(tmp_path / "a.mp4") as writer:
            writer.write(np.zeros((32, 32, 3), np.uint8), 0)
            with pytest.raises(TimestampError, match="times are seconds"):
                writer.write(np.zeros((32, 32, 3), np.uint8), 1e5)
            writer.write(np.zeros((32, 32, 3), np.uint8), 1)
        assert writer.num_frames == 2


class TestPictures:
    @pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm", ".avi", ".gif"])
    def test_colours_come_back(self, suffix: str, tmp_path: Path) -> None:
        with VideoWriter(tmp_path / f"a{suffix}", crf=8) as writer:
            writer.write(patches(), 0)
        assert error_of(read_whole(tmp_path / f"a{suffix}")[0].image) <= 4

    def test_colours_are_tagged(self, tmp_path: Path) -> None:
        with av.open(str(write(tmp_path / "a.mp4"))) as container:
            frame = next(container.decode(video=0))
        assert (frame.colorspace, frame.color_range) == (1, 1)
        assert (frame.color_primaries, frame.color_trc) == (1, 1)

    @pytest.mark.parametrize("size", [(33, 17), (320, 241), (1, 1)])
    def test_odd_sizes_are_padded(self, size: tuple[int, int], tmp_path: Path) -> None:
        picture = np.full((size[1], size[0], 3), COLOURS[0], np.uint8)
        with VideoWriter(tmp_path / "a.mp4") as writer:
            writer.write(picture, 0)
        even = (size[0] + size[0] % 2, size[1] + size[1] % 2)
        image = read_whole(tmp_path / "a.mp4")[0].image
        assert writer.size == even == (image.shape[1], image.shape[0])
        assert np.abs(image.astype(int) - COLOURS[0]).max() <= 6

    def test_other_sizes_are_fitted_in(self, tmp_path: Path) -> None:
        white = np.full((48, 80, 3), 255, np.uint8)
        with VideoWriter(tmp_path / "a.mp4", crf=5) as writer:
            writer.write(white, 0)
            writer.write(white[:, :24], 1)  # half as wide as high: centred between black
            writer.write(np.ascontiguousarray(np.repeat(white, 3, 0).repeat(3, 1)), 2)
        first, narrow, large = (frame.image for frame in read_whole(tmp_path / "a.mp4"))
        assert first.shape == narrow.shape == large.shape
        assert narrow[24, 30:50].min() > 240
        assert narrow[:, :26].max() < 15
        assert narrow[:, -26:].max() < 15
        assert large.min() > 240

    @pytest.mark.parametrize("kind", ["grey", "rgba", "strided", "read-only"])
    def test_kinds_of_array(self, kind: str, tmp_path: Path) -> None:
        picture = numbered(77)
        image: RgbImage = {
            "grey": picture[..., 0],
            "rgba": np.dstack([picture, picture[..., :1]]),
            "strided": np.ascontiguousarray(picture[:, ::-1])[:, ::-1],
            "read-only": picture,
        }[kind]
        image.setflags(write=kind != "read-only")
        with VideoWriter(tmp_path / "a.mp4") as writer:
            writer.write(image, 0)
        assert number_of(read_whole(tmp_path / "a.mp4")[0].image) == 77

    def test_what_is_no_picture_leaves_the_writer_usable(self, tmp_path: Path) -> None:
        with VideoWriter(tmp_path / "a.mp4") as writer:
            writer.write(numbered(0), 0)
            with pytest.raises(ImageError):
                writer.write(np.zeros((4, 4, 3), np.float32), 1)
            writer.write(numbered(1), 2)
        assert [frame.time for frame in read_whole(tmp_path / "a.mp4")] == [0, 2]

    def test_quality(self, tmp_path: Path) -> None:
        noise = np.random.default_rng(1).integers(0, 256, (48, 80, 3), np.uint8)
        sizes = []
        for crf in (5, 45):
            with VideoWriter(tmp_path / "a.mp4", crf=crf) as writer:
                writer.write(noise, 0)
            sizes.append((tmp_path / "a.mp4").stat().st_size)
        assert sizes[0] > 2 * sizes[1]

    def test_another_codec(self, tmp_path: Path) -> None:
        assert len(read_whole(write(tmp_path / "a.mkv", codec="mpeg4"))) == 10
        with av.open(str(tmp_path / "a.mkv")) as container:
            assert container.streams.video[0].codec_context.name == "mpeg4"

    def test_a_fallback_encoder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        can = formats._can_encode
        monkeypatch.setattr(formats, "_can_encode", lambda codec: codec == "mpeg4" and can(codec))
        assert [number_of(frame.image) for frame in read_whole(write(tmp_path / "a.mp4"))] == list(range(10))

    def test_no_encoder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(formats, "_can_encode", lambda _: False)
        with pytest.raises(VideoError, match="none of the encoders libx264"):
            VideoWriter(tmp_path / "a.mp4")

    def test_encoders_that_know_bit_rates_only(self) -> None:
        rates = [
            int(formats.encoder_options("h264_mf", crf, (640, 360), Fraction(30))["b"])
            for crf in (17, 23, 51)
        ]
        assert rates == [2 * 691_200, 691_200, 100_000]
        assert formats.encoder_options("ffv1", 20, (640, 360), Fraction(30)) == {}

    @pytest.mark.parametrize("codec", ["libx265", "libvpx"])
    def test_other_encoders_are_silent(
        self, codec: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        path = write(tmp_path / "a.mkv", codec=codec)
        assert [number_of(frame.image) for frame in read_whole(path)] == list(range(10))
        assert capfd.readouterr() == ("", "")

    def test_the_index_stands_first(self, tmp_path: Path) -> None:
        content = write(tmp_path / "a.mp4").read_bytes()
        assert content.index(b"moov") < content.index(b"mdat")


class TestFile:
    def test_appears_when_it_is_whole(self, tmp_path: Path) -> None:
        path = tmp_path / "a.mp4"
        with VideoWriter(path) as writer:
            assert listed(tmp_path) == []
            writer.write(numbered(0), 0)
            assert not path.exists()
            assert len(hidden(tmp_path)) == 1
        assert listed(tmp_path) == ["a.mp4"]
        writer.close()
        writer.abort()
        assert path.exists()

    @pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
    def test_an_earlier_one_survives_an_exception(self, error: type[BaseException], tmp_path: Path) -> None:
        path = write(tmp_path / "a.mp4")
        before = path.read_bytes()
        writer = VideoWriter(path)
        with pytest.raises(error), writer:
            self.fail(writer, error)
        assert path.read_bytes() == before
        assert hidden(tmp_path) == []
        with pytest.raises(ClosedError, match="this VideoWriter is closed"):
            writer.write(numbered(3), 1)

    @staticmethod
    def fail(writer: VideoWriter, error: type[BaseException]) -> None:
        writer.write(numbered(3), 0)
        raise error

    def test_an_earlier_one_is_replaced(self, tmp_path: Path) -> None:
        path = tmp_path / "a.mp4"
        path.write_bytes(b"old")
        assert len(read_whole(write(path))) == 10

    def test_no_frames_no_file(self, tmp_path: Path) -> None:
        (tmp_path / "a.mp4").write_bytes(b"old")
        with VideoWriter(tmp_path / "a.mp4") as writer:
            pass
        assert (tmp_path / "a.mp4").read_bytes() == b"old"
        assert hidden(tmp_path) == []
        assert writer.problems == ("no frame was written, so there is no video",)

    def test_a_full_disk(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = tmp_path / "a.mp4"
        path.write_bytes(b"old")

        def full(self: VideoWriter, packets: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with VideoWriter(path) as writer:
            writer.write(numbered(0), 0)
            with monkeypatch.context() as patch:
                patch.setattr(VideoWriter, "_mux", full)
                with pytest.raises(VideoError, match=r"a\.mp4: no space is left on the disk"):
                    writer.write(numbered(1), 1)
        assert path.read_bytes() == b"old"
        assert hidden(tmp_path) == []

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no such device")
    def test_a_disk_that_is_really_full(self, tmp_path: Path) -> None:
        """Everything written goes to a device that is always full."""
        writer = VideoWriter(tmp_path / "a.mkv")
        writer._file.path.symlink_to("/dev/full")
        with pytest.raises(VideoError, match=r"a\.mkv: no space is left"):
            self.fill(writer)
        assert listed(tmp_path) == []

    @staticmethod
    def fill(writer: VideoWriter) -> None:
        noise = np.random.default_rng(1).integers(0, 256, (480, 640, 3), np.uint8)
        with writer:
            for number in range(60):
                writer.write(np.roll(noise, number * 7, 1), number)

    def test_a_name_that_cannot_be_given(self, tmp_path: Path) -> None:
        path = tmp_path / "a.mp4"
        writer = VideoWriter(path)
        writer.write(numbered(4), 0)
        path.mkdir()  # somebody was quicker
        with pytest.raises(VideoError, match="the video is whole and lies at") as caught:
            writer.close()
        kept = tmp_path / hidden(tmp_path)[0]
        assert str(kept) in str(caught.value)
        assert number_of(read_whole(kept)[0].image) == 4

    def test_a_long_name(self, tmp_path: Path) -> None:
        assert len(read_whole(write(tmp_path / f"{'x' * 240}.mp4"))) == 10

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("a.wmv", r"cannot be written as \.wmv; wanted \.mp4, .*\.gif"),
            ("a", "a file without suffix"),
            ("none/a.mp4", "there is no folder"),
            ("folder.mp4", "there is a folder of this name"),
        ],
    )
    def test_what_cannot_be_written_is_known_at_once(self, name: str, words: str, tmp_path: Path) -> None:
        (tmp_path / "folder.mp4").mkdir()
        with pytest.raises(VideoError, match=words):
            VideoWriter(tmp_path / name)

    @pytest.mark.skipif(getattr(os, "geteuid", lambda: 0)() == 0, reason="may write everywhere")
    def test_a_folder_that_may_not_be_written_to(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o500)
        with pytest.raises(VideoError, match="cannot be written there"):
            VideoWriter(tmp_path / "a.mp4")

    @pytest.mark.parametrize(
        ("options", "error", "words"),
        [
            ({"crf": 52}, OptionError, "crf must be a whole number from 0 to 51"),
            ({"crf": "20"}, OptionTypeError, "crf"),
            ({"fps": 0}, OptionError, "fps must be a number of pictures a second > 0"),
            ({"codec": "nonsense"}, OptionError, "'nonsense' is not an encoder"),
            ({"codec": "aac"}, OptionError, "'aac' is for audio"),
            ({"audio_from": 3}, OptionTypeError, "audio_from must be a VideoReader or a path, not int"),
        ],
    )
    def test_nonsense_is_refused(
        self, options: dict[str, Any], error: type[Exception], words: str, tmp_path: Path
    ) -> None:
        with pytest.raises(error, match=words):
            VideoWriter(tmp_path / "a.mp4", **options)

    def test_a_path_that_is_none(self) -> None:
        with pytest.raises(OptionTypeError, match="path must be a path"):
            VideoWriter(3)  # type: ignore[arg-type]

    def test_a_codec_that_does_not_fit_the_container(self, tmp_path: Path) -> None:
        with pytest.raises(VideoError, match="does not support"):
            write(tmp_path / "a.webm", codec="libx264")
        assert listed(tmp_path) == []

    def test_without_pyav(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "av", None)
        with pytest.raises(MissingExtraError, match=r"pip install 'pose-landmarker\[video\]'"):
            VideoWriter(tmp_path / "a.mp4")

    def test_what_it_prints(self, tmp_path: Path) -> None:
        with VideoWriter(tmp_path / "a.mp4") as writer:
            writer.write(numbered(0), 0)
            assert repr(writer) == f"<VideoWriter to '{tmp_path / 'a.mp4'}', 1 frames>"

    def test_forgotten(self, tmp_path: Path) -> None:
        writer = VideoWriter(tmp_path / "a.mp4")
        writer.write(np.zeros((32, 32, 3), np.uint8), 0)
        del writer
        assert list(tmp_path.iterdir()) == []

    def test_links_are_followed(self, tmp_path: Path) -> None:
        real, link = tmp_path / "real.mp4", tmp_path / "link.mp4"
        real.write_bytes(b"old")
        link.symlink_to(real)
        with VideoWriter(link) as writer:
            writer.write(np.zeros((32, 32, 3), np.uint8), 0)
        assert link.is_symlink()
        assert real.stat().st_size > 100

    @pytest.mark.parametrize("rate", [Fraction(10**12 + 1, 10**11), Fraction(1, 10**10)])
    def test_rates_that_no_file_has_room_for_are_rounded(self, rate: Fraction, tmp_path: Path) -> None:
        assert [frame.time for frame in read_whole(write(tmp_path / "a.mp4", fps=rate))] == TIMES

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
    def test_pipes_are_refused(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe.mp4")
        with pytest.raises(VideoError, match="a pipe or a device"):
            VideoWriter(tmp_path / "pipe.mp4")

    def test_wrong_arguments(self, tmp_path: Path) -> None:
        with pytest.raises(OptionTypeError, match="codec"):
            VideoWriter(tmp_path / "a.mp4", codec=3)  # type: ignore[arg-type]
        with pytest.raises(OptionError, match="fps"):
            VideoWriter(tmp_path / "a.mp4", fps=1e9)
        with pytest.raises(VideoError):
            VideoWriter(tmp_path / ("a" * 300 + ".mp4"))
