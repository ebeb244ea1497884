"""Poses that another program has found before, such as MediaPipe: a NumPy archive.

For each picture ``<path>|landmarks`` (P, 33, 5): normalised x, y, z, visibility, presence; maybe
``<path>|world`` (P, 33, 3) metres; and maybe ``<path>|mask0``, ``<path>|mask1``, ... (H, W) uint8 of the
picture's size, 255 being a person, one for each pose. Masks may stand alone, without landmarks. The path is
the end of the picture's own path, with slashes.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pose_landmarker.errors import DatasetError, PoseLandmarkerError
from pose_landmarker.evaluation.found import MASK_THRESHOLD, FoundPoses
from pose_landmarker.evaluation.labelled import LabelledPicture
from pose_landmarker.media import read_image
from pose_landmarker.topology import NUM_LANDMARKS

_LANDMARKS, _WORLD = "|landmarks", "|world"
_PRESENCE = 4
#: The key of a mask: the picture's path, and the number of the pose.
_MASK = re.compile(r"(.*)\|mask(\d+)", re.DOTALL)
_WHITE = 255

#: Masks of a picture, by the number of the pose as it is written.
_Masks = dict[str, npt.NDArray[np.uint8]]


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
        for key, array in self._arrays.items():
            _check(f"{path}: {key}", key, array)
        self._masks = _masks(path, self._arrays)
        self._pictures = {
            key.removesuffix(_LANDMARKS) for key in self._arrays if key.endswith(_LANDMARKS)
        } | self._masks.keys()
        if not self._pictures:
            raise DatasetError(
                f"{path}: no array in it is called '<picture>{_LANDMARKS}' or '<picture>|mask0'"
            )

    def settings(self) -> dict[str, Any]:
        """Where it comes from, ready for JSON."""
        return {"dump": self.path.name}

    def covers(self, picture: LabelledPicture) -> bool:
        """Whether there is something, or nobody, for a picture; masks alone are, where one is labelled."""
        key = self._key(picture)
        return key is not None and (picture.mask is not None or key + _LANDMARKS in self._arrays)

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
        size = _size(picture)
        silhouette = self._silhouette(key, size)
        if key + _LANDMARKS not in self._arrays:
            return _without_landmarks(len(self._masks[key]), silhouette)
        landmarks = self._arrays[key + _LANDMARKS].astype(float)
        world = self._arrays.get(key + _WORLD)
        if world is None:
            world = np.full((len(landmarks), NUM_LANDMARKS, 3), np.nan)
        self._check_count(key, len(landmarks), len(world))
        return FoundPoses(
            points=landmarks[..., :2] * size,
            world=world.astype(float),
            scores=np.full(len(landmarks), np.nan),
            presence=landmarks[..., _PRESENCE].mean(axis=-1),
            silhouette=silhouette,
        )

    def _check_count(self, key: str, poses: int, in_world: int) -> None:
        """All arrays of a picture are about as many poses; masks may be missing."""
        masks = len(self._masks.get(key, ())) or poses
        if in_world != poses:
            raise DatasetError(f"{self.path}: {key} has {poses} poses, but {in_world} in the world")
        if masks != poses:
            raise DatasetError(f"{self.path}: {key} has {poses} poses, but {masks} masks")

    def _silhouette(self, key: str, size: tuple[int, int]) -> npt.NDArray[np.bool_] | None:
        """(H, W) where some mask has more than one half; None where poses, or the dump, have no masks."""
        masks = self._masks.get(key, {})
        if not masks and (not self._masks or len(self._arrays[key + _LANDMARKS])):
            return None
        silhouette = np.zeros(size[::-1], dtype=bool)
        for number, mask in masks.items():
            if mask.shape != silhouette.shape:
                (height, width), wanted = mask.shape, "{}x{}".format(*size)
                raise DatasetError(
                    f"{self.path}: {key}|mask{number} has {width}x{height} pixels, but its picture {wanted}"
                )
            silhouette |= mask > MASK_THRESHOLD * _WHITE
        return silhouette

    def _key(self, picture: LabelledPicture) -> str | None:
        """The longest end of the picture's path that the archive knows."""
        parts = picture.path.absolute().parts
        ends = ("/".join(parts[i:]) for i in range(1, len(parts)))
        return next((end for end in ends if end in self._pictures), None)


def _size(picture: LabelledPicture) -> tuple[int, int]:
    """(width, height), pixels."""
    if picture.size is not None:
        return picture.size
    height, width = read_image(picture.path).shape[:2]
    return width, height


def _without_landmarks(count: int, silhouette: npt.NDArray[np.bool_] | None) -> FoundPoses:
    return FoundPoses(
        points=np.full((count, NUM_LANDMARKS, 2), np.nan),
        world=np.full((count, NUM_LANDMARKS, 3), np.nan),
        scores=np.full(count, np.nan),
        presence=np.full(count, np.nan),
        silhouette=silhouette,
    )


def _masks(path: Path, arrays: dict[str, Any]) -> dict[str, _Masks]:
    """Masks by picture.

    Raises:
        DatasetError: Those of a picture are not numbered 0, 1, ...
    """
    found: dict[str, _Masks] = {}
    for key, array in arrays.items():
        match = _MASK.fullmatch(key)
        if match:
            found.setdefault(match[1], {})[match[2]] = array
    for picture, masks in found.items():
        if any(str(number) not in masks for number in range(len(masks))):
            there = ", ".join(sorted(masks, key=int))
            raise DatasetError(f"{path}: {picture} has masks {there}, wanted 0 to {len(masks) - 1}")
    return found


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
    if _MASK.fullmatch(key) and (array.ndim != 2 or array.dtype != np.uint8):
        raise DatasetError(f"{where} is {array.dtype} of shape {array.shape}, wanted uint8 (H, W), 0 to 255")
