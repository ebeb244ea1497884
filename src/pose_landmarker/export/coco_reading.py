"""Reading COCO's keypoints, whoever wrote them."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from pose_landmarker.arrays import DoubleArray, FloatArray
from pose_landmarker.checks import check_integer
from pose_landmarker.errors import DatasetError, OptionTypeError
from pose_landmarker.export.json_files import OURS, numbers, objects, place, read_json, whole
from pose_landmarker.recording import NO_TRACK, IntArray, Recording
from pose_landmarker.topologies import BLAZEPOSE_33, COCO_17, HALPE_26, Topology, convert, convert_confidence

#: From COCO's pixels to ours; :mod:`pose_landmarker.export.coco` says why.
_TO_OURS: Final = 0.5
#: Which points there are where a file does not name them, by how many they are.
_BY_COUNT: Final = {len(known): known for known in (COCO_17, HALPE_26, BLAZEPOSE_33)}
_SHAPES: Final = {"landmarks": (33, 3), "world_landmarks": (33, 3), "visibility": (33,), "presence": (33,)}


class _Frames(NamedTuple):
    """The pictures of a file.

    Attributes:
        places: Of each id the frame.
        sizes: Of each frame (width, height); 0 where nobody knows.
        times: Of each frame seconds, or None.
        names: Of each frame, or None for those of a video.
    """

    places: dict[Hashable, int]
    sizes: list[tuple[int, int]]
    times: list[float | None]
    names: tuple[str, ...] | None


def load(
    path: Path,
    *,
    annotations: str | os.PathLike[str] | None = None,
    image_size: tuple[int, int] | None = None,
) -> Recording:
    """Read annotations or results.

    Keypoints that are not among the 33 landmarks are left out, and people without any. What COCO has no
    place for is NaN, in files that are not ours: depth, metres, times, scores of annotations. Of their
    annotations ``visibility`` is 1 for v = 2 and 0 for v = 1; of results it is v, at most 1.

    Args:
        path: Of the file.
        annotations: File with the pictures that results are of: their names, sizes and order, and those
            without people. Results alone are of the pictures that they name, in the order of their ids.
        image_size: (width, height) in pixels of the pictures of which no file says it.

    Raises:
        DatasetError: The file is damaged or of another format, or nobody says how large the pictures are.
        OptionError: ``image_size`` is no size.
    """
    size = None if image_size is None else _checked_size(image_size)
    record = read_json(Path(path))
    with place(path):
        if isinstance(record, list):
            people = objects(record, "results")
            frames = _named_frames(people) if annotations is None else _pictures(Path(annotations))
            frames = _sized(frames, size)
            return _recording(path, frames, people, {}, results=True)
        if not isinstance(record, dict) or "annotations" not in record or "images" not in record:
            raise DatasetError(
                f"{path}: these are no keypoints of COCO: wanted an object with 'images' and 'annotations', "
                "or a list of results"
            )
        people = objects(record["annotations"], "annotations")
        frames = _sized(_listed_frames(record), size)
        return _recording(path, frames, people, _topologies(record), results=False)


def _checked_size(size: object) -> tuple[int, int]:
    if not isinstance(size, (tuple, list)) or len(size) != 2:
        raise OptionTypeError(f"image_size must be (width, height) in pixels, not {size!r}")
    return check_integer("image_size", size[0], low=1), check_integer("image_size", size[1], low=1)


def _sized(frames: _Frames, size: tuple[int, int] | None) -> _Frames:
    """The same, with a size for pictures whose size is not known."""
    if size is None:
        return frames
    return frames._replace(sizes=[size if 0 in known else known for known in frames.sizes])


def _pictures(path: Path) -> _Frames:
    record = read_json(path)
    with place(path):
        if not isinstance(record, dict):
            raise ValueError("wanted an object with 'images'")
        return _listed_frames(record)


def _listed_frames(record: dict[str, Any]) -> _Frames:
    images = objects(record["images"], "images")
    places: dict[Hashable, int] = {}
    for i, image in enumerate(images):
        with place(f"image {image.get('id')!r:.80}"):
            if places.setdefault(_image_id(image["id"]), i) != i:
                raise ValueError("its id occurs twice")
    ours = record.get(OURS)
    named = ours["names"] if isinstance(ours, dict) else True
    names = [image.get("file_name") for image in images]
    return _Frames(
        places=places,
        sizes=[_size((image.get("width", 0), image.get("height", 0))) for image in images],
        times=[image.get(OURS, {}).get("time_s") for image in images],
        names=tuple(map(str, names)) if named and None not in names else None,
    )


def _named_frames(people: Sequence[dict[str, Any]]) -> _Frames:
    """The pictures that results are of."""
    first: dict[Hashable, dict[str, Any]] = {}
    for i, person in enumerate(people):
        with place(f"result {i}"):
            first.setdefault(_image_id(person["image_id"]), person)
    ids = sorted(first, key=lambda known: (isinstance(known, str), known))
    ours = [first[known].get(OURS, {}) for known in ids]
    named = [kept.get("name") for kept in ours]
    if not all(ours):
        named = [f"{known:012d}" if isinstance(known, int) else str(known) for known in ids]
    return _Frames(
        places={known: i for i, known in enumerate(ids)},
        sizes=[_size(kept.get("image_size", (0, 0))) for kept in ours],
        times=[kept.get("time_s") for kept in ours],
        names=tuple(map(str, named)) if named and None not in named else None,
    )


def _topologies(record: dict[str, Any]) -> dict[Any, Topology]:
    """Of each category that names its keypoints, which they are."""
    found = {}
    for category in objects(record.get("categories", []), "categories"):
        names = category.get("keypoints")
        if names:
            with place(f"category {category.get('id')!r:.80}"):
                known = tuple(str(name).strip().lower().replace("big_toe", "foot_index") for name in names)
                found[category["id"]] = Topology("category", known)
    return found


def _recording(
    path: Path,
    frames: _Frames,
    people: Sequence[dict[str, Any]],
    topologies: dict[Any, Topology],
    *,
    results: bool,
) -> Recording:
    where = "result" if results else "annotation"
    at = np.zeros(len(people), np.int64)
    for i, person in enumerate(people):
        with place(f"{path}: {where} {person.get('id', i)!r:.80}"):
            if person["image_id"] not in frames.places:
                raise ValueError(f"image_id {person['image_id']!r:.80} is of no picture")
            at[i] = frames.places[person["image_id"]]
    sizes = np.array(frames.sizes, np.int64).reshape(-1, 2)
    if (sizes[at] == 0).any():
        raise ValueError(
            "nobody says how large the pictures are; name the file of the annotations with annotations=, or "
            "give image_size=(width, height)"
        )
    arrays = _arrays(path, people, topologies, sizes[at], results)
    shown = np.asarray(np.isfinite(arrays["landmarks"]).any(axis=(1, 2)))
    kept = shown | np.array([OURS in person for person in people], np.bool_)
    order = np.argsort(at, kind="stable")
    order = order[kept[order]]
    return Recording(
        times_s=np.array([np.nan if time is None else time for time in frames.times], np.float64),
        image_sizes=sizes,
        frames=at[order],
        track_ids=np.array([_track(people[i].get("track_id")) for i in order], np.int64),
        scores=np.array([_score(people[i]) for i in order], np.float32),
        names=frames.names,
        **{name: array[order] for name, array in arrays.items()},
    )


def _arrays(
    path: Path,
    people: Sequence[dict[str, Any]],
    topologies: dict[Any, Topology],
    sizes: IntArray,
    results: bool,
) -> dict[str, FloatArray]:
    arrays = {name: np.full((len(people), *shape), np.nan, np.float32) for name, shape in _SHAPES.items()}
    groups: dict[tuple[str, ...] | None, list[int]] = defaultdict(list)
    for i, person in enumerate(people):
        with place(f"{path}: person {i}"):
            groups[_points_of(person, topologies)].append(i)
    for points, rows in groups.items():
        if points is None:
            continue
        with place(f"{path}: {len(points)} keypoints"):
            values = numbers([people[i]["keypoints"] for i in rows], 3 * len(points), "keypoints")
            xy, third = _landmarks(values, Topology("file", points), results)
            arrays["landmarks"][rows, :, :2] = (xy + _TO_OURS) / sizes[rows][:, None]
            arrays["visibility"][rows] = third
    ours = [person.get(OURS, {}) for person in people]
    for name, shape in _SHAPES.items():
        rows = [i for i, kept in enumerate(ours) if kept]
        with place(f"{path}: {OURS}"):
            nothing = [None] * int(np.prod(shape))
            values = numbers([ours[i].get(name, nothing) for i in rows], len(nothing), name)
            arrays[name][rows] = values.reshape(len(rows), *shape)
    return arrays


def _points_of(person: dict[str, Any], topologies: dict[Any, Topology]) -> tuple[str, ...] | None:
    """The names of a person's keypoints; None where there are none."""
    row = person.get("keypoints")
    if not row:
        return None
    topology = topologies.get(person.get("category_id")) or _BY_COUNT.get(len(row) // 3)
    if topology is None:
        counts = ", ".join(map(str, sorted(_BY_COUNT)))
        raise ValueError(f"{len(row)} numbers as keypoints, whose names nobody says; wanted 3 times {counts}")
    return topology.points


def _landmarks(values: DoubleArray, source: Topology, results: bool) -> tuple[DoubleArray, DoubleArray]:
    """(N, 33, 2) COCO's pixels and (N, 33) visibility; NaN where there is no label."""
    rows = values.reshape(len(values), len(source), 3)
    missing = (rows == 0).all(axis=-1) if results else ~(rows[..., 2] > 0)
    rows = np.where(missing[..., None], np.nan, rows)
    third = rows[..., 2]
    third = np.clip(third, 0.0, 1.0) if results else np.where(third == 1, 0.0, np.minimum(third, 1.0))
    points = convert(rows[..., :2], to=BLAZEPOSE_33, source=source)
    return points, convert_confidence(third, to=BLAZEPOSE_33, source=source)


def _image_id(value: object) -> Hashable:
    return value if isinstance(value, str) else whole(value, "the id of a picture")


def _size(value: object) -> tuple[int, int]:
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise ValueError("image_size must be a width and a height")
    width, height = (whole(side, "the size of a picture") for side in value)
    if width < 0 or height < 0:
        raise ValueError(f"a picture of {width}x{height} pixels")
    return width, height


def _track(value: object) -> int:
    return NO_TRACK if value is None else whole(value, "track_id")


def _score(person: dict[str, Any]) -> float:
    ours = person.get(OURS, {})
    score = ours.get("score", person.get("score")) if ours.get("scored", True) else None
    return float("nan") if score is None else float(numbers([[score]], 1, "score")[0, 0])
