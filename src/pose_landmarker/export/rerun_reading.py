"""Reads Rerun recordings that this package wrote."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from pose_landmarker.errors import OptionError
from pose_landmarker.export.files import reading
from pose_landmarker.recording import NO_TRACK, IntArray, Recording
from pose_landmarker.topology import NUM_LANDMARKS

#: The application's id, and the archetype of what Rerun has no archetype for.
OURS: Final = "pose_landmarker"
_PERSON: Final = re.compile(r"picture/person_(?:(?P<id>-?[0-9]{1,19})|unfollowed_(?P<place>[0-9]{1,9}))")
_FRAMES: Final = "frames"
_SHAPES: Final[dict[str, tuple[int, ...]]] = {
    "scores": (),
    "landmarks": (NUM_LANDMARKS, 3),
    "world_landmarks": (NUM_LANDMARKS, 3),
    "visibility": (NUM_LANDMARKS,),
    "presence": (NUM_LANDMARKS,),
}
_NOBODY: Final[dict[str, npt.NDArray[Any]]] = {
    "frames": np.zeros(0, np.int64),
    "track_ids": np.zeros(0, np.int64),
    **{name: np.zeros((0, *shape), np.float32) for name, shape in _SHAPES.items()},
}
_DAMAGE: Final = (ValueError, KeyError, IndexError, TypeError, RuntimeError, AttributeError, OptionError)


class _Cells(NamedTuple):
    """Values of one component of an entity: so many in each of some frames, one after the other."""

    frames: IntArray
    counts: IntArray
    values: npt.NDArray[Any]


#: By entity and component.
_Store: TypeAlias = "dict[tuple[str, str], list[_Cells]]"


def read(path: Path, chunks: Any) -> Recording:
    """The recording in a file.

    Args:
        path: The file.
        chunks: The module ``rerun.chunk``.

    Raises:
        DatasetError: It is missing, damaged, or by another program.
    """
    with reading(path, "an .rrd file by this package", *_DAMAGE):
        with path.open("rb") as file:
            if file.read(3) != b"RRF":
                raise ValueError("it does not begin as recordings of Rerun do")
        reader = chunks.RrdReader(path)
        if [entry.application_id for entry in reader.recordings()] != [OURS]:
            raise ValueError("it is of another program")
        store: _Store = defaultdict(list)
        for chunk in reader.stream().to_chunks():
            if not chunk.is_static:
                _add_cells(store, str(chunk.entity_path).strip("/"), chunk.to_record_batch())
        return _recording(store)


def _add_cells(store: _Store, entity: str, batch: Any) -> None:
    frames = batch.column("frame").to_numpy(zero_copy_only=False)
    for name in batch.schema.names:
        _, colon, component = name.rpartition(":")
        if colon:
            column = batch.column(name)
            counts = column.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
            values = column.flatten()
            while hasattr(values.type, "value_type"):
                values = values.flatten()
            values = values.to_numpy(zero_copy_only=False)
            store[entity, component].append(_Cells(frames, counts.astype(np.int64), values))


def _column(store: _Store, entity: str, component: str, width: int) -> tuple[IntArray, npt.NDArray[Any]]:
    """(M,) frames in which there are values, ascending, and (M, width) the values.

    Args:
        store: All cells of the file.
        entity: Whose.
        component: What.
        width: How many values there are in a frame, all components of vectors counted.
    """
    parts = store[entity, component]
    frames, counts = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    values = np.concatenate([part.values for part in parts]).reshape(-1, width)
    frames = frames[counts > 0]
    if len(frames) != len(values) or len(np.unique(frames)) != len(frames):
        raise ValueError(f"{component} of {entity} has other than {width} numbers in a frame")
    order = np.argsort(frames)
    return frames[order], values[order]


def _recording(store: _Store) -> Recording:
    if (_FRAMES, "time_s") not in store:
        return Recording.from_results([])
    counted, times = _column(store, _FRAMES, "time_s", 1)
    _, sizes = _column(store, _FRAMES, "image_size", 2)
    if not np.array_equal(counted, np.arange(len(counted))):
        raise ValueError("frames are missing")
    names = None
    if (_FRAMES, "name") in store:
        names = tuple(_column(store, _FRAMES, "name", 1)[1][:, 0].tolist())
    people = [_person(store, name, number) for number, name in _people(store)]
    poses = (
        {name: np.concatenate([person[name] for person in people]) for name in people[0]}
        if people
        else _NOBODY
    )
    order = np.argsort(poses["frames"], kind="stable")
    return Recording(
        times_s=times[:, 0],
        image_sizes=sizes,
        names=names,
        **{name: rows[order] for name, rows in poses.items()},
    )


def _people(store: _Store) -> list[tuple[int, str]]:
    """Ids and names of people: those who were followed, by their ids, and then the others."""
    found = []
    for entity in {entity for entity, _ in store}:
        match = _PERSON.fullmatch(entity)
        if match:
            place = int(match["place"] or 0)
            found.append((place, int(match["id"] or NO_TRACK), entity.partition("/")[2]))
    return [(number, name) for _, number, name in sorted(found)]


def _person(store: _Store, name: str, track_id: int) -> dict[str, npt.NDArray[Any]]:
    """Rows of a recording, by their names in it."""
    frames, landmarks = _column(store, f"picture/{name}", "landmarks", 3 * NUM_LANDMARKS)
    others = {
        "world_landmarks": _column(store, f"world/{name}", "positions", 3 * NUM_LANDMARKS),
        "visibility": _column(store, f"picture/{name}", "visibility", NUM_LANDMARKS),
        "presence": _column(store, f"picture/{name}", "presence", NUM_LANDMARKS),
        "scores": _column(store, f"picture/{name}", "score", 1),
    }
    for what, (there, _) in others.items():
        if not np.array_equal(there, frames):
            raise ValueError(f"{what} of {name} are not in the same frames as landmarks")
    others["landmarks"] = frames, landmarks
    rows = {what: values.reshape(len(frames), *_SHAPES[what]) for what, (_, values) in others.items()}
    return {**rows, "frames": frames, "track_ids": np.full(len(frames), track_id)}
