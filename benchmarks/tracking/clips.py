"""Real clips of several people, labelled by eye (clips.json)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.tracking.actors import read_frames
from benchmarks.tracking.compose import Truth
from pose_landmarker import Box
from pose_landmarker.arrays import RgbImage

_LABELS = Path(__file__).with_name("clips.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A clip and who is where in it.

    Attributes:
        file: Below the media folder.
        fps: Frames a second.
        num_poses: How many people to look for.
        says: What it shows.
        people: Name → frame → left, top, right, bottom in pixels, and which part is to be seen, where
            that is not all. In between everything changes evenly.
    """

    file: str
    fps: float
    num_poses: int
    says: str
    people: Mapping[str, Mapping[str, Sequence[float]]]


class ClipFootage:
    """The pictures of a clip and the truth about them."""

    def __init__(self, clip: Clip, media: Path) -> None:
        self._clip = clip
        self._path = media / clip.file

    def __iter__(self) -> Iterator[tuple[int, RgbImage]]:
        """(timestamp_ms, picture) of every frame that is labelled."""
        for number, image in zip(range(self._frames), read_frames(self._path), strict=False):
            yield round(number * 1000 / self._clip.fps), image

    def truths(self) -> list[list[Truth]]:
        """The truth about every frame."""
        return [
            [
                truth
                for person, labels in self._clip.people.items()
                if (truth := _interpolated(person, labels, frame)) is not None
            ]
            for frame in range(self._frames)
        ]

    @property
    def _frames(self) -> int:
        return 1 + max(int(frame) for labels in self._clip.people.values() for frame in labels)


def _interpolated(person: str, labels: Mapping[str, Sequence[float]], frame: int) -> Truth | None:
    times = [int(time) for time in labels]
    if not times[0] <= frame <= times[-1]:
        return None
    columns = zip(*([*label, 1.0][:5] for label in labels.values()), strict=True)
    left, top, right, bottom, visible = (float(np.interp(frame, times, column)) for column in columns)
    return Truth(person, Box(left, top, right - left, bottom - top), visible)


def load_clips() -> dict[str, Clip]:
    """All labelled clips, by name."""
    stored = json.loads(_LABELS.read_text(encoding="utf-8"))["clips"]
    return {name: Clip(**values) for name, values in stored.items()}
