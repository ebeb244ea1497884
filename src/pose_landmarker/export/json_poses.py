"""Frames of recordings as lines of JSON, a template filled per pose."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from pose_landmarker.arrays import FloatArray
from pose_landmarker.export.decimals import NUMBER, shortest
from pose_landmarker.recording import NO_TRACK, Recording
from pose_landmarker.topology import LANDMARK_NAMES

_KEYS: Final = ("x", "y", "z", "visibility", "presence")
_POINT: Final = ",".join(f'"{key}":{NUMBER}' for key in _KEYS)
_POINTS: Final = "[" + ",".join(f'{{"name":"{name}",{_POINT}}}' for name in LANDMARK_NAMES) + "]"
_BOX: Final = ",".join(f'"{key}":{NUMBER}' for key in ("x", "y", "width", "height"))
_POSE: Final = (
    f'{{"score":{NUMBER},"track_id":%s,"box":{{{_BOX}}},"landmarks":{_POINTS},"world_landmarks":{_POINTS}}}'
)


def frame_lines(recording: Recording, starts: Sequence[dict[str, Any]]) -> Iterator[bytes]:
    """A line for each frame, each with its end.

    Args:
        recording: The frames.
        starts: What each line begins with.
    """
    poses = _poses(recording)
    ends = np.searchsorted(recording.frames, np.arange(len(recording)), side="right").tolist()
    sizes, begin = recording.image_sizes.tolist(), 0
    for i, (start, end, (width, height)) in enumerate(zip(starts, ends, sizes, strict=True)):
        time = recording.times_s[i]
        record = {
            **start,
            "image_size": {"width": width, "height": height},
            "timestamp_ms": None if np.isnan(time) else round(float(time) * 1000),
        }
        head = json.dumps(record, separators=(",", ":"))[:-1]
        yield f'{head},"poses":[{",".join(poses[begin:end])}]}}\n'.encode("ascii")
        begin = end


def _poses(recording: Recording) -> list[str]:
    """The JSON of each pose."""
    confidence = (recording.visibility[..., None], recording.presence[..., None])
    points = [
        np.concatenate((recording.landmarks, *confidence), axis=-1),
        np.concatenate((recording.world_landmarks, *confidence), axis=-1),
    ]
    columns = [recording.scores[:, None], _boxes(recording), *(p.reshape(-1, p.shape[1] * 5) for p in points)]
    values = np.concatenate(columns, axis=1)
    values = np.where(np.isfinite(values), values, np.float32(np.nan))
    broken = np.any(np.isnan(values), axis=1).tolist()
    ids = ["null" if i == NO_TRACK else str(i) for i in recording.track_ids.tolist()]
    texts = [_POSE % (row[0], i, *row[1:]) for row, i in zip(shortest(values).tolist(), ids, strict=True)]
    # No other word of the template has "nan" in it.
    return [text.replace("nan", "null") if b else text for text, b in zip(texts, broken, strict=True)]


def _boxes(recording: Recording) -> FloatArray:
    """(N, 4) x, y, width, height around all landmarks, pixels; NaN where the image's size is not known."""
    known = np.all(recording.image_sizes > 0, axis=1)[recording.frames]
    with np.errstate(invalid="ignore", over="ignore"):
        pixels = np.where(known[:, None, None], recording.pixels, np.float32(np.nan))
        low, high = pixels.min(axis=1), pixels.max(axis=1)
        return np.concatenate((low, high - low), axis=1)
