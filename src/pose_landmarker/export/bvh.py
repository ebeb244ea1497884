"""BVH: a skeleton and its motion as text, which Blender, Maya, MotionBuilder and game engines read.

One person in a file; y up, z towards the camera, x to the right of the picture, centimetres and degrees. At
rest the body stands as a T and faces +z; its bones are as long as in the median of all frames. See
``skeleton.py`` for the joints and ``person_files.py`` for names of files of several people.

=================  =======================================================================================
HIERARCHY          ``Hips``, with ``Spine``, ``Neck``, ``Head``, and of both sides ``LeftArm``,
                   ``LeftForeArm``, ``LeftHand``, ``LeftUpLeg``, ``LeftLeg``, ``LeftFoot``. Landmarks that
                   are no joints hang on them as joints of their own names, such as ``nose``
CHANNELS           Xposition Yposition Zposition of all, which are in place of OFFSET; and Zrotation
                   Xrotation Yrotation of those that turn. With ``fixed_bones``, positions of the hips only
Frame Time         one over the frame rate; the first frame is at 0
=================  =======================================================================================

A network finds landmarks, not bones: the distance of two joints changes by centimetres over a video. A
skeleton of bones that cannot change is therefore elsewhere than the landmarks. With positions of all joints
the file plays back to where they are.

The format has no place for gaps: where somebody is not in view, the body stays as it was. Nor has it one for
landmarks in the picture, visibility, presence and scores.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import numpy as np

from pose_landmarker.arrays import DoubleArray
from pose_landmarker.checks import check_flag, check_positive
from pose_landmarker.errors import OptionError
from pose_landmarker.export import bvh_reading, rotations
from pose_landmarker.export.axes import turned
from pose_landmarker.export.files import checked_path
from pose_landmarker.export.motion import Motion, motions_of
from pose_landmarker.export.person_files import Paths, read_each, write_each
from pose_landmarker.export.skeleton import JOINTS, Animation, fit
from pose_landmarker.recording import Recording
from pose_landmarker.resampling import even_rate

_CENTIMETRE: Final = 0.01
_POSITIONS: Final = ("Xposition", "Yposition", "Zposition")
_ROTATIONS: Final = ("Zrotation", "Xrotation", "Yrotation")
#: Digits of degrees behind the point; a metre away, the last one is 2 micrometres.
_DEGREE_DIGITS: Final = 4
#: Bones that end nowhere have a length for those who draw them, metres.
_END: Final = 0.01


def save(
    recording: Recording,
    path: str | os.PathLike[str],
    *,
    track_id: int | Iterable[int] | None = None,
    fixed_bones: bool = False,
    unit_m: float = _CENTIMETRE,
) -> tuple[Path, ...]:
    """Write a file for each person, of all frames.

    Args:
        recording: Of a video, with frames that come evenly.
        path: The file for one person; several are written to NAME_<track id>.bvh.
        track_id: One person, or several; everybody by default.
        fixed_bones: Whether bones are as long in all frames, and only rotations move them, as some programs
            want it. Landmarks are then off: by 1 to 3 cm in the median of videos (docs/export3d.md).
        unit_m: Metres in a unit of the file: 0.01 for centimetres, 1 for metres.

    Returns:
        The files that were written.

    Raises:
        OptionError: Nobody is in the recording, frames have no times or do not come evenly, nobody has that
            id, nobody's points are known in metres, or there are several people without an id in a frame.
        OptionTypeError: Something has the wrong type.
        OSError: A file cannot be written.
    """
    target = checked_path(path)
    unit, fixed = check_positive("unit_m", unit_m), check_flag("fixed_bones", fixed_bones)
    motions = motions_of(recording, track_id)
    if not motions:
        raise OptionError("nobody is in the recording, and BVH needs somebody's skeleton")
    rate = even_rate(recording.times_s)
    return write_each(target, motions, lambda motion, _: _content(motion, rate, unit, fixed))


def load(path: Paths, *, track_id: int | None = None, unit_m: float = _CENTIMETRE) -> Recording:
    """Read a file, or several of the same frames, one for each person.

    Joints that are called as those of ``save`` become landmarks, whatever their hierarchy is; others only
    carry them.

    Args:
        path: A file, or several. The person's id is the number behind the last ``_`` of the name.
        track_id: The person's id, of a file that does not have it in its name.
        unit_m: Metres in a unit of the file: 0.01 for centimetres, 1 for metres.

    Raises:
        DatasetError: A file is missing, damaged or no such file, or files do not go together.
        OptionError: ``unit_m`` is not above 0.
        OptionTypeError: ``path`` is no path.
    """
    unit = check_positive("unit_m", unit_m)
    return read_each(path, track_id, lambda file: bvh_reading.read(file, unit))


def _content(motion: Motion, rate: float, unit: float, fixed: bool) -> bytes:
    animation = fit(turned(motion.points))
    if fixed:
        animation = animation.with_fixed_bones()
    digits = max(0, math.ceil(6 - 1e-9 + math.log10(unit)))
    kinds = [_channels(i, fixed) for i in range(len(JOINTS))]
    degrees, length = f"%.{_DEGREE_DIGITS}f", f"%.{digits}f"
    row = " ".join(degrees if "rot" in name else length for names in kinds for name in names) + "\n"
    values = np.concatenate(list(_columns(animation, kinds, unit)), axis=1).tolist()
    head = [
        "HIERARCHY",
        *_hierarchy(0, animation.rest / unit, kinds, unit, digits),
        "MOTION",
        f"Frames: {len(values)}",
        f"Frame Time: {1 / rate:.12g}",
    ]
    return ("\n".join(head) + "\n" + "".join([row % tuple(frame) for frame in values])).encode("ascii")


def _channels(joint: int, fixed: bool) -> tuple[str, ...]:
    if joint == 0:
        return _POSITIONS + _ROTATIONS
    if fixed:
        return _ROTATIONS  # of points, too, which is what readers of plain files expect
    return _POSITIONS if JOINTS[joint].turn is None else _POSITIONS + _ROTATIONS


def _columns(animation: Animation, kinds: list[tuple[str, ...]], unit: float) -> Iterator[DoubleArray]:
    for i, names in enumerate(kinds):
        if _POSITIONS[0] in names:
            yield animation.offsets[:, i] / unit
        if _ROTATIONS[0] in names:
            turns = animation.turns.get(i)
            still = np.zeros((len(animation.offsets), 3))
            yield still if turns is None else np.degrees(rotations.to_euler_zxy(turns))


def _hierarchy(
    joint: int, rest: DoubleArray, kinds: list[tuple[str, ...]], unit: float, digits: int, depth: int = 0
) -> Iterator[str]:
    indent, inner = "\t" * depth, "\t" * (depth + 1)
    yield f"{indent}{'JOINT' if depth else 'ROOT'} {JOINTS[joint].name}"
    yield f"{indent}{{"
    yield f"{inner}OFFSET {' '.join(f'{x:.{digits}f}' for x in rest[joint].round(digits) + 0.0)}"
    yield f"{inner}CHANNELS {len(kinds[joint])} {' '.join(kinds[joint])}"
    children = [i for i, other in enumerate(JOINTS) if other.parent == joint]
    for child in children:
        yield from _hierarchy(child, rest, kinds, unit, digits, depth + 1)
    if not children:
        yield from (f"{inner}End Site", f"{inner}{{", f"{inner}\tOFFSET 0 0 {_END / unit:g}", f"{inner}}}")
    yield f"{indent}}}"
