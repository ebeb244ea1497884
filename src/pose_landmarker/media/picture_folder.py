"""A folder of pictures as a video."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from pose_landmarker.arrays import RgbImage
from pose_landmarker.errors import ImageError, VideoError
from pose_landmarker.media.images import read_image
from pose_landmarker.media.picture import Picture
from pose_landmarker.media.problems import Problems, place
from pose_landmarker.media.suffixes import PICTURE_SUFFIXES


class PictureFolder:
    """The pictures of a folder in the order of their names, ``2.png`` before ``10.png``.

    Raises:
        VideoError: There are no pictures in it, or none that can be read.
    """

    has_audio = False
    live = False
    seeks = True

    def __init__(self, folder: Path, fps: Fraction, problems: Problems) -> None:
        self.fps = fps
        self._problems = problems
        try:
            files = [path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES]
        except OSError as error:
            raise VideoError(f"{folder}: {error.strerror or error}") from error
        self._files = sorted((path for path in files if path.name[0] != "."), key=_natural)
        if not self._files:
            raise VideoError(f"{folder}: there are no pictures in this folder")
        self.num_pictures = len(self._files)
        self.duration: Fraction | None = self.num_pictures / fps
        self.size = self._first_size(folder)

    def pictures(self, start: Fraction | None = None) -> Iterator[Picture]:
        """The pictures, of which those before ``start`` seconds may be left out."""
        first = 0 if start is None else max(0, int(start * self.fps))
        for index in range(first, self.num_pictures):
            time = index / self.fps
            yield Picture(index, time, lambda index=index, time=time: self._read(index, time))  # type: ignore[misc]

    def close(self) -> None:
        """Nothing is kept open."""

    def _read(self, index: int, time: Fraction) -> RgbImage | None:
        try:
            return read_image(self._files[index])
        except ImageError as error:
            self._problems.add(f"{place(index, time)} was left out: {error}")
            return None

    def _first_size(self, folder: Path) -> tuple[int, int]:
        for path in self._files:
            try:
                height, width = read_image(path).shape[:2]
            except ImageError:
                continue
            return width, height
        raise VideoError(f"{folder}: none of its {self.num_pictures} pictures can be read")


def _natural(path: Path) -> tuple[tuple[str | int, ...], str]:
    """Orders numbers in names by their value."""
    parts = re.split(r"(\d+)", path.name.lower())
    return tuple(int(part) if at % 2 else part for at, part in enumerate(parts)), path.name
