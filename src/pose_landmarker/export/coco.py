"""COCO's keypoints: annotations and results, as pycocotools and most trainers read them.

``annotations`` is one object:

=============  =========================================================================================
images         of every frame, people or not: ``id``, ``file_name``, ``width``, ``height``
annotations    of every person: ``id`` (from 1), ``image_id``, ``category_id`` 1, ``keypoints``,
               ``num_keypoints``, ``bbox`` [x, y, width, height], ``area``, ``iscrowd`` 0,
               ``segmentation`` [], and ``track_id`` of people who were followed
categories     one, "person", with the names of its ``keypoints`` and its ``skeleton`` (counted from 1)
info           what wrote it
=============  =========================================================================================

``results`` is a list with an object for every person: ``image_id``, ``category_id`` 1, ``keypoints``,
``score``, and ``track_id``.

``keypoints`` are 17 times x, y, v in pixels, in the order of :data:`~pose_landmarker.topologies.COCO_17`.
COCO counts pixels from 0 and means their middle, so that x and y are half a pixel less than ours: the
middle of the top-left pixel is (0, 0) there and (0.5, 0.5) here. Boxes are of corners, as ours are. In
annotations v is 2 (seen), 1 (hidden) or 0 (not labelled: x = y = 0; also outside the picture); in results it
is the visibility. ``bbox`` is around all 33 landmarks, inside the picture; ``area``, which COCO means as that
of the silhouette, is 0.53 of it, as in the CrowdPose API.

Times, sizes and all 33 landmarks are kept under the key ``pose_landmarker``, so that :func:`load` brings back
what :func:`save` was given. Where it is there, it counts, not ``keypoints``; remove it from files whose
keypoints were corrected.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import DoubleArray
from pose_landmarker.cache import write_atomically
from pose_landmarker.checks import check_choice, check_flag
from pose_landmarker.errors import OptionError
from pose_landmarker.export.coco_reading import load
from pose_landmarker.export.json_files import OURS, plain, to_json
from pose_landmarker.recording import NO_TRACK, Recording
from pose_landmarker.topologies import COCO_17, convert, convert_confidence

__all__ = ["image_ids", "load", "save"]

#: From our pixels to COCO's, whose keypoints name the middle of a pixel: cocodataset.org ("0-indexed
#: location x, y"), and detectron2's data/datasets/coco.py, which adds 0.5 to keypoints and not to boxes.
#: Between our landmarks and 351 labels of COCO's the mean difference is (0.3, 0.5) ± 0.1 pixels.
_TO_COCO: Final = -0.5
#: Share of a box that a silhouette takes (the CrowdPose API).
_AREA_OF_BOX: Final = 0.53
_VISIBLE: Final = 0.5
#: Coordinates beyond are those of no point, pixels.
_FARTHEST: Final = 1e9
_FIELDS: Final = ("landmarks", "world_landmarks", "visibility", "presence")
_NUMBERED: Final = re.compile(r"(?:COCO_[A-Za-z0-9]+_)?([0-9]{1,15})")
_CATEGORY: Final[dict[str, Any]] = {
    "id": 1,
    "name": "person",
    "supercategory": "person",
    "keypoints": list(COCO_17.points),
    "skeleton": [[a + 1, b + 1] for a, b in COCO_17.lines],
}


def save(recording: Recording, path: Path, *, kind: str = "annotations", extras: bool = True) -> None:
    """Write one file.

    Args:
        recording: What to write.
        path: Of the file; its folder is made.
        kind: ``"annotations"`` or ``"results"``, which leave out frames without people.
        extras: Whether to keep what COCO has no place for; the file is five times as large.

    Raises:
        OptionError: The size of a picture with people is not known, or ``kind`` is neither.
        OSError: The file cannot be written.
    """
    check_choice("kind", kind, ("annotations", "results"))
    check_flag("extras", extras)
    sizes = recording.image_sizes[recording.frames]
    if (sizes == 0).any():
        frame = int(recording.frames[(sizes == 0).any(axis=1)][0])
        raise OptionError(
            f"the size of the picture of frame {frame} is not known; COCO's coordinates are pixels"
        )
    record = _annotations if kind == "annotations" else _results
    write_atomically(Path(path), to_json(record(recording, extras)))


def image_ids(recording: Recording) -> list[int]:
    """The number of each frame's picture: that in its name, as in COCO's names, else counted from 1.

    Names count where all of them are numbers, such as ``000000397133.jpg`` or
    ``COCO_val2014_000000397133.jpg``, and differ.
    """
    found = [
        _NUMBERED.fullmatch(PurePosixPath(name.replace("\\", "/")).stem) for name in recording.names or ()
    ]
    ids = [int(match[1]) for match in found if match]
    return ids if len(set(ids)) == len(recording) else list(range(1, len(recording) + 1))


def _annotations(recording: Recording, extras: bool) -> dict[str, Any]:
    ids = image_ids(recording)
    names = recording.names or [f"{number:012d}.jpg" for number in ids]
    images = [
        {"id": number, "file_name": name, "width": width, "height": height}
        for number, name, (width, height) in zip(ids, names, recording.image_sizes.tolist(), strict=True)
    ]
    people = _people(recording, ids)
    keypoints, shown = _keypoints(recording)
    inside = shown & _in_pictures(keypoints, recording)
    confidence = convert_confidence(recording.visibility)
    states = np.where(confidence < _VISIBLE, 1.0, 2.0)
    boxes = _boxes(recording)
    columns = zip(
        _rows(keypoints, states, inside),
        inside.sum(axis=1).tolist(),
        boxes.tolist(),
        np.round(_AREA_OF_BOX * boxes[:, 2] * boxes[:, 3], 3).tolist(),
        strict=True,
    )
    for number, (person, (row, count, box, area)) in enumerate(zip(people, columns, strict=True), 1):
        person |= {"id": number, "keypoints": row, "num_keypoints": count, "bbox": box, "area": area}
        person |= {"iscrowd": 0, "segmentation": []}
    record = {
        "info": {"description": "Poses by pose-landmarker"},
        "licenses": [],
        "images": images,
        "annotations": people,
        "categories": [_CATEGORY],
    }
    if extras:
        record[OURS] = {"names": recording.names is not None}
        for image, time in zip(images, _times(recording), strict=True):
            image[OURS] = {"time_s": time}
        for person, kept, score in zip(people, _extras(recording), plain(recording.scores), strict=True):
            person[OURS] = {"score": score, **kept}
    return record


def _results(recording: Recording, extras: bool) -> list[dict[str, Any]]:
    people = _people(recording, image_ids(recording))
    keypoints, shown = _keypoints(recording)
    confidence = np.nan_to_num(convert_confidence(recording.visibility), nan=1.0)
    scores = plain(np.nan_to_num(recording.scores, nan=0.0))
    rows = _rows(keypoints, confidence, shown)
    for person, row, score in zip(people, rows, scores, strict=True):
        person |= {"keypoints": row, "score": score}
    if extras:
        times, frames, names = _times(recording), recording.frames.tolist(), recording.names
        sizes, known = recording.image_sizes.tolist(), np.isfinite(recording.scores).tolist()
        for i, (person, kept) in enumerate(zip(people, _extras(recording), strict=True)):
            frame = frames[i]
            person[OURS] = {"time_s": times[frame], "image_size": sizes[frame], "scored": known[i], **kept}
            if names is not None:
                person[OURS]["name"] = names[frame]
    return people


def _people(recording: Recording, ids: list[int]) -> list[dict[str, Any]]:
    """What annotations and results begin with."""
    return [
        {"image_id": ids[frame], "category_id": 1, **({} if track == NO_TRACK else {"track_id": track})}
        for frame, track in zip(recording.frames.tolist(), recording.track_ids.tolist(), strict=True)
    ]


def _keypoints(recording: Recording) -> tuple[DoubleArray, npt.NDArray[np.bool_]]:
    """(N, 17, 2) COCO's pixels, and (N, 17) whether they are known."""
    points = convert(_pixels(recording)) + _TO_COCO
    return points, np.asarray((np.abs(points) < _FARTHEST).all(axis=-1))  # NaN is not


def _pixels(recording: Recording) -> DoubleArray:
    """(N, 33, 2); of the shorter float32 products, sums at the edge of a picture would lie outside."""
    return recording.landmarks[..., :2].astype(np.float64) * recording.image_sizes[recording.frames, None, :]


def _in_pictures(keypoints: DoubleArray, recording: Recording) -> npt.NDArray[np.bool_]:
    sizes = recording.image_sizes[recording.frames, None, :]
    inside = (keypoints >= _TO_COCO) & (keypoints <= sizes + _TO_COCO)
    return np.asarray(inside.all(axis=-1))


def _rows(keypoints: DoubleArray, third: npt.NDArray[Any], shown: npt.NDArray[np.bool_]) -> Any:
    """(N, 51) x, y, v, to a thousandth; all 0 where a point is not shown."""
    rows = np.concatenate([keypoints, third[..., None]], axis=-1)
    rows = np.round(np.where(shown[..., None], rows, 0.0), 3)
    return rows.reshape(len(rows), 3 * len(COCO_17)).tolist()


def _boxes(recording: Recording) -> DoubleArray:
    """(N, 4) x, y, width, height of boxes around the landmarks, inside the pictures; 0 of none."""
    pixels = _pixels(recording)
    known = np.asarray(np.isfinite(pixels).all(axis=-1, keepdims=True))
    sizes = recording.image_sizes[recording.frames]
    low = np.clip(np.where(known, pixels, np.inf).min(axis=1), 0, sizes)
    high = np.clip(np.where(known, pixels, -np.inf).max(axis=1), 0, sizes)
    boxes: DoubleArray = np.where(known.any(axis=1), np.concatenate([low, high - low], axis=1), 0.0)
    return np.round(boxes, 3)


def _times(recording: Recording) -> list[float | None]:
    return [None if np.isnan(time) else time for time in recording.times_s.tolist()]


def _extras(recording: Recording) -> list[dict[str, Any]]:
    """Of each person what is known beyond the keypoints, flat."""
    arrays = {name: getattr(recording, name) for name in _FIELDS}
    count = len(recording.frames)
    columns = {
        name: plain(array.reshape(count, array[:1].size))
        for name, array in arrays.items()
        if np.isfinite(array).any()
    }
    return [{name: column[i] for name, column in columns.items()} for i in range(count)]
