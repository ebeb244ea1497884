"""Reading COCO's own ``person_keypoints_*.json``."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from pose_landmarker.evaluation.joints import COCO_JOINTS
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


def read_coco(path: Path, images: Path | None = None, name: str = "coco") -> list[LabelledPicture]:
    """The pictures of a file in COCO's format for keypoints.

    Args:
        path: Of the file.
        images: Folder of the pictures; that of the file by default.
        name: Of the data set.

    Raises:
        DatasetError: It cannot be read, or something in it is wrong.
    """
    record = load_json(path)
    with place(path):
        categories = _people(record)
        annotations = objects(record["annotations"], "annotations")
        entries = objects(record["images"], "images")
    persons: dict[Any, list[LabelledPerson]] = defaultdict(list)
    for annotation in annotations:
        with place(f"{path}: annotation {annotation.get('id')}"):
            names = categories.get(annotation.get("category_id", 1))
            if names is not None:
                persons[annotation["image_id"]].append(_person(annotation, names))
    pictures = []
    for entry in entries:
        with place(f"{path}: image {entry.get('id')}"):
            pictures.append(
                LabelledPicture(
                    name=str(entry["file_name"]),
                    dataset=name,
                    path=picture_path(images or path.parent, entry["file_name"]),
                    size=picture_size(entry),
                    persons=tuple(persons[entry["id"]]),
                    exhaustive=True,
                )
            )
    return pictures


def _people(record: dict[str, Any]) -> dict[Any, tuple[str, ...]]:
    """The names of the joints of each category that has some; COCO's where nothing is said."""
    found = {}
    for category in objects(record.get("categories", []), "categories"):
        if category.get("keypoints"):
            found[category["id"]] = tuple(map(str, category["keypoints"]))
    return found or {1: COCO_JOINTS}


def _person(annotation: dict[str, Any], names: tuple[str, ...]) -> LabelledPerson:
    values = annotation.get("keypoints") or [0] * (3 * len(names))
    flat = numbers(values, 3 * len(names), "keypoints")
    named = {joint: flat[3 * i : 3 * i + 3] for i, joint in enumerate(names) if flat[3 * i + 2] > 0}
    around = box(annotation["bbox"])
    return LabelledPerson(
        points=joints(named, 2),
        box=around,
        area=area(annotation.get("area"), around),
        crowd=bool(annotation.get("iscrowd", 0)),
        visible=joints(named, 3)[:, 2] == VISIBLE,
    )
