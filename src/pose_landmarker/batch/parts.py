"""The Parquet files of a dataset: each names the files whose rows are in it, so it is there with them or not.

The names stand, as compressed JSON, in the metadata of the file itself.
"""

from __future__ import annotations

import base64
import contextlib
import os
import zlib
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, Final

from pose_landmarker.batch.columns import Constants, Piece, dataset_schema, dataset_table
from pose_landmarker.batch.entry import Entry, dump_entries, load_entries
from pose_landmarker.errors import DatasetError
from pose_landmarker.export.arrow_tables import load_pyarrow
from pose_landmarker.export.files import reading, replace_durably
from pose_landmarker.export.parquet import open_parquet

_FILES: Final = b"pose_landmarker.files"
_ROWS_AT_ONCE: Final = 8192
#: A list of files longer than this, unpacked, is none.
_MOST_BYTES: Final = 1 << 30


class PartWriter:
    """Writes rows into a Parquet file; nobody sees it before :meth:`finish`.

    Args:
        path: Where it is until then.
        constants: What is the same in all rows.

    Raises:
        OSError: It cannot be written.
    """

    def __init__(self, path: Path, constants: Constants) -> None:
        self._path = path
        self._constants = constants
        self._waiting: list[Piece] = []
        self._rows = 0
        self._writer = open_parquet(path, dataset_schema())

    def write(self, piece: Piece) -> None:
        """Rows of a file.

        Raises:
            OSError: They cannot be written.
        """
        self._waiting.append(piece)
        self._rows += sum(batch.num_rows for batch in piece.batches)
        if self._rows >= _ROWS_AT_ONCE:
            self._flush()

    def write_table(self, table: Any) -> None:
        """Rows that are as they are in the dataset.

        Raises:
            OSError: They cannot be written.
        """
        self._writer.write_table(table, row_group_size=1 << 20)

    def finish(self, entries: Iterable[Entry], target: Path) -> None:
        """Give it its name, with the list of files whose rows are in it.

        Raises:
            OSError: It cannot be written; nothing is left of it.
        """
        try:
            self._flush()
            packed = base64.b64encode(zlib.compress(dump_entries(entries).encode()))
            self._writer.add_key_value_metadata({_FILES: packed})
            self._writer.close()
            replace_durably(self._path, target)
            sync_folder(target.parent)
        except BaseException:
            self.discard()
            raise

    def discard(self) -> None:
        """Leave nothing."""
        with contextlib.suppress(Exception):  # on a full disk
            self._writer.close()
        self._path.unlink(missing_ok=True)

    def _flush(self) -> None:
        if self._rows:
            self.write_table(dataset_table(self._waiting, self._constants))
        self._waiting, self._rows = [], 0


def read_entries(path: Path) -> list[Entry]:
    """The files whose rows are in a part.

    Raises:
        DatasetError: It is no part, or a damaged one.
    """
    pa, parquet = load_pyarrow(), load_pyarrow("pyarrow.parquet")
    with reading(path, "a Parquet file", pa.ArrowException, zlib.error, ValueError):
        packed = (parquet.read_metadata(path).metadata or {}).get(_FILES)
        if packed is None:
            raise DatasetError(f"{path} is not of a job; take it out of this folder")
        unpacked = zlib.decompressobj().decompress(base64.b64decode(packed), _MOST_BYTES)
        return load_entries(unpacked, path)


def without(path: Path, work: Path, constants: Constants, entries: Collection[Entry]) -> None:
    """Take the rows of some files out of a part.

    Args:
        path: The part; afterwards it is as if it had been written without them, or gone.
        work: Where it may be written meanwhile.
        constants: What is the same in all rows.
        entries: The files.

    Raises:
        DatasetError: The part cannot be read.
        OSError: It cannot be written.
    """
    pa, parquet = load_pyarrow(), load_pyarrow("pyarrow.parquet")
    gone = {(entry.file, entry.content) for entry in entries}
    kept = [entry for entry in read_entries(path) if (entry.file, entry.content) not in gone]
    if not kept:
        path.unlink()
        return
    stay = pa.array([f"{entry.content} {entry.file}" for entry in kept])
    compute = load_pyarrow("pyarrow.compute")
    with reading(path, "a Parquet file", pa.ArrowException), parquet.ParquetFile(path) as opened:
        writer = PartWriter(work, constants)
        try:
            for number in range(opened.num_row_groups):
                table = opened.read_row_group(number).select(dataset_schema().names)
                who = compute.binary_join_element_wise(table["content"], table["file"], " ")
                table = table.filter(compute.is_in(who, stay))
                writer.write_table(table.replace_schema_metadata(dataset_schema().metadata))
        except BaseException:
            writer.discard()
            raise
    writer.finish(kept, path)


def sync_folder(folder: Path) -> None:
    """See that the names in a folder are on the disk, where the system can do that."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows
        return
    with contextlib.suppress(OSError):
        os.fsync(descriptor)
    os.close(descriptor)
