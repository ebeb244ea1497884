"""The simulation over many settings: workers, lengths of files, losses."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from benchmarks.scale import bounds
from benchmarks.scale.archive import Archive
from benchmarks.scale.figures import Figures
from benchmarks.scale.knees import BUCKET, FILE_SERVER
from benchmarks.scale.simulation.job import simulate
from benchmarks.scale.simulation.setting import Cluster, Failures, Files

#: One connection to a bucket or a file server.
READER_BYTES_S = 1e8
_HOUR_S = 3600
_MOST_FILES = 100_000


class Rate(NamedTuple):
    """Of a number of workers.

    Attributes:
        workers: How many.
        hours_h: Hours of video in an hour.
        ideal_h: If no worker ever waited.
    """

    workers: int
    hours_h: float
    ideal_h: float


def by_workers(
    archive: Archive, figures: Figures, counts: list[int], *, bytes_s: float, jobs: int = 1
) -> list[Rate]:
    """Throughput while all workers have something to do, of one job, or of several that share the storage.

    Several jobs share nothing but the storage, and each gets its part of that: one of them is simulated, with
    its part of workers and storage, and multiplied.
    """
    found = []
    work_an_hour_s = archive.fps * archive.frame_s(figures) * _HOUR_S
    for workers in counts:
        each = max(1, workers // jobs)
        files = archive.draw(min(_MOST_FILES, max(3000, 100 * each)), figures, seed=workers)
        cluster = Cluster(workers=each, storage_bytes_s=bytes_s / jobs, reader_bytes_s=READER_BYTES_S)
        rate = simulate(files, cluster).rate * jobs
        found.append(Rate(workers, rate * _HOUR_S / work_an_hour_s, each * jobs * _HOUR_S / work_an_hour_s))
    return found


class Tail(NamedTuple):
    """Of one longest file.

    Attributes:
        longest_h: Of video.
        listed: Makespan as a multiple of all work shared evenly, in the order of a listing.
        largest_first: The same with large files first, as jobs give them out.
        bound: What no order can be below.
    """

    longest_h: float
    listed: float
    largest_first: float
    bound: float


def by_longest(
    archive: Archive, figures: Figures, lengths_h: list[float], workers: int = 100, hours: float = 2000
) -> list[Tail]:
    """How a job ends: an archive of which each worker has ``hours / workers`` hours of video.

    A million hours on 50,000 workers, or a part of 10,000 hours on 500, end like this one: what counts is how
    long the longest file is beside the work of one worker.
    """
    found = []
    cluster = Cluster(workers=workers, reader_bytes_s=READER_BYTES_S)
    for longest_h in lengths_h:
        some = replace(archive, longest_h=longest_h, hours=hours)
        ends: list[tuple[float, float]] = []
        for seed in range(3):
            files = some.listed(round(some.files), figures, seed)
            late = len(files) * 3 // 4
            files.work_s[late] = longest_h * _HOUR_S * archive.fps * archive.frame_s(figures)
            files.size[late] = longest_h * _HOUR_S * archive.bytes_s(figures)
            even_s = float(files.work_s.sum()) / workers
            ends.append(
                (
                    simulate(files, cluster).makespan_s / even_s,
                    simulate(files.largest_first(), cluster).makespan_s / even_s,
                )
            )
        listed, first = np.mean(ends, axis=0)
        bound = bounds.least_makespan_s(files, workers) / even_s
        found.append(Tail(longest_h, float(listed), float(first), bound))
    return found


class Lost(NamedTuple):
    """Of one rate of losses.

    Attributes:
        an_hour: Times that a node is lost, or a worker alone.
        share: Work that is lost with nodes, of all.
        expected: The same by the closed form.
        given_up: Files given up although nothing is wrong with them, where workers are lost alone, which
            counts as a try.
        makespan: With losses of nodes, beside that of no losses.
    """

    an_hour: float
    share: float
    expected: float
    given_up: float
    makespan: float


def by_losses(
    archive: Archive, figures: Figures, rates: list[float], workers: int = 160, count: int = 16_000
) -> list[Lost]:
    """Nodes that are lost at random, each back after three minutes, or workers alone.

    Nodes of one worker, and many of them, to leave less to chance.
    """
    files = archive.draw(count, figures, seed=2)
    cluster = Cluster(workers=workers, node_workers=1, reader_bytes_s=READER_BYTES_S)
    calm = simulate(files, cluster)
    found = []
    for rate in rates:
        nodes = simulate(files, cluster, Failures(nodes_h=rate), seed=4)
        alone = simulate(files, cluster, Failures(workers_h=rate), seed=4)
        done_s = bounds.worked_until_done_s(files.work_s + files.size / READER_BYTES_S, rate / _HOUR_S)
        found.append(
            Lost(
                rate,
                nodes.lost_share,
                1 - float(files.work_s.sum() + files.size.sum() / READER_BYTES_S) / done_s,
                alone.failed / count,
                nodes.makespan_s / calm.makespan_s,
            )
        )
    return found


def stragglers(
    archive: Archive, figures: Figures, share: float, speed: float, workers: int = 160, rounds: int = 10
) -> tuple[float, float]:
    """Makespan with some slow workers, beside none: the mean of some rounds, and the worst of them.

    Large files come first, so it matters much which worker is slow.
    """
    files = archive.draw(12_000, figures, seed=6)
    calm_s = simulate(files, Cluster(workers=workers)).makespan_s
    slow = Cluster(workers=workers, slow_share=share, slow_speed=speed)
    found = [simulate(files, slow, seed=seed).makespan_s / calm_s for seed in range(rounds)]
    return float(np.mean(found)), max(found)


def poisoned(archive: Archive, figures: Figures, share: float, retries: int = 2, workers: int = 160) -> float:
    """Share of all work that files cost which end their workers."""
    files = archive.draw(60_000, figures, seed=8)
    files.kills[:] = np.random.default_rng(9).random(len(files)) < share
    return simulate(files, Cluster(workers=workers), Failures(retries=retries), seed=1).lost_share


def driver_losses(archive: Archive, figures: Figures, an_hour: float, workers: int = 160) -> float:
    """Share of work lost with the driver: all that is in work then."""
    files: Files = archive.draw(12_000, figures, seed=10)
    return simulate(files, Cluster(workers=workers), Failures(driver_h=an_hour), seed=1).lost_share


def slice_of(archive: Archive, figures: Figures, workers: int) -> dict[str, float]:
    """One of the jobs of the answer: a bucket, a fifth of the nodes lost a month."""
    files = archive.draw(min(_MOST_FILES, 60 * workers), figures, seed=12)
    outcome = simulate(
        files,
        Cluster(
            workers=workers,
            storage_bytes_s=BUCKET,
            reader_bytes_s=READER_BYTES_S,
            slow_share=0.01,
            slow_speed=0.5,
        ),
        Failures(nodes_h=0.2 / 730, driver_h=1 / 730),
        seed=2,
    )
    return {
        "utilisation": outcome.utilisation,
        "lost": outcome.lost_share,
        "makespan_h": outcome.makespan_s / _HOUR_S,
        "driver": outcome.driver_s / outcome.makespan_s,
        "reading": outcome.reading_s / (workers * outcome.makespan_s),
        "held": outcome.held_s / (workers * outcome.makespan_s),
    }


STORAGES = {"file server, 10 Gbit/s": FILE_SERVER, "bucket, 100 Gbit/s": BUCKET}
