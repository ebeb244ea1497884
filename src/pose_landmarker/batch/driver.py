"""The driver of a job: hands files to an engine, and is the only one who writes what they tell."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Final

from pose_landmarker.batch.entry import Entry
from pose_landmarker.batch.gallery import Gallery
from pose_landmarker.batch.ledger import DONE, FAILED, SAME, Ledger
from pose_landmarker.batch.overview import ordered, write_overview
from pose_landmarker.batch.plan import Plan
from pose_landmarker.batch.samples import sampled_files
from pose_landmarker.batch.sources import Listed
from pose_landmarker.batch.store import Incoming, Store, words_of
from pose_landmarker.batch.summary import BatchSummary, Counts, FailedFile, Progress
from pose_landmarker.batch.work import (
    Done,
    Engine,
    Event,
    Failed,
    FileTask,
    Rows,
    Sample,
    Started,
    Waiting,
)

#: Seconds between two looks at how far it is, between two times that the disk has everything for certain,
#: and between two writings of the tables about files, unless those take long.
_PROGRESS_S: Final = 0.1
_SYNC_S: Final = 2.0
_OVERVIEW_S: Final = 60.0
#: The tables about files may take this share of the time.
_OVERVIEW_SHARE: Final = 0.02

_logger = logging.getLogger("pose_landmarker")


class Driver:
    """Runs a job once.

    Args:
        store: Its folder.
        files: What it is about, in order.
        retries: As of :func:`~pose_landmarker.batch.job.run_batch`, like all that follow.
        retry_failed: Whether to try again what has failed for good.
        samples: Of how many files frames are drawn.
        progress: Called with how far it is.
        stop: Whether to end now.
    """

    def __init__(
        self,
        store: Store,
        files: Sequence[Listed],
        *,
        retries: int,
        retry_failed: bool,
        samples: int,
        progress: Callable[[Progress], object],
        stop: Callable[[], bool],
    ) -> None:
        self._began_s = time.monotonic()
        self._store = store
        self._files = files
        self._progress = progress
        self._stop = stop
        self._gallery = Gallery(store.folder)
        self._ledger = Ledger(store.entries(), store.notes())
        sizes = sum(max(0, listed.version.size) for listed in files)
        self._counts = Counts(files=len(files), bytes=sizes)
        self._work: dict[int, _Work] = {}
        self._failures: dict[str, FailedFile] = {}
        self._where = ""
        self._work_s: float | None = None  # when the first file was given out
        self._bytes_before = 0
        self._next_progress_s = self._next_sync_s = 0.0
        self._next_overview_s = self._began_s + _OVERVIEW_S
        self._interrupted = False
        self._plan = Plan(
            files,
            self._ledger,
            retries=retries,
            retry_failed=retry_failed,
            sampled=sampled_files(len(files), samples),
            settle=self._settle,
            stop=self._stops_hashing,
        )

    def run(self, make: Callable[[], Engine]) -> BatchSummary:
        """Run it, to the end or until somebody ends it.

        What is done is kept, whatever is raised.

        Args:
            make: Makes the engine; called only if there is anything to do.

        Raises:
            EngineError: No worker can work.
            ModelError: The model cannot be had.
            MissingExtraError: PyAV is not installed, and there are videos.
            OSError: The tables about files cannot be written.
        """
        try:
            self._run(make)
        except KeyboardInterrupt:
            self._interrupted = True
            self._finish()
            raise
        except BaseException:
            self._finish()
            raise
        self._finish()
        return self._summary()

    def _run(self, make: Callable[[], Engine]) -> None:
        first = self._take()
        if first is None:
            return
        ahead = [first]
        engine = make()
        events = engine.events(lambda: ahead.pop() if ahead else self._take())
        try:
            for event in events:
                self._hear(event)
                if self._look_around():
                    return
        finally:
            engine.close()

    def _take(self) -> FileTask | None:
        if self._stopped():
            return None
        task = self._plan.take()
        if task is not None and self._work_s is None:
            self._work_s, self._bytes_before = time.monotonic(), self._counts.bytes_over
        if task is not None and task.is_video:
            from pose_landmarker.media.releases import require_av

            require_av()  # now, instead of a failure for each of them
        return task

    def _stopped(self) -> bool:
        self._interrupted = self._interrupted or self._stop()
        return self._interrupted

    def _stops_hashing(self) -> bool:
        """Asked again and again while files are hashed, before there are any events."""
        return self._stopped() or self._look_around()

    def _hear(self, event: Event) -> None:
        match event:
            case Started(number, worker):
                self._begin(number, worker)
            case Rows(number, batch, frames, content):
                work = self._begin(number)
                work.incoming.add(batch, content)
                work.frames += frames
                self._counts.frames += frames
            case Sample():
                self._begin(event.number).samples.append(event)
            case Done():
                self._done(event)
            case Failed():
                self._failed(event)
            case Waiting(_, where):
                self._where = where

    def _begin(self, number: int, worker: str | None = None) -> _Work:
        """The file in work; anew where a worker begins it."""
        if worker is not None and number in self._work:
            self._void(number)
        if number not in self._work:
            incoming = self._store.incoming(number, self._files[number].name)
            self._work[number] = _Work(incoming, worker)
        return self._work[number]

    def _void(self, number: int) -> None:
        """Forget what was told of a file."""
        work = self._work.pop(number, None)
        if work is not None:
            self._counts.frames -= work.frames
            work.incoming.discard()

    def _done(self, done: Done) -> None:
        number = done.number
        work = self._begin(number)
        entry = self._entry(
            number,
            DONE,
            **{name: getattr(done, name) for name in _MEASURED},
            kind="picture" if done.duration_s is None else "video",
            worker=work.worker,
        )
        owner = self._ledger.owner(done.content)
        if owner is not None:  # two were of the same content, and nobody could know
            self._void(number)
            if owner.file != entry.file:
                entry = self._entry(number, SAME, content=done.content, same_as=owner.file)
            self._plan.over(number, entry)
            self._settle(number, entry, True)
            return
        try:
            self._store.commit(work.incoming, entry)
        except OSError as error:
            reason = f"its rows cannot be written: {words_of(error)}"
            self._failed(Failed(number, "write", reason, done.content, done.seconds))
            return
        del self._work[number]
        self._ledger.add(entry)
        self._gallery.add(entry.file, done.content, work.samples)
        self._counts.done += 1
        self._counts.poses += done.poses
        self._count_bytes(number)
        self._plan.over(number, entry)

    def _failed(self, failed: Failed) -> None:
        number = failed.number
        work = self._work.get(number)
        worker = None if work is None else work.worker
        self._void(number)
        entry = self._entry(
            number,
            FAILED,
            content=failed.content,
            cause=failed.cause,
            reason=failed.reason,
            seconds=failed.seconds,
            worker=worker,
        )
        if self._plan.try_again(number, failed.cause):
            self._ledger.add(entry)
            self._store.note(entry)
            _logger.info("%s is tried again: %s", entry.file, failed.reason)
            return
        self._settle(number, entry, True)
        self._plan.over(number, entry)

    def _settle(self, number: int, entry: Entry, new: bool) -> None:
        """Nothing more will be done about a file."""
        if new:
            self._ledger.add(entry)
            self._store.note(entry)
        if entry.state == FAILED:
            failure = FailedFile(entry.file, entry.cause or "", entry.reason or "", entry.attempts)
            self._failures[entry.file] = failure
        if not new or entry.state == DONE:
            self._counts.before += 1
        elif entry.state == SAME:
            self._counts.same += 1
        else:
            self._counts.failed += 1
        self._count_bytes(number)

    def _count_bytes(self, number: int) -> None:
        self._counts.bytes_over += max(0, self._files[number].version.size)

    def _entry(self, number: int, state: str, **more: object) -> Entry:
        listed = self._files[number]
        values: dict[str, object] = {
            "file": listed.name,
            "state": state,
            "kind": more.pop("kind", None) or ("video" if listed.is_video() else "picture"),
            "attempts": max(1, self._plan.attempts(number)),
            "turn": self._ledger.next_turn(),
            **listed.version._asdict(),
        }
        return Entry(**{**values, **more})  # type: ignore[arg-type]

    def _look_around(self) -> bool:
        """What is due now and then; whether to end."""
        now_s = time.monotonic()
        if now_s >= self._next_progress_s:
            self._next_progress_s = now_s + _PROGRESS_S
            self._progress(self._how_far(now_s))
            if self._stopped():
                return True
        if now_s >= self._next_sync_s:
            self._store.sync()
            self._next_sync_s = time.monotonic() + _SYNC_S
        if now_s >= self._next_overview_s:
            self._write_overview()
            took_s = time.monotonic() - now_s
            self._next_overview_s = now_s + max(_OVERVIEW_S, took_s / _OVERVIEW_SHARE)
        return False

    def _how_far(self, now_s: float) -> Progress:
        counts = self._counts
        bytes_now = counts.bytes_over - self._bytes_before
        left_s = None
        if self._work_s is not None and bytes_now > 0:
            left_s = (now_s - self._work_s) / bytes_now * (counts.bytes - counts.bytes_over)
        return Progress(counts=counts, seconds=now_s - self._began_s, left_s=left_s, where=self._where)

    def _write_overview(self) -> None:
        entries = ordered(self._ledger, (listed.name for listed in self._files))
        try:
            write_overview(entries, self._store.folder)
        except OSError as error:
            _logger.warning("the tables about files cannot be written: %s", words_of(error))

    def _finish(self) -> None:
        """All that is done into the dataset, and the tables about it."""
        for number in list(self._work):
            self._void(number)
        self._store.seal()
        self._store.tidy(self._ledger.states(), self._ledger.stale)
        self._write_overview()
        self._progress(self._how_far(time.monotonic()))

    def _summary(self) -> BatchSummary:
        counts = self._counts
        return BatchSummary(
            output=self._store.folder,
            files=counts.files,
            before=counts.before,
            done=counts.done,
            same=counts.same,
            failed=len(self._failures),
            waiting=counts.files - counts.over,
            frames=counts.frames,
            poses=counts.poses,
            seconds=time.monotonic() - self._began_s,
            interrupted=self._interrupted,
            complete=not self._store.unsealed,
            failures=tuple(self._failures.values()),
        )


class _Work:
    """A file in work, and what was told of it."""

    def __init__(self, incoming: Incoming, worker: str | None) -> None:
        self.incoming = incoming
        self.worker = worker
        self.frames = 0
        self.samples: list[Sample] = []


#: What an entry has from the event.
_MEASURED: Final = (
    *("content", "width", "height", "frames", "poses", "people", "duration_s", "seconds", "problems"),
)
