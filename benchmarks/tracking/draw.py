"""Contact sheets: what was found, with its numbers, over the truth."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from benchmarks.tracking.compose import Truth
from benchmarks.tracking.trackers import Tracked
from pose_landmarker import Box
from pose_landmarker.arrays import RgbImage

_COLOURS = ((230, 60, 60), (60, 200, 60), (70, 120, 255), (240, 200, 40), (220, 80, 220), (60, 210, 210))
_TILE = 320


def draw(image: RgbImage, truth: Sequence[Truth] | None, found: Sequence[Tracked], frame: int) -> RgbImage:
    """A small picture: truth as thin white boxes with visible parts in percent, answers in colour."""
    height, width = image.shape[:2]
    scale = _TILE / width
    tile = cv2.resize(image, (_TILE, round(height * scale)), interpolation=cv2.INTER_AREA)
    for person in truth or ():
        corner = _rectangle(tile, person.box, scale, (255, 255, 255), 1)
        _write(tile, f"{person.person} {person.visible:.0%}", (corner[0], corner[1] + 10), (255, 255, 255))
    for answer in found:
        colour = _COLOURS[answer.track_id % len(_COLOURS)]
        _rectangle(tile, answer.box, scale, colour, 2)
        hips = round(answer.hips[0] * scale), round(answer.hips[1] * scale)
        _write(tile, str(answer.track_id), hips, colour, 0.7)
    _write(tile, str(frame), (3, 12), (255, 255, 0))
    return np.asarray(tile, np.uint8)


def sheet(tiles: Sequence[RgbImage], columns: int = 5) -> RgbImage:
    """Tiles side by side."""
    height, width = tiles[0].shape[:2]
    rows = -(-len(tiles) // columns)
    whole = np.zeros((rows * height, columns * width, 3), np.uint8)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, columns)
        whole[row * height : (row + 1) * height, column * width : (column + 1) * width] = tile
    return whole


def _rectangle(
    tile: cv2.typing.MatLike, box: Box, scale: float, colour: tuple[int, int, int], thickness: int
) -> tuple[int, int]:
    corner = round(box.x * scale), round(box.y * scale)
    opposite = round((box.x + box.width) * scale), round((box.y + box.height) * scale)
    cv2.rectangle(tile, corner, opposite, colour, thickness)
    return corner


def _write(
    tile: cv2.typing.MatLike,
    text: str,
    place: tuple[int, int],
    colour: tuple[int, int, int],
    size: float = 0.38,
) -> None:
    cv2.putText(tile, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, (0, 0, 0), 3, cv2.LINE_AA)
    cv2.putText(tile, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)
