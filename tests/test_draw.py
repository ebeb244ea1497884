from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pose_landmarker.arrays import FloatArray, RgbImage
from pose_landmarker.draw import DEFAULT_STYLE, DrawStyle, annotate
from pose_landmarker.errors import ImageError, OptionError
from pose_landmarker.results import Pose, PoseLandmarkerResult, Roi
from pose_landmarker.topology import LEFT_LANDMARKS, RIGHT_LANDMARKS, PoseLandmark

GREY = 90


def _person(
    width: int,
    height: int,
    *,
    visibility: float = 1.0,
    points: FloatArray | None = None,
    mask: FloatArray | None = None,
) -> Pose:
    """Somebody facing the camera: the person's left on the picture's right."""
    landmarks = np.zeros((33, 3), np.float32)
    landmarks[:, 0] = [
        0.7 if i in LEFT_LANDMARKS else 0.3 if i in RIGHT_LANDMARKS else 0.5 for i in range(33)
    ]
    landmarks[:, 1] = np.linspace(0.1, 0.9, 33)
    return Pose(
        landmarks=landmarks if points is None else points,
        world_landmarks=np.zeros((33, 3), np.float32),
        visibility=np.full(33, visibility, np.float32),
        presence=np.ones(33, np.float32),
        score=1.0,
        roi=Roi(width / 2, height / 2, height, 0),
        image_size=(width, height),
        mask=mask,
    )


def _result(*poses: Pose) -> PoseLandmarkerResult:
    return PoseLandmarkerResult(poses=poses, image_size=poses[0].image_size if poses else (1, 1))


def _canvas(width: int, height: int) -> RgbImage:
    canvas = np.full((height, width, 3), GREY, np.uint8)
    canvas.setflags(write=False)
    return canvas


@pytest.mark.parametrize(("width", "height"), [(64, 48), (640, 480), (3000, 4000)])
def test_left_and_right_have_their_colours_at_any_size(width: int, height: int) -> None:
    drawn = annotate(_canvas(width, height), _result(_person(width, height)))
    knee = _person(width, height).pixels
    for side, color in (
        (PoseLandmark.LEFT_KNEE, DEFAULT_STYLE.left),
        (PoseLandmark.RIGHT_KNEE, DEFAULT_STYLE.right),
    ):
        x, y = knee[side].astype(int)
        assert drawn[y, x].tolist() == pytest.approx(color, abs=40)
    changed = (drawn != GREY).any(axis=2)
    assert 0.002 < changed.mean() < 0.4


def test_the_picture_given_stays_as_it_is() -> None:
    canvas = _canvas(64, 48)
    annotate(canvas, _result(_person(64, 48, mask=np.ones((48, 64), np.float32))))
    assert (canvas == GREY).all()


def test_nobody_changes_nothing() -> None:
    np.testing.assert_array_equal(annotate(_canvas(64, 48), _result()), _canvas(64, 48))


def test_hidden_landmarks_are_fainter() -> None:
    seen = annotate(_canvas(320, 240), _result(_person(320, 240))).astype(int)
    hidden = annotate(_canvas(320, 240), _result(_person(320, 240, visibility=0.1))).astype(int)
    lines = np.abs(seen - GREY).max(axis=2) > 60
    ratio = np.abs(hidden - GREY)[lines].mean() / np.abs(seen - GREY)[lines].mean()
    assert ratio == pytest.approx(DEFAULT_STYLE.hidden_opacity, abs=0.05)
    gone = annotate(
        _canvas(320, 240), _result(_person(320, 240, visibility=0.1)), DrawStyle(hidden_opacity=0)
    )
    assert (gone == GREY).all()


@pytest.mark.parametrize("offset", [-3.0, 5.0, 1e12, np.inf, np.nan])
def test_far_outside_is_clipped(offset: float) -> None:
    points = _person(64, 48).landmarks + np.float32(offset)
    outside = _person(64, 48, points=points)
    drawn = annotate(_canvas(64, 48), _result(outside, outside))
    assert drawn.shape == (48, 64, 3)


def test_one_landmark_without_a_place_spoils_no_other() -> None:
    points = _person(320, 240).landmarks.copy()
    points[PoseLandmark.NOSE] = np.nan
    drawn = annotate(_canvas(320, 240), _result(_person(320, 240, points=points)))
    x, y = _person(320, 240).pixels[PoseLandmark.LEFT_KNEE].astype(int)
    assert drawn[y, x].tolist() == pytest.approx(DEFAULT_STYLE.left, abs=40)


def test_silhouettes_are_tinted_by_opacity_and_mask() -> None:
    mask = np.zeros((240, 320), np.float32)
    mask[50:200, 10:60] = 1
    mask[50:200, 30:60] = 0.5
    drawn = annotate(_canvas(320, 240), _result(_person(320, 240, mask=mask)))
    tint = np.array(DEFAULT_STYLE.tints[0])
    for x, share in ((20, 1.0), (45, 0.5)):
        wanted = GREY + (tint - GREY) * share * DEFAULT_STYLE.tint_opacity
        np.testing.assert_allclose(drawn[120, x], wanted, atol=1)
    assert drawn[20, 20].tolist() == [GREY] * 3


def test_a_canvas_of_another_size_than_the_picture() -> None:
    """Drawing over a thumbnail: landmarks and masks are scaled to it."""
    pose = _person(1280, 960, mask=np.ones((960, 1280), np.float32))
    drawn = annotate(_canvas(320, 240), _result(pose))
    assert (drawn != GREY).all(axis=2).mean() > 0.9
    x, y = _person(320, 240).pixels[PoseLandmark.LEFT_KNEE].astype(int)
    assert drawn[y, x].tolist() == pytest.approx(DEFAULT_STYLE.left, abs=40)


def test_empty_masks() -> None:
    empty = _person(320, 240, mask=np.zeros((240, 320), np.float32))
    np.testing.assert_array_equal(
        annotate(_canvas(320, 240), _result(empty)), annotate(_canvas(320, 240), _result(_person(320, 240)))
    )


def test_every_form_of_picture_and_no_other() -> None:
    grey = np.full((240, 320), GREY, np.uint8)
    wanted = annotate(_canvas(320, 240), _result(_person(320, 240)))
    np.testing.assert_array_equal(annotate(grey, _result(_person(320, 240))), wanted)
    assert (grey == GREY).all()
    for bad in (None, np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)):
        with pytest.raises(ImageError):
            annotate(bad, _result())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("left", "red"),
        ("right", (1, 2)),
        ("outline", (0, 0, 256)),
        ("tints", ()),
        ("tints", ("red",)),
        ("hidden_opacity", 5),
        ("tint_opacity", None),
        ("line_scale", -1),
    ],
)
def test_impossible_styles_are_named(name: str, value: Any) -> None:
    with pytest.raises(OptionError, match=name):
        DrawStyle(**{name: value})


def test_several_people_are_numbered() -> None:
    one = annotate(_canvas(320, 240), _result(_person(320, 240)))
    two = annotate(_canvas(320, 240), _result(_person(320, 240), _person(320, 240)))
    head = _person(320, 240).pixels.min(axis=0).astype(int)
    above = np.s_[0 : head[1] - 5, 140:180]  # nothing but the number is drawn there
    assert (one[above] == GREY).all()
    assert (two[above] != GREY).any(axis=2).sum() > 20
