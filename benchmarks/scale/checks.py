"""The simulation beside the closed forms, and beside small real runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from benchmarks.scale import bounds
from benchmarks.scale.figures import Figures
from benchmarks.scale.simulation.driver import Driver
from benchmarks.scale.simulation.events import Events
from benchmarks.scale.simulation.job import simulate
from benchmarks.scale.simulation.setting import Cluster, Failures, Files, Numbers
from benchmarks.scale.simulation.storage import Storage


class Check(NamedTuple):
    """One comparison.

    Attributes:
        what: Is compared.
        expected: By the closed form.
        simulated: By the simulation.
        unit: Of both.
    """

    what: str
    expected: float
    simulated: float
    unit: str

    @property
    def error(self) -> float:
        """Relative, of the simulation."""
        return self.simulated / self.expected - 1


def plain_files(work_s: Numbers, size: float = 0.0, driver_s: float = 0.0) -> Files:
    """Files with nothing else the matter."""
    return Files(
        work_s=work_s,
        size=np.full(len(work_s), size),
        driver_s=np.full(len(work_s), driver_s),
        kills=np.zeros(len(work_s), bool),
    )


def drawn(count: int = 4000, seed: int = 3) -> Files:
    """Some log-normal files, a hundred seconds at the median."""
    return plain_files(np.random.default_rng(seed).lognormal(math.log(100), 1.0, count))


def losses() -> Check:
    """One file after the other on workers that are lost at random: time on them, the losses included."""
    files, an_hour = plain_files(np.random.default_rng(3).uniform(100, 1800, 20_000)), 3.0
    outcome = simulate(
        files,
        Cluster(workers=20, node_workers=1),
        Failures(nodes_h=an_hour, node_away_s=0),
        seed=5,
    )
    expected = bounds.worked_until_done_s(files.work_s, an_hour / 3600)
    return Check(
        "work with losses, 3 an hour", expected / 3600, (outcome.done_s + outcome.lost_s) / 3600, "h"
    )


def driver_queue(share: float = 0.8, count: int = 200_000) -> Check:
    """The driver with arrivals at random."""
    arrivals = np.cumsum(np.random.default_rng(7).exponential(1 / share, count))
    driver = Driver(math.inf)
    waits = [driver.take(float(arrival), 1.0) for arrival in arrivals]
    return Check(f"wait before a driver {share:.0%} busy", bounds.queue_wait_s(1.0, share), _mean(waits), "s")


def shared_storage(share: float = 0.7, count: int = 40_000) -> Check:
    """Storage with readers at random, of log-normal sizes."""
    chance = np.random.default_rng(11)
    sizes = chance.lognormal(-0.5, 1.0, count)
    events, took = Events(), list[float]()
    storage = Storage(events, 1.0, math.inf)

    def come(number: int) -> None:
        started = events.now
        storage.read(float(sizes[number]), lambda: took.append(events.now - started))
        if number + 1 < count:
            events.after(chance.exponential(float(sizes.mean()) / share), come, number + 1)

    come(0)
    events.run()
    expected = bounds.shared_response_s(float(sizes.mean()), share)
    return Check(f"transfer from storage {share:.0%} busy", expected, _mean(took), "s")


def full_driver() -> Check:
    """More workers than the driver can serve."""
    files = plain_files(np.full(20_000, 100.0), driver_s=0.5)
    outcome = simulate(files, Cluster(workers=400))
    expected = bounds.saturated_rate(400, 100.0, 0.5)
    return Check("files a second, driver full", expected, outcome.rate / 100.0, "1/s")


def full_storage() -> Check:
    """More workers than the storage can serve."""
    work_s = np.random.default_rng(3).uniform(50, 150, 20_000)
    files = replace(plain_files(work_s), size=work_s * 1e7)
    outcome = simulate(files, Cluster(workers=400, storage_bytes_s=2e9))
    return Check("files a second, storage full", 2.0, outcome.rate / 100.0, "1/s")


def within_bounds(workers: int = 64) -> tuple[float, float, float]:
    """Seconds that no order is below, that the simulation has, and that no order is above."""
    files = drawn()
    outcome = simulate(files, Cluster(workers=workers))
    return (
        bounds.least_makespan_s(files, workers),
        outcome.makespan_s,
        bounds.most_makespan_s(files, workers),
    )


CHECKS = (losses, driver_queue, shared_storage, full_driver, full_storage)


def trials(figures: Figures) -> list[Check]:
    """Small real runs with two workers, predicted from what each clip costs alone.

    Where others use the machine too, everything takes longer: as much as threads waited for a processor.
    """
    costs = np.array([clip["lite_cpu_s"] for clip in figures.clips], float)
    return [_trial(costs, run) for run in figures.trials]


def _trial(costs: Numbers, run: dict[str, Any]) -> Check:
    work_s = costs[np.array(run["order"])]
    work_s = work_s * (run["cpu_s"] / work_s.sum() / (1 - run["waited_share"]))
    outcome = simulate(plain_files(work_s), Cluster(workers=run["workers"]))
    what = f"{len(work_s)} clips, {run['workers']} workers, others took {run['waited_share']:.0%}"
    return Check(what, run["wall_s"], outcome.makespan_s, "s")


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
