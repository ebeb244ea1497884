"""Frames of a job that are shown: which, and how they look."""

from __future__ import annotations

import io
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from pose_landmarker.batch.samples import LONGEST, MOST_SAMPLES, SampleChooser, sample_of, sampled_files
from pose_landmarker.errors import OptionError
from pose_landmarker.imaging import shrunk
from pose_landmarker.results import PoseLandmarkerResult

from .poses import make_pose


def result(people: int, size: tuple[int, int] = (160, 120)) -> PoseLandmarkerResult:
    poses = tuple(make_pose(image_size=size, seed=i) for i in range(people))
    return PoseLandmarkerResult(poses=poses, image_size=size)


class TestFiles:
    @pytest.mark.parametrize("count", [0, 1, 23, 24, 25, 47, 48, 1000, 10**6 + 1])
    def test_they_are_spread_evenly(self, count: int) -> None:
        chosen = sorted(sampled_files(count))
        assert len(chosen) == min(count, MOST_SAMPLES)
        assert all(0 <= number < count for number in chosen)
        gaps = {b - a for a, b in pairwise(chosen)}
        assert not gaps or max(gaps) - min(gaps) <= 1

    def test_none_may_be_wanted(self) -> None:
        assert sampled_files(10, 0) == frozenset()
        with pytest.raises(OptionError, match="count"):
            sampled_files(-1)


class TestFrame:
    @pytest.mark.parametrize(("width", "height"), [(1920, 1080), (600, 4000), (160, 120), (5000, 3)])
    def test_it_is_small_and_keeps_its_shape(self, width: int, height: int) -> None:
        image = np.full((height, width, 3), 128, np.uint8)
        made = sample_of(3, 7, 0.28, image, result(2, (width, height)))
        picture = Image.open(io.BytesIO(made.jpeg))
        assert picture.format == "JPEG"
        assert max(picture.size) == min(LONGEST, max(width, height))
        assert picture.width / picture.height == pytest.approx(width / height, rel=0.01) or height == 3
        assert made[:4] == (3, 7, 0.28, 2)

    def test_people_are_drawn(self) -> None:
        image = np.full((120, 160, 3), 128, np.uint8)
        plain, drawn = (sample_of(0, 0, None, image, result(n)) for n in (0, 1))
        assert np.ptp(np.asarray(Image.open(io.BytesIO(plain.jpeg))).astype(int)) < 5
        assert np.ptp(np.asarray(Image.open(io.BytesIO(drawn.jpeg))).astype(int)) > 100

    def test_shrinking_means(self) -> None:
        image = np.zeros((4, 8, 3), np.uint8)
        image[:, ::2] = 200
        np.testing.assert_array_equal(shrunk(image, 4), np.full((2, 4, 3), 100))
        assert shrunk(image, 8) is image
        assert shrunk(image[:, ::-1], 4).shape == (2, 4, 3)


class TestChooser:
    @staticmethod
    def choose(people: list[int]) -> int | None:
        chooser = SampleChooser(0)
        for i, number in enumerate(people):
            chooser.see(i, i / 25, np.zeros((12, 16, 3), np.uint8), result(number, (16, 12)))
        sample = chooser.chosen()
        assert (sample is None) == (not people)
        return None if sample is None else sample.frame

    def test_of_no_frames_there_is_none(self) -> None:
        assert self.choose([]) is None

    @pytest.mark.parametrize("count", [1, 2, 3, 4, 31, 32, 33, 100])
    def test_it_is_from_around_the_middle(self, count: int) -> None:
        frame = self.choose([1] * count)
        assert frame is not None
        assert count / 4 - 1 <= frame <= count / 2

    @pytest.mark.parametrize("place", [0, 1, 40, 63, 70, 99])
    def test_it_has_people_wherever_they_are(self, place: int) -> None:
        people = [0] * 100
        people[place] = 1
        assert self.choose(people) == place

    def test_of_several_frames_the_one_with_most_in_it(self) -> None:
        people = [1] * 60
        people[22] = 2
        assert self.choose(people) == 22

    def test_it_does_not_hold_the_frame(self) -> None:
        chooser = SampleChooser(0)
        image = np.full((12, 16, 3), 200, np.uint8)
        chooser.see(0, 0.0, image, result(0, (16, 12)))
        image[:] = 0
        sample = chooser.chosen()
        assert sample is not None
        assert np.asarray(Image.open(io.BytesIO(sample.jpeg))).mean() > 190
