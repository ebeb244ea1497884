"""Sound that goes with written videos."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from pose_landmarker.media import VideoReader, VideoWriter, formats, sound
from tests.clips import SIZE, number_of, numbered, read_whole, write_clip

RATE = 48_000


def write_talkie(path: Path, *, codec: str = "aac", seconds: int = 4, event: Fraction = Fraction(2)) -> Path:
    """A video that is black and silent until ``event``, when it flashes and sounds for 0.2 seconds."""
    with av.open(str(path), "w") as out:
        video: Any = out.add_stream("libx264", rate=25, options={"preset": "ultrafast", "g": "25"})
        video.width, video.height, video.pix_fmt = *SIZE, "yuv420p"
        audio: Any = out.add_stream(codec, rate=RATE)
        audio.layout = "mono"
        for number in range(25 * seconds):
            lit = event <= Fraction(number, 25) < event + Fraction(1, 5)
            picture = np.full((SIZE[1], SIZE[0], 3), 255 if lit else 0, np.uint8)
            frame = av.VideoFrame.from_ndarray(picture)
            frame.pts, frame.time_base = number, Fraction(1, 25)
            out.mux(video.encode(frame))
        moments = np.arange(seconds * RATE) / RATE
        loud = (moments >= float(event)) & (moments < float(event) + 0.2)
        tone = np.sin(2 * np.pi * 1000 * moments) * loud
        samples = av.AudioFrame.from_ndarray((tone * 20_000).astype(np.int16)[None], "s16", "mono")
        samples.rate, samples.pts, samples.time_base = RATE, 0, Fraction(1, RATE)
        out.mux(audio.encode(samples))
        out.mux(video.encode(None))
        out.mux(audio.encode(None))
    return path


def sound_of(path: Path) -> tuple[float, float, float]:
    """(begin, first moment that is loud, end) of the sound of a video; seconds."""
    begin = loud = end = float("nan")
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            assert frame.time is not None
            samples: Any = frame.to_ndarray()
            samples = samples.astype(float) / (1 if samples.dtype.kind == "f" else 32768)
            moments = frame.time + np.arange(frame.samples) / frame.sample_rate
            if np.isnan(begin):
                begin = moments[0]
            above = np.abs(samples).reshape(-1)[: len(moments)] > 0.1
            if np.isnan(loud) and above.any():
                loud = moments[above.argmax()]
            end = moments[-1]
    return begin, loud, end


def first_of_pictures(path: Path) -> float:
    """When the first picture is shown by the clock of the container, which the sound shares."""
    with av.open(str(path)) as container:
        time = next(container.decode(video=0)).time
    assert time is not None
    return time


@pytest.fixture(scope="module")
def talkie(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds, with a flash and a tone after two."""
    return write_talkie(tmp_path_factory.mktemp("talkie") / "talkie.mp4")


class TestSound:
    def check(self, path: Path, *, event: float, seconds: float, slack: float = 0.03) -> None:
        """The flash and the tone are together, and the sound is as long as the pictures."""
        flash = next(frame.time_s for frame in read_whole(path) if frame.image.mean() > 128)
        assert flash == pytest.approx(event, abs=0.002)
        begin, loud, end = (moment - first_of_pictures(path) for moment in sound_of(path))
        assert loud == pytest.approx(event, abs=slack)
        assert -0.06 < begin < 0.06
        assert end == pytest.approx(seconds, abs=0.08)

    @pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm", ".avi"])
    @pytest.mark.parametrize("start", [None, 1.2])
    def test_stays_with_the_pictures(
        self, suffix: str, start: float | None, talkie: Path, tmp_path: Path
    ) -> None:
        path = tmp_path / f"a{suffix}"
        with (
            VideoReader(talkie, start=start, end=3) as reader,
            VideoWriter(path, audio_from=reader) as writer,
        ):
            for frame in reader:
                writer.write(frame.image, frame.time)
        assert writer.problems == ()
        slack = 0.06 if suffix == ".avi" else 0.03  # which cannot delay its sound
        self.check(path, event=2 - (start or 0), seconds=3 - (start or 0), slack=slack)

    @pytest.mark.parametrize(("suffix", "codec"), [(".mp4", "aac"), (".webm", "opus"), (".avi", "mp3float")])
    def test_is_copied_where_it_may_be(self, suffix: str, codec: str, talkie: Path, tmp_path: Path) -> None:
        path = tmp_path / f"a{suffix}"
        with VideoWriter(path, audio_from=talkie) as writer:
            for number in range(50):
                writer.write(numbered(number), Fraction(number, 25))
        assert writer.problems == ()
        packets = []
        for file in (talkie, path):
            with av.open(str(file)) as container:
                assert file == talkie or container.streams.audio[0].codec_context.name == codec
                packets.append([bytes(packet) for packet in container.demux(audio=0) if packet.size])
        copied = packets[1][0] in packets[0]
        assert copied == (suffix == ".mp4")

    @pytest.mark.parametrize("name", ["a.ts", "a.mkv"])
    def test_from_other_containers(self, name: str, tmp_path: Path) -> None:
        source = write_talkie(tmp_path / name, seconds=3)
        path = tmp_path / "b.mp4"
        with VideoReader(source, start=1) as reader, VideoWriter(path, audio_from=reader) as writer:
            for frame in reader:
                writer.write(frame.image, frame.time)
        assert writer.problems == ()
        self.check(path, event=1, seconds=2)

    def test_that_is_not_compressed_is_encoded(self, tmp_path: Path) -> None:
        source = write_talkie(tmp_path / "a.mkv", codec="pcm_s16le", seconds=3)
        path = tmp_path / "b.mp4"
        with VideoReader(source) as reader, VideoWriter(path, audio_from=reader) as writer:
            for frame in reader:
                writer.write(frame.image, frame.time)
        assert writer.problems == ()
        self.check(path, event=2, seconds=3)

    def test_ends_with_the_pictures(self, talkie: Path, tmp_path: Path) -> None:
        path = tmp_path / "a.mp4"
        with VideoReader(talkie) as reader, VideoWriter(path, audio_from=reader) as writer:
            for frame in reader:
                writer.write(frame.image, frame.time)
                if frame.time > 1:
                    break
        assert sound_of(path)[2] == pytest.approx(1.08, abs=0.05)

    def test_of_a_closed_reader(self, talkie: Path, tmp_path: Path) -> None:
        with VideoReader(talkie) as reader:
            frames = list(reader)
        with VideoWriter(tmp_path / "a.mp4", audio_from=reader) as writer:
            for frame in frames:
                writer.write(frame.image, frame.time)
        self.check(tmp_path / "a.mp4", event=2, seconds=4)

    def test_a_gif_has_no_room_for_it(self, talkie: Path, tmp_path: Path) -> None:
        path = tmp_path / "a.gif"
        with VideoWriter(path, audio_from=talkie) as writer:
            writer.write(numbered(1), 0)
        assert writer.problems == ("the sound was left out: there is no room for it in a gif file",)
        assert number_of(read_whole(path)[0].image) == 1

    def test_that_cannot_be_had_is_told(self, tmp_path: Path) -> None:
        path = tmp_path / "a.mp4"
        with VideoWriter(path, audio_from=tmp_path / "none.mp4") as writer:
            writer.write(numbered(1), 0)
        assert len(writer.problems) == 1
        assert "the sound was left out" in writer.problems[0]
        assert "there is no such file" in writer.problems[0]
        assert number_of(read_whole(path)[0].image) == 1

    def test_that_the_container_refuses_is_told(
        self, talkie: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(self: sound.Sound, file_format: formats.FileFormat) -> None:
            raise ValueError("no")

        monkeypatch.setattr(sound.Sound, "_add_stream", refuse)
        with VideoWriter(tmp_path / "a.mp4", audio_from=talkie) as writer:
            writer.write(numbered(1), 0)
        assert writer.problems == ("the sound was left out: no",)
        assert len(read_whole(tmp_path / "a.mp4")) == 1

    def test_of_a_silent_video_is_nothing(self, tmp_path: Path) -> None:
        silent = write_clip(tmp_path / "silent.mp4", 5)
        with VideoReader(silent) as reader, VideoWriter(tmp_path / "a.mp4", audio_from=reader) as writer:
            for frame in reader:
                writer.write(frame.image, frame.time)
        assert writer.problems == ()
        with VideoReader(tmp_path / "a.mp4") as reader:
            assert not reader.has_audio

    def test_that_is_damaged_does_not_end_the_video(self, talkie: Path, tmp_path: Path) -> None:
        source = tmp_path / "damaged.mp4"
        content = bytearray(talkie.read_bytes())
        with av.open(str(talkie)) as container:
            packets = [(packet.pos or 0, packet.size) for packet in container.demux(audio=0) if packet.size]
        for start, size in packets[20:60]:
            content[start : start + size] = bytes(size)
        source.write_bytes(content)
        for suffix in (".mp4", ".webm"):
            with (
                VideoReader(source) as reader,
                VideoWriter(tmp_path / f"a{suffix}", audio_from=reader) as writer,
            ):
                for frame in reader:
                    writer.write(frame.image, frame.time)
            assert len(read_whole(tmp_path / f"a{suffix}")) == 100

    def test_of_a_real_video(self, media: Path, tmp_path: Path) -> None:
        path = tmp_path / "a.mp4"
        source = media / "videos" / "s2d_run_side.mp4"
        with VideoReader(source, start=0.5) as reader, VideoWriter(path, audio_from=reader) as writer:
            frames = list(reader)
            for frame in frames:
                writer.write(frame.image, frame.time)
        assert writer.problems == ()
        again = read_whole(path)
        assert [frame.time for frame in again] == [frame.time - frames[0].time for frame in frames]
        assert np.abs(again[-1].image.astype(int) - frames[-1].image).mean() < 4
        begin, _, end = sound_of(path)
        assert 0 <= begin < 0.05
        assert end == pytest.approx(again[-1].time_s, abs=0.1)
