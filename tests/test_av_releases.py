"""The same from every release of PyAV: rates, times and colours, titles in any encoding."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from pose_landmarker.errors import VideoError
from pose_landmarker.media import VideoReader, VideoWriter
from pose_landmarker.media.pixels import RgbConverter
from pose_landmarker.media.releases import fraction_of, input_devices, lenient_titles
from tests.clips import number_of, numbered, read, write_clip
from tests.test_sound import sound_of, write_talkie

#: Eight letters, the last of which is "é" in Latin-1: no text in UTF-8.
_TITLE, _LATIN_TITLE = b"A cafe 1", b"A caf\xe9 1"


class _NewRatio:
    """What PyAV 19 gives, as far as it is used."""

    def __init__(self, numerator: int, denominator: int) -> None:
        self.numerator = numerator
        self.denominator = denominator

    def __bool__(self) -> bool:
        return bool(self.numerator and self.denominator)


def with_latin_title(path: Path) -> Path:
    """The video at ``path``, given a title in Latin-1."""
    titled = path.with_stem("titled")
    unchecked = {"write_crc32": "0"} if path.suffix == ".mkv" else {}
    with av.open(str(path)) as source, av.open(str(titled), "w", container_options=unchecked) as target:
        target.metadata["title"] = _TITLE.decode()
        outs = {stream.index: target.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.size:
                packet.stream = outs[packet.stream.index]
                target.mux(packet)
    whole = titled.read_bytes()
    assert whole.count(_TITLE) == 1
    titled.write_bytes(whole.replace(_TITLE, _LATIN_TITLE))
    return titled


def tagged(curve: int, primaries: int) -> av.VideoFrame:
    """A frame with FFmpeg's numbers of a curve and of primaries, some of which mean nothing."""
    frame = av.VideoFrame.from_ndarray(numbered(341)).reformat(format="yuv420p")
    frame.color_trc, frame.color_primaries = curve, primaries
    return frame


class TestFractions:
    def test_are_python_s(self) -> None:
        for ratio in (Fraction(30_000, 1001), _NewRatio(30_000, 1001)):
            found = fraction_of(ratio)
            assert type(found) is Fraction
            assert found == Fraction(30_000, 1001)

    @pytest.mark.parametrize("unset", [None, _NewRatio(0, 1), _NewRatio(1, 0), Fraction(0)])
    def test_what_is_not_set_is_none(self, unset: _NewRatio | Fraction | None) -> None:
        assert fraction_of(unset) is None

    def test_a_reader_says_fractions(self, tmp_path: Path) -> None:
        with VideoReader(write_clip(tmp_path / "a.mp4", 10, rate=Fraction(30_000, 1001))) as reader:
            frames = list(reader)
            assert type(reader.fps) is type(reader.duration) is Fraction
        assert reader.fps == Fraction(30_000, 1001)
        assert {type(frame.time) for frame in frames} == {Fraction}


class TestColours:
    @pytest.mark.parametrize(("curve", "primaries"), [(0, 1), (3, 1), (1, 3), (255, 255), (16, 9)])
    def test_curves_and_primaries_change_no_pixel(self, curve: int, primaries: int) -> None:
        expected = RgbConverter()(tagged(2, 2))
        assert expected.std() > 10
        np.testing.assert_array_equal(RgbConverter()(tagged(curve, primaries)), expected)


class TestDevices:
    def test_that_cannot_be_listed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(_: str) -> list[av.DeviceInfo]:
            raise AttributeError("'str' object has no attribute 'decode'")

        monkeypatch.setattr(av, "enumerate_input_devices", broken)
        with pytest.raises(VideoError, match=r"cannot list cameras, wanted 17\.1 or newer: pip install"):
            input_devices("dshow")


class TestTitles:
    @pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
    def test_in_another_encoding_are_no_reason_to_fail(self, suffix: str, tmp_path: Path) -> None:
        path = with_latin_title(write_clip(tmp_path / f"plain{suffix}", 12))
        assert [number_of(frame.image) for frame in read(path)] == list(range(12))

    def test_are_no_reason_to_leave_out_the_sound(self, tmp_path: Path) -> None:
        path = with_latin_title(write_talkie(tmp_path / "talkie.mp4", seconds=3))
        with VideoReader(path) as reader, VideoWriter(tmp_path / "b.mp4", audio_from=reader) as writer:
            for frame in reader:
                writer.write(numbered(frame.index), frame.time)
        assert writer.problems == ()
        _, loud, _ = sound_of(tmp_path / "b.mp4")
        assert loud == pytest.approx(2, abs=0.05)

    @pytest.mark.parametrize(
        ("release", "named"), [("17.0.0", True), ("18.1.0", True), ("19.0.2", False), ("20.0.0", False)]
    )
    def test_the_argument_is_given_to_those_that_know_it(
        self, release: str, named: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(av, "__version__", release)
        assert ("metadata_errors" in lenient_titles()) is named
