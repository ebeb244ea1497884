"""People cut out of clips: sprites that scenes are composed of.

A person is cut with the segmentation mask of our own IMAGE mode: thresholded, the largest piece kept,
its edge softened. The sprites are kept in the work folder, never in the project.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt

from pose_landmarker import Pose, PoseLandmarker
from pose_landmarker.arrays import FloatArray, RgbImage

Sprite = npt.NDArray[np.uint8]
"""(560, 640, 4) red, green, blue, alpha. Standing, the person is 400 rows tall; the standing line is the
last row and the hips are in the middle column."""

STATURE = 400
WIDTH, HEIGHT = 640, 560
_HIPS = (23, 24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Where a person is cut out.

    Attributes:
        file: A clip below the media folder.
        first: Number of the first frame taken.
        count: How many frames are taken.
        step: Every how many-th frame: what brings the clip to about 30 frames a second.
        head: Image row of the top of the head when the person stands.
        ground: Image row of the standing line.
        cyclic: The last frame leads to the first; otherwise the clip runs to and fro.
        backwards: Last frame first, for someone who walks backwards in the clip.
        follow: The person moves through the clip: every frame is centred on the hips.
        brightness: Factor, for dark clips.
        looks: -1 for somebody who looks to the left, 1 to the right, 0 to the front.
    """

    file: str
    first: int
    count: int
    step: int = 1
    head: int
    ground: int
    cyclic: bool = False
    backwards: bool = False
    follow: bool = False
    brightness: float = 1.0
    looks: int = 0


_WALL = "videos/s2d_walk_wall.mp4"
ACTORS = {
    "walker": Actor(file=_WALL, first=62, count=88, head=252, ground=632, follow=True, looks=-1),
    "walker2": Actor(
        file=_WALL, first=205, count=120, head=254, ground=632, backwards=True, follow=True, looks=-1
    ),
    "runner": Actor(
        file="videos/s2d_run_side.mp4",
        first=6,
        count=22,
        head=124,
        ground=313,
        cyclic=True,
        follow=True,
        looks=1,
    ),
    "jumper": Actor(file="videos/gym_jumping_jacks.mp4", first=0, count=90, step=2, head=60, ground=714),
    "squatter": Actor(
        file="videos/home_squat_dark.mp4", first=40, count=120, head=73, ground=642, brightness=2.0
    ),
    "drinker": Actor(file="videos/ntu_drink_single.avi", first=0, count=100, head=288, ground=744),
    "dancer": Actor(file="videos/tfjs_pose_1.mp4", first=0, count=120, head=195, ground=456),
}


def read_frames(path: Path, first: int = 0, step: int = 1) -> Iterator[RgbImage]:
    """Every ``step``-th picture of a clip from number ``first``, (H, W, 3)."""
    with av.open(str(path)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number >= first and (number - first) % step == 0:
                yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


@dataclass(frozen=True, slots=True)
class Cutter:
    """Cuts people out, or remembers them.

    Attributes:
        media: The evaluation media.
        model: A .task file.
        work: Folder where sprites are kept.
        most: How many sprites of a person are made at most.
    """

    media: Path
    model: Path
    work: Path
    most: int = 1000

    def sprites(self, name: str) -> list[Sprite]:
        """The sprites of an actor, which may be repeated for ever."""
        actor = ACTORS[name]
        count = min(actor.count, self.most)
        path = self.work / f"{name}_{count}.npz"
        if not path.exists():
            self.work.mkdir(parents=True, exist_ok=True)
            cut = list(_cut(replace(actor, count=count), self.media / actor.file, self.model))
            np.savez_compressed(path, sprites=np.stack(cut))
        with np.load(path) as stored:
            sprites = list(stored["sprites"])
        if actor.backwards:
            sprites.reverse()
        return sprites if actor.cyclic else sprites + sprites[-2:0:-1]


def _cut(actor: Actor, clip: Path, model: Path) -> Iterator[Sprite]:
    centre: float | None = None
    frames = read_frames(clip, actor.first, actor.step)
    with PoseLandmarker.create(model, output_segmentation_masks=True, engine="litert") as landmarker:
        for _, image in zip(range(actor.count), frames, strict=False):
            for pose in landmarker.detect(image):
                if centre is None or actor.follow:
                    centre = _hips_x(pose)
                assert pose.mask is not None
                yield _sprite(image, _clean(pose.mask), actor, centre)


def _hips_x(pose: Pose) -> float:
    return float(pose.pixels[_HIPS, 0].mean())


def _clean(mask: FloatArray) -> npt.NDArray[np.uint8]:
    """Alpha: the largest piece, its edge softened."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((mask > 0.5).astype(np.uint8))
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA])) if len(stats) > 1 else -1
    alpha = ((labels == largest) * 255).astype(np.uint8)
    alpha = np.asarray(cv2.morphologyEx(alpha, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)), np.uint8)
    return np.asarray(cv2.GaussianBlur(alpha, (0, 0), 1.2), np.uint8)


def _sprite(image: RgbImage, alpha: npt.NDArray[np.uint8], actor: Actor, centre: float) -> Sprite:
    """Scale and cut so that the standing line is the last row and the hips the middle column."""
    scale = STATURE / (actor.ground - actor.head)
    bright = np.clip(image * np.float32(actor.brightness), 0, 255).astype(np.uint8)
    matrix = np.array([[scale, 0, WIDTH / 2 - scale * centre], [0, scale, HEIGHT - scale * actor.ground]])
    rgba = np.dstack([bright, alpha])
    return np.asarray(cv2.warpAffine(rgba, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_AREA), np.uint8)
