"""Motion for tests of formats in three dimensions: a body that acts, and any motion that there can be."""

from __future__ import annotations

import resource
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from pose_landmarker.recording import Recording
from pose_landmarker.topology import LANDMARK_NAMES, NUM_LANDMARKS
from tests.recordings import recordings

#: Where the left half of a body is that stands as a T: metres from the hips, x to its left, y up, z ahead.
_LEFT_HALF = {
    "nose": (0, 0.66, 0.11),
    "left_eye_inner": (0.015, 0.70, 0.09),
    "left_eye": (0.03, 0.70, 0.085),
    "left_eye_outer": (0.045, 0.70, 0.08),
    "left_ear": (0.07, 0.67, 0),
    "mouth_left": (0.025, 0.61, 0.09),
    "left_shoulder": (0.18, 0.5, 0),
    "left_elbow": (0.45, 0.5, 0),
    "left_wrist": (0.70, 0.5, 0),
    "left_pinky": (0.78, 0.5, -0.03),
    "left_index": (0.79, 0.5, 0.03),
    "left_thumb": (0.74, 0.49, 0.05),
    "left_hip": (0.1, 0, 0),
    "left_knee": (0.1, -0.42, 0),
    "left_ankle": (0.1, -0.84, 0),
    "left_heel": (0.1, -0.90, -0.05),
    "left_foot_index": (0.1, -0.90, 0.16),
}
ARM = ("elbow", "wrist", "pinky", "index", "thumb")
LEG = ("knee", "ankle", "heel", "foot_index")
_DOWN = np.array([1.0, -1.0, -1.0])


def t_pose() -> npt.NDArray[np.float64]:
    """(33, 3) a body that stands as a T and faces the camera: metres, x to the right of the picture, y up."""
    points = []
    for name in LANDMARK_NAMES:
        mirrored = "right" in name
        x, y, z = _LEFT_HALF[name.replace("right", "left")]
        points.append((-x if mirrored else x, y, z))
    return np.array(points)


def about(axis: int, angles: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(T, 3, 3) rotations about x, y or z, by Rodrigues' formula."""
    unit = np.eye(3)[axis]
    cross = np.array([[0, -unit[2], unit[1]], [unit[2], 0, -unit[0]], [-unit[1], unit[0], 0]])
    sin, cos = np.sin(angles)[:, None, None], np.cos(angles)[:, None, None]
    return np.asarray(np.eye(3) + sin * cross + (1 - cos) * cross @ cross)


def acting(frames: int = 40, *, fps: float = 30.0, track_ids: Sequence[int] = (1,)) -> Recording:
    """People who wave, kick, nod, bend and turn round once, with bones that stay as long as they are.

    World landmarks are in metres, y down, as everywhere; nothing else is known.
    """
    time = np.arange(frames) / frames
    bodies = [_acted(2 * np.pi * (time + 0.1 * place)) for place in range(len(track_ids))]
    world = np.stack(bodies, axis=1).reshape(-1, NUM_LANDMARKS, 3) * _DOWN
    unknown: Any = np.full((len(world), NUM_LANDMARKS, 3), np.nan, np.float32)
    return Recording(
        times_s=np.arange(frames) / fps,
        image_sizes=np.zeros((frames, 2), np.int64),
        frames=np.repeat(np.arange(frames), len(track_ids)),
        track_ids=np.tile(np.array(track_ids, np.int64), frames),
        scores=unknown[:, 0, 0],
        landmarks=unknown,
        world_landmarks=world.astype(np.float32),
        visibility=unknown[..., 0],
        presence=unknown[..., 0],
    )


def _acted(phase: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    points = np.repeat(t_pose()[None], len(phase), axis=0)
    sin = np.sin(phase)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        _turn(points, side, ("wrist", *ARM[2:]), "elbow", about(1, -sign * (1.0 + 0.9 * sin)))
        _turn(points, side, ARM, "shoulder", about(2, sign * 1.2 * sin))
        _turn(points, side, LEG[1:], "knee", about(0, 1.1 - 0.9 * sin * sign))
        _turn(points, side, LEG, "hip", about(0, -0.7 - 0.6 * sin * sign))
    neck = points[:, [11, 12]].mean(axis=1, keepdims=True)
    points[:, :11] = (points[:, :11] - neck) @ np.swapaxes(about(0, 0.4 * sin), 1, 2) + neck
    return np.asarray(points @ np.swapaxes(about(1, phase) @ about(0, 0.5 * sin), 1, 2))


def _turn(
    points: npt.NDArray[np.float64],
    side: str,
    parts: Sequence[str],
    pivot: str,
    turns: npt.NDArray[np.float64],
) -> None:
    moved = [LANDMARK_NAMES.index(f"{side}_{part}") for part in parts]
    centre = points[:, [LANDMARK_NAMES.index(f"{side}_{pivot}")]]
    points[:, moved] = (points[:, moved] - centre) @ np.swapaxes(turns, 1, 2) + centre


#: Places that bodies can be at.
PLACES = st.one_of(st.floats(-3, 3, width=32), st.just(float("nan")))


@st.composite
def motions(draw: st.DrawFn, *, numbers: st.SearchStrategy[float] = PLACES, fps: float = 30.0) -> Recording:
    """Any motion of any people, in frames that come evenly, of whom something is known in metres."""
    drawn = draw(recordings(tracked=draw(st.booleans()) or None, named=False, numbers=numbers).filter(len))
    once = ~np.isin(drawn.track_ids, -1) | (np.diff(drawn.frames, prepend=-1) > 0)
    known = np.asarray(np.isfinite(drawn.world_landmarks).all(axis=2)).sum(axis=1) > 0
    return _rows(drawn, once & known, times_s=np.arange(len(drawn)) / fps)


def _rows(recording: Recording, kept: npt.NDArray[np.bool_], **changes: Any) -> Recording:
    names = ("frames", "track_ids", "scores", "landmarks", "world_landmarks", "visibility", "presence")
    return replace(recording, **{name: getattr(recording, name)[kept] for name in names}, **changes)


def assert_same_motion(found: Recording, wanted: Recording, atol: float) -> None:
    """The same people are in the same frames, with their known points in the same places, in metres."""
    a, b = found.stack(), wanted.stack()
    np.testing.assert_array_equal(a.track_ids, b.track_ids)
    np.testing.assert_array_equal(a.present, b.present)
    known = np.isfinite(b.world_landmarks).all(axis=-1, keepdims=True)
    np.testing.assert_allclose(
        a.world_landmarks, np.where(known, b.world_landmarks, np.nan), rtol=0, atol=atol, equal_nan=True
    )


@contextmanager
def no_more_than(size: int) -> Iterator[None]:
    """Files cannot become larger than so many bytes, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
