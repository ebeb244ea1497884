"""Reading ``labels.json``: pictures of several data sets, with people's joints by name."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from pose_landmarker.evaluation.joints import HEAD_BOTTOMS, HEAD_TOP
from pose_landmarker.evaluation.labelled import LabelledPerson, LabelledPicture
from pose_landmarker.evaluation.records import (
    VISIBLE,
    area,
    box,
    joints,
    load_json,
    numbers,
    picture_path,
    picture_size,
)
from pose_landmarker.export.json_files import objects, place

#: Sources of labels that name everybody in a picture; others leave people out.
_EXHAUSTIVE = ("coco-json", "coco-mmpose")


def read_labels(path: Path, images: Path | None = None) -> list[LabelledPicture]:
    """The pictures of a ``labels.json``; docs/evaluation.md describes the format.

    Args:
        path: Of the file.
        images: Folder that the names of pictures begin at; that of the file by default.

    Raises:
        DatasetError: It cannot be read, or something in it is wrong.
    """
    with place(path):
        entries = objects(load_json(path)["images"], "images")
    pictures = []
    for number, entry in enumerate(entries):
        with place(f"{path}: image {entry.get('image', number)}"):
            pictures.append(_picture(entry, images or path.parent))
    return pictures


def _picture(entry: dict[str, Any], folder: Path) -> LabelledPicture:
    return LabelledPicture(
        name=str(entry["image"]),
        dataset=str(entry["dataset"]),
        path=picture_path(folder, entry["image"]),
        size=picture_size(entry),
        persons=tuple(_person(record) for record in objects(entry["persons"], "persons")),
        exhaustive=bool(entry.get("exhaustive", entry.get("ann") in _EXHAUSTIVE)),
    )


def _person(record: dict[str, Any]) -> LabelledPerson:
    named = {
        name: numbers(values, 3, name)
        for name, values in record["keypoints"].items()
        if numbers(values, 3, name)[2] > 0
    }
    around = box(record["bbox"])
    return LabelledPerson(
        points=joints(named, 2),
        box=around,
        area=area(record.get("area"), around),
        crowd=bool(record.get("iscrowd", False)),
        head_length=_head(named),
        visible=joints(named, 3)[:, 2] == VISIBLE,
    )


def _head(named: dict[str, list[float]]) -> float | None:
    bottom = next((named[name] for name in HEAD_BOTTOMS if name in named), None)
    if bottom is None or HEAD_TOP not in named:
        return None
    return math.dist(named[HEAD_TOP][:2], bottom[:2]) or None
