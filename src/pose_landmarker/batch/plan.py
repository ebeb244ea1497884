"""Which file is next: what is done is left out, what failed comes again, no content is looked at twice.

Large files come first, so that nobody waits for a long one at the end. Those of equal size stay in order:
of those with the same content, the first one is looked at.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence, Set
from dataclasses import replace

from pose_landmarker.batch.content import hash_source
from pose_landmarker.batch.entry import Entry
from pose_landmarker.batch.ledger import DONE, FAILED, SAME, Ledger
from pose_landmarker.batch.sources import Listed
from pose_landmarker.batch.work import FileTask

#: Is told the number of a file that nobody needs to look at, what is known of it, and whether that is new.
Settle = Callable[[int, Entry, bool], None]


class Plan:
    """Gives out files.

    Args:
        files: All of them, in order.
        ledger: What is known of them; somebody else adds to it.
        retries: How often a file that failed is tried again, in all runs.
        retry_failed: Whether files that failed for good in earlier runs are tried once more.
        sampled: Numbers of files that samples are wanted of.
        settle: Is told of files that need not be looked at.
        stop: Whether to give out nothing more; asked before each file, as some are hashed, which takes long.
    """

    def __init__(
        self,
        files: Sequence[Listed],
        ledger: Ledger,
        *,
        retries: int,
        retry_failed: bool,
        sampled: Set[int],
        settle: Settle,
        stop: Callable[[], bool],
    ) -> None:
        self._files = files
        self._ledger = ledger
        self._retries = retries
        self._retry_failed = retry_failed
        self._sampled = sampled
        self._settle = settle
        self._stop = stop
        self._order = deque(sorted(range(len(files)), key=lambda number: -files[number].version.size))
        self._again: deque[int] = deque()
        self._attempts: dict[int, int] = {}
        self._contents: dict[int, str] = {}  # of files that are not done
        self._first: dict[str, int] = {}  # which file in work has this content
        self._broken: dict[str, Entry] = {}  # what became of contents that nobody can read
        self._waiting: dict[int, list[int]] = {}  # for that file, which have the same
        self._sizes = Counter(listed.version.size for listed in files if not listed.error)
        self._touched: deque[int] = deque()  # done, and somebody may have written to them
        self._hashes: dict[int, str] = {}  # of those, until they are asked for
        for number, listed in enumerate(files):
            self._see_change(number, listed)

    def take(self) -> FileTask | None:
        """The next file; None where there is none now, or somebody wants to stop."""
        while self._touched or self._order:
            if self._stop():
                return None
            if self._touched:  # all of them first: whose rows are true must be known before any copy's turn
                self._compare(self._touched.popleft())
                continue
            number = self._order.popleft()
            if not self._is_settled(number):
                return self._task(number)
        return self._task(self._again.popleft()) if self._again else None

    def attempts(self, number: int) -> int:
        """How often a file was tried."""
        return self._attempts.get(number, 0)

    def try_again(self, number: int, cause: str) -> bool:
        """Whether a file that failed is tried again; then it is, after all others."""
        if cause == "content" or self.attempts(number) > self._retries:
            return False
        self._again.append(number)
        return True

    def over(self, number: int, entry: Entry) -> None:
        """A file is through; those that wait for it because they have the same content are now."""
        content = self._contents.pop(number, None)
        if content is None:
            return
        self._first.pop(content, None)
        is_broken = entry.cause == "content" and entry.content == content  # or it has changed meanwhile
        if is_broken:
            self._broken[content] = entry
        waiting = self._waiting.pop(number, [])
        if waiting and self._ledger.owner(content) is None and not is_broken:
            self._give_out(waiting, content)
            return
        for other in waiting:
            self._settle_same(other, content, entry)

    def _give_out(self, waiting: list[int], content: str) -> None:
        """The first failed for reasons of its own: now it is the turn of the second."""
        first, *rest = waiting
        self._begin(first, content)
        self._waiting[first] = rest
        self._again.append(first)

    def _is_settled(self, number: int) -> bool:
        """Whether nobody needs to look at a file."""
        listed = self._files[number]
        known = self._ledger.of(listed.name)
        if listed.error:
            self._settle(number, self._entry(number, FAILED, cause="access", reason=listed.error), True)
            return True
        if known is not None and known.version == listed.version:
            if self._stands(known):
                self._settle(number, known, False)
                return True
            if known.state == FAILED and not self._retry_failed:
                self._attempts[number] = known.attempts
        return self._is_same(number)

    def _stands(self, known: Entry) -> bool:
        if known.state == SAME:
            owner = self._ledger.owner(known.content) if known.content else None
            return owner is not None and owner.file == known.same_as
        if known.state == FAILED:
            return not self._retry_failed and (known.cause == "content" or known.attempts > self._retries)
        return True

    def _is_same(self, number: int) -> bool:
        """Whether a file has the content of another one, which is done or in work."""
        content = self._content(number)
        if content is None:
            return False
        other = self._ledger.owner(content) or self._broken.get(content)
        if other is not None:
            self._settle_same(number, content, other)
            return True
        if content in self._first:
            first = self._first[content]
            self._waiting.setdefault(first, []).append(number)
            return True
        self._begin(number, content)
        return False

    def _begin(self, number: int, content: str) -> None:
        self._contents[number] = content
        self._first[content] = number

    def _settle_same(self, number: int, content: str, other: Entry) -> None:
        """A file has the content of another one, so nobody looks at it, or it fails in the same way."""
        owner = self._ledger.owner(content)
        if owner is None:
            made = self._entry(number, FAILED, cause=other.cause, reason=other.reason)
        elif owner.file == self._files[number].name:  # only its time is another
            version = self._files[number].version
            made = replace(owner, mtime_ns=version.mtime_ns, mark=version.mark)
        else:
            made = self._entry(number, SAME, same_as=owner.file)
        self._settle(number, replace(made, content=content, turn=self._ledger.next_turn()), True)

    def _see_change(self, number: int, listed: Listed) -> None:
        """If somebody has written to a file that is done, its rows are nobody's any more."""
        known = self._ledger.of(listed.name)
        if listed.error or known is None or known.state != DONE or known.version == listed.version:
            return
        if known.size == listed.version.size:
            self._touched.append(number)
        else:
            self._ledger.disown(listed.name)

    def _compare(self, number: int) -> None:
        """Whether a file that is done and has a new time is what it was."""
        name = self._files[number].name
        content = self._hash(number)
        if content is None:
            return
        self._hashes[number] = content
        known = self._ledger.of(name)
        if known is not None and known.content != content:
            self._ledger.disown(name)

    def _content(self, number: int) -> str | None:
        """SHA-256 of a file of which there may be another one."""
        size = self._files[number].version.size
        if size < 0 or not (self._sizes[size] > 1 or self._ledger.has_size(size)):
            return None
        return self._hashes.pop(number, None) or self._hash(number)

    def _hash(self, number: int) -> str | None:
        try:
            return hash_source(self._files[number].source)
        except Exception:  # a worker will say why it cannot be read
            return None

    def _task(self, number: int) -> FileTask:
        listed = self._files[number]
        self._attempts[number] = self._attempts.get(number, 0) + 1
        size = max(0, listed.version.size)
        return FileTask(number, listed.source, listed.is_video(), size, number in self._sampled)

    def _entry(self, number: int, state: str, **more: str | None) -> Entry:
        listed = self._files[number]
        return Entry(
            file=listed.name,
            state=state,
            kind="video" if not listed.error and listed.is_video() else "picture",
            attempts=max(1, self.attempts(number)),
            turn=self._ledger.next_turn(),
            **listed.version._asdict(),
            **more,  # type: ignore[arg-type]
        )
