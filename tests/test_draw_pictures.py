"""Drawing on pictures of every usual kind: what comes back is of that kind, and the picture stays."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from pose_landmarker import ImageError, OptionError, OptionTypeError, Recording
from pose_landmarker.draw import (
    DEFAULT_STYLE,
    JOINTS,
    Anatomy,
    Body,
    DrawStyle,
    annotate,
    bodies_of,
    draw_angle,
    draw_box,
    draw_points,
    joint_angles,
)
from pose_landmarker.results import PoseLandmarkerResult
from pose_landmarker.topology import PoseLandmark
from tests.poses import make_pose

_SIZE = (160, 120)


def _result(**options: Any) -> PoseLandmarkerResult:
    return PoseLandmarkerResult(poses=(make_pose(**options),), image_size=_SIZE)


def _photo(channels: int = 3, seed: int = 0) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (120, 160, channels), np.uint8)


class TestKinds:
    @pytest.mark.parametrize(
        ("dtype", "white"), [(np.uint16, 65535), (np.float16, 1), (np.float32, 1), (np.float64, 1)]
    )
    def test_other_numbers_show_the_same_and_stay_what_they_are(self, dtype: Any, white: float) -> None:
        photo = _photo()
        wanted = annotate(photo, _result()).astype(float)
        scaled = (photo.astype(np.float64) / 255 * white).astype(dtype)
        drawn = annotate(scaled, _result())
        assert drawn.dtype == dtype
        assert np.abs(drawn.astype(float) / white * 255 - wanted).mean() < 1
        np.testing.assert_array_equal(drawn[:12], scaled[:12])  # far from the body

    def test_greyscale_and_bool_become_colours(self) -> None:
        grey = _photo(1)
        for picture in (grey, grey[..., 0]):
            assert annotate(picture, _result()).shape == (120, 160, 3)
        drawn = annotate(grey[..., 0] > 128, _result())
        assert drawn.dtype == np.uint8
        assert set(np.unique(drawn[:4])) <= {0, 255}

    def test_the_alpha_channel_stays(self) -> None:
        photo = _photo(4)
        drawn = annotate(photo, _result())
        np.testing.assert_array_equal(drawn[..., 3], photo[..., 3])
        np.testing.assert_array_equal(drawn[..., :3], annotate(photo[..., :3], _result()))

    def test_blue_first_in_blue_first_out(self) -> None:
        photo = _photo()
        drawn = annotate(np.ascontiguousarray(photo[..., ::-1]), _result(), channels="bgr")
        np.testing.assert_array_equal(drawn[..., ::-1], annotate(photo, _result()))
        with pytest.raises(OptionError, match="channels must be 'rgb' or 'bgr'"):
            annotate(photo, _result(), channels="hsv")  # type: ignore[call-overload]

    @pytest.mark.parametrize("view", ["mirrored", "upside_down", "transposed", "big_endian"])
    def test_any_layout_of_memory(self, view: str) -> None:
        photo = _photo()
        picture: Any = {
            "mirrored": photo[:, ::-1],
            "upside_down": photo[::-1],
            "transposed": np.asfortranarray(photo),
            "big_endian": (photo.astype(">u2") * 257),
        }[view]
        wanted = annotate(np.ascontiguousarray(picture.astype(picture.dtype.newbyteorder("="))), _result())
        before = picture.copy()
        picture.setflags(write=False)
        np.testing.assert_array_equal(annotate(picture, _result()), wanted)
        np.testing.assert_array_equal(picture, before)

    def test_one_pixel(self) -> None:
        assert annotate(np.zeros((1, 1, 3), np.uint8), _result()).shape == (1, 1, 3)

    @pytest.mark.parametrize(
        ("picture", "message"),
        [
            (np.zeros((3, 120, 160), np.uint8), "transpose"),
            (np.zeros((2, 120, 160, 3), np.uint8), "batch"),
            (np.zeros((4, 4, 3), np.int64), "int64"),
            (np.full((4, 4, 3), 255.0), "from 0 to 1"),
            (np.zeros((0, 4, 3)), "empty"),
        ],
    )
    def test_other_arrays_are_refused(self, picture: npt.NDArray[Any], message: str) -> None:
        with pytest.raises(ImageError, match=message):
            annotate(picture, _result())


class TestAlpha:
    @pytest.mark.parametrize("dtype", [np.uint8, np.float32])
    def test_a_half_changes_half_way(self, dtype: Any) -> None:
        photo = _photo() if dtype == np.uint8 else (_photo() / np.float32(255)).astype(dtype)
        full = annotate(photo, _result()).astype(float)
        half = annotate(photo, _result(), DrawStyle(alpha=0.5)).astype(float)
        step = 0.51 if dtype == np.uint8 else 1e-6
        np.testing.assert_allclose(half, (photo + full) / 2, atol=step)

    def test_none_changes_nothing(self) -> None:
        np.testing.assert_array_equal(annotate(_photo(), _result(), DrawStyle(alpha=0)), _photo())


class TestConfidence:
    def _change(self, confidence: float, style: DrawStyle = DEFAULT_STYLE) -> float:
        canvas = np.full((120, 160, 3), 90, np.uint8)
        pose = make_pose()
        body = Body(pose.pixels, np.full(33, confidence), image_size=_SIZE)
        return float(np.abs(annotate(canvas, body, style).astype(int) - 90).sum())

    def test_the_surer_the_more_opaque_without_a_jump(self) -> None:
        changes = [self._change(confidence) for confidence in np.linspace(0, 1, 21)]
        assert (np.diff(changes) >= 0).all()
        assert max(np.diff(changes)) < 0.2 * changes[-1]
        assert changes[0] < 0.5 * changes[-1]

    def test_can_be_left_out(self) -> None:
        pose = make_pose()
        unsure = Body(pose.pixels, np.zeros(33), image_size=_SIZE)
        canvas = np.full((120, 160, 3), 90, np.uint8)
        drawn = annotate(canvas, unsure, DrawStyle(confidence="none"))
        np.testing.assert_array_equal(drawn, annotate(canvas, Body(pose.pixels, image_size=_SIZE)))


class TestBodies:
    def test_a_frame_of_a_recording_is_drawn_like_its_result(self) -> None:
        result = PoseLandmarkerResult(poses=(make_pose(track_id=2),), image_size=_SIZE, timestamp_ms=40)
        recording = Recording.from_results([result, result], times_s=[0, 0.04])
        canvas = _photo()
        np.testing.assert_array_equal(annotate(canvas, bodies_of(recording, 1)), annotate(canvas, result))
        with pytest.raises(OptionError, match="2 frames; say which"):
            annotate(canvas, recording)
        with pytest.raises(OptionError, match="frame must be a whole number from 0 to 1"):
            bodies_of(recording, 2)

    def test_recordings_without_sizes_of_pictures_have_no_place(self) -> None:
        recording = Recording.from_results([_result()])
        unknown = Recording(
            **{
                name: getattr(recording, name)
                for name in Recording.__dataclass_fields__
                if name != "image_sizes"
            },
            image_sizes=np.zeros((1, 2), np.int64),
        )
        with pytest.raises(OptionError, match="size of the picture of frame 0 is not known"):
            bodies_of(unknown)

    def test_points_of_other_topologies(self) -> None:
        anatomy = Anatomy(lines=((0, 1), (1, 2)), left=frozenset({0}), right=frozenset({2}))
        canvas = np.full((120, 160, 3), 90, np.uint8)
        body = Body(np.array([(20.0, 60), (80, 60), (140, 60)]), anatomy=anatomy)
        drawn = annotate(canvas, body)
        assert drawn[60, 20].tolist() == pytest.approx(DEFAULT_STYLE.left, abs=40)
        assert drawn[60, 140].tolist() == pytest.approx(DEFAULT_STYLE.right, abs=40)
        again = draw_points(canvas, body.points, anatomy.lines, left=(0,), right=(2,))
        np.testing.assert_array_equal(again, drawn)

    @pytest.mark.parametrize(
        ("arguments", "error"),
        [
            ({"points": np.zeros((3, 5))}, OptionError),
            ({"points": "x"}, OptionTypeError),
            ({"points": np.zeros((4, 2))}, OptionError),
            ({"points": np.zeros((33, 2)), "confidence": np.ones(3)}, OptionError),
            ({"points": np.zeros((33, 2)), "world": np.ones((3, 3))}, OptionError),
            ({"points": np.zeros((33, 2)), "mask": np.ones(3)}, OptionError),
            ({"points": np.zeros((33, 2)), "image_size": 5}, OptionTypeError),
        ],
    )
    def test_what_does_not_fit_is_refused(self, arguments: Any, error: type[Exception]) -> None:
        with pytest.raises(error):
            Body(**arguments)

    @pytest.mark.parametrize("found", [3, "pose", [1], None])
    def test_what_is_no_body_is_refused(self, found: Any) -> None:
        with pytest.raises(OptionTypeError, match="cannot be drawn"):
            annotate(_photo(), found)


class TestAngles:
    def test_of_a_right_angle_a_straight_and_a_folded_limb(self) -> None:
        points = np.array([[(0, 0), (0, 1), (1, 1)], [(0, 0), (0, 1), (0, 2)], [(0, 0), (0, 1), (0, 0.5)]])
        assert joint_angles(points, (0, 1, 2)).tolist() == pytest.approx([90, 180, 0])
        assert np.isnan(joint_angles(np.zeros((3, 2)), (0, 1, 2)))

    def test_the_sign_stands_between_the_limbs(self) -> None:
        points = np.full((33, 2), np.nan)
        hip, knee, ankle = JOINTS["left_knee"]
        points[[hip, knee, ankle]] = (60, 20), (60, 70), (110, 70)
        canvas = np.full((120, 160, 3), 90, np.uint8)
        drawn = draw_angle(canvas, Body(points), "left_knee")
        changed = np.argwhere((drawn != 90).any(axis=2))
        assert (changed.mean(axis=0) - (70, 60) > (-20, 0)).all()  # up and to the right of the knee
        assert (changed.mean(axis=0) - (70, 60) < (0, 30)).all()

    def test_degrees_that_are_given_are_written(self) -> None:
        canvas, pose = np.full((120, 160, 3), 90, np.uint8), make_pose()
        mine = draw_angle(canvas, pose, "left_elbow", degrees=7)
        assert (mine != draw_angle(canvas, pose, "left_elbow", degrees=8)).any()
        assert (mine != draw_angle(canvas, pose, "left_elbow", world=True)).any()

    def test_unknown_joints_are_named(self) -> None:
        with pytest.raises(OptionError, match="no joint is called 'nose'"):
            draw_angle(_photo(), make_pose(), "nose")
        with pytest.raises(OptionError, match="angles: no joint"):
            DrawStyle(angles=("left_toe",))

    def test_in_annotations(self) -> None:
        style = DrawStyle(angles=("left_knee",))
        assert (annotate(_photo(), _result(), style) != annotate(_photo(), _result())).any()


class TestBoxes:
    def test_are_drawn_closed_at_the_border(self) -> None:
        canvas = np.full((120, 160, 3), 90, np.uint8)
        drawn = draw_box(canvas, (-50, -50, 1000, 1000), "7")
        for edge in (drawn[0], drawn[-1], drawn[:, 0], drawn[:, -1]):
            assert (edge != 90).any(axis=1).mean() > 0.9

    def test_outside_nothing(self) -> None:
        canvas = np.full((120, 160, 3), 90, np.uint8)
        np.testing.assert_array_equal(draw_box(canvas, (500, 10, 20, 20)), canvas)
        np.testing.assert_array_equal(draw_box(canvas, (np.nan, 10, 20, 20)), canvas)

    def test_around_people_with_scores(self) -> None:
        plain = annotate(_photo(), _result())
        boxed = annotate(_photo(), _result(), DrawStyle(boxes=True, scores=True))
        assert (plain != boxed).any(axis=2).sum() > 100

    @pytest.mark.parametrize("box", ["box", (1, 2, 3), None, (0, 0, -1, 5)])
    def test_what_is_no_box_is_refused(self, box: Any) -> None:
        with pytest.raises(OptionError, match="box must"):
            draw_box(_photo(), box)


def test_small_people_show_no_face_that_would_be_a_blot() -> None:
    canvas = np.full((1200, 1600, 3), 90, np.uint8)
    pose = make_pose()
    tiny = Body(pose.pixels / 10 + 500, image_size=(1600, 1200))
    drawn = annotate(canvas, tiny)
    x, y = tiny.points[PoseLandmark.LEFT_KNEE].astype(int)
    assert (drawn[y, x] != 90).any()
    assert (drawn != 90).any(axis=2).sum() < 600
