"""The folder of a job: what of it is whole, and writing into it so that a kill at any moment harms nothing.

``data/`` has the dataset, ``journal/`` the rows of small files until there are enough for a part, ``work/``
what is being written. A file is done if a part or a record of the journal names it, and only then.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from pose_landmarker.batch.columns import Constants, Piece
from pose_landmarker.batch.entry import Entry
from pose_landmarker.batch.journal import Journal, journals, read_journal
from pose_landmarker.batch.parts import PartWriter, read_entries, without
from pose_landmarker.batch.states import StatesLog
from pose_landmarker.cache import leftovers
from pose_landmarker.errors import OptionError

#: Rows of a file that wait in memory, for they may come into the journal; more have a part of their own.
ROWS_IN_MEMORY: Final = 8192
#: Bytes of a journal that become a part.
SEAL_BYTES: Final = 32 << 20
_PART: Final = re.compile(r"part-(\d+)\.parquet")

_logger = logging.getLogger("pose_landmarker")


class Store:
    """What is in the folder of a job.

    Attributes:
        folder: Where it is.
        parts: The files whose rows are in each part of the dataset.
    """

    def __init__(self, folder: Path, constants: Constants) -> None:
        """Open the folder, which is made where there is none, and finish what a kill has left.

        Args:
            folder: Where it is.
            constants: What is the same in all rows.

        Raises:
            DatasetError: A part is damaged.
            OSError: The folder cannot be read or written.
        """
        self.folder = folder
        self._constants = constants
        self._data, self._work, self._journals = folder / "data", folder / "work", folder / "journal"
        shutil.rmtree(self._work, ignore_errors=True)
        for path in (self._data, self._work, self._journals):
            path.mkdir(parents=True, exist_ok=True)
        self.parts = {path: read_entries(path) for path in sorted(self._data.glob("*.parquet"))}
        numbers = (_PART.fullmatch(path.name) for path in self.parts)
        self._next = 1 + max((int(number[1]) for number in numbers if number), default=0)
        self._states = StatesLog(self._journals / "states")
        self._journal: Journal | None = None
        for path in journals(self._journals):
            self._seal(path)
        self._undouble()

    def entries(self) -> list[Entry]:
        """The files whose rows are in the dataset, in no order."""
        return [entry for entries in self.parts.values() for entry in entries]

    def notes(self) -> list[Entry]:
        """What was noted of files beside that, in order."""
        return self._states.read()

    def incoming(self, number: int, file: str) -> Incoming:
        """Takes the rows of a file.

        Args:
            number: Of the file.
            file: Its name.
        """
        return Incoming(self._work, number, file, self._constants)

    def commit(self, incoming: Incoming, entry: Entry) -> None:
        """A file is done: with this, and not before.

        Raises:
            OSError: Its rows cannot be written, and nothing is left of them.
        """
        part = incoming.part(entry.content or "")
        if part is not None:
            self._finish(part, [entry])
            return
        if self._journal is None:
            self._journal = Journal(self._journals)
        self._journal.append(entry, incoming.batches)
        if self._journal.size >= SEAL_BYTES:
            self.seal()

    def sync(self) -> None:
        """See that all files that are done are on the disk, should the power fail."""
        if self._journal is not None:
            with _told("the journal"):
                self._journal.sync()

    def seal(self) -> None:
        """Bring what is in the journal into the dataset; on a full disk it stays where it is."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None
        for path in journals(self._journals):  # also those for which there was no space before
            with _told("a part of the dataset"):
                self._seal(path)

    @property
    def unsealed(self) -> bool:
        """Whether there are files that are done, but not in the dataset yet."""
        return bool(journals(self._journals))

    def note(self, entry: Entry) -> None:
        """Remember a file that has no rows."""
        with _told("the log of failures"):
            self._states.append(entry)

    def tidy(self, states: Iterable[Entry], stale: Collection[Entry]) -> None:
        """Leave out what is not true any more.

        Args:
            states: All that is known of files without rows.
            stale: Files whose rows are of what was in them before somebody wrote to them.
        """
        with _told("the log of failures"):
            self._states.replace(states)
        for path, entries in list(self.parts.items()):
            self._take_out(path, [entry for entry in entries if entry in stale])

    def _seal(self, path: Path) -> None:
        """Make a part of a journal.

        Raises:
            OSError: It cannot be read, or the part cannot be written; then all is as before.
        """
        known = {entry for entries in self.parts.values() for entry in entries}
        entries: list[Entry] = []
        writer = PartWriter(self._work / "journal.parquet", self._constants)
        try:
            for entry, batches in read_journal(path):
                if entry not in known:  # else this was sealed, and killed before the journal was removed
                    writer.write(Piece(entry.file, entry.content or "", batches))
                    entries.append(entry)
        except BaseException:
            writer.discard()
            raise
        if entries:
            self._finish(writer, entries)
        else:
            writer.discard()
        path.unlink()

    def _finish(self, writer: PartWriter, entries: list[Entry]) -> None:
        """Give a part its name.

        Raises:
            OSError: It cannot be written.
        """
        target = self._data / f"part-{self._next:06d}.parquet"
        self._next += 1
        try:
            writer.finish(entries, target)
        finally:  # Ctrl-C may come when it has its name already
            if target.exists():
                self.parts[target] = entries

    def _undouble(self) -> None:
        """Rows in two parts, since Ctrl-C came between a part and its journal, stay in one of them."""
        owners: dict[tuple[str, str | None], tuple[int, Path]] = {}
        for path, entries in self.parts.items():
            for entry in entries:
                turn, _ = owners.setdefault((entry.file, entry.content), (entry.turn, path))
                if entry.turn > turn:
                    owners[entry.file, entry.content] = entry.turn, path
        for path, entries in list(self.parts.items()):
            self._take_out(path, [one for one in entries if owners[one.file, one.content][1] != path])

    def _take_out(self, path: Path, gone: Collection[Entry]) -> None:
        """Take the rows of some files out of a part; on a full disk they stay."""
        if gone:
            with _told(path.name):
                without(path, self._work / path.name, self._constants, gone)
                self.parts[path] = [entry for entry in self.parts[path] if entry not in gone]


class Incoming:
    """The rows of a file as they come; many of them go into a part of their own at once.

    Attributes:
        batches: Those in memory.
        error: Why they cannot be written; then further ones are dropped.
    """

    def __init__(self, work: Path, number: int, file: str, constants: Constants) -> None:
        self.batches: list[Any] = []
        self.error: OSError | None = None
        self._work = work
        self._number = number
        self._file = file
        self._constants = constants
        self._rows = 0
        self._part: PartWriter | None = None

    def add(self, batch: Any, content: str) -> None:
        """Further rows.

        Args:
            batch: As of :class:`~pose_landmarker.batch.work.Rows`.
            content: Of the file.
        """
        if self.error is None:
            self.batches.append(batch)
            self._rows += batch.num_rows
            if self._rows > ROWS_IN_MEMORY:
                try:
                    self._spill(content)
                except OSError as error:
                    self.discard()
                    self.error = error

    def part(self, content: str) -> PartWriter | None:
        """The part with all rows, unfinished; None where they are few, and in memory.

        Raises:
            OSError: They could not be written.
        """
        if self.error is not None:
            raise self.error
        if self._part is not None:
            try:
                self._spill(content)
            except OSError:
                self.discard()
                raise
        return self._part

    def discard(self) -> None:
        """Leave nothing."""
        self.batches = []
        if self._part is not None:
            self._part.discard()
            self._part = None

    def _spill(self, content: str) -> None:
        if self._part is None:
            self._part = PartWriter(self._work / f"{self._number}.parquet", self._constants)
        self._part.write(Piece(self._file, content, self.batches))
        self.batches, self._rows = [], 0


@contextmanager
def _told(what: str) -> Iterator[None]:
    """What cannot be written in here is told by the log; it is not worth the end of the job."""
    try:
        yield
    except OSError as error:
        _logger.warning("%s cannot be written: %s", what, words_of(error))


def words_of(error: OSError) -> str:
    """What is wrong with a disk; Arrow has words of its own around it."""
    return os.strerror(error.errno) if error.errno else str(error)


def check_folder(folder: Path, marker: str, lock: str) -> None:
    """See that a folder can be that of a job: none, an empty one, or one that is already.

    Args:
        folder: The folder.
        marker: Name of a file that every job's has.
        lock: Name of one that may be there before it.

    Raises:
        OptionError: It is something else.
    """
    if folder.exists() and not folder.is_dir():
        raise OptionError(f"the output must be a folder, and {folder} is a file")
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    names -= {path.name for path in leftovers(folder / marker)}  # of a job that was killed as it began
    if names - {lock} and marker not in names:
        raise OptionError(f"{folder} has other files in it, and is not of a job; name another folder")
