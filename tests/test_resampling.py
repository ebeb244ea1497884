"""Recordings of another frame rate, and whether frames come evenly."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pose_landmarker import OptionError, OptionTypeError, Recording
from pose_landmarker.resampling import even_rate, resample
from tests.recordings import assert_same, nobody, pictures, walking

_OF_POSES = ("frames", "track_ids", "scores", "landmarks", "world_landmarks", "visibility", "presence")


def without(recording: Recording, frames: list[int], track_id: int = 1) -> Recording:
    """A person is not in view in some frames."""
    kept = ~(np.isin(recording.frames, frames) & (recording.track_ids == track_id))
    rows: dict[str, Any] = {name: getattr(recording, name)[kept] for name in _OF_POSES}
    return replace(recording, **rows)


class TestEvenRate:
    @pytest.mark.parametrize(
        "rate", [12.5, 24.0, 24000 / 1001, 25.0, 29.97, 30000 / 1001, 50.0, 60000 / 1001, 240.0]
    )
    def test_is_that_of_exact_times(self, rate: float) -> None:
        assert even_rate(7 + np.arange(500) / rate) == pytest.approx(rate, rel=1e-5)

    @pytest.mark.parametrize("rate", [24000 / 1001, 25.0, 30.0, 50.0, 60.0])
    def test_is_that_of_times_in_whole_milliseconds(self, rate: float) -> None:
        assert even_rate(np.round(np.arange(500) / rate, 3)) == rate

    def test_of_few_frames(self) -> None:
        assert even_rate(np.array([0, 0.033, 0.067, 0.1])) == 30
        assert even_rate(np.array([3.0])) == even_rate(np.zeros(0)) == 30

    @pytest.mark.parametrize(
        ("times", "message"),
        [
            ([0, 0.1, 0.3], "frame 1 would be at 0.150 s and is at 0.100 s"),
            ([1.0, 1.0, 1.0], "all of the 3 frames are at 1 s"),
            ([np.nan, np.nan], "without times, such as pictures"),
        ],
    )
    def test_of_other_times_there_is_none(self, times: list[float], message: str) -> None:
        with pytest.raises(OptionError, match=message):
            even_rate(np.array(times))


class TestResample:
    def test_to_its_own_rate_changes_nothing(self) -> None:
        assert_same(resample(walking(20, 3), 30), walking(20, 3), atol=1e-6)

    def test_takes_every_second_frame_at_half_the_rate(self) -> None:
        assert_same(resample(walking(21, 2), 15), walking(21, 2).of_frames(slice(None, None, 2)), atol=1e-6)

    def test_goes_straight_between_frames(self) -> None:
        recording = walking(2, 1)
        found = resample(recording, 120)
        shares = np.array([0, 0.25, 0.5, 0.75, 1])
        first, second = recording.world_landmarks
        wanted = first + shares[:, None, None] * (second - first)
        np.testing.assert_allclose(found.times_s, shares / 30)
        np.testing.assert_allclose(found.world_landmarks, wanted, atol=1e-6)
        np.testing.assert_allclose(found.scores, np.interp(shares, [0, 1], recording.scores), atol=1e-6)

    def test_makes_frames_even(self) -> None:
        recording = walking(5, 2)
        uneven = replace(recording, times_s=np.array([1, 1.02, 1.03, 1.5, 2.0]))
        found = resample(uneven, 10)
        np.testing.assert_allclose(found.times_s, np.arange(11) / 10 + 1)
        assert even_rate(found.times_s) == 10
        assert found.stack().present.all()

    def test_fills_short_gaps_and_leaves_long_ones(self) -> None:
        recording = without(without(walking(20, 2), [3, 4]), [10, 11, 12])
        present = resample(recording, 30).stack().present
        assert np.flatnonzero(~present[:, 0]).tolist() == [10, 11, 12]
        assert present[:, 1].all()
        assert resample(recording, 30, max_gap_s=0.2).stack().present.all()
        assert np.flatnonzero(~resample(recording, 30, max_gap_s=0).stack().present[:, 0]).tolist() == [
            *(3, 4, 10, 11, 12)
        ]

    def test_gaps_are_of_time_and_not_of_frames(self) -> None:
        recording = without(walking(40, 1, fps=60), list(range(10, 15)))  # 0.1 s
        assert resample(recording, 30).stack().present.all()
        longer = without(walking(40, 1, fps=60), list(range(10, 16)))
        assert not resample(longer, 30).stack().present.all()

    def test_nobody_is_there_before_they_come_and_after_they_leave(self) -> None:
        recording = without(walking(10, 2), [0, 1, 8, 9])
        found = resample(recording, 60)
        assert np.flatnonzero(found.stack().present[:, 0]).tolist() == list(range(4, 15))

    def test_keeps_what_is_not_known(self) -> None:
        recording = walking(3, 1)
        world = recording.world_landmarks.copy()
        world[1, 4] = np.nan
        found = resample(replace(recording, world_landmarks=world), 60).world_landmarks
        assert np.isnan(found[:, 4, 0]).tolist() == [False, True, True, True, False]
        assert np.isfinite(found[:, :4]).all()

    def test_follows_a_single_person_without_an_id(self) -> None:
        recording = replace(walking(3, 1), track_ids=np.full(3, -1))
        assert resample(recording, 60).track_ids.tolist() == [-1] * 5

    def test_of_nobody(self) -> None:
        assert len(resample(nobody(), 30)) == 0
        assert (len(resample(nobody(4), 60)), len(resample(nobody(4), 60).frames)) == (7, 0)

    def test_has_the_size_of_the_picture_before(self) -> None:
        recording = replace(walking(3, 1), image_sizes=np.array([[1, 1], [2, 2], [3, 3]]))
        assert resample(recording, 60).image_sizes[:, 0].tolist() == [1, 1, 2, 2, 3]

    @settings(max_examples=30, deadline=None)
    @given(st.integers(1, 40), st.integers(0, 3), st.floats(1, 200), st.floats(1, 200))
    def test_there_and_back_stays_between_the_frames(
        self, frames: int, people: int, fps: float, rate: float
    ) -> None:
        recording = walking(frames, people, fps=fps)
        found = resample(recording, rate)
        assert len(found) == int((frames - 1) / fps * rate + 1e-6 * rate) + 1
        assert len(found.frames) == len(found) * people
        assert found.tracks.tolist() == recording.tracks.tolist()
        if people:
            assert found.world_landmarks.min() >= recording.world_landmarks.min() - 1e-6
            assert found.world_landmarks.max() <= recording.world_landmarks.max() + 1e-6

    def test_wants_motion(self) -> None:
        with pytest.raises(OptionError, match="cannot be resampled"):
            resample(pictures(), 30)
        with pytest.raises(OptionTypeError, match="must be a Recording, not list"):
            resample([], 30)  # type: ignore[arg-type]
        for rate in (0, -1, float("nan"), "30"):
            with pytest.raises(OptionError, match="rate must be a number > 0"):
                resample(walking(3, 1), rate)  # type: ignore[arg-type]
        with pytest.raises(OptionError, match="are too many frames"):
            resample(walking(3, 1), 1e12)
        with pytest.raises(OptionError, match="max_gap_s must be"):
            resample(walking(3, 1), 30, max_gap_s=-1)

    @pytest.mark.parametrize(
        ("track_id", "message"),
        [(-1, "frame 0 has several people without a track id"), (4, "frame 0 has the track id 4 twice")],
    )
    def test_wants_to_know_who_is_who(self, track_id: int, message: str) -> None:
        with pytest.raises(OptionError, match=message):
            resample(replace(walking(3, 2), track_ids=np.full(6, track_id)), 60)
