"""Data sets by path and format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pose_landmarker.checks import check_choice
from pose_landmarker.errors import DatasetError
from pose_landmarker.evaluation.coco_file import read_coco
from pose_landmarker.evaluation.folders import read_masks, read_negatives
from pose_landmarker.evaluation.labelled import LabelledPicture
from pose_landmarker.evaluation.labels3d_file import read_labels3d
from pose_landmarker.evaluation.labels_file import read_labels
from pose_landmarker.evaluation.records import load_json

FORMATS = ("auto", "labels", "coco", "lsp", "labels3d", "masks", "negatives")
#: What LSP's part of a labels.json is called.
_LSP = "lspet"
_LABELS_FILE = "labels.json"


def read_dataset(
    path: str | Path, kind: str = "auto", *, images: str | Path | None = None
) -> list[LabelledPicture]:
    """The pictures of a data set, with their labels; the pictures themselves are not read.

    Args:
        path: Of a JSON file, or of a folder.
        kind: One of ``FORMATS``; ``auto`` looks at what is there.
        images: Folder of the pictures where that is not the folder of the file.

    Raises:
        DatasetError: It cannot be read, is of no known format, or has no pictures.
        OptionError: There is no such format.
    """
    check_choice("format", kind, FORMATS)
    place, folder = Path(path), None if images is None else Path(images)
    if not place.exists():
        raise DatasetError(f"{place}: there is no such file or folder")
    if folder is not None and not folder.is_dir():
        raise DatasetError(f"{folder}: there is no such folder of pictures")
    known = _kind(place) if kind in ("auto", "lsp") else kind
    pictures = _read(place, known, folder)
    if kind == "lsp":
        pictures = _single(pictures, known)
    if not pictures:
        raise DatasetError(f"{place}: there are no pictures in it")
    return pictures


def chosen(pictures: Sequence[LabelledPicture], datasets: Sequence[str]) -> list[LabelledPicture]:
    """The pictures of some data sets; of all where none is named.

    Raises:
        DatasetError: One of them has no pictures.
    """
    there = dict.fromkeys(picture.dataset for picture in pictures)
    for name in datasets:
        if name not in there:
            raise DatasetError(f"there is no data set {name!r}; there are {', '.join(there)}")
    return [picture for picture in pictures if not datasets or picture.dataset in datasets]


def _read(place: Path, kind: str, images: Path | None) -> list[LabelledPicture]:
    if kind == "negatives":
        return read_negatives(place)
    if kind == "masks":
        return read_masks(place)
    if kind == "coco":
        return read_coco(place, images, name=place.stem)
    if kind == "labels3d":
        return read_labels3d(place, images)
    return read_labels(place / _LABELS_FILE if place.is_dir() else place, images)


def _single(pictures: Sequence[LabelledPicture], kind: str) -> list[LabelledPicture]:
    """As LSP has it: one person labelled in each picture, whoever else is there."""
    parts = chosen(pictures, (_LSP,) if kind == "labels" else ())
    return [replace(picture, exhaustive=False) for picture in parts]


def _kind(path: Path) -> str:
    """The format of what is there."""
    if path.is_dir():
        if (path / _LABELS_FILE).is_file():
            return "labels"
        if any(masks.is_dir() for masks in path.rglob("masks")):
            return "masks"
        raise DatasetError(
            f"{path}: there is no {_LABELS_FILE} in it, and no folder of masks; name a file of labels, or "
            "say --format negatives if there is nobody on its pictures"
        )
    record = load_json(path)
    if "annotations" in record:
        return "coco"
    entries = record.get("images")
    if isinstance(entries, list) and entries and isinstance(entries[0], dict):
        for key, kind in (("joints_camera_m", "labels3d"), ("persons", "labels")):
            if key in entries[0]:
                return kind
    raise DatasetError(
        f"{path}: unknown format; wanted COCO's (images and annotations), or images with persons or "
        "joints_camera_m"
    )
