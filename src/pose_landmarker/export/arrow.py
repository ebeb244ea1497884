"""Tables in columns as they are in memory: Arrow's file format, which is Feather too, and its stream.

``.arrow`` and ``.feather`` are files with an index (``pandas.read_feather``, ``polars.read_ipc``),
``.arrows`` is a stream (``polars.read_ipc_stream``). Both are compressed with zstd. ``schema.py`` has the
columns and their units, which stand in the fields' metadata; what is not known is null.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from pose_landmarker.export.arrow_tables import load_pyarrow, recording_of_table
from pose_landmarker.export.files import checked_path, reading
from pose_landmarker.export.journal import ColumnWriter, read_stream, save_columns
from pose_landmarker.recording import Recording

_STREAM: Final = ".arrows"
_MAGIC: Final = b"ARROW1"


def save(recording: Recording, path: str | os.PathLike[str], *, layout: str = "wide") -> None:
    """Write a recording.

    Args:
        recording: What to write.
        path: Where to; ``.arrows`` is a stream, anything else a file.
        layout: ``"wide"``, one row per pose, or ``"tidy"``, one row per landmark.

    Raises:
        OptionError: There is no such layout, or a name is no text.
        OptionTypeError: Something has the wrong type.
        MissingExtraError: pyarrow is not installed.
        OSError: The file cannot be written.
    """
    save_columns(recording, checked_path(path), layout, _open)


def load(path: str | os.PathLike[str]) -> Recording:
    """Read a table of either layout, with its rows and columns in any order.

    Columns that are missing are not known. A stream that breaks off is read up to there, and the log tells.

    Args:
        path: An Arrow file or stream, or what a killed writer left.

    Raises:
        DatasetError: It is no such table, or a damaged one.
        OptionTypeError: ``path`` is no path.
        MissingExtraError: pyarrow is not installed.
    """
    source = checked_path(path)
    pa = load_pyarrow()
    with reading(source, "an Arrow file or stream", pa.ArrowException, UnicodeDecodeError):
        return recording_of_table(_table(source, pa), str(source))


class Writer(ColumnWriter):
    """Writes frames as they come; the file is there when this is closed.

    See :class:`~pose_landmarker.export.writer.FrameWriter`.

    Args:
        path: Where to; ``.arrows`` is a stream, anything else a file.
        layout: ``"wide"``, one row per pose, or ``"tidy"``, one row per landmark.
    """

    def __init__(self, path: str | os.PathLike[str], *, layout: str = "wide") -> None:
        super().__init__(path, layout, _open)


def _open(path: Path, schema: Any) -> Any:
    pa = load_pyarrow()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    new = pa.ipc.new_stream if path.suffix.lower() == _STREAM else pa.ipc.new_file
    return new(os.fspath(path), schema, options=options)


def _table(path: Path, pa: Any) -> Any:
    with path.open("rb") as file:
        is_file = file.read(len(_MAGIC)) == _MAGIC
    if is_file:
        with pa.OSFile(os.fspath(path), "rb") as source:
            table = pa.ipc.open_file(source).read_all()
            table.validate(full=True)
            return table
    return read_stream(path)
