"""A folder of pictures as a video."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

from pose_landmarker.errors import (
    OptionError,
    VideoError,
)
from pose_landmarker.media import VideoReader
from tests.clips import (
    SIZE,
    number_of,
    numbered,
    read,
)


class TestFolder:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        folder = tmp_path / "pictures"
        folder.mkdir()
        for number in (0, 1, 2, 9, 10, 11):
            Image.fromarray(numbered(number)).save(folder / f"shot{number}.png")
        (folder / "notes.txt").write_text("no picture")
        (folder / ".hidden.png").write_bytes(b"")
        return folder

    def test_is_in_the_order_of_numbers(self, folder: Path) -> None:
        with VideoReader(folder, fps=10) as reader:
            frames = list(reader)
        assert [number_of(frame.image) for frame in frames] == [0, 1, 2, 9, 10, 11]
        assert [frame.time for frame in frames] == [Fraction(n, 10) for n in range(6)]
        assert reader.size == SIZE
        assert reader.fps == 10
        assert reader.num_frames == 6
        assert reader.duration == Fraction(6, 10)
        assert not reader.live
        assert not reader.has_audio

    def test_is_cut_like_a_video(self, folder: Path) -> None:
        frames = read(folder, fps=Fraction(10), start=0.2, end=Fraction(1, 2), every=2)
        assert [(frame.index, number_of(frame.image)) for frame in frames] == [(2, 2), (4, 10)]

    def test_a_broken_picture_is_told_and_left_out(self, folder: Path) -> None:
        (folder / "shot2.png").write_bytes(b"broken")
        with VideoReader(folder, fps=10) as reader:
            frames = list(reader)
        assert [frame.index for frame in frames] == [0, 1, 3, 4, 5]
        assert [frame.timestamp_ms for frame in frames] == [0, 100, 300, 400, 500]
        assert len(reader.problems) == 1
        assert "frame 2 (0.200 s)" in reader.problems[0]
        assert "shot2.png" in reader.problems[0]

    def test_needs_a_rate(self, folder: Path) -> None:
        with pytest.raises(OptionError, match="fps must say how many"):
            VideoReader(folder)

    def test_2997_means_what_everybody_means(self, folder: Path) -> None:
        assert read(folder, fps=29.97)[1].time == Fraction(1001, 30000)
        assert read(folder, fps=12.5)[1].time == Fraction(2, 25)

    def test_of_broken_pictures_only(self, tmp_path: Path) -> None:
        (tmp_path / "a.png").write_bytes(b"broken")
        with pytest.raises(VideoError, match="none of its 1 pictures can be read"):
            VideoReader(tmp_path, fps=1)
