"""Who is followed, under which number, and when somebody is looked for."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, cast

import numpy as np
import pytest

from pose_landmarker.filters import Smoothing
from pose_landmarker.image_options import ImageProcessingOptions
from pose_landmarker.options import PoseLandmarkerOptions, RunningMode, SubjectChoice
from pose_landmarker.pipeline import Pipeline
from pose_landmarker.results import PoseLandmarkerResult
from pose_landmarker.tracker import MEMORY_S, SUBJECT_MEMORY_S, Tracker
from tests.people import HEIGHT, WIDTH, Person, Scene, times, walk

RED, BLUE, GREEN = (200, 40, 40), (40, 60, 200), (30, 160, 60)
_UPRIGHT = ImageProcessingOptions()


def make_tracker(scene: Scene, **options: Any) -> Tracker:
    checked = PoseLandmarkerOptions(running_mode=RunningMode.VIDEO, **options)
    return Tracker(cast("Pipeline", scene), checked)


def follow(
    scene: Scene, tracker: Tracker, moments: Iterable[float]
) -> list[tuple[float, PoseLandmarkerResult]]:
    results = []
    for t in moments:
        scene.t = t
        results.append((t, tracker(scene.frame(), round(1000 * t), _UPRIGHT)))
    return results


def ids_of(scene: Scene, results: Iterable[tuple[float, PoseLandmarkerResult]]) -> list[set[int]]:
    """The numbers that each person of the scene had, by place."""
    numbers: list[set[int]] = [set() for _ in scene.people]
    for t, result in results:
        for pose in result.poses:
            x, y = pose.landmarks[23, :2] * (WIDTH, HEIGHT)
            for person, seen in zip(scene.people, numbers, strict=True):
                roi = person.roi(t)
                if roi is not None and math.hypot(roi.center_x - x, roi.center_y - y) < 0.11 * roi.size:
                    assert pose.track_id is not None
                    seen.add(pose.track_id)
    return numbers


def standing(
    x: float, *, since: float = 0.0, away: tuple[float, float] = (math.inf, math.inf)
) -> Callable[[float], tuple[float, float] | None]:
    """Somebody who comes at a time, and is away between two times."""
    return lambda t: (x, 300.0) if t >= since and not away[0] < t < away[1] else None


class TestNumbers:
    def test_one_person_has_one_number(self) -> None:
        scene = Scene([Person(walk(100, 150))])
        results = follow(scene, make_tracker(scene), times(4))
        assert [[pose.track_id for pose in result] for _, result in results] == [[1]] * 120

    @pytest.mark.parametrize("fps", [15, 30, 60])
    @pytest.mark.parametrize("colors", [(RED, BLUE), (RED, RED)], ids=["clothes differ", "same clothes"])
    def test_two_people_cross(self, colors: tuple[Any, Any], fps: int) -> None:
        scene = Scene([Person(walk(150, 160), colors[0]), Person(walk(810, -160), colors[1])], hides=0.3)
        tracker = make_tracker(scene, num_poses=2)
        results = follow(scene, tracker, times(4, fps))
        hidden = sum(len(result) < 2 for _, result in results)
        assert hidden / fps > 0.5, "they do not hide each other in this scene"
        first, second = ids_of(scene, [r for r in results if abs(r[0] - 2.0) > 0.7])
        assert sorted([*first, *second]) == [1, 2]

    def test_nobody_is_counted_twice(self) -> None:
        scene = Scene([Person(walk(300, 0)), Person(walk(420, 0), BLUE, detector_error=25.0)])
        results = follow(scene, make_tracker(scene, num_poses=4, detection_interval=0.01), times(2))
        assert {len(result) for _, result in results} == {2}

    def test_somebody_hidden_comes_back_under_the_same_number(self) -> None:
        away = lambda t: None if 1.0 < t < 2.5 else (200 + 100 * min(t, 1.0), 300.0)  # noqa: E731
        scene = Scene([Person(away), Person(walk(700, 0), BLUE)])
        results = follow(scene, make_tracker(scene, num_poses=2), times(4))
        assert ids_of(scene, results) == [{1}, {2}]

    def test_somebody_else_gets_a_new_number(self) -> None:
        leaves = Person(lambda t: (200.0, 300.0) if t < 1.0 else None, RED)
        enters = Person(lambda t: (220.0, 300.0) if t > 2.0 else None, BLUE)
        scene = Scene([leaves, enters])
        assert ids_of(scene, follow(scene, make_tracker(scene, num_poses=2), times(3))) == [{1}, {2}]

    def test_after_long_it_is_somebody_new(self) -> None:
        scene = Scene([Person(lambda t: None if 1.0 < t < 1.5 + MEMORY_S else (300.0, 300.0))])
        results = follow(scene, make_tracker(scene), times(2.5 + MEMORY_S))
        assert ids_of(scene, results) == [{1, 2}]

    def test_reset_starts_anew(self) -> None:
        scene = Scene([Person(walk(300, 10))])
        tracker = make_tracker(scene)
        first = follow(scene, tracker, times(1))
        tracker.reset()
        again = follow(scene, tracker, times(1))
        fresh = follow(scene, make_tracker(scene), times(1))
        for other in (again, fresh):
            for (_, a), (_, b) in zip(first, other, strict=True):
                assert [p.track_id for p in a] == [p.track_id for p in b]
                np.testing.assert_array_equal(a.poses[0].landmarks, b.poses[0].landmarks)


class TestLooking:
    def test_the_detector_rests_while_everybody_is_followed(self) -> None:
        scene = Scene([Person(walk(300, 20))])
        follow(scene, make_tracker(scene), times(2))
        assert len(scene.looks) == 1

    @pytest.mark.parametrize(("interval", "least", "most"), [(0.25, 8, 10), (1.0, 2, 2), (0.0, 60, 60)])
    def test_looks_for_others_now_and_then(self, interval: float, least: int, most: int) -> None:
        scene = Scene([Person(walk(300, 20))])
        follow(scene, make_tracker(scene, num_poses=2, detection_interval=interval), times(2))
        assert least <= len(scene.looks) <= most

    def test_looks_at_every_frame_while_nobody_is_there(self) -> None:
        scene = Scene([Person(lambda t: None)])
        follow(scene, make_tracker(scene), times(1))
        assert len(scene.looks) == 30

    @pytest.mark.parametrize("fps", [15, 30, 60])
    def test_a_newcomer_appears_within_half_a_second(self, fps: int) -> None:
        scene = Scene([Person(walk(200, 20)), Person(lambda t: (700.0, 300.0) if t >= 1.03 else None, BLUE)])
        results = follow(scene, make_tracker(scene, num_poses=2), times(2, fps))
        found = next(t for t, result in results if len(result) == 2)
        assert 1.03 <= found <= 1.53

    def test_somebody_lost_is_looked_for_at_once(self) -> None:
        scene = Scene([Person(lambda t: (200.0 if t < 1.0 else 600.0, 300.0)), Person(walk(400, 0), BLUE)])
        follow(scene, make_tracker(scene, num_poses=2, detection_interval=60), times(1.5))
        assert len(scene.looks) == 2
        assert scene.looks[1] == pytest.approx(1.0 + 1 / 30)

    def test_all_people_of_a_frame_go_through_the_network_at_once(self) -> None:
        scene = Scene([Person(walk(150 + 220 * i, 0), (60 * i, 90, 200)) for i in range(4)])
        follow(scene, make_tracker(scene, num_poses=4), times(1))
        assert scene.batches == [4] * 30

    def test_no_more_than_asked_for(self) -> None:
        scene = Scene([Person(walk(150 + 220 * i, 0), (60 * i, 90, 200)) for i in range(4)])
        results = follow(scene, make_tracker(scene, num_poses=2), times(1))
        assert {len(result) for _, result in results} == {2}
        assert {pose.track_id for _, result in results for pose in result} == {1, 2}

    def test_no_more_than_asked_for_when_all_come_back(self) -> None:
        """Two who were hidden return together, one of them where expected, with strangers beside them."""
        scene = Scene(
            [
                Person(standing(70.0, since=1.6), (250, 250, 0), size=140.0),
                Person(standing(880.0, since=1.6), (0, 250, 250), size=140.0),
                Person(walk(250, 0), RED, size=200.0),
                Person(standing(450.0, away=(1.0, 1.6)), BLUE, size=200.0),
                Person(standing(650.0, away=(1.0, 1.6)), GREEN, size=200.0),
            ]
        )
        results = follow(scene, make_tracker(scene, num_poses=3), times(4))
        assert max(len(result) for _, result in results) == 3
        strangers = ids_of(scene, results)[:2]
        assert ids_of(scene, results)[2:] == [{1}, {2}, {3}]
        assert strangers == [set(), set()], "those who were there have the places"

    def test_who_is_known_goes_before_a_stranger(self) -> None:
        back = Person(lambda t: None if 0.5 < t < 2.5 else (600.0, 300.0), BLUE)
        newcomer = Person(lambda t: (880.0, 300.0) if t > 2.5 else None, GREEN, size=200.0)
        scene = Scene([newcomer, Person(walk(200, 0)), back])  # the detector likes the newcomer best
        results = follow(scene, make_tracker(scene, num_poses=2), times(4))
        assert ids_of(scene, results) == [set(), {1}, {2}]

    def test_overlap_must_be_above_the_threshold(self) -> None:
        scene = Scene([Person(walk(150, 0)), Person(lambda t: (800.0, 300.0) if t > 0.5 else None, BLUE)])
        tracker = make_tracker(scene, num_poses=2, min_tracking_confidence=0.0)
        detect = scene.detect
        scene.detect = lambda *a: [d for d in detect(*a) if d[1].center_x > 400 or scene.t == 0]  # type: ignore[method-assign]
        assert len(follow(scene, tracker, times(2))[-1][1]) == 2


class TestSubject:
    PEOPLE = (
        Person(walk(160, 0), RED, size=250.0),
        Person(walk(500, 0), BLUE, size=280.0),
        Person(walk(820, 0), GREEN, size=320.0),
    )

    @pytest.mark.parametrize(
        ("choice", "person"),
        [
            ("first", 0),
            ("central", 1),
            ("largest", 2),
            ((150.0, 300.0), 0),
            ((700.0, 100.0, 240.0, 400.0), 2),
        ],
    )
    def test_only_the_subject_is_reported(self, choice: SubjectChoice, person: int) -> None:
        scene = Scene(self.PEOPLE)
        results = follow(scene, make_tracker(scene, subject=choice), times(1))
        assert all(len(result) == 1 for _, result in results)
        numbers = ids_of(scene, results)
        assert [bool(n) for n in numbers] == [i == person for i in range(3)]

    def test_stays_with_the_subject(self) -> None:
        """Somebody larger passes in front; the subject is hidden meanwhile and then found again."""
        passer = Person(walk(-300, 300), BLUE, size=420.0)
        scene = Scene([passer, Person(walk(500, 0), RED, size=300.0)], hides=0.3)
        results = follow(scene, make_tracker(scene, subject="central"), times(5))
        passers, subjects = ids_of(scene, [r for r in results if not 2.0 < r[0] < 3.4])
        assert len(subjects) == 1
        assert not passers
        assert all(len(result) == 1 for t, result in results if t > 3.6)

    def test_is_chosen_among_more_than_are_followed(self) -> None:
        crowd = [Person(walk(80 + 150 * i, 0), (40 * i, 90, 200), size=120.0 + 5 * i) for i in range(6)]
        for choice in ((830.0, 300.0), "largest"):
            scene = Scene(crowd)
            results = follow(scene, make_tracker(scene, subject=choice), times(1))
            assert [bool(n) for n in ids_of(scene, results)] == [False] * 5 + [True], choice

    def test_is_found_again_in_a_crowd(self) -> None:
        away = Person(lambda t: None if 1.0 < t < 1.8 else (480.0, 300.0), RED, size=160.0)
        crowd = [Person(walk(60 + 160 * i, 0), (0, 40 * i, 200), size=120.0) for i in (0, 1, 4, 5)]
        scene = Scene([*crowd, away])
        results = follow(scene, make_tracker(scene, subject="central"), times(4))
        assert all(len(result) == 1 for t, result in results if t < 1.0 or t > 2.3)
        assert len(ids_of(scene, results)[-1]) == 1
        assert not any(ids_of(scene, results)[:-1])

    def test_another_one_is_chosen_when_the_subject_is_gone(self) -> None:
        scene = Scene([Person(lambda t: (500.0, 300.0) if t < 1 else None, RED), Person(walk(100, 0), BLUE)])
        results = follow(scene, make_tracker(scene, subject="central"), times(3 + SUBJECT_MEMORY_S, 10))
        assert [len(result) for t, result in results if 1.2 < t < SUBJECT_MEMORY_S] == [0] * 87
        assert len(results[-1][1]) == 1


class TestFrames:
    @pytest.mark.parametrize("num_poses", [1, 2])
    def test_one_frame_without_numbers_is_forgotten(self, num_poses: int) -> None:
        scene = Scene([Person(walk(300, 30))])
        net = scene.bodies

        def sometimes(image: Any, rois: Any) -> Any:
            bodies = net(image, rois)
            if scene.t == pytest.approx(0.5):
                bodies.points[:, 15] = np.nan
            return bodies

        scene.bodies = sometimes  # type: ignore[method-assign]
        results = follow(scene, make_tracker(scene, num_poses=num_poses), times(1))
        finite = [bool(np.isfinite(result.poses[0].landmarks).all()) for _, result in results]
        assert finite.count(False) == 1
        assert {pose.track_id for _, result in results for pose in result} == {1}

    def test_a_score_that_is_no_number_is_no_pose(self) -> None:
        scene = Scene([Person(walk(300, 30))])
        net = scene.bodies
        scene.bodies = lambda *a: net(*a)._replace(scores=np.array([np.nan], np.float32))  # type: ignore[method-assign]
        assert not any(len(result) for _, result in follow(scene, make_tracker(scene), times(0.2)))

    def test_a_frame_of_another_size_is_no_harm(self) -> None:
        scene = Scene([Person(walk(300, 30))])
        tracker = make_tracker(scene)
        follow(scene, tracker, times(1))
        half = Scene([Person(lambda t: (150 + 15 * t, 150.0), size=150.0)])
        tracker.pipeline = cast("Pipeline", half)
        for i in range(30):
            half.t = 1 + i / 30
            result = tracker(half.frame()[: HEIGHT // 2, : WIDTH // 2], round(1000 * half.t), _UPRIGHT)
            assert [pose.track_id for pose in result] == [1]
            x = float(result.poses[0].landmarks[23, 0]) * WIDTH / 2
            assert x == pytest.approx(135 + 15 * half.t, abs=8)
        assert not half.looks

    def test_a_frame_of_another_shape_is_looked_at_anew(self) -> None:
        scene = Scene([Person(walk(250, 0))])
        tracker = make_tracker(scene)
        follow(scene, tracker, times(1))
        image = np.ascontiguousarray(scene.frame()[:, :HEIGHT])
        scene.t = 1.0
        assert [pose.track_id for pose in tracker(image, 1000, _UPRIGHT)] == [1]
        assert len(scene.looks) == 2

    def test_results_carry_the_time(self) -> None:
        scene = Scene([Person(walk(250, 0))])
        result = make_tracker(scene)(scene.frame(), 1234, _UPRIGHT)
        assert result.timestamp_ms == 1234
        assert result.image_size == (WIDTH, HEIGHT)


class Wobbling(Scene):
    """Sees everybody a little beside where they are, each time elsewhere."""

    rng = np.random.default_rng(5)

    def bodies(self, image: Any, rois: Any) -> Any:
        bodies = super().bodies(image, rois)
        bodies.points[...] += self.rng.normal(0, 1.0, bodies.points.shape)
        return bodies


def jitter(results: list[tuple[float, PoseLandmarkerResult]]) -> float:
    xy = np.array([result.poses[0].pixels for _, result in results[5:]])
    return float(np.abs(np.diff(xy, axis=0)).mean())


class TestSmoothing:
    @pytest.mark.parametrize("num_poses", [1, 2])
    def test_is_on_for_one_and_for_several(self, num_poses: int) -> None:
        def measure(smoothing: Smoothing | str | None) -> float:
            scene = Wobbling([Person(walk(250, 0)), Person(walk(700, 0), BLUE)][:num_poses])
            return jitter(
                follow(scene, make_tracker(scene, num_poses=num_poses, smoothing=smoothing), times(2))
            )

        rough = measure(None)
        assert measure("none") == pytest.approx(rough, rel=0.2)
        assert measure("reference") < 0.5 * rough
        assert measure(Smoothing(beta=0.0)) < 0.1 * rough

    def test_the_next_region_comes_from_unsmoothed_landmarks(self) -> None:
        scene = Scene([Person(walk(100, 400))])
        results = follow(scene, make_tracker(scene, smoothing=Smoothing(min_cutoff=0.01, beta=0.0)), times(1))
        t, last = results[-1]
        assert last.poses[0].roi.center_x == pytest.approx(100 + 400 * (t - 1 / 30), abs=1e-6)
        assert last.poses[0].landmarks[23, 0] * WIDTH < 200, "these are smoothed so much that they lag"

    def test_steady_regions_hold_still(self) -> None:
        def regions(steady: bool) -> set[tuple[float, float, float]]:
            scene = Wobbling([Person(walk(250.3, 0))])
            results = follow(scene, make_tracker(scene, steady=steady), times(2))
            return {(p.roi.center_x, p.roi.center_y, p.roi.size) for _, r in results[2:] for p in r}

        assert len(regions(False)) == 58
        assert len(regions(True)) == 1


def test_the_reference_takes_over_what_it_detects() -> None:
    """detection_interval=0: a detection replaces the region of somebody whom it overlaps."""

    def regions(interval: float) -> set[float]:
        scene = Scene([Person(walk(300, 0), detector_error=10.0)])
        tracker = make_tracker(scene, num_poses=2, detection_interval=interval)
        return {pose.roi.center_x for _, result in follow(scene, tracker, times(1))[1:] for pose in result}

    assert regions(0.0) == {310.0}
    assert regions(0.25) == {300.0}


def test_the_order_is_the_references() -> None:
    """Kept regions, then new ones; a region that has been replaced moves behind those."""
    scene = Scene(
        [Person(standing(x, since=since), size=150.0) for x, since in ((150, 0), (450, 0), (750, 0.1))]
    )
    tracker = make_tracker(scene, num_poses=3, detection_interval=0, smoothing="none")
    detect = scene.detect

    def partly(*arguments: Any) -> Any:
        found = detect(*arguments)
        return found if scene.t == 0 else [d for d in reversed(found) if d[1].center_x > 300]

    scene.detect = partly  # type: ignore[method-assign, assignment]
    results = follow(scene, tracker, [0.0, 0.2])
    places = [[round(pose.roi.center_x) for pose in result] for _, result in results]
    assert places == [[150, 450], [150, 750, 450]]
    assert [pose.track_id for pose in results[1][1]] == [1, 3, 2]
