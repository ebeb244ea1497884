"""Recordings of another frame rate, and whether frames come evenly."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from pose_landmarker.arrays import DoubleArray
from pose_landmarker.checks import check_positive
from pose_landmarker.errors import OptionError, OptionTypeError
from pose_landmarker.recording import NO_TRACK, IntArray, Recording

#: Times in whole milliseconds are up to half of one off, and so is the first of them.
_ROUNDING_S: Final = 1.01e-3
_EXACT_S: Final = 1e-6
_MOST_FRAMES: Final = 50_000_000
#: The rate of a single frame, which has none.
_USUAL_RATE: Final = 30.0
_VALUES: Final = ("scores", "landmarks", "world_landmarks", "visibility", "presence")


def even_rate(times_s: DoubleArray) -> float:
    """Frames per second, of frames that come evenly.

    Times in whole milliseconds are even, too: 0, 33, 67 and 100 ms are 30 frames per second, and 0, 33, 67,
    ..., 3337 ms are 29.97.

    Args:
        times_s: (T,) seconds, ascending; one frame alone is taken to be one of 30 per second.

    Raises:
        OptionError: Frames do not come evenly, or their times are not known.
    """
    if np.isnan(times_s).any():
        raise OptionError("frames without times, such as pictures, have no frame rate")
    if len(times_s) < 2:
        return _USUAL_RATE
    since = times_s - times_s[0]
    if since[-1] <= 0:
        raise OptionError(
            f"all of the {len(times_s)} frames are at {times_s[0]:g} s: they have no frame rate"
        )
    mean = float((len(times_s) - 1) / since[-1])
    for tolerance in (_EXACT_S, _ROUNDING_S):
        for rate in (min(_usual_near(mean), key=lambda usual: _farthest(since, usual)), mean):
            if _farthest(since, rate) <= tolerance:
                return rate
    apart = np.abs(since - np.arange(len(since)) / mean)
    worst = int(np.argmax(apart))
    raise OptionError(
        f"frames do not come evenly: at {mean:.4g} per second, frame {worst} would be at "
        f"{times_s[0] + worst / mean:.3f} s and is at {times_s[worst]:.3f} s; "
        f"pose_landmarker.resampling.resample(recording, {max(1, round(mean))}) makes them even"
    )


def _usual_near(rate: float) -> tuple[float, float]:
    """The nearest whole rate, and the nearest of those of television, such as 30000/1001."""
    return max(1.0, float(round(rate))), max(1.0, round(rate * 1.001)) / 1.001


def _farthest(since_s: DoubleArray, rate: float) -> float:
    """How far from its even place the worst frame is, seconds."""
    return float(np.abs(since_s - np.arange(len(since_s)) / rate).max())


def resample(recording: Recording, rate: float, *, max_gap_s: float = 0.1) -> Recording:
    """The same motion at another frame rate, with frames that come evenly from the first one on.

    People are where they would be if they moved in straight lines between two neighbouring frames. Who is
    missing from a few frames is put into them; longer gaps stay. A number that is not known in one of two
    frames is not known between them.

    Args:
        recording: Of a video.
        rate: Frames per second of what comes out.
        max_gap_s: The longest time between two frames with somebody, not in a row, that is filled, seconds.

    Raises:
        OptionError: Frames have no times, there would be too many, several people in a frame have no id, an
            id is twice in a frame, or a number is out of its range.
        OptionTypeError: Something has the wrong type.
    """
    if not isinstance(recording, Recording):
        raise OptionTypeError(f"recording must be a Recording, not {type(recording).__name__}")
    times = _even_times(recording.times_s, check_positive("rate", rate))
    longest = check_positive("max_gap_s", max_gap_s, zero=True)
    tracks = np.unique(recording.track_ids).tolist()
    found = [_neighbours(recording, track, times, longest) for track in tracks or [NO_TRACK]]
    frames, first, second, shares = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.argsort(frames, kind="stable")
    first, second, shares = first[order], second[order], shares[order].astype(np.float32)
    values = {}
    for name in _VALUES:
        rows = getattr(recording, name)
        share = shares.reshape(-1, *[1] * (rows.ndim - 1))
        values[name] = rows[first] + share * (rows[second] - rows[first])
    before = np.searchsorted(recording.times_s, times + _EXACT_S, side="right") - 1
    return Recording(
        times_s=times,
        image_sizes=recording.image_sizes[before],
        frames=frames[order],
        track_ids=recording.track_ids[first],
        **values,
    )


class _Neighbours(NamedTuple):
    """Where somebody is known among new frames: rows of poses before and after, and the way between them."""

    frames: IntArray
    first: IntArray
    second: IntArray
    shares: DoubleArray


def _even_times(times_s: DoubleArray, rate: float) -> DoubleArray:
    if np.isnan(times_s).any():
        raise OptionError("frames without times, such as pictures, cannot be resampled")
    if not len(times_s):
        return np.zeros(0)
    steps = (times_s[-1] - times_s[0] + _EXACT_S) * rate
    if steps >= _MOST_FRAMES:
        raise OptionError(f"{times_s[-1] - times_s[0]:g} s of {rate:g} frames per second are too many frames")
    return np.asarray(times_s[0] + np.arange(int(steps) + 1) / rate, np.float64)


def _neighbours(recording: Recording, track: int, times: DoubleArray, longest: float) -> _Neighbours:
    rows = np.flatnonzero(recording.track_ids == track)
    frames = recording.frames[rows]
    twice = frames[1:][frames[1:] == frames[:-1]]
    if twice.size:
        who = "several people without a track id" if track == NO_TRACK else f"the track id {track} twice"
        raise OptionError(f"frame {twice[0]} has {who}: nobody knows who is who over time")
    known = recording.times_s[frames]
    after = np.searchsorted(known, times - _EXACT_S)
    met = (after < len(rows)) & (np.append(known, np.inf)[after] <= times + _EXACT_S)
    between = ~met & (after > 0) & (after < len(rows))
    at = np.flatnonzero(met | between)
    second = after[at]
    first = second - between[at]
    gaps = known[second] - known[first]
    near = (frames[second] - frames[first] <= 1) | (gaps <= longest + _EXACT_S)
    at, first, second, gaps = at[near], first[near], second[near], gaps[near]
    shares = np.where(first == second, 0.0, (times[at] - known[first]) / np.maximum(gaps, _EXACT_S))
    return _Neighbours(at, rows[first], rows[second], shares)
