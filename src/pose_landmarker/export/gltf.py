"""glTF 2.0 binary (.glb): animated skeletons with a mesh, which any viewer of 3-D models plays.

All people are in one file; metres, y up, x to the right of the picture, z towards the camera, the origin
between everybody's own hips. See ``skeleton.py`` for the joints.

==============  ==========================================================================================
person_<id>     a node for each person, with ``extras`` {"track_id": id}. People stand side by side,
                ``apart_m`` from each other, since world landmarks do not say where in the room somebody is.
                Its scale is 0 while the person is not in view
Hips ...        the joints, with translations of the rest pose, in which nothing is turned
person_<id>_bones  a mesh with a skin: an octahedron along each bone, left orange, right sky blue
motion          the animation: scale (STEP) of people; translation and rotation (LINEAR) of joints, at the
                times of the frames in which the person is in view
==============  ==========================================================================================

Times are float32, seconds. The format has no place for landmarks in the picture, visibility, presence and
scores.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from pose_landmarker._version import __version__
from pose_landmarker.checks import check_flag, check_positive
from pose_landmarker.errors import OptionError
from pose_landmarker.export import gltf_reading, rotations
from pose_landmarker.export.axes import turned
from pose_landmarker.export.bones_mesh import mesh_of
from pose_landmarker.export.files import checked_path, reading, whole_file
from pose_landmarker.export.glb import INDICES, VERTICES, Buffer
from pose_landmarker.export.motion import Motion, motions_of
from pose_landmarker.export.skeleton import JOINTS, Animation, fit
from pose_landmarker.recording import Recording

_APART_M: Final = 1.5


def save(
    recording: Recording,
    path: str | os.PathLike[str],
    *,
    track_id: int | Iterable[int] | None = None,
    fixed_bones: bool = False,
    apart_m: float = _APART_M,
) -> None:
    """Write a file.

    Args:
        recording: Of a video.
        path: Where to.
        track_id: One person, or several; everybody by default.
        fixed_bones: Whether bones are as long in all frames, and only rotations move them. The file is then
            less than half as large, and landmarks are off by centimetres (docs/export3d.md).
        apart_m: How far people stand from each other, metres; 0: all in one place.

    Raises:
        OptionError: Nobody is in the recording, frames have no times or the same as others, nobody has that
            id, nobody's points are known in metres, or there are several people without an id in a frame.
        OptionTypeError: Something has the wrong type.
        OSError: The file cannot be written.
    """
    target = checked_path(path)
    fixed, apart = check_flag("fixed_bones", fixed_bones), check_positive("apart_m", apart_m, zero=True)
    motions = motions_of(recording, track_id)
    if not motions:
        raise OptionError("nobody is in the recording, and glTF needs somebody's skeleton")
    times = recording.times_s.astype(np.float32)
    late = np.flatnonzero(np.diff(times) <= 0)
    if late.size:
        raise OptionError(
            f"frames {late[0]} and {late[0] + 1} are both at {times[late[0]]:g} s, and glTF wants each frame "
            "after the one before; pose_landmarker.resampling.resample makes them even"
        )
    scene = _Scene(times)
    for place, motion in enumerate(motions):
        scene.add(motion, (place - (len(motions) - 1) / 2) * apart, fixed=fixed)
    with whole_file(target) as hidden:
        hidden.write_bytes(scene.file())


def load(path: str | os.PathLike[str]) -> Recording:
    """Read a file that ``save`` wrote.

    Args:
        path: The file.

    Raises:
        DatasetError: It is missing, damaged, or by another program.
        OptionTypeError: ``path`` is no path.
    """
    source = checked_path(path)
    with reading(source, "a .glb file by this package", *gltf_reading.DAMAGE):
        return gltf_reading.read(source.read_bytes())


class _Scene:
    """A file that is being made, person by person."""

    def __init__(self, times: npt.NDArray[np.float32]) -> None:
        self._times = times
        self._buffer = Buffer()
        self._all_times = self._buffer.add(times, with_range=True)
        self._nodes: list[dict[str, Any]] = []
        self._shown: list[int] = []
        self._meshes: list[dict[str, Any]] = []
        self._skins: list[dict[str, Any]] = []
        self._samplers: list[dict[str, Any]] = []
        self._channels: list[dict[str, Any]] = []

    def add(self, motion: Motion, x: float, *, fixed: bool) -> None:
        """Add a person who stands at x, metres."""
        present = motion.present
        animation = fit(turned(motion.points[present]))
        if fixed:
            animation = animation.with_fixed_bones()
        root = len(self._nodes)
        name = f"person_{motion.track_id}"
        extras = {"track_id": motion.track_id}
        self._nodes.append({"name": name, "translation": [x, 0, 0], "children": [root + 1], "extras": extras})
        for i, joint in enumerate(JOINTS):
            children = [root + 1 + j for j, other in enumerate(JOINTS) if other.parent == i]
            node = {"name": joint.name, "translation": animation.rest[i].astype(np.float32).tolist()}
            self._nodes.append({**node, "children": children} if children else node)
        self._nodes.append({"name": f"{name}_bones", "mesh": len(self._meshes), "skin": len(self._skins)})
        self._shown += [root, len(self._nodes) - 1]
        self._add_body(animation, root + 1)
        self._animate(root, "scale", self._all_times, np.repeat(present[:, None], 3, axis=1), "STEP")
        whole = bool(present.all())
        times = self._all_times if whole else self._buffer.add(self._times[present], with_range=True)
        for i in range(1 if fixed else len(JOINTS)):
            self._animate(root + 1 + i, "translation", times, animation.offsets[:, i])
        for i, turns in animation.turns.items():
            self._animate(root + 1 + i, "rotation", times, rotations.to_quaternions(turns))

    def file(self) -> bytes:
        """The whole file."""
        return self._buffer.file(
            {
                "asset": {"version": "2.0", "generator": f"pose-landmarker {__version__}"},
                "scene": 0,
                "scenes": [{"nodes": self._shown}],
                "nodes": self._nodes,
                "meshes": self._meshes,
                "skins": self._skins,
                "materials": [{"pbrMetallicRoughness": {"metallicFactor": 0.0, "roughnessFactor": 0.9}}],
                "animations": [{"name": "motion", "samplers": self._samplers, "channels": self._channels}],
            }
        )

    def _add_body(self, animation: Animation, first: int) -> None:
        """The mesh of a body at rest, and the skin by which its joints, nodes from ``first`` on, move it."""
        rest = animation.rest.copy()
        for i, joint in enumerate(JOINTS):
            if joint.parent >= 0:
                rest[i] += rest[joint.parent]
        mesh = mesh_of(rest)
        attributes = {
            "POSITION": self._buffer.add(mesh.places, target=VERTICES, with_range=True),
            "JOINTS_0": self._buffer.add(mesh.joints, target=VERTICES),
            "WEIGHTS_0": self._buffer.add(mesh.weights, target=VERTICES),
            "COLOR_0": self._buffer.add(mesh.colors, target=VERTICES),
        }
        indices = self._buffer.add(mesh.triangles.reshape(-1), target=INDICES)
        self._meshes.append({"primitives": [{"attributes": attributes, "indices": indices, "material": 0}]})
        back = np.repeat(np.eye(4, dtype=np.float32)[None], len(JOINTS), axis=0)
        back[:, 3, :3] = -rest  # matrices are written column by column
        joints = list(range(first, first + len(JOINTS)))
        self._skins.append(
            {"joints": joints, "skeleton": first, "inverseBindMatrices": self._buffer.add(back)}
        )

    def _animate(
        self, node: int, what: str, times: int, values: npt.NDArray[Any], way: str = "LINEAR"
    ) -> None:
        output = self._buffer.add(values.astype(np.float32))
        self._channels.append({"sampler": len(self._samplers), "target": {"node": node, "path": what}})
        self._samplers.append({"input": times, "output": output, "interpolation": way})
