"""A job: workers take files, read them, work on them, hand rows over, until all are done or have failed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from benchmarks.scale.simulation.driver import Driver
from benchmarks.scale.simulation.events import Events
from benchmarks.scale.simulation.setting import Cluster, Failures, Files
from benchmarks.scale.simulation.storage import Storage

_HOUR_S = 3600.0
_CALM = Failures()


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How it went.

    Attributes:
        makespan_s: From the first file given out to the last row written.
        all_busy_s: Until the first worker found nothing to do.
        done_s: Seconds of work whose rows were kept.
        handed_while_busy_s: Seconds of work whose rows were handed over while all had something to do.
        lost_s: Seconds of workers on files that they did not finish.
        reading_s: Seconds that workers waited for bytes.
        held_s: Seconds that workers waited for the driver.
        driver_s: Seconds that the driver worked.
        failed: Files given up although nothing is wrong with them.
        killers: Files given up because they end their workers.
        workers: How many there were.
    """

    makespan_s: float
    all_busy_s: float
    done_s: float
    handed_while_busy_s: float
    lost_s: float
    reading_s: float
    held_s: float
    driver_s: float
    failed: int
    killers: int
    workers: int

    @property
    def utilisation(self) -> float:
        """Work that was kept, as a share of all workers' time."""
        return self.done_s / (self.workers * self.makespan_s)

    @property
    def lost_share(self) -> float:
        """Work that was lost, as a share of all work."""
        return self.lost_s / (self.lost_s + self.done_s)

    @property
    def rate(self) -> float:
        """Seconds of work done in a second, while all were busy: how many workers it is worth."""
        return self.handed_while_busy_s / self.all_busy_s


@dataclass(slots=True, eq=False)
class _Worker:
    number: int
    speed: float
    life: int = 0  # what is planned for an earlier life of it is void
    file: int = -1
    since: float = 0.0
    transfer: int = -1
    pieces: int = 0
    up: bool = True


def simulate(files: Files, cluster: Cluster, failures: Failures = _CALM, seed: int = 0) -> Outcome:
    """Run a job.

    Args:
        files: In the order in which they are given out.
        cluster: Who works.
        failures: What goes wrong.
        seed: Of all chance.
    """
    return _Job(files, cluster, failures, seed).run()


class _Job:
    def __init__(self, files: Files, cluster: Cluster, failures: Failures, seed: int) -> None:
        self._files, self._cluster, self._failures = files, cluster, failures
        self._chance = np.random.default_rng(seed)
        self._events = Events()
        self._storage = Storage(self._events, cluster.storage_bytes_s, cluster.reader_bytes_s)
        self._driver = Driver(cluster.driver_room_s)
        slow = self._chance.random(cluster.workers) < cluster.slow_share
        self._workers = [_Worker(i, cluster.slow_speed if s else 1.0) for i, s in enumerate(slow)]
        self._waiting = deque(range(len(files)))
        self._tries = np.zeros(len(files), int)
        self._open = len(files)
        self._idle: dict[int, _Worker] = {}
        self._all_busy_s = self._done_s = self._handed_s = self._handed_while_busy_s = self._lost_s = 0.0
        self._reading_s = self._held_s = self._last_s = 0.0
        self._failed = self._killers = 0

    def run(self) -> Outcome:
        """From the first to the last file."""
        for worker in self._workers:
            self._next(worker)
        nodes = -(-len(self._workers) // self._cluster.node_workers)
        self._plan_loss(self._failures.nodes_h * nodes, self._lose_node)
        self._plan_loss(self._failures.workers_h * len(self._workers), self._lose_worker)
        self._plan_loss(self._failures.driver_h, self._lose_driver)
        self._events.run(lambda: not self._open)
        return Outcome(
            makespan_s=max(self._last_s, self._driver.free_at),
            all_busy_s=self._all_busy_s or self._last_s,
            done_s=self._done_s,
            handed_while_busy_s=self._handed_while_busy_s or self._handed_s,
            lost_s=self._lost_s,
            reading_s=self._reading_s,
            held_s=self._held_s,
            driver_s=self._driver.busy_s,
            failed=self._failed,
            killers=self._killers,
            workers=len(self._workers),
        )

    def _next(self, worker: _Worker) -> None:
        """Give it a file, where there is one."""
        worker.file = -1
        if not self._waiting:
            if not self._all_busy_s:
                self._all_busy_s, self._handed_while_busy_s = self._events.now, self._handed_s
            self._idle[worker.number] = worker
            return
        worker.file, worker.since = self._waiting.popleft(), self._events.now
        size = self._files.size[worker.file]
        if size:
            worker.transfer = self._storage.read(size, partial(self._work, worker, worker.life))
        else:
            self._work(worker, worker.life)

    def _work(self, worker: _Worker, life: int) -> None:
        """The bytes are there."""
        worker.transfer = -1
        self._reading_s += self._events.now - worker.since
        needed = float(self._files.work_s[worker.file]) / worker.speed
        if self._files.kills[worker.file]:
            self._events.after(needed * self._chance.random(), self._killed, worker, life)
            return
        worker.pieces = max(1, round(needed / self._cluster.piece_s))
        self._events.after(needed / worker.pieces, self._hand_over, worker, life, needed / worker.pieces)

    def _hand_over(self, worker: _Worker, life: int, piece_s: float) -> None:
        """A piece of the work is done: its rows go to the driver, and the next one waits for room there."""
        if life != worker.life:
            return
        now, file = self._events.now, worker.file
        pieces = max(1, round(float(self._files.work_s[file]) / worker.speed / self._cluster.piece_s))
        self._driver.take(now, float(self._files.driver_s[file]) / pieces)
        held = self._driver.holds_back(now)
        self._held_s += held
        self._handed_s += float(self._files.work_s[file]) / pieces
        worker.pieces -= 1
        if worker.pieces:
            self._events.after(held + piece_s, self._hand_over, worker, life, piece_s)
            return
        self._done_s += float(self._files.work_s[file])
        self._close(now)
        worker.file = -1
        self._events.after(held, self._again, worker, life)

    def _again(self, worker: _Worker, life: int) -> None:
        if life == worker.life:
            self._next(worker)

    def _close(self, now: float) -> None:
        self._open -= 1
        self._last_s = now

    def _killed(self, worker: _Worker, life: int) -> None:
        if life == worker.life:
            self._lose(worker, self._failures.worker_away_s, counts=True)

    def _lose(self, worker: _Worker, away_s: float, *, counts: bool) -> None:
        """A worker is gone, and what it had in work with it; another one takes its place."""
        if not worker.up:
            return
        file, worker.file = worker.file, -1
        worker.life += 1
        worker.up = False
        self._idle.pop(worker.number, None)
        if file >= 0:
            if worker.transfer >= 0:
                self._storage.give_up(worker.transfer)
                worker.transfer = -1
            self._lost_s += self._events.now - worker.since
            self._put_back(file, counts)
        self._events.after(away_s, self._stand_in, worker)

    def _put_back(self, file: int, counts: bool) -> None:
        self._tries[file] += counts
        if self._tries[file] > self._failures.retries:
            self._killers += bool(self._files.kills[file])
            self._failed += not self._files.kills[file]
            self._close(self._events.now)
            return
        if counts:  # after all others
            self._waiting.append(file)
        else:
            self._waiting.appendleft(file)
        if self._idle:
            self._next(self._idle.popitem()[1])

    def _stand_in(self, worker: _Worker) -> None:
        worker.up = True
        self._next(worker)

    def _plan_loss(self, times_h: float, action: Callable[[], None]) -> None:
        if times_h:
            self._events.after(self._chance.exponential(_HOUR_S / times_h), self._loss, times_h, action)

    def _loss(self, times_h: float, action: Callable[[], None]) -> None:
        action()
        self._plan_loss(times_h, action)

    def _lose_node(self) -> None:
        size = self._cluster.node_workers
        first = int(self._chance.integers(-(-len(self._workers) // size))) * size
        for worker in self._workers[first : first + size]:
            self._lose(worker, self._failures.node_away_s, counts=False)

    def _lose_worker(self) -> None:
        worker = self._workers[int(self._chance.integers(len(self._workers)))]
        self._lose(worker, self._failures.worker_away_s, counts=True)

    def _lose_driver(self) -> None:
        for worker in self._workers:
            self._lose(worker, self._failures.resume_s, counts=False)
