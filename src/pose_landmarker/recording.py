"""The poses of many frames as arrays: what exports write, and what people compute with.

A :class:`Recording` has one row per pose, in the order of the frames, so that nothing is stored for
people who are not there. :meth:`Recording.stack` gives the other view: one place per person in every
frame, and NaN where that person is not in view.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import DoubleArray, FloatArray, frozen
from pose_landmarker.errors import OptionError, OptionTypeError
from pose_landmarker.results import PoseArrays, PoseLandmarkerResult
from pose_landmarker.topology import NUM_LANDMARKS

#: The id of a pose that nobody followed over time.
NO_TRACK: Final = -1

IntArray = npt.NDArray[np.int64]
_OF_POSES: Final = ("track_ids", "scores", "landmarks", "world_landmarks", "visibility", "presence")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Recording:
    """Poses of T frames (of a video, or single pictures), N of them in all.

    Arrays are read-only. Numbers that are not known, such as what a file format has no place for, are
    NaN.

    Attributes:
        times_s: (T,) float64, seconds since the first frame of the source, ascending; NaN for pictures.
        image_sizes: (T, 2) int64, width and height in pixels; 0 where they are not known.
        frames: (N,) int64, from 0 to T - 1, ascending: the frame that each pose belongs to.
        track_ids: (N,) int64, the same number for the same person over time; -1 where nobody followed.
        scores: (N,) float32 in [0, 1], :attr:`Pose.score`.
        landmarks: (N, 33, 3) float32; x, y normalised by the image's width and height, z by its width.
        world_landmarks: (N, 33, 3) float32, metres, the origin between the hips, y pointing down.
        visibility: (N, 33) float32 in [0, 1].
        presence: (N, 33) float32 in [0, 1].
        names: The T names of pictures, or None for the frames of one video.
    """

    times_s: DoubleArray
    image_sizes: IntArray
    frames: IntArray
    track_ids: IntArray
    scores: FloatArray
    landmarks: FloatArray
    world_landmarks: FloatArray
    visibility: FloatArray
    presence: FloatArray
    names: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        count, poses = len(np.atleast_1d(self.times_s)), len(np.atleast_1d(self.frames))
        shapes: dict[str, tuple[type, tuple[int, ...]]] = {
            "times_s": (np.float64, (count,)),
            "image_sizes": (np.int64, (count, 2)),
            "frames": (np.int64, (poses,)),
            "track_ids": (np.int64, (poses,)),
            "scores": (np.float32, (poses,)),
            "landmarks": (np.float32, (poses, NUM_LANDMARKS, 3)),
            "world_landmarks": (np.float32, (poses, NUM_LANDMARKS, 3)),
            "visibility": (np.float32, (poses, NUM_LANDMARKS)),
            "presence": (np.float32, (poses, NUM_LANDMARKS)),
        }
        for name, (dtype, shape) in shapes.items():
            object.__setattr__(self, name, _checked(name, getattr(self, name), dtype, shape))
        self._check_order()
        if self.names is not None:
            names = tuple(self.names)
            if len(names) != count or not all(isinstance(name, str) for name in names):
                raise OptionError(f"Recording.names must be {count} strings, one per frame, or None")
            object.__setattr__(self, "names", names)

    def _check_order(self) -> None:
        if self.frames.size and (self.frames.min() < 0 or self.frames.max() >= len(self)):
            raise OptionError(
                f"Recording.frames must be from 0 to {len(self) - 1}, the last of times_s; they are from "
                f"{self.frames.min()} to {self.frames.max()}"
            )
        if (np.diff(self.frames) < 0).any():
            raise OptionError("Recording.frames must ascend; sort the rows by their frame")
        if np.isinf(self.times_s).any() or (np.diff(self.times_s[~np.isnan(self.times_s)]) < 0).any():
            raise OptionError("Recording.times_s must be finite and ascend, or NaN for pictures")
        if (self.image_sizes < 0).any():
            raise OptionError("Recording.image_sizes must be ≥ 0")

    @classmethod
    def from_results(
        cls,
        results: Iterable[PoseLandmarkerResult],
        *,
        times_s: Sequence[float] | DoubleArray | None = None,
        names: Sequence[str] | None = None,
    ) -> Recording:
        """Stack the results of frames or pictures.

        Args:
            results: One per frame, in the order of time. Masks are left out.
            times_s: The frames' times in seconds; by default the results' timestamps.
            names: Names of pictures.

        Raises:
            OptionError: Times or names are not as many as results, or times do not ascend.
            OptionTypeError: Something is not a result.
        """
        given = list(results)
        for result in given:
            if not isinstance(result, PoseLandmarkerResult):
                raise OptionTypeError(f"results must be PoseLandmarkerResults, not {type(result).__name__}")
        if times_s is None:
            times_s = [np.nan if r.timestamp_ms is None else r.timestamp_ms / 1000 for r in given]
        if len(times_s) != len(given):
            raise OptionError(f"{len(times_s)} times_s were given for {len(given)} results")
        arrays = PoseArrays.of([pose for result in given for pose in result.poses])
        return cls(
            times_s=np.asarray(times_s, np.float64),
            image_sizes=np.array([r.image_size for r in given], np.int64).reshape(-1, 2),
            frames=np.repeat(np.arange(len(given)), [len(result) for result in given]),
            **arrays._asdict(),
            names=None if names is None else tuple(names),
        )

    @classmethod
    def join(cls, parts: Iterable[Recording]) -> Recording:
        """One after the other: the frames of the first, then those of the second, and so on.

        Raises:
            OptionError: Their times do not ascend, or some have names and others do not.
        """
        given = list(parts)
        if not given:
            return cls.from_results([])
        if len({part.names is None for part in given}) > 1:
            raise OptionError("some of the recordings have names and others do not")
        starts = np.cumsum([0, *(len(part) for part in given)])
        arrays = {
            f.name: np.concatenate([getattr(part, f.name) for part in given])
            for f in fields(cls)
            if f.name not in ("frames", "names")
        }
        frames = np.concatenate([part.frames + at for part, at in zip(given, starts, strict=False)])
        named = given[0].names is not None
        names = tuple(name for part in given for name in part.names or ()) if named else None
        return cls(frames=frames, names=names, **arrays)

    @property
    def pixels(self) -> FloatArray:
        """(N, 33, 2) x, y in image pixels."""
        return self.landmarks[..., :2] * self.image_sizes[self.frames, None, :].astype(np.float32)

    @property
    def tracks(self) -> IntArray:
        """The ids of all who were followed, ascending."""
        ids: IntArray = np.unique(self.track_ids[self.track_ids != NO_TRACK])
        return ids

    @property
    def frame_rate(self) -> float:
        """Frames per second: one over the median time between two of them; NaN where nobody knows."""
        known = self.times_s[~np.isnan(self.times_s)]
        steps = np.diff(known)
        steps = steps[steps > 0]
        if not steps.size:
            return float("nan")
        median = float(np.median(steps))
        # Times in whole milliseconds are 33 and 34 apart at 30 frames per second: their mean is exact.
        near = steps[np.abs(steps - median) < 0.0015]
        return float(1 / near.mean())

    def select(
        self,
        track_id: int | Iterable[int] | None = None,
        *,
        start_s: float | None = None,
        end_s: float | None = None,
    ) -> Recording:
        """The poses of some people, the frames of some time.

        Args:
            track_id: One id or several; everybody by default. Frames without them stay.
            start_s: Frames from this time on, seconds.
            end_s: Frames before this time, seconds.

        Raises:
            OptionError: No such person is in the recording.
            OptionTypeError: ``track_id`` is no number.
        """
        poses = np.ones(len(self.frames), np.bool_)
        if track_id is not None:
            poses &= np.isin(self.track_ids, self._known(track_id))
        shown = np.ones(len(self), np.bool_)
        if start_s is not None:
            shown &= self.times_s >= start_s
        if end_s is not None:
            shown &= self.times_s < end_s
        return self._of(poses, shown)

    def of_frames(self, frames: slice | npt.ArrayLike) -> Recording:
        """Some of the frames, in their order.

        Args:
            frames: A slice, numbers of frames, or (T,) bool.

        Raises:
            OptionError: There are no such frames.
        """
        shown = np.zeros(len(self), np.bool_)
        try:
            if isinstance(frames, slice):
                start, stop, step = frames.indices(len(self))
                if step == 1:
                    return self._between(start, max(start, stop))
            shown[frames if isinstance(frames, slice) else np.asarray(frames)] = True
        except (IndexError, TypeError, ValueError) as error:
            raise OptionError(f"frames must be a slice, numbers or (T,) bool: {error}") from None
        return self._of(np.ones(len(self.frames), np.bool_), shown)

    def stack(self) -> Stack:
        """One place per person in every frame, in the order of ids.

        Poses without an id, such as those of pictures, take places by their order within a frame.

        Raises:
            OptionError: An id occurs twice in a frame.
        """
        ids = self.tracks
        followed = self.track_ids != NO_TRACK
        starts = np.searchsorted(self.frames, self.frames, side="left")
        unfollowed = np.concatenate([[0], np.cumsum(~followed)])
        rank = unfollowed[:-1] - unfollowed[starts]  # among those of the frame without an id
        places = np.where(followed, np.searchsorted(ids, self.track_ids), len(ids) + rank)
        count = int(places.max()) + 1 if places.size else 0
        present = np.zeros((len(self), count), np.bool_)
        present[self.frames, places] = True
        if present.sum() != len(self.frames):
            raise OptionError("the same track id occurs twice in a frame; ids must be of one person each")

        def spread(rows: FloatArray) -> FloatArray:
            out = np.full((*present.shape, *rows.shape[1:]), np.nan, np.float32)
            out[self.frames, places] = rows
            return frozen(out)

        return Stack(
            times_s=self.times_s,
            track_ids=frozen(np.concatenate([ids, np.full(count - len(ids), NO_TRACK)])),
            present=frozen(present),
            scores=spread(self.scores),
            landmarks=spread(self.landmarks),
            world_landmarks=spread(self.world_landmarks),
            visibility=spread(self.visibility),
            presence=spread(self.presence),
        )

    def __len__(self) -> int:
        """How many frames."""
        return len(self.times_s)

    def __iter__(self) -> Iterator[Recording]:
        """The frames, one after the other."""
        return (self._between(i, i + 1) for i in range(len(self)))

    def __repr__(self) -> str:
        who = f", {len(self.tracks)} tracks" if len(self.tracks) else ""
        known = self.times_s[~np.isnan(self.times_s)]
        time = f", {known[0]:.3f} to {known[-1]:.3f} s" if known.size else ""
        return f"<Recording {len(self)} frames, {len(self.frames)} poses{who}{time}>"

    def _known(self, track_id: int | Iterable[int]) -> IntArray:
        try:
            wanted = np.atleast_1d(np.asarray([*track_id] if isinstance(track_id, Iterable) else track_id))
        except (TypeError, ValueError):
            wanted = np.array(["?"])
        if wanted.size and wanted.dtype.kind not in "iu":
            raise OptionTypeError(f"track_id must be a whole number or several, not {track_id!r}")
        missing = np.setdiff1d(wanted, self.track_ids)
        if missing.size:
            raise OptionError(f"nobody has the track id {missing[0]}; the ids are {self.tracks.tolist()}")
        return wanted.astype(np.int64)

    def _between(self, start: int, stop: int) -> Recording:
        """Frames in a row, as views: without looking at all the others."""
        first, last = np.searchsorted(self.frames, (start, stop))
        rows = {name: getattr(self, name)[first:last] for name in _OF_POSES}
        return replace(
            self,
            times_s=self.times_s[start:stop],
            image_sizes=self.image_sizes[start:stop],
            frames=self.frames[first:last] - start,
            names=None if self.names is None else self.names[start:stop],
            **rows,
        )

    def _of(self, poses: npt.NDArray[np.bool_], shown: npt.NDArray[np.bool_]) -> Recording:
        poses = poses & shown[self.frames]
        numbers = np.cumsum(shown) - 1
        rows = {name: getattr(self, name)[poses] for name in _OF_POSES}
        names = self.names
        return replace(
            self,
            times_s=self.times_s[shown],
            image_sizes=self.image_sizes[shown],
            frames=numbers[self.frames[poses]],
            names=None if names is None else tuple(names[i] for i in np.flatnonzero(shown)),
            **rows,
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Stack:
    """T frames of P people each; NaN where a person is not in view. Read-only.

    Attributes:
        times_s: (T,) float64, seconds.
        track_ids: (P,) int64; -1 for people without an id.
        present: (T, P) bool, who is in view.
        scores: (T, P) float32.
        landmarks: (T, P, 33, 3) float32, as in :class:`Recording`.
        world_landmarks: (T, P, 33, 3) float32, metres.
        visibility: (T, P, 33) float32.
        presence: (T, P, 33) float32.
    """

    times_s: DoubleArray
    track_ids: IntArray
    present: npt.NDArray[np.bool_]
    scores: FloatArray
    landmarks: FloatArray
    world_landmarks: FloatArray
    visibility: FloatArray
    presence: FloatArray

    def __repr__(self) -> str:
        frames, people = self.present.shape
        return f"<Stack {frames} frames of {people} people, {int(self.present.sum())} poses>"


def _checked(name: str, value: object, dtype: type, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    try:
        array = np.asarray(value)
        if array.dtype.kind not in "fiub" or (dtype is np.int64 and array.size and array.dtype.kind == "f"):
            raise TypeError
        array = array.astype(dtype, copy=False)
    except (TypeError, ValueError, OverflowError):
        raise OptionTypeError(f"Recording.{name} must be an array of {dtype.__name__}") from None
    if array.shape != shape:
        raise OptionError(f"Recording.{name} has shape {array.shape}, wanted {shape}")
    return frozen(array.view())
