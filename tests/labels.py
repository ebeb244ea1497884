"""Made-up people with labels, files of labels, and a contestant who finds what it is told."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pose_landmarker.arrays import DoubleArray
from pose_landmarker.evaluation import FoundPoses, LabelledPerson, LabelledPicture
from pose_landmarker.evaluation.joints import COCO_JOINTS, COCO_LANDMARKS
from pose_landmarker.results import Box

SIZE = (160, 120)


def body(x: float = 80.0, y: float = 60.0, size: float = 60.0) -> DoubleArray:
    """(33, 2) landmarks of somebody, image pixels: no two of them in one place."""
    steps = np.arange(33)
    return np.column_stack([x + size * np.cos(steps) / 3, y + size * (steps / 33 - 0.5)])


def person(points: DoubleArray | None = None, **more: Any) -> LabelledPerson:
    """Somebody with all of COCO's joints labelled."""
    points = body() if points is None else points
    labelled = np.full((33, 2), np.nan)
    labelled[list(COCO_LANDMARKS)] = points[list(COCO_LANDMARKS)]
    low, high = points.min(axis=0), points.max(axis=0)
    around = Box(*low.tolist(), *(high - low).tolist())
    return LabelledPerson(**{"points": labelled, "box": around, "area": around.width * around.height, **more})


def picture(*persons: LabelledPerson, name: str = "a.png", **more: Any) -> LabelledPicture:
    values = {"dataset": "made", "path": Path(name), "size": SIZE, "exhaustive": True, **more}
    return LabelledPicture(name=name, persons=persons, **values)


def found(*bodies: DoubleArray, scores: Sequence[float] | None = None, **more: Any) -> FoundPoses:
    count = len(bodies)
    values: dict[str, Any] = {
        "points": np.array(bodies, float).reshape(-1, 33, 2),
        "world": np.zeros((count, 33, 3)),
        "scores": np.array(scores if scores is not None else [0.9] * count, float),
        "presence": np.full(count, 0.5),
        **more,
    }
    return FoundPoses(**values)


class Fake:
    """Finds what it is told, by the picture's name; an exception is one."""

    def __init__(
        self, answers: Mapping[str, FoundPoses | Exception], name: str = "fake", scored: bool = True
    ) -> None:
        self.name, self.scored, self.answers = name, scored, answers

    def settings(self) -> dict[str, Any]:
        return {"answers": len(self.answers)}

    def covers(self, picture: LabelledPicture) -> bool:
        return picture.name in self.answers

    def find(
        self, pictures: Sequence[LabelledPicture], workers: int | None = None
    ) -> Iterator[FoundPoses | Exception]:
        for one in pictures:
            yield self.answers[one.name]


def label_entry(name: str = "a.png", points: DoubleArray | None = None, **more: Any) -> dict[str, Any]:
    """A picture as in a labels.json, with one person."""
    points = body() if points is None else points
    joints = {joint: [*points[i].tolist(), 2] for joint, i in zip(COCO_JOINTS, COCO_LANDMARKS, strict=True)}
    one = {"bbox": [40, 30, 60, 80], "keypoints": joints, "num_keypoints": 17, "area": 2000.0}
    return {
        "image": name,
        "dataset": "made",
        "width": SIZE[0],
        "height": SIZE[1],
        "exhaustive": True,
        "persons": [one],
        **more,
    }


def write_labels(folder: Path, *entries: dict[str, Any]) -> Path:
    """A labels.json with its pictures, which are grey."""
    folder.mkdir(parents=True, exist_ok=True)
    for entry in entries:
        write_picture(folder / entry["image"])
    path = folder / "labels.json"
    path.write_text(json.dumps({"images": entries}))
    return path


def write_coco(folder: Path, **more: Any) -> Path:
    """Two pictures, one with a person, a crowd and somebody without joints."""
    folder.mkdir(parents=True, exist_ok=True)
    points = body()
    flat = [v for i in COCO_LANDMARKS for v in (*points[i].tolist(), 2)]
    shared = {"image_id": 1, "category_id": 1, "bbox": [40, 30, 60, 80], "area": 2000.0, "iscrowd": 0}
    annotations = [
        {**shared, "id": 1, "keypoints": flat, "num_keypoints": 17},
        {**shared, "id": 2, "keypoints": [0] * 51, "num_keypoints": 0, "iscrowd": 1},
        {**shared, "id": 3, "keypoints": [0] * 51, "num_keypoints": 0, "bbox": [0, 0, 20, 20]},
        {**shared, "id": 4, "category_id": 18},
    ]
    images = [
        {"id": number, "file_name": name, "width": SIZE[0], "height": SIZE[1]}
        for number, name in ((1, "a.png"), (2, "b.png"))
    ]
    for image in images:
        write_picture(folder / str(image["file_name"]))
    categories = [{"id": 1, "name": "person", "keypoints": list(COCO_JOINTS)}, {"id": 18, "name": "dog"}]
    record = {"images": images, "annotations": annotations, "categories": categories, **more}
    path = folder / "person_keypoints.json"
    path.write_text(json.dumps(record))
    return path


def write_picture(path: Path, size: tuple[int, int] = SIZE, grey: int = 128) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", size, grey).save(path)
    return path


def write_dump(path: Path, **arrays: Any) -> Path:
    """``name`` with two underscores for a bar: ``a.png__landmarks``."""
    np.savez(path, **{key.replace("__", "|"): array for key, array in arrays.items()})
    return path
