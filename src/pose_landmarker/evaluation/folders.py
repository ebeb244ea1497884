"""Folders whose pictures need no file of labels: nobody in them, or a mask for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pose_landmarker.errors import DatasetError
from pose_landmarker.evaluation.labelled import LabelledPicture
from pose_landmarker.media.suffixes import PICTURE_SUFFIXES

#: Sub-folders of a sequence of frames with masks, as DAVIS calls what is in them.
_FRAMES, _MASKS = "frames", "masks"


def read_negatives(folder: Path) -> list[LabelledPicture]:
    """All pictures of a folder and below, on which there is nobody.

    Raises:
        DatasetError: There is no such folder, or no picture in it.
    """
    found = [
        LabelledPicture(
            name=path.relative_to(folder).as_posix(), dataset="negatives", path=path, exhaustive=True
        )
        for path in _pictures(folder)
    ]
    if not found:
        raise DatasetError(f"{folder}: there are no pictures in it")
    return found


def read_masks(folder: Path) -> list[LabelledPicture]:
    """Frames with a mask of the same stem: in ``frames`` and ``masks`` of a folder, or of folders below.

    Raises:
        DatasetError: There is no such folder, or no frame with a mask.
    """
    _check(folder)
    found = []
    for masks in sorted(path for path in folder.rglob(_MASKS) if path.is_dir()):
        frames = masks.parent / _FRAMES
        sequence = masks.parent.relative_to(folder).as_posix()
        name = folder.name if sequence == "." else f"{folder.name}/{sequence}"
        pictures = [
            LabelledPicture(name=f"{name}/{path.relative_to(frames).as_posix()}", dataset=name, path=path)
            for path in (_pictures(frames) if frames.is_dir() else ())
        ]
        found += [picture for picture in with_masks(pictures, masks) if picture.mask]
    if not found:
        raise DatasetError(
            f"{folder}: wanted pictures in {_FRAMES}{'/'} and masks of the same names in {_MASKS}{'/'}, "
            "there or in folders below"
        )
    return found


def with_masks(pictures: Sequence[LabelledPicture], folder: Path) -> list[LabelledPicture]:
    """The same pictures, with the mask of the same stem where there is one in a folder.

    Raises:
        DatasetError: There is no such folder, or no mask fits.
    """
    masks = {path.stem: path for path in _pictures(folder)}
    found = [
        replace(picture, mask=masks[picture.path.stem]) if picture.path.stem in masks else picture
        for picture in pictures
    ]
    if not any(picture.mask for picture in found):
        raise DatasetError(f"{folder}: no mask in it has the name of one of the {len(pictures)} pictures")
    return found


def _pictures(folder: Path) -> list[Path]:
    _check(folder)
    return sorted(
        path for path in folder.rglob("*") if path.suffix.lower() in PICTURE_SUFFIXES and path.is_file()
    )


def _check(folder: Path) -> None:
    if not folder.is_dir():
        what = "that is a file" if folder.exists() else "there is no such folder"
        raise DatasetError(f"{folder}: {what}, wanted a folder of pictures")
