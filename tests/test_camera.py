"""Cameras: those of this machine are made up."""

from __future__ import annotations

import sys
import time
from typing import Any

import av
import pytest

from pose_landmarker.errors import (
    OptionError,
    VideoError,
)
from pose_landmarker.media import VideoReader, camera, container, decoder
from tests.clips import (
    SIZE,
)


class TestCamera:
    @pytest.fixture
    def fake(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """FFmpeg's test picture instead of a camera."""
        address = f"testsrc=size={SIZE[0]}x{SIZE[1]}:rate=25"
        monkeypatch.setattr(camera, "_address", lambda *_: ("lavfi", address, {}))

    def test_that_does_not_exist(self) -> None:
        with pytest.raises(VideoError, match="camera 97"):
            VideoReader(97)

    @pytest.mark.skipif(sys.platform != "linux", reason="devices have other names")
    def test_a_device_that_does_not_exist(self) -> None:
        with pytest.raises(VideoError, match="/dev/video97: there is no such camera"):
            VideoReader("/dev/video97")

    def test_negative(self) -> None:
        with pytest.raises(OptionError, match="number of a camera"):
            VideoReader(-1)

    @pytest.mark.usefixtures("fake")
    def test_frames(self) -> None:
        with VideoReader(0, every=2) as reader:
            frames = [next(reader) for _ in range(5)]
            assert reader.live
            assert reader.num_frames is None
            assert reader.duration is None
        assert reader.size == SIZE
        assert [frame.timestamp_ms for frame in frames] == [0, 80, 160, 240, 320]
        assert reader.problems == ()

    @pytest.mark.usefixtures("fake")
    def test_that_has_no_picture_yet(self, monkeypatch: pytest.MonkeyPatch) -> None:
        read_packet = decoder.Decoder._read
        calls = []

        def hesitant(self: decoder.Decoder, packets: Any) -> Any:
            calls.append(1)
            if len(calls) % 3:
                raise BlockingIOError
            return read_packet(self, packets)

        monkeypatch.setattr(decoder.Decoder, "_read", hesitant)
        with VideoReader(0) as reader:
            assert [next(reader).index for _ in range(3)] == [0, 1, 2]

    @pytest.mark.usefixtures("fake")
    def test_that_never_has_a_picture(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def never(self: decoder.Decoder, packets: Any) -> Any:
            raise BlockingIOError

        monkeypatch.setattr(decoder, "TIMEOUT_S", 0.05)
        monkeypatch.setattr(decoder.Decoder, "_read", never)
        with pytest.raises(VideoError, match=r"camera 0: no answer for 0\.05 seconds"):
            VideoReader(0)

    @pytest.mark.usefixtures("fake")
    def test_that_is_asked_for_a_rate(self) -> None:
        with VideoReader(0, fps=15) as reader:  # as an option of FFmpeg, which the test picture ignores
            assert next(reader).index == 0

    @pytest.mark.usefixtures("fake")
    def test_that_falls_silent(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with VideoReader(0) as reader:
            next(reader)
            monkeypatch.setattr(
                decoder, "in_time", lambda call: container.in_time(lambda: time.sleep(1), 0.05)
            )
            with pytest.raises(VideoError, match=r"camera 0: lost after frame 0 .*no answer"):
                list(reader)

    def test_that_never_opens(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(camera, "_address", lambda *_: ("lavfi", "testsrc", {}))
        monkeypatch.setattr(camera, "TIMEOUT_S", 0.05)
        monkeypatch.setattr(camera, "open_input", lambda *_, **__: time.sleep(1))
        with pytest.raises(VideoError, match="camera 0: it does not answer"):
            VideoReader(0)

    def test_of_other_systems(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "platform", "darwin")
        assert camera._address(1, "camera 1") == ("avfoundation", "1:none", {"framerate": "30"})
        monkeypatch.setattr(sys, "platform", "win32")
        device = av.DeviceInfo("id", "Front Camera", True, ["video"])
        monkeypatch.setattr(av, "enumerate_input_devices", lambda _: [device])
        assert camera._address(0, "camera 0")[:2] == ("dshow", "video=Front Camera")
        with pytest.raises(VideoError, match="there are Front Camera"):
            camera._address(1, "camera 1")
