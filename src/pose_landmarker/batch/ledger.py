"""What has become of which file, also in earlier runs: what a job that goes on need not do again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from pose_landmarker.batch.entry import Entry

DONE, FAILED, SAME = "done", "failed", "same"


class Ledger:
    """The latest entry of every file.

    Args:
        rows: Of files whose rows are in the dataset, in any order.
        notes: What earlier runs have noted beside them.
    """

    def __init__(self, rows: Iterable[Entry], notes: Iterable[Entry] = ()) -> None:
        self._of: dict[str, Entry] = {}
        self._rows: dict[str, Entry] = {}  # whose rows are in the dataset, and true
        self._owners: dict[str, dict[str, Entry]] = {}  # the same by their content
        self._sizes: Counter[int] = Counter()
        self._stale: set[Entry] = set()
        self._turn = 0
        known = [(entry.turn, True, entry) for entry in rows]
        known += [(entry.turn, False, entry) for entry in notes]
        for _, has_rows, entry in sorted(known, key=lambda item: item[0]):
            if has_rows or entry.state != DONE or entry.file in self._rows:
                self.add(entry)

    def next_turn(self) -> int:
        """For the next entry."""
        return self._turn + 1

    def add(self, entry: Entry) -> None:
        """Something has become of a file."""
        self._turn = max(self._turn, entry.turn)
        rows = self._rows.get(entry.file)
        if rows is not None:
            if entry.content is None:
                return  # it cannot be reached today: its rows are what they were
            if entry.content == rows.content:
                if entry.state == DONE:  # only its time is another
                    self._of[entry.file] = entry
                return
            self.disown(entry.file)
        self._of[entry.file] = entry
        if entry.state == DONE and entry.content is not None:
            self._rows[entry.file] = entry
            self._owners.setdefault(entry.content, {})[entry.file] = entry
            self._sizes[entry.size] += 1

    def disown(self, file: str) -> None:
        """The rows of a file are of what was in it before somebody wrote to it, so nothing is known of it."""
        entry = self._rows.pop(file)
        del self._of[file]
        self._stale.add(entry)
        self._sizes[entry.size] -= 1
        owners = self._owners[entry.content or ""]
        del owners[file]
        if not owners:
            del self._owners[entry.content or ""]

    def of(self, file: str) -> Entry | None:
        """What is known of a file."""
        return self._of.get(file)

    def owner(self, content: str) -> Entry | None:
        """The file whose rows are in the dataset for this content."""
        return next(iter(self._owners.get(content, {}).values()), None)

    def has_size(self, size: int) -> bool:
        """Whether a file of this size is done, so that another one may be the same."""
        return self._sizes[size] > 0

    def states(self) -> list[Entry]:
        """What is known beside the rows: files that have none, or another time than when they were read."""
        return [entry for entry in self if self._rows.get(entry.file) != entry]

    @property
    def stale(self) -> set[Entry]:
        """Files whose rows are not true any more."""
        return self._stale

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._of.values())

    def __len__(self) -> int:
        return len(self._of)
