"""Recordings as rows of a table: one for each pose, and one for each frame in which there is nobody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import DoubleArray, FloatArray
from pose_landmarker.errors import DatasetError, OptionError
from pose_landmarker.export import schema
from pose_landmarker.recording import IntArray, Recording


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Rows:
    """R rows.

    Attributes:
        frame: (R,) int64.
        time_s: (R,) float64, NaN where it is not known.
        width: (R,) int64, pixels; 0 where it is not known.
        height: (R,) int64, pixels; 0 where it is not known.
        person: (R,) int64, number within the frame; -1 where there is nobody.
        track_id: (R,) int64; -1 where nobody followed.
        score: (R,) float32.
        values: (R, 33, 8) float32, the schema's ``MEASURES``.
        names: R names of pictures, or None.
    """

    frame: IntArray
    time_s: DoubleArray
    width: IntArray
    height: IntArray
    person: IntArray
    track_id: IntArray
    score: FloatArray
    values: FloatArray
    names: list[str] | None = None

    @classmethod
    def of(cls, recording: Recording, first: int = 0) -> Rows:
        """The rows of a recording, whose first frame has the number ``first``."""
        counts = np.bincount(recording.frames, minlength=len(recording))
        frame = np.repeat(np.arange(len(recording)), np.maximum(counts, 1))
        there = counts[frame] > 0
        starts = np.searchsorted(frame, frame, side="left")

        def spread(array: npt.NDArray[Any], unknown: float) -> npt.NDArray[Any]:
            out = np.full((len(frame), *array.shape[1:]), unknown, array.dtype)
            out[there] = array
            return out

        measured = (
            recording.landmarks,
            recording.visibility[..., None],
            recording.presence[..., None],
            recording.world_landmarks,
        )
        names = recording.names
        return cls(
            frame=frame + first,
            time_s=recording.times_s[frame],
            width=recording.image_sizes[frame, 0],
            height=recording.image_sizes[frame, 1],
            person=np.where(there, np.arange(len(frame)) - starts, -1),
            track_id=spread(recording.track_ids, schema.UNKNOWN[schema.TRACK]),
            score=spread(recording.scores, np.nan),
            values=spread(np.concatenate(measured, axis=-1), np.nan),
            names=None if names is None else [names[i] for i in frame.tolist()],
        )

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """The columns about frames and poses, in their order, without those of landmarks."""
        columns: dict[str, npt.NDArray[Any]] = {schema.FRAME: self.frame, schema.TIME: self.time_s}
        if self.names is not None:
            columns[schema.NAME] = np.array(self.names, object)
        return columns | {
            schema.WIDTH: self.width,
            schema.HEIGHT: self.height,
            schema.PERSON: self.person,
            schema.TRACK: self.track_id,
            schema.SCORE: self.score,
        }

    def recording(self, where: str) -> Recording:
        """What the rows say, in any order.

        Raises:
            DatasetError: They contradict each other; the message begins with ``where``.
        """
        order = np.lexsort((self.person, self.frame))
        frame, person = self.frame[order], self.person[order]
        there = person >= 0
        twice = (np.diff(frame) == 0) & (np.diff(person) == 0) & there[1:]
        if twice.any():
            at = int(np.flatnonzero(twice)[0])
            raise DatasetError(f"{where}: frame {frame[at]} has the person {person[at]} twice")
        _, first, index = np.unique(frame, return_index=True, return_inverse=True)

        def of_frames(name: str, column: npt.NDArray[Any]) -> npt.NDArray[Any]:
            given = column[order]
            known = given[first]
            other = (given != known[index]) & (given == given)  # NaN is not itself
            if other.any():
                raise DatasetError(f"{where}: the rows of frame {frame[other][0]} differ in {name}")
            return known

        poses = order[there]
        values = self.values[poses]
        sizes = (of_frames(schema.WIDTH, self.width), of_frames(schema.HEIGHT, self.height))
        names = None if self.names is None else of_frames(schema.NAME, np.array(self.names, object))
        try:
            return Recording(
                times_s=of_frames(schema.TIME, self.time_s),
                image_sizes=np.stack(sizes, axis=-1),
                frames=index[there],
                track_ids=self.track_id[poses],
                scores=self.score[poses],
                landmarks=values[..., :3],
                visibility=values[..., 3],
                presence=values[..., 4],
                world_landmarks=values[..., 5:],
                names=None if names is None else tuple(names),
            )
        except OptionError as error:
            raise DatasetError(f"{where}: {error}") from error
