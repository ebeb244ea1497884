"""TRC: markers over time as a table of text, which OpenSim reads, and other programs of biomechanics.

One person in a file, metres, y up, x to the right of the picture, z towards the camera, from the middle of
the hips. See ``person_files.py`` for names of files of several people.

====================  ====================================================================================
PathFileType          4, (X/Y/Z), the file's name
DataRate, CameraRate  frames per second; 30 where a single frame has none
NumFrames             how many
NumMarkers            33
Units                 m
OrigDataRate          as DataRate
OrigDataStartFrame    1
OrigNumFrames         as NumFrames
Frame#                from 1
Time                  seconds, all digits of what the recording has
left_wrist X16 ...    markers are called as landmarks; 6 decimals, so they are off by half a micrometre at
                      most; empty where a landmark is not known or the person is not in view
====================  ====================================================================================

Landmarks in the picture, visibility, presence and scores have no place.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np

from pose_landmarker.arrays import DoubleArray, FloatArray
from pose_landmarker.export.axes import turned
from pose_landmarker.export.files import checked_path, reading
from pose_landmarker.export.motion import Motion, motions_of
from pose_landmarker.export.person_files import Paths, read_each, write_each
from pose_landmarker.recording import Recording
from pose_landmarker.topology import LANDMARK_NAMES, NUM_LANDMARKS

_KEYS: Final = (
    *("DataRate", "CameraRate", "NumFrames", "NumMarkers"),
    *("Units", "OrigDataRate", "OrigDataStartFrame", "OrigNumFrames"),
)
_METRES: Final = {"m": 1.0, "cm": 0.01, "mm": 0.001}
#: OpenSim wants a tab behind the last number, too, where that may be missing.
_ROW: Final = "%.6f\t" * (3 * NUM_LANDMARKS) + "\n"
_INDEX: Final = {name: i for i, name in enumerate(LANDMARK_NAMES)}


def save(
    recording: Recording, path: str | os.PathLike[str], *, track_id: int | Iterable[int] | None = None
) -> tuple[Path, ...]:
    """Write a file for each person, of all frames.

    Args:
        recording: Of a video. If nobody is in it, all markers are empty.
        path: The file for one person; several are written to NAME_<track id>.trc.
        track_id: One person, or several; everybody by default.

    Returns:
        The files that were written.

    Raises:
        OptionError: There are no frames, frames have no times, nobody has that id, nobody's points are known
            in metres, or there are several people without an id in a frame.
        OptionTypeError: Something has the wrong type.
        OSError: A file cannot be written.
    """
    target = checked_path(path)
    motions = motions_of(recording, track_id)
    empty = np.full((len(recording), NUM_LANDMARKS, 3), np.nan, np.float32)
    nobody = (Motion(track_id=-1, points=empty),)
    return write_each(
        target, motions or nobody, lambda motion, name: _content(recording, motion.points, name.name)
    )


def load(path: Paths, *, track_id: int | None = None) -> Recording:
    """Read a file, or several of the same frames, one for each person.

    Markers in any order that are called as landmarks are; others are passed over. Metres, centimetres and
    millimetres are known units.

    Args:
        path: A file, or several. The person's id is the number behind the last ``_`` of the name.
        track_id: The person's id, of a file that does not have it in its name.

    Raises:
        DatasetError: A file is missing, damaged or no such file, or files do not go together.
        OptionTypeError: ``path`` is no path.
    """
    return read_each(path, track_id, _read)


def _content(recording: Recording, points: FloatArray, name: str) -> bytes:
    times, count = recording.times_s.tolist(), len(recording)
    rate = recording.frame_rate
    rate = 30.0 if np.isnan(rate) else round(rate, 6)
    values = (rate, rate, count, NUM_LANDMARKS, "m", rate, 1, count)
    numbers = [f"{axis}{i}" for i in range(1, NUM_LANDMARKS + 1) for axis in "XYZ"]
    head = (
        ("PathFileType", "4", "(X/Y/Z)", re.sub(r"\s", " ", name)),
        _KEYS,
        [f"{value:.9g}" if isinstance(value, float) else str(value) for value in values],
        ("Frame#", "Time", *(f"{marker}\t\t" for marker in LANDMARK_NAMES)),
        ("", "", *numbers),
        (),
    )
    whole = np.where(np.isfinite(points).all(axis=2, keepdims=True), points, np.float32(np.nan))
    rows = turned(whole).reshape(count, -1).tolist()
    lines = [
        f"{i}\t{time!r}\t{_ROW % tuple(row)}"
        for i, (time, row) in enumerate(zip(times, rows, strict=True), 1)
    ]
    text = "".join("\t".join(fields) + "\n" for fields in head) + "".join(lines).replace("nan", "")
    return text.encode("utf-8", "replace")


def _read(path: Path) -> tuple[DoubleArray, FloatArray]:
    with reading(path, "a TRC file", ValueError, IndexError, KeyError):
        lines = path.read_bytes().decode("utf-8", "replace").splitlines()
        if not lines or not lines[0].startswith("PathFileType"):
            raise ValueError("it does not begin with PathFileType")
        about = dict(zip(lines[1].split(), lines[2].split(), strict=True))
        if about["Units"] not in _METRES:
            raise ValueError(f"its unit is {about['Units']!r}, wanted {', '.join(_METRES)}")
        markers = [name.strip().lower() for name in lines[3].split("\t") if name.strip()][2:]
        table = _table([line for line in lines[5:] if line.strip()], 2 + 3 * len(markers))
        points = np.full((len(table), NUM_LANDMARKS, 3), np.nan)
        for i, name in enumerate(markers):
            if name in _INDEX:
                points[:, _INDEX[name]] = table[:, 2 + 3 * i : 5 + 3 * i]
        if not set(markers) & set(_INDEX):
            raise ValueError(f"none of its markers is called as a landmark; they are {markers[:5]} ...")
        return table[:, 1], turned(points * _METRES[about["Units"]]).astype(np.float32)


def _table(lines: list[str], columns: int) -> DoubleArray:
    """Numbers between tabs; NaN where there is nothing."""
    if not lines:
        raise ValueError("there are no frames in it")
    text = "\n".join((*lines, ""))
    for gap in ("\t\t", "\t\t", "\t\n"):  # twice, since one gap begins where the other ends
        text = text.replace(gap, f"{gap[0]}nan{gap[1]}")
    table: DoubleArray = np.loadtxt(
        io.StringIO(text), delimiter="\t", ndmin=2, usecols=range(columns), comments=None
    )
    return table
