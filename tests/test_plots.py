"""Figures of poses: they can be saved as vectors, show what was measured, and change nothing global."""

from __future__ import annotations

import io
import sys
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

from pose_landmarker import MissingExtraError, OptionError, OptionTypeError, Recording
from pose_landmarker.draw import JOINTS, joint_angles, plots
from pose_landmarker.results import PoseLandmarkerResult
from tests.poses import make_pose
from tests.recordings import pictures, scene, walking


def _saved(figure: Figure, kind: str = "svg") -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format=kind)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def recording() -> Recording:
    return walking(20, 2)


def test_three_views_of_a_body_have_one_scale() -> None:
    figure = plots.pose_figure(make_pose())
    spans = {round(float(np.ptp(axes.get_xlim())), 6) for axes in figure.axes}
    spans |= {round(float(np.ptp(axes.get_ylim())), 6) for axes in figure.axes}
    assert (len(figure.axes), len(spans)) == (3, 1)
    assert all("(m)" in axes.get_xlabel() + axes.get_ylabel() for axes in figure.axes)
    assert b"<svg" in _saved(figure)


def test_a_skeleton_is_drawn_as_vectors_where_it_is() -> None:
    pose = make_pose()
    result = PoseLandmarkerResult(poses=(pose,), image_size=(160, 120))
    figure = plots.skeleton_figure(np.zeros((240, 320, 3), np.uint8), result)  # a larger copy of the picture
    (axes,) = figure.axes
    ends = np.concatenate([np.asarray(line.get_xydata()) for line in axes.lines])
    assert len(axes.lines) == 2 * 35
    assert (np.abs(ends[:, None] - 2 * pose.pixels).max(axis=2).min(axis=1) < 1e-3).all()
    assert _saved(figure, "pdf").startswith(b"%PDF")


def test_angles_are_those_of_the_landmarks(recording: Recording) -> None:
    (axes,) = plots.angle_figure(recording, ("left_knee", "right_elbow"), track_id=2).axes
    times, angles = np.asarray(axes.lines[1].get_xydata()).T
    expected = joint_angles(recording.select(2).world_landmarks, JOINTS["right_elbow"])
    np.testing.assert_allclose(angles, expected)
    np.testing.assert_allclose(times, recording.times_s)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("time (s)", "angle (°)")


def test_gaps_stay_gaps() -> None:
    (axes,) = plots.angle_figure(scene(), track_id=2).axes
    assert np.isnan(np.asarray(axes.lines[0].get_xydata())[:, 1]).any()


@pytest.mark.parametrize(("world", "rows"), [(False, 2), (True, 3)])
def test_coordinates_have_units(recording: Recording, world: bool, rows: int) -> None:
    figure = plots.landmark_figure(recording, ("nose", 15), track_id=1, world=world)
    assert len(figure.axes) == rows
    assert all(("(m)" if world else "(px)") in axes.get_ylabel() for axes in figure.axes)
    y = np.asarray(figure.axes[1].lines[0].get_xydata())[:, 1]
    one = recording.select(1)
    np.testing.assert_allclose(y, -one.world_landmarks[:, 0, 1] if world else one.pixels[:, 0, 1], rtol=1e-5)


def test_confidence_is_a_strip_for_each_landmark(recording: Recording) -> None:
    axes = plots.confidence_figure(recording, 1).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()][:2] == ["nose", "left eye inner"]
    values = axes.collections[0].get_array()
    assert values is not None
    np.testing.assert_allclose(np.asarray(values), recording.select(1).visibility.T)


def test_nothing_global_changes(recording: Recording) -> None:
    before = dict(matplotlib.rcParams)
    _saved(plots.angle_figure(recording, track_id=1))
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda r: plots.angle_figure(r), OptionError, r"2 people; say whose, track_id= one of \[1, 2\]"),
        (lambda r: plots.angle_figure(r, ("toe",), 1), OptionError, "no joint is called 'toe'"),
        (lambda r: plots.angle_figure(r, "left_knee", 1), OptionTypeError, "joints must be one name or more"),
        (lambda r: plots.landmark_figure(r, ("tail",), 1), OptionError, "no landmark is called 'tail'"),
        (lambda r: plots.landmark_figure(r, (99,), 1), OptionError, "landmarks"),
        (lambda _: plots.confidence_figure(pictures()), OptionError, "without times"),
        (lambda _: plots.confidence_figure(3), OptionTypeError, "must be a Recording"),  # type: ignore[arg-type]
        (lambda _: plots.pose_figure(np.zeros((4, 3))), OptionError, r"wanted \(33, 3\)"),
        (lambda _: plots.pose_figure(np.full((33, 3), np.nan)), OptionError, "no landmark"),
        (lambda _: plots.pose_figure([make_pose(), make_pose()]), OptionError, "there are 2"),
    ],
)
def test_what_cannot_be_shown_is_said(
    recording: Recording, call: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call(recording)


def test_without_matplotlib_the_line_to_type_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'pose-landmarker\[plot\]'"):
        plots.pose_figure(make_pose())
