"""Recordings out of JSON lines, and out of the JSON of single pictures."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from pose_landmarker.arrays import DoubleArray, FloatArray
from pose_landmarker.errors import DatasetError, OptionError
from pose_landmarker.export.files import checked_path, reading
from pose_landmarker.export.json_files import objects, place, read_json, whole
from pose_landmarker.recording import NO_TRACK, Recording
from pose_landmarker.topology import LANDMARK_NAMES, NUM_LANDMARKS

_LONGEST_LINE: Final = 64 << 20
_TOO_LONG: Final = "is longer than 64 MiB, which a frame is not"
_NAMES: Final = list(LANDMARK_NAMES)
_NAME: Final = itemgetter("name")
_POINT: Final = itemgetter("x", "y", "z", "visibility", "presence")
_AXES: Final = itemgetter("x", "y", "z")


class _Frame(NamedTuple):
    """A line.

    Attributes:
        time_s: NaN where it is not known.
        size: Width and height, pixels.
        name: Of a picture.
        track_ids: One for each pose; -1 where nobody followed.
        scores: One for each pose.
        points: (P, 33, 5) x, y, z, visibility, presence.
        world: (P, 33, 3) metres.
    """

    time_s: float
    size: tuple[int, int]
    name: str | None
    track_ids: list[int]
    scores: DoubleArray
    points: FloatArray
    world: FloatArray


def load_lines(path: str | os.PathLike[str], video: str | None) -> Recording:
    """Read JSON lines, or the JSON file of a picture.

    Args:
        path: The file.
        video: Which source's lines, where there are several.

    Raises:
        DatasetError: It is no such file, or a damaged one, or has several sources.
    """
    source = checked_path(path)
    frames: list[_Frame] = []
    videos: dict[str | None, None] = {}
    with reading(source, "a file of JSON lines"):
        for where, record in _records(source):
            with place(where):
                name = record.get("video")
                if not (name is None or isinstance(name, str)):
                    raise ValueError("video must be a name")
                videos[name] = None
                if video is None or name == video:
                    frames.append(_frame(record))
    _check_videos(source, video, list(videos))
    return _joined(source, frames)


def _check_videos(path: Path, video: str | None, found: list[str | None]) -> None:
    names = ", ".join(repr(name) for name in found[:10]) + (", ..." if len(found) > 10 else "")
    if video is None and len(found) > 1:
        raise DatasetError(f"{path} has frames of {len(found)} sources; choose one with video=: {names}")
    if video is not None and video not in found:
        raise DatasetError(f"{path} has no frames of {video!r}; its sources are {names or 'none'}")


def _records(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Where each object of the file stands, and the object."""
    with path.open("rb") as file:
        first = file.readline(_LONGEST_LINE)
        if len(first) == _LONGEST_LINE:
            raise DatasetError(f"{path}, line 1 {_TOO_LONG}")
        first = first.removeprefix(b"\xef\xbb\xbf")
        if first.strip() and not _is_json(first):
            content = read_json(path)  # one object over many lines, or an error that says what is wrong
            with place(path):
                found = objects(content if isinstance(content, list) else [content], "it")
            yield from ((f"{path}, object {i}", record) for i, record in enumerate(found, start=1))
            return
        for number, line in enumerate(
            chain([first], iter(lambda: file.readline(_LONGEST_LINE), b"")), start=1
        ):
            if len(line) == _LONGEST_LINE:
                raise DatasetError(f"{path}, line {number} {_TOO_LONG}")
            if line.strip():
                try:
                    record = json.loads(line)
                except (ValueError, RecursionError) as error:
                    if not line.endswith(b"\n"):
                        logging.getLogger("pose_landmarker").warning(
                            "%s: its last line is torn and was left out", path
                        )
                        return
                    raise DatasetError(f"{path}, line {number} is no JSON: {str(error)[:200]}") from error
                if not isinstance(record, dict):
                    raise DatasetError(f"{path}, line {number} is not an object with 'poses'")
                yield f"{path}, line {number}", record


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _frame(record: dict[str, Any]) -> _Frame:
    poses = objects(record["poses"], "poses")
    size = record["image_size"]
    name = record.get("image")
    if not (name is None or isinstance(name, str)):
        raise ValueError("image must be a name")
    ids = [pose.get("track_id") for pose in poses]
    return _Frame(
        time_s=_time(record),
        size=(whole(size["width"], "width"), whole(size["height"], "height")),
        name=name,
        track_ids=[NO_TRACK if i is None else whole(i, "track_id") for i in ids],
        scores=_numbers([pose.get("score") for pose in poses]),
        points=_points(poses, "landmarks", _POINT, 5),
        world=_points(poses, "world_landmarks", _AXES, 3),
    )


def _time(record: dict[str, Any]) -> float:
    time, milliseconds = record.get("time"), record.get("timestamp_ms")
    if time is not None:
        return float(_numbers([time])[0])
    return float("nan") if milliseconds is None else whole(milliseconds, "timestamp_ms") / 1000


def _points(poses: list[dict[str, Any]], key: str, get: itemgetter[Any], width: int) -> FloatArray:
    """(P, 33, width) numbers of all landmarks."""
    rows = [row for pose in poses for row in objects(pose[key], key)]
    if list(map(_NAME, rows)) != _NAMES * len(poses):
        raise ValueError(f"{key} must be the {NUM_LANDMARKS} landmarks in their order, each with its name")
    values = _numbers(list(chain.from_iterable(map(get, rows))))
    return values.reshape(len(poses), NUM_LANDMARKS, width).astype(np.float32)


def _numbers(values: list[Any]) -> DoubleArray:
    """Numbers that float32 can hold; null is NaN."""
    if not {*map(type, values)} <= {float, int, type(None)}:
        raise ValueError("there is something else where a number must be")
    if None in values:
        values = [np.nan if value is None else value for value in values]
    array = np.array(values, np.float64)
    with np.errstate(over="ignore"):
        too_large = np.isinf(array.astype(np.float32))
    if too_large.any():
        raise ValueError("there is a number that is too large for float32")
    return array


def _joined(path: Path, frames: list[_Frame]) -> Recording:
    named = [frame.name is not None for frame in frames]
    if any(named) and not all(named):
        raise DatasetError(f"{path} has lines of pictures and lines of videos; put them into two files")

    def stacked(arrays: list[FloatArray], width: int) -> FloatArray:
        return np.concatenate([np.empty((0, NUM_LANDMARKS, width), np.float32), *arrays])

    points = stacked([frame.points for frame in frames], 5)
    try:
        return Recording(
            times_s=np.array([frame.time_s for frame in frames], np.float64),
            image_sizes=np.array([frame.size for frame in frames], np.int64).reshape(-1, 2),
            frames=np.repeat(np.arange(len(frames)), [len(frame.track_ids) for frame in frames]),
            track_ids=np.array([i for frame in frames for i in frame.track_ids], np.int64),
            scores=np.concatenate([np.empty(0), *(frame.scores for frame in frames)]).astype(np.float32),
            landmarks=points[..., :3],
            visibility=points[..., 3],
            presence=points[..., 4],
            world_landmarks=stacked([frame.world for frame in frames], 3),
            names=tuple(frame.name for frame in frames if frame.name is not None) if any(named) else None,
        )
    except OptionError as error:
        raise DatasetError(f"{path}: {error}") from error
