"""Scenes: sprites in motion over a quiet picture, one in front of the other, and the truth about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.tracking.actors import ACTORS, HEIGHT, STATURE, WIDTH, Sprite, read_frames
from pose_landmarker import Box
from pose_landmarker.arrays import RgbImage

Path2 = Sequence[tuple[float, float]]
"""(frame, x): in between everything moves evenly, rounded at the corners; before and after it is absent."""
FPS = 30.0
#: Less of a person than this is hidden.
HIDDEN = 0.1


@dataclass(frozen=True, slots=True)
class Truth:
    """Where a person is in one frame.

    Attributes:
        person: Who.
        box: Around the whole person, hidden parts included, cut at the picture's edge; pixels.
        visible: Which part of the person is neither hidden nor outside the picture.
    """

    person: str
    box: Box
    visible: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who moves through a scene.

    Attributes:
        name: Who; the same person may come twice.
        actor: A key of ``ACTORS``.
        path: Where the hips are.
        stature: Pixels from head to standing line.
        ground: Image row of the standing line.
        start: Sprite of the first frame.
    """

    name: str
    actor: str
    path: Path2
    stature: float = 360
    ground: float = 500
    start: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pillar:
    """An upright bar from the top of the picture to the bottom, ``width`` pixels wide."""

    path: Path2
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is seen.

    Attributes:
        frames: How many.
        parts: People and pillars, the hindmost first.
        size: (width, height) in pixels; the parts are given for 960x540.
    """

    frames: int
    parts: Sequence[Person | Pillar]
    size: tuple[int, int] = (960, 540)


def position(path: Path2, frame: int) -> float | None:
    """The x at a frame, or None before and after."""
    times, places = zip(*path, strict=True)
    if not times[0] <= frame <= times[-1]:
        return None
    around = np.clip(np.arange(frame - 3, frame + 4), times[0], times[-1])
    return float(np.interp(around, times, places).mean())


class Stage:
    """A scene with its sprites: pictures and truth on demand, the same every time."""

    def __init__(self, scene: Scene, sprites: Mapping[str, Sequence[Sprite]], ground: RgbImage) -> None:
        self._scene = scene
        self._sprites = sprites
        self._ground = np.asarray(cv2.resize(ground, scene.size, interpolation=cv2.INTER_AREA), np.uint8)
        self._scale = scene.size[0] / 960

    def picture(self, frame: int) -> RgbImage:
        """(H, W, 3)."""
        image = self._ground.copy()
        for part in self._scene.parts:
            layer = self._layer(part, frame, 1.0)
            if layer is not None:
                columns = np.flatnonzero(layer[..., 3].any(axis=0))
                if len(columns):
                    cut = np.s_[:, columns[0] : columns[-1] + 1]
                    alpha = layer[cut][..., 3:].astype(np.float32) / 255
                    mixed = layer[cut][..., :3] * alpha + image[cut] * (1 - alpha)
                    image[cut] = (mixed + 0.5).astype(np.uint8)
        return image

    def truth(self, frame: int, detail: float = 0.5) -> list[Truth]:
        """Everybody who is at least partly inside the picture, front ones first."""
        found: list[Truth] = []
        width, height = self._scene.size
        hidden = np.zeros((round(height * detail), round(width * detail)), bool)
        for part in reversed(self._scene.parts):
            layer = self._layer(part, frame, detail, margin=0.5)
            if layer is None:
                continue
            side = (layer.shape[1] - hidden.shape[1]) // 2
            body = layer[..., 3] > 127
            inside = body[: hidden.shape[0], side : side + hidden.shape[1]]
            if isinstance(part, Person) and inside.any():
                visible = float((inside & ~hidden).sum() / body.sum())
                found.append(Truth(part.name, _box(inside, detail), visible))
            hidden |= inside
        return found

    def truths(self, detail: float = 0.5) -> list[list[Truth]]:
        """The truth about every frame, looked at in a part of the size."""
        return [self.truth(frame, detail) for frame in range(self._scene.frames)]

    def __iter__(self) -> Iterator[tuple[int, RgbImage]]:
        """(timestamp_ms, picture) of every frame."""
        for frame in range(self._scene.frames):
            yield round(frame * 1000 / FPS), self.picture(frame)

    def _layer(
        self, part: Person | Pillar, frame: int, detail: float, margin: float = 0.0
    ) -> npt.NDArray[np.uint8] | None:
        """One part alone, at a part of the size; ``margin`` widens the picture on both sides and below."""
        x = position(part.path, frame)
        if x is None:
            return None
        width, height = (round(side * detail) for side in self._scene.size)
        side, below = round(width * margin), round(height * margin)
        scale = self._scale * detail
        size = (width + 2 * side, height + below)
        if isinstance(part, Pillar):
            return _pillar(side + x * scale, part.width * scale, size)
        sprite, zoom, mirror = (
            self._sprite(part, frame),
            part.stature / STATURE * scale,
            _mirrored(part, frame),
        )
        sign = -zoom if mirror else zoom
        matrix = np.array(
            [
                [sign, 0, side + x * scale - sign * WIDTH / 2],
                [0, zoom, part.ground * scale - zoom * HEIGHT],
            ]
        )
        return np.asarray(cv2.warpAffine(sprite, matrix, size, flags=cv2.INTER_LINEAR), np.uint8)

    def _sprite(self, person: Person, frame: int) -> Sprite:
        sprites = self._sprites[person.actor]
        return sprites[(frame + person.start) % len(sprites)]


def _mirrored(person: Person, frame: int) -> bool:
    """Whether to turn the sprite so that it looks to where it walks, or last walked."""
    steps = [b[1] - a[1] for a, b in pairwise(person.path) if a[0] <= frame and abs(b[1] - a[1]) > 10]
    return bool(steps) and steps[-1] * ACTORS[person.actor].looks < 0


def _pillar(x: float, width: float, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    layer = np.zeros((size[1], size[0], 4), np.uint8)
    left, right = (round(min(max(edge, 0), size[0])) for edge in (x - width / 2, x + width / 2))
    shade = np.linspace(150, 105, max(right - left, 1))[: right - left]
    layer[:, left:right, :3] = shade[None, :, None]
    layer[:, left:right, 3] = 255
    return layer


def _box(body: npt.NDArray[np.bool_], detail: float) -> Box:
    rows, columns = np.flatnonzero(body.any(axis=1)), np.flatnonzero(body.any(axis=0))
    left, top = float(columns[0]), float(rows[0])
    size = (columns[-1] + 1 - left) / detail, (rows[-1] + 1 - top) / detail
    return Box(left / detail, top / detail, float(size[0]), float(size[1]))


def backdrop(media: Path) -> RgbImage:
    """A quiet (540, 960, 3) picture without people: a car park, blurred."""
    image = next(read_frames(media / "videos/neg_car_park.mp4"))
    wide = cv2.resize(image, (960, 540), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(wide, (0, 0), 9), np.uint8)
