"""Recordings: results of many frames as arrays, chosen from, joined and stacked."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from pose_landmarker import OptionError, OptionTypeError, PoseLandmarkerResult, Recording
from pose_landmarker.recording import NO_TRACK
from tests.poses import make_pose

#: Who is in view at which millisecond.
SCENE: tuple[tuple[int | None, tuple[int | None, ...]], ...] = (
    (0, (3, 1)),
    (33, ()),
    (67, (1,)),
    (100, (1, 3)),
)


def results(
    scene: tuple[tuple[int | None, tuple[int | None, ...]], ...] = SCENE,
) -> list[PoseLandmarkerResult]:
    return [
        PoseLandmarkerResult(
            poses=tuple(make_pose(track_id=who, seed=10 * i + j) for j, who in enumerate(people)),
            image_size=(160, 120),
            timestamp_ms=time,
        )
        for i, (time, people) in enumerate(scene)
    ]


def assert_same(a: Recording, b: Recording) -> None:
    for field in fields(Recording):
        np.testing.assert_array_equal(getattr(a, field.name), getattr(b, field.name), field.name)


@pytest.fixture
def recording() -> Recording:
    return Recording.from_results(results())


class TestToNumpy:
    def test_has_a_row_for_each_pose(self) -> None:
        result = results()[0]
        arrays = result.to_numpy()
        np.testing.assert_array_equal(arrays.landmarks[1], result.poses[1].landmarks)
        np.testing.assert_array_equal(arrays.world_landmarks[0], result.poses[0].world_landmarks)
        np.testing.assert_array_equal(arrays.visibility[1], result.poses[1].visibility)
        np.testing.assert_array_equal(arrays.presence[1], result.poses[1].presence)
        assert arrays.track_ids.tolist() == [3, 1]
        assert arrays.scores.tolist() == pytest.approx([0.9, 0.9])

    def test_of_nobody_has_no_rows_but_the_same_shapes(self) -> None:
        arrays = results()[1].to_numpy()
        assert [a.shape for a in arrays] == [(0, 33, 3), (0, 33, 3), (0, 33), (0, 33), (0,), (0,)]
        assert [a.dtype for a in arrays] == [np.float32] * 5 + [np.int64]


class TestFromResults:
    def test_keeps_frames_without_people(self, recording: Recording) -> None:
        assert len(recording) == 4
        assert recording.frames.tolist() == [0, 0, 2, 3, 3]
        assert recording.track_ids.tolist() == [3, 1, 1, 1, 3]
        assert recording.times_s.tolist() == [0, 0.033, 0.067, 0.1]

    def test_takes_exact_times_and_names(self) -> None:
        recording = Recording.from_results(results(), times_s=[0, 1 / 30, 2 / 30, 3 / 30])
        assert recording.times_s[1] == 1 / 30
        named = Recording.from_results(results(((None, (None, None)),)), names=["a.jpg"])
        assert named.names == ("a.jpg",)
        assert np.isnan(named.times_s).all()
        assert named.track_ids.tolist() == [NO_TRACK, NO_TRACK]

    def test_of_nothing_is_empty(self) -> None:
        recording = Recording.from_results([])
        assert (len(recording), len(recording.frames), recording.landmarks.shape) == (0, 0, (0, 33, 3))
        assert recording.stack().present.shape == (0, 0)
        assert np.isnan(recording.frame_rate)

    def test_wants_results(self) -> None:
        with pytest.raises(OptionTypeError, match="PoseLandmarkerResults, not int"):
            Recording.from_results([3])  # type: ignore[list-item]
        with pytest.raises(OptionError, match="2 times_s were given for 4 results"):
            Recording.from_results(results(), times_s=[0, 1])

    def test_pixels_are_those_of_the_poses(self, recording: Recording) -> None:
        np.testing.assert_array_equal(recording.pixels[1], results()[0].poses[1].pixels)


class TestChecks:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"frames": np.array([0, 0, 2, 3, 4])}, "from 0 to 3"),
            ({"frames": np.array([0, 0, 3, 2, 3])}, "must ascend"),
            ({"times_s": np.array([0, 2, 1, 3.0])}, "times_s must be finite and ascend"),
            ({"times_s": np.array([0, 1, 2, np.inf])}, "times_s must be finite"),
            ({"image_sizes": np.full((4, 2), -1)}, "image_sizes must be ≥ 0"),
            ({"scores": np.zeros(3)}, r"scores has shape \(3,\), wanted \(5,\)"),
            ({"names": ("a", "b")}, "must be 4 strings"),
            ({"names": (1, 2, 3, 4)}, "must be 4 strings"),
        ],
    )
    def test_values_that_do_not_fit_are_refused(
        self, recording: Recording, change: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(OptionError, match=message):
            replace(recording, **change)

    @pytest.mark.parametrize("value", ["x", None, [["a"]], {}, np.array([object()] * 5), [1.5] * 5])
    def test_values_of_other_types_are_refused(self, recording: Recording, value: Any) -> None:
        with pytest.raises((OptionTypeError, OptionError), match="track_ids"):
            replace(recording, track_ids=value)

    def test_arrays_are_read_only(self, recording: Recording) -> None:
        with pytest.raises(ValueError, match="read-only"):
            recording.landmarks[0] = 0

    def test_the_callers_arrays_stay_writable(self, recording: Recording) -> None:
        mine = np.zeros(5, np.float32)
        replace(recording, scores=mine)
        mine[0] = 1


class TestSelect:
    def test_a_person_in_all_frames(self, recording: Recording) -> None:
        one = recording.select(3)
        assert (len(one), one.frames.tolist(), one.tracks.tolist()) == (4, [0, 3], [3])

    def test_several_people_and_a_time(self, recording: Recording) -> None:
        some = recording.select([1, 3], start_s=0.033, end_s=0.1)
        assert (some.times_s.tolist(), some.frames.tolist()) == ([0.033, 0.067], [1])

    def test_an_unknown_person_is_named(self, recording: Recording) -> None:
        with pytest.raises(OptionError, match=r"track id 7; the ids are \[1, 3\]"):
            recording.select(7)
        with pytest.raises(OptionTypeError, match="whole number"):
            recording.select("1")  # type: ignore[arg-type]

    def test_frames_by_slice_numbers_or_mask(self, recording: Recording) -> None:
        assert recording.of_frames(slice(2, None)).frames.tolist() == [0, 1, 1]
        assert recording.of_frames([0, 3]).track_ids.tolist() == [3, 1, 1, 3]
        assert len(recording.of_frames(recording.times_s > 0.05)) == 2
        with pytest.raises(OptionError, match="frames must be"):
            recording.of_frames([9])

    def test_iterating_gives_the_frames(self, recording: Recording) -> None:
        assert [len(frame.frames) for frame in recording] == [2, 0, 1, 2]
        assert_same(Recording.join(recording), recording)


class TestJoin:
    def test_puts_parts_back_together(self, recording: Recording) -> None:
        assert_same(Recording.join([recording.of_frames([0, 1]), recording.of_frames([2, 3])]), recording)

    def test_keeps_names(self) -> None:
        part = Recording.from_results(results(((None, (None,)),)), names=["a"])
        assert Recording.join([part, replace(part, names=("b",))]).names == ("a", "b")

    def test_of_nothing_is_empty(self) -> None:
        assert len(Recording.join([])) == 0

    def test_refuses_what_does_not_follow(self, recording: Recording) -> None:
        with pytest.raises(OptionError, match="ascend"):
            Recording.join([recording, recording])
        with pytest.raises(OptionError, match="names"):
            Recording.join([recording, replace(recording, names=("a", "b", "c", "d"))])


class TestStack:
    def test_has_a_place_for_each_person(self, recording: Recording) -> None:
        stack = recording.stack()
        assert stack.track_ids.tolist() == [1, 3]
        assert stack.present.tolist() == [[True, True], [False, False], [True, False], [True, True]]
        np.testing.assert_array_equal(stack.landmarks[0, 1], recording.landmarks[0])
        np.testing.assert_array_equal(stack.visibility[3, 0], recording.visibility[3])
        assert np.isnan(stack.world_landmarks[~stack.present]).all()

    def test_gives_people_without_ids_places_in_order(self) -> None:
        scene = ((0, (None, 5, None)), (1, (None,)))
        recording = Recording.from_results(results(scene))
        stack = recording.stack()
        assert stack.track_ids.tolist() == [5, NO_TRACK, NO_TRACK]
        np.testing.assert_array_equal(stack.landmarks[0, 1:], recording.landmarks[[0, 2]])
        assert stack.present.tolist() == [[True, True, True], [False, True, False]]

    def test_refuses_an_id_that_two_have(self) -> None:
        with pytest.raises(OptionError, match="twice"):
            Recording.from_results(results(((0, (1, 1)),))).stack()


class TestFrameRate:
    def test_of_times_in_whole_milliseconds_is_exact(self) -> None:
        times = np.floor(np.arange(300) * 1000 / 30) / 1000
        recording = Recording.from_results(results(tuple((i, ()) for i in range(300))), times_s=times)
        assert recording.frame_rate == pytest.approx(30, rel=1e-3)

    def test_survives_dropped_frames(self) -> None:
        times = np.delete(np.arange(100) / 25, [10, 11, 50])
        recording = Recording.from_results(results(tuple((i, ()) for i in range(97))), times_s=times)
        assert recording.frame_rate == pytest.approx(25)


def test_says_what_it_is(recording: Recording) -> None:
    assert repr(recording) == "<Recording 4 frames, 5 poses, 2 tracks, 0.000 to 0.100 s>"
    assert repr(recording.stack()) == "<Stack 4 frames of 2 people, 5 poses>"
