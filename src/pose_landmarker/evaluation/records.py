"""Values out of files that anybody may have written: checked, or an error that says where."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from pose_landmarker.arrays import DoubleArray
from pose_landmarker.errors import DatasetError
from pose_landmarker.evaluation.joints import COCO_LANDMARKS, LIMB_LANDMARKS
from pose_landmarker.evaluation.labelled import AREA_OF_BOX
from pose_landmarker.export.json_files import read_json
from pose_landmarker.results import Box
from pose_landmarker.topology import LANDMARK_NAMES, NUM_LANDMARKS

#: COCO's mark of joints that can be seen; those of 1 are hidden, and 0 is no label.
VISIBLE = 2
#: Coordinates beyond are a slip.
_FARTHEST = 1e6
_INDEX = {name: index for index, name in enumerate(LANDMARK_NAMES)}
_JUDGED = frozenset(COCO_LANDMARKS) | frozenset(LIMB_LANDMARKS)


def load_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file.

    Raises:
        DatasetError: It cannot be read, or holds something else.
    """
    record = read_json(path)
    if not isinstance(record, dict):
        raise DatasetError(f"{path} holds a {type(record).__name__}, wanted an object with 'images'")
    return record


def number(value: object) -> float:
    """A finite number that can be a coordinate.

    Raises:
        ValueError: It is something else.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{value!r} is no number")
    if not math.isfinite(value) or abs(value) > _FARTHEST:
        raise ValueError(f"{value} cannot be a coordinate")
    return float(value)


def numbers(value: object, count: int, name: str) -> list[float]:
    """``count`` finite numbers.

    Raises:
        ValueError: They are something else.
    """
    if not isinstance(value, (list, tuple)) or len(value) != count:
        raise ValueError(f"{name} must be {count} numbers, not {str(value)[:80]}")
    return [number(item) for item in value]


def picture_size(record: dict[str, Any]) -> tuple[int, int]:
    """Width and height, at least one pixel each."""
    width, height = (int(number(record[name])) for name in ("width", "height"))
    if width < 1 or height < 1:
        raise ValueError(f"a picture of {width}x{height} pixels")
    return width, height


def picture_path(folder: Path, name: object) -> Path:
    """The file of a picture, in a folder or below.

    Raises:
        ValueError: It is no name, or leads out of the folder.
    """
    if not isinstance(name, str) or not name or "\0" in name:
        raise ValueError(f"{name!r} is no name of a picture")
    if Path(name).is_absolute() or name.startswith(("/", "\\")) or ".." in Path(name).parts:
        raise ValueError(f"{name!r} leads out of the folder of pictures")
    return folder / name


def box(value: object) -> Box:
    """x, y, width, height."""
    x, y, width, height = numbers(value, 4, "bbox")
    return Box(x, y, max(width, 0.0), max(height, 0.0))


def area(value: object, around: Box) -> float:
    """Of a silhouette; where it is not known, what people usually take of their box."""
    known = 0.0 if value is None else number(value)
    return known if known > 0 else max(1.0, AREA_OF_BOX * around.width * around.height)


def joints(named: dict[str, list[float]], axes: int) -> DoubleArray:
    """(33, axes): the joints that are among the 33 landmarks and that poses are judged by, else NaN."""
    points = np.full((NUM_LANDMARKS, axes), np.nan)
    for name, values in named.items():
        index = _INDEX.get(name)
        if index in _JUDGED:
            points[index] = values[:axes]
    return points
