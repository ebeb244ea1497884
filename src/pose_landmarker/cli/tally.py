"""What became of a video: counted while it goes on, told when it is over."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pose_landmarker.cli.report import count
from pose_landmarker.cli.timecode import format_time

if TYPE_CHECKING:
    from pose_landmarker.results import PoseLandmarkerResult


@dataclass(kw_only=True)
class Tally:
    """Counts of a video.

    Attributes:
        video: Its name.
        size: (width, height), pixels.
        whole: Seconds up to which it is to be worked on, where that is known.
        expected: How many frames there are about, where that is known.
        outputs: The files that hold the results.
        frames: How many were worked on.
        first_time: Seconds, of the first of these frames.
        last_time: Seconds, of the last one.
        last_index: Its number in the source.
        work_s: Seconds that it took.
        tracks: The ids of everybody seen.
        most_people: Seen at once.
        interrupted: Whether the user ended it.
        problems: Sentences of reader and writer.
    """

    video: str
    size: tuple[int, int]
    whole: Fraction | None = None
    expected: int | None = None
    outputs: list[Path] = field(default_factory=list)
    frames: int = 0
    first_time: Fraction = Fraction(0)
    last_time: Fraction = Fraction(0)
    last_index: int = 0
    work_s: float = 0.0
    tracks: set[int] = field(default_factory=set)
    most_people: int = 0
    interrupted: bool = False
    problems: tuple[str, ...] = ()

    def add(self, index: int, time: Fraction, result: PoseLandmarkerResult) -> None:
        """Count a frame."""
        if not self.frames:
            self.first_time = time
        self.frames += 1
        self.last_time, self.last_index = time, index
        self.tracks.update(pose.track_id for pose in result.poses if pose.track_id is not None)
        self.most_people = max(self.most_people, len(result.poses))

    @property
    def speed(self) -> float:
        """Frames a second that were reached."""
        return self.frames / max(self.work_s, 1e-9)

    def people(self) -> str:
        """Who was seen, in words."""
        if not self.most_people:
            return "nobody found"
        if self.most_people == len(self.tracks):
            return "1 person" if self.most_people == 1 else f"{self.most_people} people"
        at_once = "1 person" if self.most_people == 1 else f"up to {self.most_people} people"
        return f"{at_once} at a time, {count(len(self.tracks), 'track')}"

    def sentence(self) -> str:
        """All of it in a line."""
        width, height = self.size
        span = f"{format_time(self.first_time)} to {format_time(self.last_time)}"
        work = f"{count(self.frames, 'frame')} in {self.work_s:.1f} s ({self.speed:.0f} a second)"
        return f"{self.video}  {width}x{height}  {span}  {self.people()}  {work}"

    def interruption(self) -> str:
        """How far it came."""
        whole = f" of {format_time(self.whole)}" if self.whole else ""
        kept = " and ".join(str(path) for path in self.outputs)
        held = f": {kept} {'hold' if len(self.outputs) > 1 else 'holds'} what was done" if kept else ""
        return f"interrupted at {format_time(self.last_time)}{whole} (frame {self.last_index}){held}"

    def as_dict(self) -> dict[str, Any]:
        """All of it for machines."""
        return {
            "video": self.video,
            "outputs": [str(path) for path in self.outputs],
            "width": self.size[0],
            "height": self.size[1],
            "frames": self.frames,
            "first_time": float(self.first_time),
            "last_time": float(self.last_time),
            "frames_per_second": round(self.speed, 2),
            "tracks": len(self.tracks),
            "most_people": self.most_people,
            "interrupted": self.interrupted,
            "problems": list(self.problems),
        }
