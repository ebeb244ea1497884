from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pose_landmarker.arrays import FloatArray, RgbImage
from pose_landmarker.draw import DEFAULT_STYLE, DrawStyle, Trails, annotate, bodies_of
from pose_landmarker.draw.placement import Placed
from pose_landmarker.errors import ImageError, OptionError
from pose_landmarker.results import Pose, PoseLandmarkerResult, Roi
from pose_landmarker.topology import LEFT_LANDMARKS, RIGHT_LANDMARKS, PoseLandmark
from tests.poses import make_pose

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
        presence_score=1.0,
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
    for bad in (None, np.zeros((4, 4, 3), complex), np.zeros((0, 4, 3), np.uint8)):
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
        ("tracks", ()),
        ("tracks", ((0, 0, -1),)),
        ("by_track", 1),
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


def _followed(
    *people: tuple[int, float], time_ms: int = 0, size: tuple[int, int] = (640, 240), **more: Any
) -> PoseLandmarkerResult:
    """People by (track id, share of the width by which they stand to the right of the left edge)."""
    poses = []
    for track_id, left in people:
        points = _person(*size).landmarks * np.array([0.5, 1, 1], np.float32)
        points[:, 0] += np.float32(left)
        poses.append(replace(_person(*size, points=points, **more), track_id=track_id))
    return PoseLandmarkerResult(poses=tuple(poses), image_size=size, timestamp_ms=time_ms)


def _near(drawn: RgbImage, color: tuple[int, int, int], part: Any = np.s_[:]) -> int:
    """How many pixels have a colour."""
    return int((np.abs(drawn[part].astype(int) - color).max(axis=2) < 30).sum())


LEFT_HALF, RIGHT_HALF = np.s_[:, :320], np.s_[:, 320:]


class TestTracks:
    def test_lines_and_tags_have_the_tracks_colour_joints_that_of_their_side(self) -> None:
        drawn = annotate(_canvas(640, 240), _followed((1, 0.0), (2, 0.5)))
        first, second = DEFAULT_STYLE.tracks[1:3]
        assert _near(drawn, first, LEFT_HALF) > 300 < _near(drawn, second, RIGHT_HALF)
        assert _near(drawn, first, RIGHT_HALF) == 0 == _near(drawn, second, LEFT_HALF)
        for half in (LEFT_HALF, RIGHT_HALF):
            assert _near(drawn, DEFAULT_STYLE.left, half) > 50 < _near(drawn, DEFAULT_STYLE.right, half)
        knee = _followed((1, 0.0)).poses[0].pixels[PoseLandmark.LEFT_KNEE].astype(int)
        assert drawn[knee[1], knee[0]].tolist() == pytest.approx(DEFAULT_STYLE.left, abs=40)

    def test_nothing_changes_when_somebody_comes_in_or_the_order_does(self) -> None:
        alone = annotate(_canvas(640, 240), _followed((1, 0.0)))
        for people in (((1, 0.0), (2, 0.5)), ((5, 0.5), (1, 0.0))):
            drawn = annotate(_canvas(640, 240), _followed(*people))
            np.testing.assert_array_equal(drawn[LEFT_HALF], alone[LEFT_HALF])

    def test_after_the_last_colour_comes_the_first(self) -> None:
        colors = DEFAULT_STYLE.tracks
        assert [DEFAULT_STYLE.track_color(i) for i in (0, 7, 8, 1_000_009)] == [
            colors[0],
            colors[7],
            colors[0],
            colors[1_000_009 % 8],
        ]

    def test_the_colours_differ_also_without_red_or_green(self) -> None:
        """Machado et al. 2009: how protanopes and deuteranopes see, as matrices for linear light."""
        views = (
            np.eye(3),
            [
                [0.152286, 1.052583, -0.204868],
                [0.114503, 0.786281, 0.099216],
                [-0.003882, -0.048116, 1.051998],
            ],
            [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
        )
        for view in views:
            labs = [_lab(np.clip(np.asarray(view) @ _linear(color), 0, 1)) for color in DEFAULT_STYLE.tracks]
            gaps = [np.linalg.norm(a - b) for i, a in enumerate(labs) for b in labs[:i]]
            assert min(gaps) > 18

    def test_on_request_as_in_pictures(self) -> None:
        style = DrawStyle(by_track=False)
        people = _followed((3, 0.0))
        by_side = PoseLandmarkerResult(
            poses=tuple(replace(pose, track_id=None) for pose in people.poses), image_size=(640, 240)
        )
        np.testing.assert_array_equal(
            annotate(_canvas(640, 240), people, style), annotate(_canvas(640, 240), by_side)
        )
        two = annotate(_canvas(640, 240), _followed((3, 0.0), (4, 0.5)), style)
        assert all(_near(two, color) < 20 for color in DEFAULT_STYLE.tracks[3:5])

    def test_silhouettes_have_the_tracks_colour(self) -> None:
        mask = np.zeros((240, 640), np.float32)
        mask[100:200, 5:25] = 1
        drawn = annotate(_canvas(640, 240), _followed((3, 0.0), mask=mask))
        wanted = GREY + (np.array(DEFAULT_STYLE.tracks[3]) - GREY) * DEFAULT_STYLE.tint_opacity
        np.testing.assert_allclose(drawn[150, 15], wanted, atol=1)

    def test_tags_stay_in_the_picture_unless_the_person_is_outside(self) -> None:
        size = (160, 120)
        color = DEFAULT_STYLE.tracks[1]
        points = _person(*size).landmarks.copy()
        points[11:] = np.nan
        for corner in ((0.0, 0.0), (1.0, 1.0)):
            points[:11, :2] = np.clip(corner, 0.001, 0.999)
            drawn = annotate(_canvas(*size), _track(_person(*size, points=points)))
            assert _near(drawn, color) > 60  # the tag: the face is one small dot
        points[:11, :2] = 1.5
        drawn = annotate(_canvas(*size), _track(_person(*size, points=points)))
        assert (drawn == GREY).all()

    def test_a_tag_without_a_face(self) -> None:
        points = _person(320, 240).landmarks.copy()
        points[:11] = np.nan
        drawn = annotate(_canvas(320, 240), _track(_person(320, 240, points=points)))
        assert _near(drawn, DEFAULT_STYLE.tracks[1]) > 300

    @pytest.mark.parametrize("offset", [-3.0, 5.0, 1e12, np.inf, np.nan])
    def test_far_outside_is_clipped(self, offset: float) -> None:
        outside = _track(_person(64, 48, points=_person(64, 48).landmarks + np.float32(offset)))
        assert annotate(_canvas(64, 48), outside, trails=Trails()).shape == (48, 64, 3)

    def test_raised_arms_make_no_thicker_lines(self) -> None:
        """The box of the landmarks grows; the body does not."""
        rng = np.random.default_rng(3)
        metres = rng.normal(0, 0.3, (33, 3)).astype(np.float32)
        up = metres.copy()
        up[13:23, 1] -= 1.2
        sizes = []
        for world in (metres, up):
            pixels = world[:, :2] * 100 + (320, 240)
            landmarks = np.concatenate([pixels / np.array([640, 480], np.float32), world[:, 2:]], axis=1)
            pose = replace(_person(640, 480, points=landmarks), world_landmarks=world, track_id=1)
            (body,) = bodies_of(pose)
            sizes.append(Placed(body, (640, 480)).extent)
        assert sizes[0] == pytest.approx(sizes[1], rel=0.001)
        assert sizes[0] == pytest.approx(160, rel=0.001)  # 100 pixels a metre


def _track(*poses: Pose, time_ms: int = 0) -> PoseLandmarkerResult:
    followed = tuple(replace(pose, track_id=i) for i, pose in enumerate(poses, start=1))
    return PoseLandmarkerResult(poses=followed, image_size=poses[0].image_size, timestamp_ms=time_ms)


def _linear(color: tuple[int, int, int]) -> np.ndarray:
    share = np.array(color) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def _lab(linear: np.ndarray) -> np.ndarray:
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    x, y, z = np.cbrt(np.asarray(to_xyz) @ linear / (0.9505, 1, 1.089))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


class TestTrails:
    def _walk(self, trails: Trails, seconds: float, fps: float, *, of: int = 1, start_s: float = 0.0) -> None:
        """From left to right, a tenth of the width a second."""
        for i in range(round(seconds * fps) + 1):
            time_s = start_s + i / fps
            trails.update(_followed((of, 0.1 * time_s), time_ms=round(1000 * time_s)))

    def _drawn(self, trails: Trails) -> Any:
        canvas = _canvas(640, 240).copy()
        trails.draw(canvas)
        return np.abs(canvas.astype(int) - GREY).max(axis=2)

    def test_as_long_at_any_rate(self) -> None:
        widths = []
        for fps in (10, 30, 60, 240):
            trails = Trails(1.0)
            self._walk(trails, 4, fps)
            columns = np.flatnonzero(self._drawn(trails).max(axis=0) > 10)
            widths.append(columns.max() - columns.min())
        assert widths == pytest.approx([64] * 4, abs=8)

    def test_fades(self) -> None:
        trails = Trails(2.0)
        self._walk(trails, 4, 30)
        strength = self._drawn(trails).max(axis=0)
        columns = np.flatnonzero(strength)
        oldest, middle, newest = (strength[columns[i]] for i in (3, len(columns) // 2, -4))
        assert oldest < middle < newest

    def test_gone_is_forgotten(self) -> None:
        trails = Trails(1.0)
        self._walk(trails, 1, 30, of=1)
        self._walk(trails, 0.9, 30, of=2, start_s=1.1)
        assert {track for track, _ in trails._points} == {1, 2}
        self._walk(trails, 0.5, 30, of=2, start_s=2.1)
        assert {track for track, _ in trails._points} == {2}
        trails.update(PoseLandmarkerResult(poses=(), image_size=(640, 240), timestamp_ms=9000))
        assert not trails._points

    def test_memory_is_bounded(self) -> None:
        trails = Trails(1e9, of="wrists")
        for i in range(5000):
            trails.update(_followed((1, 0.0), time_ms=i))
        assert [len(points) for points in trails._points.values()] == [4096, 4096]
        trails.clear()
        assert not trails._points

    def test_nothing_is_drawn_across_a_gap(self) -> None:
        trails = Trails(5.0)
        self._walk(trails, 0.5, 30)
        self._walk(trails, 0.5, 30, start_s=2.5)
        strength = self._drawn(trails).max(axis=0)
        hips_x = [round(640 * (0.25 + 0.1 * seconds)) for seconds in (0.25, 1.5, 2.75)]
        assert strength[hips_x[0]] > 10 < strength[hips_x[2]]
        assert strength[hips_x[1]] == 0

    def test_hidden_landmarks_and_people_without_id_leave_none(self) -> None:
        trails = Trails()
        for i in range(5):
            trails.update(_followed((1, 0.1 * i), time_ms=33 * i, visibility=0.2))
            trails.update(
                PoseLandmarkerResult(poses=(_person(64, 48),), image_size=(64, 48), timestamp_ms=33 * i)
            )
        assert not trails._points

    def test_a_time_that_goes_back_is_another_video(self) -> None:
        trails = Trails()
        self._walk(trails, 1, 30)
        self._walk(trails, 0, 30)
        assert [len(points) for points in trails._points.values()] == [1]

    def test_below_the_skeletons_in_the_colour_of_track_or_side(self) -> None:
        for style, of, colors in (
            (DEFAULT_STYLE, "wrists", [DEFAULT_STYLE.tracks[1]]),
            (DrawStyle(by_track=False), "wrists", [DEFAULT_STYLE.left, DEFAULT_STYLE.right]),
            (DrawStyle(by_track=False), "hips", [DEFAULT_STYLE.middle]),
            (DrawStyle(by_track=False), "left_ankle", [DEFAULT_STYLE.left]),
        ):
            trails = Trails(2.0, of=of)
            self._walk(trails, 1.9, 30)
            now = _followed((1, 0.5), time_ms=2000)
            with_trails = annotate(_canvas(640, 240), now, style, trails)
            without = annotate(_canvas(640, 240), now, style)
            behind = np.s_[:, :320]  # the person stands in the other half
            assert (without[behind] == GREY).all()
            for color in colors:
                assert _near(with_trails, color, behind) > 5

    def test_wrong_values_are_named(self) -> None:
        for seconds in (0, -1, np.nan, np.inf, "2", None, True):
            with pytest.raises(OptionError, match="seconds must be"):
                Trails(seconds)  # type: ignore[arg-type]
        for of in ("elbow", "", 3):
            with pytest.raises(OptionError, match="of must be"):
                Trails(of=of)  # type: ignore[arg-type]
        with pytest.raises(OptionError, match="timestamp_ms"):
            Trails().update(_result(_person(64, 48)))


class Viewed:
    def __init__(self, image: RgbImage) -> None:
        self.image = image

    def numpy_view(self) -> RgbImage:
        return self.image


@pytest.mark.parametrize("kind", ["array", "pillow", "pillow grey", "path", "numpy_view"])
def test_annotate_takes_what_detect_takes_and_changes_nothing(kind: str, tmp_path: Path) -> None:
    image = np.full((120, 160, 3), 90, np.uint8)
    Image.fromarray(image).save(tmp_path / "a.png")
    given: dict[str, Any] = {
        "array": image,
        "pillow": Image.fromarray(image),
        "pillow grey": Image.fromarray(image[..., 0]),
        "path": tmp_path / "a.png",
        "numpy_view": Viewed(image),
    }
    result = PoseLandmarkerResult(poses=(make_pose(),), image_size=(160, 120))
    drawn = annotate(given[kind], result)
    assert (drawn != 90).any()
    assert (image == 90).all()
