"""Writers of tables in columns: an Arrow stream while frames come, the table when they are over.

A table in columns is best written at once: batches of one frame would be mostly padding, and Parquet can be
read only when it is finished. So frames go into a stream of few columns, which can be read up to where it
ends, and becomes the table when the writer is closed.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from pose_landmarker.checks import check_choice
from pose_landmarker.export.arrow_tables import (
    arrow_schema,
    arrow_table,
    journal_batch,
    load_pyarrow,
    recording_of_table,
)
from pose_landmarker.export.files import check_replaceable, checked_path, whole_file
from pose_landmarker.export.tables import LAYOUTS
from pose_landmarker.export.writer import FrameWriter, check_recording, check_text
from pose_landmarker.recording import Recording
from pose_landmarker.results import PoseLandmarkerResult

#: Opens a file for tables of a schema: gives what has ``write_table`` and ``close``.
Open = Callable[[Path, Any], Any]

_POSES_AT_ONCE: Final = 1 << 14


class ColumnWriter(FrameWriter):
    """Writes a table in columns; see :class:`~pose_landmarker.export.writer.FrameWriter`.

    Args:
        path: Where to.
        layout: ``"wide"``, one row per pose, or ``"tidy"``, one row per landmark.
        open_file: Opens the file that is written at the end.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """

    def __init__(self, path: str | os.PathLike[str], layout: str, open_file: Open) -> None:
        self._layout = check_choice("layout", layout, LAYOUTS)
        self._open = open_file
        load_pyarrow()
        check_replaceable(checked_path(path))
        super().__init__(path)

    def _append(self, piece: Recording, _result: PoseLandmarkerResult | None, /) -> None:
        check_text(piece.names)
        batch = journal_batch(piece, self.num_frames)
        head = b"" if self.num_frames else batch.schema.serialize().to_pybytes()
        self._file.append(head + batch.serialize().to_pybytes())

    def _finish(self) -> None:
        self._file.stop()
        named = bool(self._named)
        write_tables(
            self.path, _pieces(self.part) if self.num_frames else (), self._layout, named, self._open
        )
        self._file.discard()


def save_columns(recording: Recording, path: Path, layout: str, open_file: Open) -> None:
    """Write a recording as a table, whole or not at all; arguments as of :class:`ColumnWriter`."""
    check_choice("layout", layout, LAYOUTS)
    check_text(check_recording(recording).names)
    write_tables(path, _parts(recording), layout, recording.names is not None, open_file)


def write_tables(path: Path, pieces: Iterable[Recording], layout: str, named: bool, open_file: Open) -> None:
    """Write pieces of a recording as one table, whole or not at all."""
    number = 0
    with whole_file(path) as hidden:
        file = open_file(hidden, arrow_schema(layout, named=named))
        try:
            for piece in pieces:
                file.write_table(arrow_table(piece, layout, number))
                number += len(piece)
        finally:
            file.close()


def read_stream(path: Path) -> Any:
    """The table in an Arrow stream, up to where it ends or breaks off, which the log tells.

    Raises:
        pyarrow.ArrowInvalid: It is no such stream.
    """
    pa = load_pyarrow()
    with _open_stream(path) as reader:
        return pa.Table.from_batches(_batches(reader, path), reader.schema)


@contextmanager
def _open_stream(path: Path) -> Iterator[Any]:
    pa = load_pyarrow()
    with pa.OSFile(os.fspath(path), "rb") as file, pa.ipc.open_stream(file) as reader:
        yield reader


def _batches(reader: Any, path: Path) -> Iterator[Any]:
    pa = load_pyarrow()
    while True:
        try:
            batch = reader.read_next_batch()
        except StopIteration:
            return
        except (pa.ArrowInvalid, OSError) as error:
            log = logging.getLogger("pose_landmarker")
            log.warning("%s breaks off, what is before was read: %s", path, str(error)[:200])
            return
        batch.validate(full=True)
        yield batch


def _pieces(journal: Path) -> Iterator[Recording]:
    """What is in a journal, many frames at once."""
    pa = load_pyarrow()
    waiting: list[Any] = []
    rows = 0
    with _open_stream(journal) as reader:
        for batch in _batches(reader, journal):
            waiting.append(batch)
            rows += batch.num_rows
            if rows >= _POSES_AT_ONCE:
                yield recording_of_table(pa.Table.from_batches(waiting), str(journal))
                waiting, rows = [], 0
    if waiting:
        yield recording_of_table(pa.Table.from_batches(waiting), str(journal))


def _parts(recording: Recording) -> Iterator[Recording]:
    """The frames in their order, so many at once that they have about as many poses as is good."""
    rows = len(recording.frames) + len(recording)
    step = max(1, _POSES_AT_ONCE * len(recording) // max(1, rows))
    return (recording.of_frames(slice(i, i + step)) for i in range(0, len(recording), step))
