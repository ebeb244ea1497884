"""C3D: markers over time in binary, the common format of motion laboratories (extra ``export``).

All people are in one file; millimetres, y up, x to the right of the picture, z towards the camera, the origin
between everybody's own hips.

===============  =========================================================================================
POINT            LABELS are called as landmarks: ``left_wrist``; with several people ``1:left_wrist``, where
                 the number is the track id, as other programs write subjects. UNITS mm, RATE, X_SCREEN +X,
                 Y_SCREEN +Y. The residual is 0, or -1 where a landmark is not known or the person is not in
                 view
SUBJECTS         USED, NAMES: the track ids, USES_PREFIXES, LABEL_PREFIXES
POSE_LANDMARKER  START_S: seconds of the first frame in its video
===============  =========================================================================================

Coordinates and the rate are float32. The format has no place for frames that come unevenly, and none for
landmarks in the picture, visibility, presence and scores.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Any, Final

import numpy as np

from pose_landmarker.arrays import DoubleArray
from pose_landmarker.errors import MissingExtraError, OptionError
from pose_landmarker.export.axes import turned
from pose_landmarker.export.c3d_checking import check_c3d
from pose_landmarker.export.files import checked_path, reading, whole_file
from pose_landmarker.export.motion import Motion, motions_of, recording_of
from pose_landmarker.recording import NO_TRACK, Recording
from pose_landmarker.resampling import even_rate
from pose_landmarker.topology import LANDMARK_NAMES, NUM_LANDMARKS

_INDEX: Final = {name: i for i, name in enumerate(LANDMARK_NAMES)}
_METRES: Final = {"m": 1.0, "cm": 0.01, "mm": 0.001}
#: Frames have numbers of 16 bits.
_MOST_FRAMES: Final = 65_535
_BYTES_PER_POINT: Final = 16
_SUFFIX: Final = ".c3d"
#: What reading a damaged file raises.
_DAMAGE: Final = (ValueError, KeyError, IndexError, TypeError, RuntimeError, struct.error)


def save(
    recording: Recording, path: str | os.PathLike[str], *, track_id: int | Iterable[int] | None = None
) -> None:
    """Write a file.

    Args:
        recording: Of a video, with frames that come evenly. If nobody is in it, all markers are missing.
        path: Where to.
        track_id: One person, or several; everybody by default.

    Raises:
        OptionError: There are no frames, or more than 65535, frames have no times or do not come evenly,
            nobody has that id, nobody's points are known in metres, or there are several people without an
            id in a frame.
        OptionTypeError: Something has the wrong type.
        MissingExtraError: ezc3d is not installed; the message holds the line to type.
        OSError: The file cannot be written.
    """
    target = checked_path(path)
    ezc3d = _load_ezc3d()
    empty = np.full((len(recording), NUM_LANDMARKS, 3), np.nan, np.float32)
    motions = motions_of(recording, track_id) or (Motion(track_id=NO_TRACK, points=empty),)
    rate = even_rate(recording.times_s)
    if len(recording) > _MOST_FRAMES:
        raise OptionError(
            f"C3D counts to {_MOST_FRAMES} frames, and there are {len(recording)}; write parts of "
            "recording.select(start_s=..., end_s=...), or TRC"
        )
    file = _filled(ezc3d.c3d(), motions, rate, float(recording.times_s[0]))
    with whole_file(target) as hidden:
        written = hidden.with_name(hidden.name + _SUFFIX)  # it would add the suffix where there is none
        try:
            file.write(str(written))
            size = len(motions) * NUM_LANDMARKS * len(recording) * _BYTES_PER_POINT
            if written.stat().st_size < size:
                raise OSError(f"{target} could not be written whole")
            written.replace(hidden)
        finally:
            written.unlink(missing_ok=True)


def load(path: str | os.PathLike[str]) -> Recording:
    """Read a file.

    Markers in any order that are called as landmarks are; others are passed over. What stands before a colon
    in a marker's name is the person's track id, if it is a number. Metres, centimetres, millimetres and any
    axes are understood.

    Args:
        path: The file.

    Raises:
        DatasetError: It is missing, damaged, no such file, or without such markers.
        MissingExtraError: ezc3d is not installed; the message holds the line to type.
        OptionTypeError: ``path`` is no path.
    """
    source = checked_path(path)
    ezc3d = _load_ezc3d()
    with reading(source, "a C3D file", *_DAMAGE):
        check_c3d(source.read_bytes())
        content = ezc3d.c3d(str(source))
        values = content["data"]["points"]
        missing = content["data"]["meta_points"]["residuals"][0] < 0
        metres = _metres(content["parameters"]["POINT"])
        points = np.moveaxis(np.where(missing, np.nan, values[:3]), 0, -1) @ metres
        motions = _motions(content["parameters"], points)
        rate = float(content["parameters"]["POINT"]["RATE"]["value"][0])
        if not 0 < rate < np.inf:
            raise ValueError(f"its rate is {rate:g} frames per second")
        return recording_of(_start(content, rate) + np.arange(values.shape[2]) / rate, motions)


def _load_ezc3d() -> Any:
    try:
        return import_module("ezc3d")
    except ImportError as error:
        raise MissingExtraError(
            f"C3D needs ezc3d ({error}): pip install 'pose-landmarker[export]'"
        ) from error


def _filled(file: Any, motions: Sequence[Motion], rate: float, start_s: float) -> Any:
    ids = [str(motion.track_id) for motion in motions]
    prefixes = [f"{number}:" if len(ids) > 1 else "" for number in ids]
    labels = [prefix + name for prefix in prefixes for name in LANDMARK_NAMES]
    parameters = file["parameters"]["POINT"]
    parameters["RATE"]["value"] = [rate]
    parameters["UNITS"]["value"] = ["mm"]
    parameters["LABELS"]["value"] = labels
    parameters["DESCRIPTIONS"]["value"] = [""] * len(labels)
    file.add_parameter("POINT", "X_SCREEN", ["+X"])
    file.add_parameter("POINT", "Y_SCREEN", ["+Y"])
    file.add_parameter("SUBJECTS", "USED", len(ids))
    file.add_parameter("SUBJECTS", "NAMES", ids)
    file.add_parameter("SUBJECTS", "USES_PREFIXES", int(len(ids) > 1))
    file.add_parameter("SUBJECTS", "LABEL_PREFIXES", prefixes)
    file.add_parameter("POSE_LANDMARKER", "START_S", [start_s])
    points = turned(np.concatenate([motion.points for motion in motions], axis=1)).astype(np.float64) * 1000
    missing = ~np.all(np.isfinite(points), axis=2)
    points[missing] = 0
    values = np.ones((4, *missing.T.shape))
    values[:3] = points.transpose(2, 1, 0)
    file["data"]["points"] = values
    file["data"]["meta_points"] = {
        "residuals": np.where(missing, -1.0, 0.0).T[None],
        "camera_masks": np.zeros((7, *missing.T.shape), np.bool_),
    }
    return file


def _metres(point: Any) -> DoubleArray:
    """(3, 3) what points are multiplied with to be metres with y down."""
    unit = point["UNITS"]["value"][0] if "UNITS" in point and point["UNITS"]["value"] else "mm"
    if unit not in _METRES:
        raise ValueError(f"its unit is {unit!r}, wanted {', '.join(_METRES)}")
    right, up = (
        _axis(point[name]["value"][0] if name in point else default)
        for name, default in (("X_SCREEN", "+X"), ("Y_SCREEN", "+Y"))
    )
    if right @ up:
        raise ValueError("X_SCREEN and Y_SCREEN are the same axis")
    return np.stack([right, -up, -np.cross(right, up)], axis=1) * _METRES[unit]


def _axis(text: str) -> DoubleArray:
    sign = -1.0 if text.startswith("-") else 1.0
    axis: DoubleArray = np.eye(3)["XYZ".index(text.lstrip("+-").upper())] * sign
    return axis


def _motions(parameters: Any, points: DoubleArray) -> list[Motion]:
    """Of (M, T, 3) markers, metres with y down."""
    found: dict[str, Any] = {}
    for label, marker in zip(_texts(parameters["POINT"], "LABELS"), points, strict=False):
        prefix, _, name = label.rpartition(":")
        if name.lower() in _INDEX:
            empty = np.full((points.shape[1], NUM_LANDMARKS, 3), np.nan, np.float32)
            found.setdefault(prefix, empty)[:, _INDEX[name.lower()]] = marker
    if not found:
        raise ValueError("none of its markers is called as a landmark")
    subjects = parameters["SUBJECTS"]["NAMES"]["value"] if "SUBJECTS" in parameters else []
    only = subjects[0] if len(subjects) == 1 else ""
    ids = [_number(prefix or only) for prefix in found]
    if len(set(ids)) < len(ids):
        raise ValueError(f"its people {', '.join(found)} must have different numbers as prefixes")
    return [Motion(track_id=i, points=found[prefix]) for i, prefix in zip(ids, found, strict=True)]


def _texts(group: Any, name: str) -> list[str]:
    """All labels: those behind the 255th are in LABELS2, and so on."""
    numbered = [f"{name}{i}" for i in range(2, len(group) + 2)]
    return [text for key in (name, *numbered) if key in group for text in group[key]["value"]]


def _number(text: str) -> int:
    digits = text.removeprefix("-")
    return int(text) if digits.isascii() and digits.isdigit() and len(digits) < 19 else NO_TRACK


def _start(content: Any, rate: float) -> float:
    parameters = content["parameters"]
    if "POSE_LANDMARKER" in parameters and "START_S" in parameters["POSE_LANDMARKER"]:
        return float(parameters["POSE_LANDMARKER"]["START_S"]["value"][0])
    return float(content["header"]["points"]["first_frame"]) / rate
