"""The drop-in's drawing, its styles, and the messages that tutorials draw."""

from __future__ import annotations

import copy
import pickle
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from pose_landmarker.errors import ImageError, OptionError
from pose_landmarker.mediapipe import drawing_styles, drawing_utils
from pose_landmarker.mediapipe.drawing_utils import RED_COLOR, WHITE_COLOR, DrawingSpec, draw_landmarks
from pose_landmarker.mediapipe.framework.formats import landmark_pb2
from pose_landmarker.mediapipe.tasks.python import vision
from pose_landmarker.mediapipe.tasks.python.components.containers.landmark import NormalizedLandmark

LINES = vision.PoseLandmarksConnections.POSE_LANDMARKS


def canvas(height: int = 60, width: int = 80) -> npt.NDArray[np.uint8]:
    return np.zeros((height, width, 3), np.uint8)


def point(x: float | None, y: float | None, **scores: Any) -> NormalizedLandmark:
    return NormalizedLandmark(x, y, 0.0, **scores)


def body(seed: int = 0) -> list[NormalizedLandmark]:
    places = np.random.default_rng(seed).uniform(0.1, 0.9, (33, 2)).tolist()
    return [point(x, y, visibility=0.9, presence=0.9) for x, y in places]


class TestDrawing:
    def test_a_point_is_a_ring_in_a_white_ring(self) -> None:
        image = canvas()
        draw_landmarks(image, [point(0.5, 0.5)])
        assert tuple(image[30, 40 + 2]) == RED_COLOR
        assert tuple(image[30, 40 + 4]) == WHITE_COLOR

    def test_a_line_joins_two_points_in_the_colour_given(self) -> None:
        image = canvas()
        ends = [point(0.25, 0.5), point(0.75, 0.5)]
        draw_landmarks(image, ends, [(0, 1)], None, DrawingSpec((1, 2, 3), 1))
        assert (image[30, 20:61] == (1, 2, 3)).all()
        assert not image[:29].any()

    def test_pairs_objects_and_messages_give_the_same_picture(self) -> None:
        images = [canvas() for _ in range(3)]
        points = body()
        message = landmark_pb2.NormalizedLandmarkList(
            landmark=[landmark_pb2.NormalizedLandmark(x=p.x, y=p.y, z=p.z) for p in points]
        )
        style = drawing_styles.get_default_pose_landmarks_style()
        draw_landmarks(images[0], points, LINES, style)
        draw_landmarks(images[1], points, [(line.start, line.end) for line in LINES], style)
        draw_landmarks(images[2], message, frozenset((line.start, line.end) for line in LINES), style)
        assert images[0].any()
        np.testing.assert_array_equal(images[0], images[1])
        assert (images[0] != images[2]).mean() < 0.05  # a set draws its lines in another order

    @pytest.mark.parametrize("scores", [{"visibility": 0.4}, {"presence": 0.4}])
    def test_what_is_hidden_or_absent_is_left_out_with_its_lines(self, scores: dict[str, float]) -> None:
        image = canvas()
        draw_landmarks(image, [point(0.25, 0.5, **scores), point(0.75, 0.5, visibility=0.5)], [(0, 1)])
        assert not image[:, :50].any()
        assert image[:, 50:].any()

    def test_fields_of_messages_that_were_not_set_hide_nothing(self) -> None:
        image = canvas()
        draw_landmarks(image, SimpleNamespace(landmark=[landmark_pb2.NormalizedLandmark(x=0.5, y=0.5)]))
        assert image.any()

    def test_every_point_and_line_may_have_its_own_style(self) -> None:
        image = canvas()
        ends = [point(0.25, 0.5), point(0.75, 0.5)]
        points = {0: DrawingSpec((9, 9, 9), -1, 3), 1: DrawingSpec((7, 7, 7), -1, 3)}
        draw_landmarks(image, ends, [(0, 1)], points, {(0, 1): DrawingSpec((5, 5, 5), 1)})
        assert [image[30, x, 0] for x in (20, 40, 60)] == [9, 5, 7]

    def test_points_and_lines_can_be_left_out(self) -> None:
        ends = [point(0.25, 0.5), point(0.75, 0.5)]
        image = canvas()
        draw_landmarks(image, ends, [(0, 1)], None, None)
        draw_landmarks(image, ends, None, is_drawing_landmarks=False)
        assert not image.any()

    def test_lines_that_leave_the_picture_are_cut_off_at_its_edge(self) -> None:
        image = canvas()
        draw_landmarks(image, [point(0.5, 0.5), point(1.5, 0.5)], [(0, 1)], None, DrawingSpec((1, 1, 1), 1))
        assert image[30, 40:].all()
        assert not image[:, :40].any()

    @pytest.mark.parametrize("far", [-1e30, -3.0, 1e9, float("nan"), float("inf"), None])
    def test_no_place_raises(self, far: float | None) -> None:
        image = canvas()
        draw_landmarks(image, [point(0.5, 0.5), point(far, 0.5), point(0.5, far)], [(0, 1), (1, 2)])
        assert image.any()

    def test_the_far_edges_belong_to_the_last_pixels(self) -> None:
        image = canvas()
        draw_landmarks(image, [point(1.0, 1.0)], None, DrawingSpec((3, 3, 3), -1, 0))
        assert image[-1, -1].any()

    def test_views_are_drawn_on_in_place(self) -> None:
        image, plain = canvas(), canvas()
        draw_landmarks(image[:, :, ::-1], body(), LINES)
        draw_landmarks(plain, body(), LINES)
        np.testing.assert_array_equal(image[:, :, ::-1], plain)

    @pytest.mark.parametrize("shape", [(60, 80), (60, 80, 4), (60, 80, 1)])
    def test_pictures_need_three_channels(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(ValueError, match="Input image must contain three channel bgr data"):
            draw_landmarks(np.zeros(shape, np.uint8), body())

    def test_read_only_pictures_are_refused_with_advice(self) -> None:
        image = canvas()
        image.setflags(write=False)
        with pytest.raises(ImageError, match="draw on a copy"):
            draw_landmarks(image, body())

    @pytest.mark.parametrize("line", [(0, 33), (-1, 0)])
    def test_lines_to_nowhere_are_refused(self, line: tuple[int, int]) -> None:
        with pytest.raises(OptionError, match="Landmark index is out of range"):
            draw_landmarks(canvas(), body(), [line])

    def test_nobody_draws_nothing(self) -> None:
        image = canvas()
        nobodies: tuple[Any, ...] = (None, [], landmark_pb2.NormalizedLandmarkList())
        for nobody in nobodies:
            draw_landmarks(image, nobody, LINES)
        assert not image.any()

    def test_the_tasks_draw_with_the_same_functions(self) -> None:
        assert vision.drawing_utils.draw_landmarks is draw_landmarks
        with pytest.raises(AttributeError, match="for poses only"):
            _ = vision.drawing_utils.draw_detection  # type: ignore[attr-defined]


class TestStyles:
    def test_sides_have_colours_and_every_landmark_one(self) -> None:
        style = drawing_styles.get_default_pose_landmarks_style()
        assert set(style) == set(range(33))
        assert style[vision.PoseLandmark.LEFT_KNEE].color == (0, 138, 255)
        assert style[vision.PoseLandmark.RIGHT_KNEE].color == (231, 217, 0)
        assert style[vision.PoseLandmark.NOSE].color == WHITE_COLOR

    def test_a_style_is_nobody_else_s(self) -> None:
        drawing_styles.get_default_pose_landmarks_style()[0].color = (1, 1, 1)
        assert drawing_styles.get_default_pose_landmarks_style()[0].color == WHITE_COLOR


class TestPlotting:
    @pytest.fixture
    def shown(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        matplotlib = pytest.importorskip("matplotlib")
        matplotlib.use("Agg")
        from matplotlib import pyplot

        figures: list[Any] = []
        monkeypatch.setattr(pyplot, "show", lambda: figures.append(pyplot.gcf()))
        yield figures
        pyplot.close("all")

    def test_shows_points_and_lines_in_three_dimensions(self, shown: list[Any]) -> None:
        drawing_utils.plot_landmarks(body(), LINES, azimuth=30)
        axes = shown[0].axes[0]
        assert len(axes.lines) == len(LINES)
        assert len(axes.collections[0].get_offsets()) == 33
        assert axes.azim == 30

    def test_leaves_out_what_is_hidden(self, shown: list[Any]) -> None:
        drawing_utils.plot_landmarks([point(0.1, 0.1, visibility=0.1), point(0.2, 0.2)], [(0, 1)])
        assert len(shown[0].axes[0].lines) == 0

    def test_shows_nothing_of_nobody(self, shown: list[Any]) -> None:
        drawing_utils.plot_landmarks([], LINES)
        assert shown == []


class TestMessages:
    def test_fields_are_zero_until_they_are_set(self) -> None:
        landmark = landmark_pb2.NormalizedLandmark(x=0.5)
        assert (landmark.x, landmark.y) == (0.5, 0.0)
        assert landmark.HasField("x")
        assert not landmark.HasField("visibility")
        landmark.visibility = 0.0
        assert landmark.HasField("visibility")
        landmark.ClearField("visibility")
        assert not landmark.HasField("visibility")
        landmark.Clear()
        assert landmark == landmark_pb2.NormalizedLandmark()

    def test_lists_grow_as_in_tutorials(self) -> None:
        message = landmark_pb2.NormalizedLandmarkList()
        message.landmark.extend([landmark_pb2.NormalizedLandmark(x=1, y=2, z=3)])
        message.landmark.add(x=4).y = 5
        assert [(p.x, p.y) for p in message.landmark] == [(1, 2), (4, 5)]
        assert str(message).startswith("landmark {\n  x: 1.0\n  y: 2.0\n")
        message.ClearField("landmark")
        assert len(message.landmark) == 0

    def test_copies_are_deep(self) -> None:
        message = landmark_pb2.LandmarkList(landmark=[{"x": 1.0}])
        other = landmark_pb2.LandmarkList()
        other.CopyFrom(message)
        for twin in (other, copy.deepcopy(message), pickle.loads(pickle.dumps(message))):
            assert twin == message
            twin.landmark[0].x = 2
            assert twin != message
        message.Clear()
        assert message == landmark_pb2.LandmarkList()

    def test_kinds_differ(self) -> None:
        assert landmark_pb2.Landmark(x=1) != landmark_pb2.NormalizedLandmark(x=1)

    def test_unknown_fields_are_refused(self) -> None:
        with pytest.raises(ValueError, match="has no field 'w'"):
            landmark_pb2.Landmark().HasField("w")
        with pytest.raises(AttributeError):
            landmark_pb2.Landmark().w = 1  # type: ignore[attr-defined]
