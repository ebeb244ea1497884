"""Poses that another program has found before, such as MediaPipe: a NumPy archive.

For each picture ``<path>|landmarks`` (P, 33, 5): normalised x, y, z, visibility, presence; and maybe
``<path>|world`` (P, 33, 3) metres. The path is the end of the picture's own path, with slashes.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pose_landmarker.arrays import DoubleArray
from pose_landmarker.errors import DatasetError, PoseLandmarkerError
from pose_landmarker.evaluation.found import FoundPoses
from pose_landmarker.evaluation.labelled import LabelledPicture
from pose_landmarker.media import read_image
from pose_landmarker.topology import NUM_LANDMARKS

_LANDMARKS, _WORLD = "|landmarks", "|world"
_PRESENCE = 4


class Dump:
    """What an archive holds.

    Args:
        name: For tables.
        path: Of the archive.

    Raises:
        DatasetError: It is none, or holds something else.
    """

    #: The reference gives no score for a pose.
    scored = False

    def __init__(self, name: str, path: Path) -> None:
        self.name = name
        self.path = path
        self._arrays = _load(path)
        if not any(key.endswith(_LANDMARKS) for key in self._arrays):
            raise DatasetError(f"{path}: no array in it is called '<picture>{_LANDMARKS}'")
        for key, array in self._arrays.items():
            _check(f"{path}: {key}", key, array)

    def settings(self) -> dict[str, Any]:
        """Where it comes from, ready for JSON."""
        return {"dump": self.path.name}

    def covers(self, picture: LabelledPicture) -> bool:
        """Whether there is something, or nobody, for a picture."""
        return self._key(picture) is not None

    def find(
        self, pictures: Sequence[LabelledPicture], _workers: int | None = None
    ) -> Iterator[FoundPoses | Exception]:
        """What was found in each of the pictures, or why that is not known."""
        for picture in pictures:
            try:
                yield self._poses(picture)
            except (PoseLandmarkerError, OSError) as error:
                yield error

    def _poses(self, picture: LabelledPicture) -> FoundPoses:
        key = self._key(picture)
        if key is None:
            raise DatasetError(f"{picture.path}: {self.path} has nothing for it")
        landmarks = self._arrays[key + _LANDMARKS].astype(float)
        world = self._arrays.get(key + _WORLD)
        if world is None:
            world = np.full((len(landmarks), NUM_LANDMARKS, 3), np.nan)
        if len(world) != len(landmarks):
            raise DatasetError(
                f"{self.path}: {key} has {len(landmarks)} poses, but {len(world)} in the world"
            )
        return FoundPoses(
            points=landmarks[..., :2] * _size(picture),
            world=world.astype(float),
            scores=np.full(len(landmarks), np.nan),
            presence=landmarks[..., _PRESENCE].mean(axis=-1),
        )

    def _key(self, picture: LabelledPicture) -> str | None:
        """The longest end of the picture's path that the archive knows."""
        parts = picture.path.absolute().parts
        ends = ("/".join(parts[i:]) for i in range(1, len(parts)))
        return next((end for end in ends if end + _LANDMARKS in self._arrays), None)


def _size(picture: LabelledPicture) -> DoubleArray:
    if picture.size is not None:
        return np.array(picture.size, dtype=float)
    return np.array(read_image(picture.path).shape[1::-1], dtype=float)


def _load(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:  # np.load would leave a damaged one open
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, np.lib.npyio.NpzFile):
                raise DatasetError(f"{path} is a single array, wanted an archive (.npz)")
            with archive:
                return {key: archive[key] for key in archive.files}
    except FileNotFoundError as error:
        raise DatasetError(f"{path}: there is no such dump") from error
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or error}") from error
    except DatasetError:
        raise
    except (ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise DatasetError(f"{path} is no NumPy archive (.npz), or a damaged one") from error


def _check(where: str, key: str, array: Any) -> None:
    for ending, width in ((_LANDMARKS, 5), (_WORLD, 3)):
        if not key.endswith(ending):
            continue
        if array.ndim != 3 or array.shape[1:] != (NUM_LANDMARKS, width):
            raise DatasetError(f"{where} has shape {array.shape}, wanted (P, {NUM_LANDMARKS}, {width})")
        if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
            raise DatasetError(f"{where} holds values that are no finite numbers")
