"""Reading ``labels3d.json``: one person in each picture, with joints in metres."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pose_landmarker.evaluation.labelled import LabelledPerson, LabelledPicture
from pose_landmarker.evaluation.records import (
    area,
    joints,
    load_json,
    numbers,
    picture_path,
    picture_size,
)
from pose_landmarker.export.json_files import objects, place
from pose_landmarker.results import Box


def read_labels3d(path: Path, images: Path | None = None) -> list[LabelledPicture]:
    """The pictures of a ``labels3d.json``; docs/evaluation.md describes the format.

    All of them are one data set, called labels3d: each of the sets in it has few pictures.

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
            pictures.append(
                LabelledPicture(
                    name=str(entry["image"]),
                    dataset="labels3d",
                    path=picture_path(images or path.parent, entry["image"]),
                    size=picture_size(entry),
                    persons=(_person(entry),),
                )
            )
    return pictures


def _person(entry: dict[str, Any]) -> LabelledPerson:
    flat = {name: numbers(values, 2, name) for name, values in entry["joints_2d"].items()}
    solid = {name: numbers(values, 3, name) for name, values in entry["joints_camera_m"].items()}
    corners = np.array(list(flat.values())).reshape(-1, 2)
    if not len(corners):
        raise ValueError("joints_2d is empty; without it nobody knows which pose is meant")
    low, high = corners.min(axis=0), corners.max(axis=0)
    around = Box(*low.tolist(), *(high - low).tolist())
    return LabelledPerson(points=joints(flat, 2), box=around, area=area(None, around), world=joints(solid, 3))
