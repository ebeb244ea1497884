"""OpenPose's folders: a JSON file for every frame, with 25 points of every person.

``NAME_000000000000_keypoints.json``, where the number is the frame's, from 0, holds

===================  ===================================================================================
version              1.3
people               of every person
  person_id          [id], or [-1] for people whom nobody followed
  pose_keypoints_2d  25 times x, y, confidence, in the order of
                     :data:`~pose_landmarker.topologies.BODY_25`: image pixels from the top-left corner of
                     the picture, as ours are, and the visibility; 0, 0, 0 where a point is not known
  pose_keypoints_3d  25 times x, y, z, 1 in metres, from the middle of the hips, x to the right of the
                     picture, y down, z away from the camera; 0, 0, 0, 0 where a point is not known; empty
                     without ``world``
  others             ``face_keypoints_2d``, ``hand_left_keypoints_2d`` ...: empty
pose_landmarker      what the format has no place for: ``frame``, ``time_s``, ``image_size`` in pixels, and
                     the ``name`` of the picture; other programs pass over it
===================  ===================================================================================

Pictures with names are in files of their names: ``holiday_keypoints.json`` for ``holiday.jpg``, as OpenPose
does with folders of pictures. The small toes are never known. Eight of the 33 landmarks have no place in
BODY_25 (inner and outer eyes, mouth, fingers) and are lost, and so are z in the picture, presence and score.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import DoubleArray
from pose_landmarker.cache import write_atomically
from pose_landmarker.checks import check_flag, check_positive
from pose_landmarker.errors import ClosedError, OptionError, OptionTypeError, TimestampError
from pose_landmarker.export.json_files import OURS, plain, to_json
from pose_landmarker.export.openpose_reading import SUFFIX, load
from pose_landmarker.recording import Recording
from pose_landmarker.results import PoseLandmarkerResult
from pose_landmarker.topologies import BODY_25, convert, convert_confidence

__all__ = ["Writer", "load", "save"]

#: doc/02_output.md of OpenPose describes the format; its newest files say 1.3.
_VERSION: Final = 1.3
#: Coordinates beyond are those of no point.
_FARTHEST: Final = 1e9
_LEAST: Final = 1e-6
_EMPTY: Final[dict[str, list[float]]] = {
    "face_keypoints_2d": [],
    "hand_left_keypoints_2d": [],
    "hand_right_keypoints_2d": [],
}
_EMPTY_3D: Final[dict[str, list[float]]] = {name.replace("2d", "3d"): [] for name in _EMPTY}


def save(recording: Recording, path: Path, *, name: str | None = None, world: bool = True) -> tuple[Path]:
    """Write a folder.

    Files are written whole, one after the other. Those of more frames that an earlier recording of the same
    name has left there are removed; other files stay.

    Args:
        recording: What to write.
        path: Of the folder; it is made.
        name: What names of files begin with; that of the folder by default. Pictures have their own.
        world: Whether to write landmarks in metres.

    Returns:
        The folder.

    Raises:
        OptionError: The size of a picture with people is not known, or ``name`` cannot be that of a file.
        OSError: The folder cannot be written to.
    """
    folder = Path(path)
    prefix = _checked_name(folder, name)
    check_flag("world", world)
    stems = _stems(recording, prefix)
    documents = _documents(recording, 0, world)
    folder.mkdir(parents=True, exist_ok=True)
    for stem, document in zip(stems, documents, strict=True):
        write_atomically(folder / f"{stem}{SUFFIX}", to_json(document))
    if stems == _numbered(prefix, len(stems)):
        for stale in set(_files(folder, prefix)) - {f"{stem}{SUFFIX}" for stem in stems}:
            (folder / stale).unlink()
    return (folder,)


class Writer:
    """Writes a folder frame by frame; each file is whole at once, so that nothing is lost when killed.

    Example::

        with Writer("out") as writer:
            for result in results:
                writer.write(result)

    Attributes:
        path: The folder.
        num_frames: How many frames were written.
    """

    def __init__(self, path: str | os.PathLike[str], *, name: str | None = None, world: bool = True) -> None:
        """Make the folder.

        Args:
            path: The folder.
            name: What names of files begin with; that of the folder by default.
            world: Whether to write landmarks in metres.

        Raises:
            OptionError: There are frames of that name already, or it cannot be that of a file.
            OSError: The folder cannot be made.
        """
        self.path = Path(path)
        self.num_frames = 0
        self._name = _checked_name(self.path, name)
        self._world = check_flag("world", world)
        self._last_s = -np.inf
        self._closed = False
        self.path.mkdir(parents=True, exist_ok=True)
        there = _files(self.path, self._name)
        if there:
            raise OptionError(
                f"{self.path} holds frames already, such as {there[0]}; give another folder or name"
            )

    def write(self, frames: PoseLandmarkerResult | Recording, time_s: float | None = None) -> None:
        """Write what was found in the next frame, or the next frames of a recording.

        Args:
            frames: A result, which is one frame, or a recording.
            time_s: The frame's exact time in seconds; by default the result's timestamp.

        Raises:
            ClosedError: The writer is closed.
            TimestampError: The frame is before the one before.
            OptionError: A recording came with a time, or the size of a picture is not known.
            OptionTypeError: It is neither a result nor a recording.
            OSError: A file cannot be written.
        """
        if self._closed:
            raise ClosedError(f"{self.path}: nothing can be written after close()")
        piece = _piece(frames, time_s)
        known = piece.times_s[~np.isnan(piece.times_s)]
        if known.size and known[0] < self._last_s:
            raise TimestampError(
                f"frame {self.num_frames} is at {known[0]:g} s, and the one before it at {self._last_s:g} s"
            )
        for document in _documents(piece, self.num_frames, self._world):
            write_atomically(self._file(self.num_frames), to_json(document))
            self.num_frames += 1
        self._last_s = float(known[-1]) if known.size else self._last_s

    def close(self) -> None:
        """Write no more; twice is fine."""
        self._closed = True

    def discard(self) -> None:
        """Remove the files that were written."""
        self._closed = True
        for frame in range(self.num_frames):
            self._file(frame).unlink(missing_ok=True)

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """What was written stays, however the block ends."""
        self.close()

    def _file(self, frame: int) -> Path:
        return self.path / f"{self._name}_{frame:012d}{SUFFIX}"


def _piece(frames: object, time_s: float | None) -> Recording:
    if isinstance(frames, PoseLandmarkerResult):
        times = None if time_s is None else [check_positive("time_s", time_s, zero=True)]
        return Recording.from_results([frames], times_s=times)
    if not isinstance(frames, Recording):
        raise OptionTypeError(
            f"frames must be a PoseLandmarkerResult or Recording, not {type(frames).__name__}"
        )
    if time_s is not None:
        raise OptionError("a recording has times of its own; give time_s with a result")
    return frames


def _checked_name(folder: Path, name: object) -> str:
    chosen = (folder.resolve().name or "frames") if name is None else name
    if not isinstance(chosen, str):
        raise OptionTypeError(f"name must be a string, not {type(chosen).__name__}")
    if not chosen or chosen.startswith(".") or re.search(r"[/\\\0]", chosen):
        raise OptionError(f"name must be what names of files can begin with, not {chosen!r}")
    return chosen


def _numbered(name: str, count: int) -> list[str]:
    return [f"{name}_{number:012d}" for number in range(count)]


def _stems(recording: Recording, name: str) -> list[str]:
    """Names of files: those of pictures, where they have names that differ and can be those of files."""
    stems = [PurePosixPath(known.replace("\\", "/")).stem for known in recording.names or ()]
    fine = all(stem and len(stem) < 200 and not re.search(r"^\.|[\0-\x1f:*?\"<>|]", stem) for stem in stems)
    if stems and fine and len({stem.lower() for stem in stems}) == len(stems):
        return stems
    return _numbered(name, len(recording))


def _files(folder: Path, name: str) -> list[str]:
    """The frames of a name that lie in a folder."""
    pattern = re.compile(re.escape(name) + r"_[0-9]{12,}" + re.escape(SUFFIX))
    return sorted(path.name for path in folder.iterdir() if pattern.fullmatch(path.name))


def _documents(recording: Recording, first: int, world: bool) -> list[dict[str, Any]]:
    """What the files of all frames hold."""
    sizes = recording.image_sizes[recording.frames]
    if (sizes == 0).any():
        frame = int(recording.frames[(sizes == 0).any(axis=1)][0])
        raise OptionError(f"the size of the picture of frame {frame} is not known; coordinates are pixels")
    documents: list[dict[str, Any]] = [
        {"version": _VERSION, "people": [], OURS: {"frame": first + i, "time_s": time, "image_size": size}}
        for i, (time, size) in enumerate(
            zip(_plain_times(recording), recording.image_sizes.tolist(), strict=True)
        )
    ]
    for document, name in zip(documents, recording.names or (), strict=False):
        document[OURS]["name"] = name
    flat, solid = _flat(recording).tolist(), plain(_solid(recording)) if world else None
    for i, (frame, track) in enumerate(
        zip(recording.frames.tolist(), recording.track_ids.tolist(), strict=True)
    ):
        documents[frame]["people"].append(
            {
                "person_id": [track],
                "pose_keypoints_2d": flat[i],
                **_EMPTY,
                "pose_keypoints_3d": [] if solid is None else solid[i],
                **_EMPTY_3D,
            }
        )
    return documents


def _plain_times(recording: Recording) -> list[float | None]:
    return [None if np.isnan(time) else time for time in recording.times_s.tolist()]


def _flat(recording: Recording) -> DoubleArray:
    """(N, 75) x, y in pixels to a thousandth, confidence; 0 where a point is not known.

    Confidence 0 means that a point is not there: it is at least 10⁻⁶ of points that are, and 1 where nobody
    knows how visible they are.
    """
    sizes = recording.image_sizes[recording.frames, None, :]
    points = convert(recording.landmarks[..., :2].astype(np.float64) * sizes, BODY_25)
    visibility = recording.visibility.astype(np.float64)
    confidence = np.nan_to_num(convert_confidence(visibility, BODY_25), nan=1.0)
    confidence = np.maximum(np.round(confidence, 6), _LEAST)[..., None]
    rows = np.concatenate([np.round(points, 3), confidence], axis=-1)
    return _known(rows).reshape(len(rows), 3 * len(BODY_25))


def _solid(recording: Recording) -> npt.NDArray[np.float32]:
    """(N, 100) x, y, z in metres, 1; 0 where a point is not known."""
    points = convert(recording.world_landmarks, BODY_25)
    rows = np.concatenate([points, np.ones_like(points[..., :1])], axis=-1)
    return _known(rows).reshape(len(rows), 4 * len(BODY_25)).astype(np.float32)


def _known(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    known = (np.abs(rows) < _FARTHEST).all(axis=-1, keepdims=True)  # NaN is not
    return np.where(known, rows, 0.0)
