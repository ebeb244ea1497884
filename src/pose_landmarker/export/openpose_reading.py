"""Reading OpenPose's folders, whoever wrote them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from pose_landmarker.arrays import DoubleArray
from pose_landmarker.checks import check_integer, check_positive
from pose_landmarker.errors import DatasetError, OptionTypeError
from pose_landmarker.export.json_files import OURS, numbers, objects, place, read_json, whole
from pose_landmarker.recording import NO_TRACK, IntArray, Recording
from pose_landmarker.topologies import BLAZEPOSE_33, BODY_25, Topology, convert, convert_confidence

SUFFIX: Final = "_keypoints.json"
_NUMBERED: Final = re.compile(r"(?P<name>.+)_(?P<number>[0-9]{12})" + re.escape(SUFFIX))
#: Two days at 30 frames per second; numbers beyond are of pictures, or meant to fill the memory.
_MOST_FRAMES: Final = 5_000_000
#: OpenPose's --model_pose COCO: the order of POSE_COCO_BODY_PARTS in its poseParameters.cpp.
_COCO_18: Final = Topology(
    "OpenPose COCO",
    (
        *("nose", "neck", "right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow"),
        *("left_wrist", "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle"),
        *("right_eye", "left_eye", "right_ear", "left_ear"),
    ),
)
_BY_COUNT: Final = {len(known): known for known in (BODY_25, _COCO_18)}


class _File(NamedTuple):
    """What a file holds.

    Attributes:
        path: Of the file.
        number: The frame's, where the file or its name says it.
        ours: What we keep in it.
        tracks: Of each of its P people the id.
        points: (P, 33, 2) image pixels.
        confidence: (P, 33).
        world: (P, 33, 3) metres.
    """

    path: Path
    number: int | None
    ours: dict[str, Any]
    tracks: list[int]
    points: DoubleArray
    confidence: DoubleArray
    world: DoubleArray


def load(
    path: Path,
    *,
    name: str | None = None,
    frame_rate: float | None = None,
    image_size: tuple[int, int] | None = None,
) -> Recording:
    """Read a folder.

    The numbers in the names of files are those of frames, which begin with 0; frames without a file are
    without people. Files without numbers are of pictures, in the order of their names. Both of OpenPose's
    models for bodies are read, BODY_25 and COCO (18 points). What the format has no place for is NaN.

    Args:
        path: Of the folder.
        name: What names of files begin with, where there are several videos in the folder.
        frame_rate: Frames per second, for times; the files of OpenPose itself have none.
        image_size: (width, height) in pixels of all pictures; the files of OpenPose itself do not say it.

    Raises:
        DatasetError: There is no such folder, there are no such files in it, one is damaged, or nobody says
            how large the pictures are.
        OptionError: ``frame_rate`` is no rate, or ``image_size`` no size.
    """
    rate = None if frame_rate is None else check_positive("frame_rate", frame_rate)
    size = None if image_size is None else _checked_size(image_size)
    folder = Path(path)
    files = [_read(file) for file in _chosen(folder, name)]
    with place(folder):
        at = _frames(files)
        count = int(at.max()) + 1
        times, sizes, names = np.full(count, np.nan), np.zeros((count, 2), np.int64), [""] * count
        for file, frame in zip(files, at.tolist(), strict=True):
            with place(file.path):
                time = file.ours.get("time_s")
                times[frame] = np.nan if time is None else float(time)
                sizes[frame] = _size(file.ours["image_size"]) if "image_size" in file.ours else (0, 0)
                names[frame] = str(file.ours.get("name", file.path.name.removesuffix(SUFFIX)))
        if size is not None:
            sizes[(sizes == 0).any(axis=1)] = size
        if rate is not None:
            times = np.arange(count) / rate
        named = all("name" in file.ours if file.ours else file.number is None for file in files)
        return _recording(files, at, times, sizes, tuple(names) if named else None)


def _checked_size(size: object) -> tuple[int, int]:
    if not isinstance(size, (tuple, list)) or len(size) != 2:
        raise OptionTypeError(f"image_size must be (width, height) in pixels, not {size!r}")
    return check_integer("image_size", size[0], low=1), check_integer("image_size", size[1], low=1)


def _size(value: object) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError("image_size must be a width and a height")
    width, height = (whole(side, "image_size") for side in value)
    return width, height


def _chosen(folder: Path, name: str | None) -> list[Path]:
    """The files to read, in the order of their names."""
    try:
        paths = sorted(path for path in folder.iterdir() if _is_frame(path.name))
    except OSError as error:
        raise DatasetError(f"{folder} cannot be read: {error.strerror or error}") from error
    videos = {path: match["name"] for path in paths if (match := _NUMBERED.fullmatch(path.name))}
    paths = [path for path in paths if name in (None, videos.get(path))]
    if not paths:
        begin = "" if name is None else f"{name}_<12 digits>"
        raise DatasetError(f"{folder}: there are no files {begin}{SUFFIX} in it, as OpenPose writes them")
    if name is None and len(set(videos.values())) > 1:
        listed = ", ".join(sorted(set(videos.values()))[:5])
        raise DatasetError(f"{folder}: there are frames of several videos in it; choose with name=: {listed}")
    return paths


def _is_frame(name: str) -> bool:
    return name.endswith(SUFFIX) and not name.startswith(".")


def _read(path: Path) -> _File:
    record = read_json(path)
    with place(path):
        if not isinstance(record, dict):
            raise ValueError("wanted an object with 'people'")
        ours = record.get(OURS, {})
        if not isinstance(ours, dict):
            raise ValueError(f"{OURS} must be an object")
        people = [row for row in objects(record["people"], "people") if _is_body(row)]
        tracks = [_track(person.get("person_id")) for person in people]
        return _File(path, _number(path, ours), ours, tracks, *_flat(people), _solid(people))


def _is_body(person: dict[str, Any]) -> bool:
    """Whether anything of the body is known: OpenPose also lists people of whom it saw a hand only."""
    return any(any(person.get(f"pose_keypoints_{axes}d") or ()) for axes in (2, 3))


def _number(path: Path, ours: dict[str, Any]) -> int | None:
    match = _NUMBERED.fullmatch(path.name)
    number = whole(ours["frame"], "frame") if "frame" in ours else int(match["number"]) if match else None
    if number is not None and not 0 <= number < _MOST_FRAMES:
        raise ValueError(f"{number} cannot be the number of a frame; they go from 0 to {_MOST_FRAMES - 1}")
    return number


def _track(value: object) -> int:
    return whole(value[0], "person_id") if isinstance(value, list) and value else NO_TRACK


def _flat(people: Sequence[dict[str, Any]]) -> tuple[DoubleArray, DoubleArray]:
    """(P, 33, 2) image pixels and (P, 33) confidence; NaN where a point is not known."""
    rows = [person["pose_keypoints_2d"] for person in people]
    count = len(rows[0]) // 3 if rows and isinstance(rows[0], list) else len(BODY_25)
    source = _BY_COUNT.get(count)
    if source is None:
        raise ValueError(f"people of {count} points; wanted 25 (BODY_25) or 18 (COCO)")
    values = numbers(rows, 3 * count, "pose_keypoints_2d").reshape(len(rows), count, 3)
    values[(values == 0).all(axis=-1)] = np.nan
    return (
        convert(values[..., :2], to=BLAZEPOSE_33, source=source),
        convert_confidence(np.clip(values[..., 2], 0.0, 1.0), to=BLAZEPOSE_33, source=source),
    )


def _solid(people: Sequence[dict[str, Any]]) -> DoubleArray:
    """(P, 33, 3) metres; NaN where a point is not known."""
    nothing = [0.0] * (4 * len(BODY_25))
    rows = [person.get("pose_keypoints_3d") or nothing for person in people]
    values = numbers(rows, len(nothing), "pose_keypoints_3d").reshape(len(rows), len(BODY_25), 4)
    values[values[..., 3] == 0] = np.nan
    return convert(values[..., :3], to=BLAZEPOSE_33, source=BODY_25)


def _frames(files: Sequence[_File]) -> IntArray:
    """(F,) the frame of each file."""
    numbered = [file.number for file in files if file.number is not None]
    if numbered and len(numbered) < len(files):
        other = next(file.path.name for file in files if file.number is None)
        raise ValueError(f"most files have the number of a frame, but {other} has none")
    at = np.array(numbered or range(len(files)), np.int64)
    values, counts = np.unique(at, return_counts=True)
    if (counts > 1).any():
        twice = values[counts > 1][0]
        first, second = (file.path.name for file in files if file.number == twice)
        raise ValueError(f"{first} and {second} are both of frame {twice}; keep one recording in a folder")
    return at


def _recording(
    files: Sequence[_File],
    at: IntArray,
    times: DoubleArray,
    sizes: IntArray,
    names: tuple[str, ...] | None,
) -> Recording:
    order = [files[i] for i in np.argsort(at).tolist()]
    frames = np.repeat(np.sort(at), [len(file.tracks) for file in order])
    if (sizes[frames] == 0).any():
        raise ValueError("nobody says how large the pictures are; give image_size=(width, height)")
    points = np.concatenate([file.points for file in order]) / sizes[frames, None, :]
    unknown = np.full(points.shape[:2], np.nan)
    return Recording(
        times_s=times,
        image_sizes=sizes,
        frames=frames,
        track_ids=np.array([track for file in order for track in file.tracks], np.int64),
        scores=unknown[:, 0],
        landmarks=np.concatenate([points, unknown[..., None]], axis=-1),
        world_landmarks=np.concatenate([file.world for file in order]),
        visibility=np.concatenate([file.confidence for file in order]),
        presence=unknown,
        names=names,
    )
