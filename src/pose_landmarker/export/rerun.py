"""Rerun recordings (.rrd): people in the picture and in space, on a timeline, for Rerun's viewer.

Made by its SDK (extra ``rerun``), into the file only: nothing is sent to a viewer or over a network. Below, P
is ``person_<track id>``, or ``person_unfollowed_<place in its frame>``.

===================  =====================================================================================
timelines            ``frame``, from 0; ``time``, seconds as a duration, unless frames are pictures
/picture/P           Points2D, 33 keypoints in pixels; ``pose_landmarker``: ``landmarks`` (99 numbers,
                     normalised), ``visibility``, ``presence``, ``score``
/world/P             Points3D, 33 keypoints in metres; x to the right of the picture, y down, z away from the
                     camera, from the middle of the person's hips; a Transform3D puts people side by side
/picture, /world     AnnotationContext: names, lines, and colours of left and right; RDF axes in /world
/frames              ``pose_landmarker``: ``time_s``, ``image_size`` in pixels, ``name`` of a picture
===================  =====================================================================================

Nothing is lost: landmarks in the picture and in space, visibility, presence, scores, times and names. Where a
person is not in view, points are cleared.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import import_module
from typing import Any, Final

import numpy as np

from pose_landmarker.checks import check_positive
from pose_landmarker.errors import MissingExtraError, OptionError
from pose_landmarker.export import rerun_reading
from pose_landmarker.export.files import checked_path, whole_file
from pose_landmarker.export.rerun_reading import OURS
from pose_landmarker.export.writer import check_recording, check_text
from pose_landmarker.recording import NO_TRACK, IntArray, Recording
from pose_landmarker.topology import (
    LANDMARK_NAMES,
    LEFT_LANDMARKS,
    NUM_LANDMARKS,
    POSE_CONNECTIONS,
    RIGHT_LANDMARKS,
)

_APART_M: Final = 1.5
#: Okabe and Ito's orange and sky blue for left and right, and near white, as in drawings.
_LEFT, _RIGHT, _MIDDLE = (230, 159, 0), (86, 180, 233), (245, 245, 245)
_RADIUS_M: Final = 0.012
_RADIUS_PX: Final = -3.0  # of the screen, which is what a negative radius means


def save(recording: Recording, path: str | os.PathLike[str], *, apart_m: float = _APART_M) -> None:
    """Write a file.

    Args:
        recording: What to write.
        path: Where to.
        apart_m: How far people stand from each other in space, metres; 0: all in one place.

    Raises:
        OptionError: An id is twice in a frame, a name is no text, or a number is out of its range.
        OptionTypeError: Something has the wrong type.
        MissingExtraError: rerun-sdk is not installed; the message holds the line to type.
        OSError: The file cannot be written.
    """
    target = checked_path(path)
    chosen = check_recording(recording)
    check_text(chosen.names)
    apart = check_positive("apart_m", apart_m, zero=True)
    people = list(_people(chosen))
    rr = load_rerun()
    stream = rr.RecordingStream(OURS, send_properties=False)
    memory = stream.memory_recording()  # its own writer of files waits forever where a disk is full
    stream.send_blueprint(_blueprint(), make_active=False)
    _send_frames(rr, stream, chosen)
    for place, (name, rows) in enumerate(people):
        _send_person(rr, stream, chosen, name, rows, (place - (len(people) - 1) / 2) * apart)
    stream.flush()
    content = memory.drain_as_bytes()
    with whole_file(target) as hidden:
        hidden.write_bytes(content)


def load(path: str | os.PathLike[str]) -> Recording:
    """Read a file that ``save`` wrote.

    Args:
        path: The file.

    Raises:
        DatasetError: It is missing, damaged, or by another program.
        MissingExtraError: rerun-sdk is not installed, or too old to read; the message holds the line to type.
        OptionTypeError: ``path`` is no path.
    """
    return rerun_reading.read(checked_path(path), load_rerun("rerun.chunk"))


def load_rerun(module: str = "rerun") -> Any:
    """rerun, or one of its modules.

    Raises:
        MissingExtraError: It is not installed; the message holds the line to type.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingExtraError(
            f".rrd files need rerun-sdk ({error}): pip install -U 'pose-landmarker[rerun]'"
        ) from error


def _people(recording: Recording) -> Iterator[tuple[str, IntArray]]:
    """The entity's name of each person, and the rows of the poses."""
    for track in recording.tracks.tolist():
        rows = np.flatnonzero(recording.track_ids == track)
        frames = recording.frames[rows]
        twice = frames[1:][frames[1:] == frames[:-1]]
        if twice.size:
            raise OptionError(f"the track id {track} is twice in frame {twice[0]}; ids must be of one person")
        yield f"person_{track}", rows
    strangers = np.flatnonzero(recording.track_ids == NO_TRACK)
    frames = recording.frames[strangers]
    places = np.arange(len(frames)) - np.searchsorted(frames, frames)
    for place in range(places.max(initial=-1) + 1):
        yield f"person_unfollowed_{place + 1}", strangers[places == place]


def _send_person(rr: Any, stream: Any, recording: Recording, name: str, rows: IntArray, x: float) -> None:
    there = np.zeros(len(recording), np.int64)
    there[recording.frames[rows]] = 1
    sized = rows[(recording.image_sizes[recording.frames[rows]] > 0).all(axis=1)]
    shown = np.zeros_like(there)
    shown[recording.frames[sized]] = 1
    world = recording.world_landmarks[rows].reshape(-1, 3)
    with np.errstate(over="ignore"):  # of numbers that no pose has
        pixels = recording.pixels[sized].reshape(-1, 2)
    values = {
        "landmarks": recording.landmarks[rows].reshape(-1),
        "visibility": recording.visibility[rows].reshape(-1),
        "presence": recording.presence[rows].reshape(-1),
        "score": recording.scores[rows],
    }
    keypoints = {"class_ids": 0, "keypoint_ids": range(NUM_LANDMARKS), "show_labels": False}
    flat, solid = f"picture/{name}", f"world/{name}"
    stream.log(flat, rr.Points2D.from_fields(radii=_RADIUS_PX, **keypoints), static=True)
    stream.log(solid, rr.Points3D.from_fields(radii=_RADIUS_M, **keypoints), static=True)
    stream.log(solid, rr.Transform3D(translation=[x, 0, 0]), static=True)
    times = _times(rr, recording)
    columns = [*rr.Points2D.columns(positions=pixels).partition(NUM_LANDMARKS * shown)]
    for what, numbers in values.items():
        columns += _ours(rr, **{what: numbers}).partition(len(numbers) // len(rows) * there)
    stream.send_columns(flat, times, columns, strict=True)
    places = rr.Points3D.columns(positions=world).partition(NUM_LANDMARKS * there)
    stream.send_columns(solid, times, places, strict=True)


def _send_frames(rr: Any, stream: Any, recording: Recording) -> None:
    info = rr.AnnotationInfo(id=0, label="person", color=_MIDDLE)
    points = [rr.AnnotationInfo(id=i, label=name, color=_color(i)) for i, name in enumerate(LANDMARK_NAMES)]
    person = rr.ClassDescription(
        info=info, keypoint_annotations=points, keypoint_connections=list(POSE_CONNECTIONS)
    )
    for entity in ("picture", "world"):
        stream.log(entity, rr.AnnotationContext(person), static=True)
    stream.log("world", rr.ViewCoordinates.RDF, static=True)
    if not len(recording):
        return
    sizes = _ours(rr, image_size=recording.image_sizes.reshape(-1)).partition([2] * len(recording))
    columns = [*sizes, *_ours(rr, time_s=recording.times_s)]
    if recording.names is not None:
        columns += _ours(rr, name=recording.names)
    stream.send_columns("frames", _times(rr, recording), columns, strict=True)


def _ours(rr: Any, **values: Any) -> Any:
    """Columns of what Rerun has no archetype for; Arrow's arrays, since it takes numpy's number by number."""
    array = load_rerun("pyarrow").array
    components = {name: array(numbers) for name, numbers in values.items()}
    return rr.DynamicArchetype.columns(OURS, components=components)


def _times(rr: Any, recording: Recording) -> list[Any]:
    columns = [rr.TimeColumn("frame", sequence=np.arange(len(recording)))]
    if not np.isnan(recording.times_s).any():
        nanoseconds = np.rint(recording.times_s * 1e9).astype("timedelta64[ns]")
        columns.append(rr.TimeColumn("time", duration=nanoseconds))
    return columns


def _color(landmark: int) -> tuple[int, int, int]:
    return _LEFT if landmark in LEFT_LANDMARKS else _RIGHT if landmark in RIGHT_LANDMARKS else _MIDDLE


def _blueprint() -> Any:
    layout = load_rerun("rerun.blueprint")
    views = layout.Spatial2DView(origin="/picture"), layout.Spatial3DView(origin="/world")
    return layout.Blueprint(layout.Horizontal(*views))
