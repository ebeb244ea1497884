"""The motion of each person in a recording: what formats of markers and skeletons hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import DoubleArray, FloatArray
from pose_landmarker.errors import OptionError
from pose_landmarker.export.writer import check_recording
from pose_landmarker.recording import NO_TRACK, IntArray, Recording
from pose_landmarker.topology import NUM_LANDMARKS


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Motion:
    """One person in all T frames of a recording.

    Attributes:
        track_id: The person's number; -1 for somebody whom nobody followed.
        points: (T, 33, 3) float32, world landmarks: metres, the origin between the hips, y down; NaN where
            they are not known.
    """

    track_id: int
    points: FloatArray

    @property
    def present(self) -> npt.NDArray[np.bool_]:
        """(T,) in which frames anything of the person is known."""
        return np.asarray(np.any(np.all(np.isfinite(self.points), axis=2), axis=1))


def motions_of(recording: Recording, track_id: int | Iterable[int] | None = None) -> tuple[Motion, ...]:
    """The motions of all who are in a recording, by ascending ids.

    People of whom no point is known in metres are left out.

    Args:
        recording: Of a video.
        track_id: One person, or several; everybody by default.

    Raises:
        OptionError: There are no frames, frames have no times, nobody has that id, nobody's points are known
            in metres, or there are several people without an id in a frame.
        OptionTypeError: Something has the wrong type.
    """
    chosen = check_recording(recording)
    if not len(chosen):
        raise OptionError("the recording has no frames, and there is no motion in it")
    if np.isnan(chosen.times_s).any():
        raise OptionError(
            "frames without times, such as pictures, are no motion; give the recording times_s, or choose a "
            "format of tables"
        )
    if track_id is not None:
        chosen = chosen.select(track_id)
    check_who_is_who(chosen)
    stack = chosen.stack()
    motions = [
        Motion(track_id=int(number), points=stack.world_landmarks[:, place])
        for place, number in enumerate(stack.track_ids)
    ]
    known = tuple(motion for motion in motions if motion.present.any())
    if motions and not known:
        raise OptionError(
            "the recording has no landmarks in metres, which is all that this format has a place for"
        )
    return known


def check_who_is_who(recording: Recording) -> None:
    """See that everybody is the same person over time.

    Raises:
        OptionError: There are several people without an id in a frame.
    """
    strangers = recording.frames[recording.track_ids == NO_TRACK]
    twice = strangers[1:][strangers[1:] == strangers[:-1]]
    if twice.size:
        raise OptionError(
            f"frame {twice[0]} has several people without a track id, and nobody knows who is who over time; "
            "videos have ids, and select() leaves people out"
        )


def recording_of(times_s: DoubleArray, motions: Sequence[Motion]) -> Recording:
    """A recording of motions: people are in the frames in which a point of theirs is known.

    Args:
        times_s: (T,) float64, seconds.
        motions: Of different people, each of T frames.
    """
    present = np.array([motion.present for motion in motions], np.bool_).reshape(len(motions), len(times_s)).T
    frames, people = np.nonzero(present)
    ids: IntArray = np.array([motion.track_id for motion in motions], np.int64)
    world = np.zeros((len(frames), NUM_LANDMARKS, 3), np.float32)
    for place, motion in enumerate(motions):
        world[people == place] = motion.points[present[:, place]]
    unknown = np.full((len(frames), NUM_LANDMARKS, 3), np.nan, np.float32)
    return Recording(
        times_s=times_s,
        image_sizes=np.zeros((len(times_s), 2), np.int64),
        frames=frames,
        track_ids=ids[people],
        scores=unknown[:, 0, 0],
        landmarks=unknown,
        world_landmarks=world,
        visibility=unknown[..., 0],
        presence=unknown[..., 0],
    )
