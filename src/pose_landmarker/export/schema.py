"""The columns of tables: their names, and their units.

A *wide* table has one row per pose, a *tidy* one has one row per landmark. Both have a row for a frame
in which there is nobody, so that no frame is lost: only the columns about the frame are filled.
"""

from __future__ import annotations

from typing import Final

from pose_landmarker.topology import LANDMARK_NAMES

#: Of this schema; higher where columns change their meaning.
VERSION: Final = 1

FRAME: Final = "frame"
TIME: Final = "time_s"
NAME: Final = "name"
WIDTH: Final = "image_width"
HEIGHT: Final = "image_height"
PERSON: Final = "person"
TRACK: Final = "track_id"
SCORE: Final = "score"
LANDMARK: Final = "landmark"

#: What is measured of a landmark.
MEASURES: Final = ("x", "y", "z", "visibility", "presence", "world_x", "world_y", "world_z")
#: ``nose_x``, ``nose_y`` and so on: a wide table's columns of landmarks, as (33, 8) values are in memory.
LANDMARK_COLUMNS: Final = tuple(f"{name}_{measure}" for name in LANDMARK_NAMES for measure in MEASURES)

#: Columns of text.
TEXTS: Final = (NAME, LANDMARK)
#: Whole numbers, and what stands for one that is not known; in files nothing stands there.
UNKNOWN: Final = {WIDTH: 0, HEIGHT: 0, PERSON: -1, TRACK: -1}
#: All columns of whole numbers; the number of a frame is always known.
WHOLE: Final[dict[str, int | None]] = {FRAME: None, **UNKNOWN}

_NORMALISED: Final = {
    "x": "fraction of the image's width, from its left edge",
    "y": "fraction of the image's height, from its top edge",
    "z": "fraction of the image's width, from the middle of the hips, away from the camera",
    "visibility": "0 to 1",
    "presence": "0 to 1",
    "world_x": "m, from the middle of the hips, to the right of the image",
    "world_y": "m, from the middle of the hips, down",
    "world_z": "m, from the middle of the hips, away from the camera",
}
#: Unit and origin of each column, for people.
UNITS: Final = {
    FRAME: "number, from 0",
    TIME: "s, since the first frame",
    NAME: "name of the picture",
    WIDTH: "pixels",
    HEIGHT: "pixels",
    PERSON: "number within the frame, from 0; nothing where there is nobody",
    TRACK: "the same number for the same person over time",
    SCORE: "0 to 1",
    LANDMARK: "name of the landmark; left and right are the person's own",
    **_NORMALISED,
    **{f"{name}_{measure}": unit for name in LANDMARK_NAMES for measure, unit in _NORMALISED.items()},
}


def wide_columns(*, named: bool) -> tuple[str, ...]:
    """The columns of a table with one row per pose; names only of pictures."""
    return (*_first_columns(named), *LANDMARK_COLUMNS)


def tidy_columns(*, named: bool) -> tuple[str, ...]:
    """The columns of a table with one row per landmark; names only of pictures."""
    return (*_first_columns(named), LANDMARK, *MEASURES)


def _first_columns(named: bool) -> tuple[str, ...]:
    return (FRAME, TIME, *((NAME,) if named else ()), WIDTH, HEIGHT, PERSON, TRACK, SCORE)
