"""Tables in columns, compressed: what pandas, polars and DuckDB open with one line.

One file, one column per number, compressed with zstd. ``schema.py`` has the columns and their units, which
stand in the fields' metadata; what is not known is null.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from pose_landmarker.errors import DatasetError
from pose_landmarker.export import arrow
from pose_landmarker.export.arrow_tables import load_pyarrow, recording_of_table
from pose_landmarker.export.files import checked_path, reading
from pose_landmarker.export.journal import ColumnWriter, save_columns
from pose_landmarker.recording import Recording

_MAGIC: Final = b"PAR1"
#: More, unpacked, are no poses but a file that is meant to fill the memory.
_MOST_BYTES: Final = 16 << 30


def save(recording: Recording, path: str | os.PathLike[str], *, layout: str = "wide") -> None:
    """Write a recording.

    Args:
        recording: What to write.
        path: Where to.
        layout: ``"wide"``, one row per pose, or ``"tidy"``, one row per landmark.

    Raises:
        OptionError: There is no such layout, or a name is no text.
        OptionTypeError: Something has the wrong type.
        MissingExtraError: pyarrow is not installed.
        OSError: The file cannot be written.
    """
    save_columns(recording, checked_path(path), layout, open_parquet)


def load(path: str | os.PathLike[str]) -> Recording:
    """Read a table of either layout, with its rows and columns in any order.

    Columns that are missing are not known.

    Args:
        path: A Parquet file, or what a killed writer left.

    Raises:
        DatasetError: It is no such table, or a damaged one.
        OptionTypeError: ``path`` is no path.
        MissingExtraError: pyarrow is not installed.
    """
    source = checked_path(path)
    pa, parquet = load_pyarrow(), load_pyarrow("pyarrow.parquet")
    with reading(source, "a Parquet file", pa.ArrowException, UnicodeDecodeError):
        with source.open("rb") as file:
            if file.read(len(_MAGIC)) != _MAGIC:
                return arrow.load(source)
        with parquet.ParquetFile(source) as opened:
            about = opened.metadata
            size = sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
            if size > _MOST_BYTES:
                raise DatasetError(f"{source} has {size >> 30} GiB of numbers, which poses are not")
            table = opened.read()
        table.validate(full=True)
        return recording_of_table(table, str(source))


class Writer(ColumnWriter):
    """Writes frames as they come; the file is there when this is closed.

    See :class:`~pose_landmarker.export.writer.FrameWriter`. Until then the frames are in an Arrow stream.

    Args:
        path: Where to.
        layout: ``"wide"``, one row per pose, or ``"tidy"``, one row per landmark.
    """

    def __init__(self, path: str | os.PathLike[str], *, layout: str = "wide") -> None:
        super().__init__(path, layout, open_parquet)


def open_parquet(path: Path, schema: Any) -> Any:
    """A ``pyarrow.parquet.ParquetWriter`` that compresses such tables well.

    Raises:
        OSError: The file cannot be written.
    """
    pa, parquet = load_pyarrow(), load_pyarrow("pyarrow.parquet")
    floats = [field.name for field in schema if pa.types.is_floating(field.type)]
    return parquet.ParquetWriter(
        path,
        schema,
        compression="zstd",
        use_dictionary=[field.name for field in schema if field.name not in floats],
        use_byte_stream_split=floats,  # the exponents of floats are alike: they compress when side by side
    )
