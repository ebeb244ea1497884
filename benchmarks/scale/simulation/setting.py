"""What is simulated: files, a cluster, what goes wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Files:
    """Files in the order in which they are given out; one number each.

    Attributes:
        work_s: Seconds that a worker of speed 1 needs, once the bytes are there.
        size: Bytes to read before that.
        driver_s: Seconds of the driver.
        kills: Whether it ends its worker, every time.
    """

    work_s: Numbers
    size: Numbers
    driver_s: Numbers
    kills: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.work_s)

    def largest_first(self) -> Files:
        """The same files by their bytes, which is what a job knows of them before it looks."""
        return self.taken(np.argsort(-self.size, kind="stable"))

    def taken(self, order: NDArray[np.intp]) -> Files:
        """The same files in another order, or some of them."""
        return Files(
            work_s=self.work_s[order],
            size=self.size[order],
            driver_s=self.driver_s[order],
            kills=self.kills[order],
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Cluster:
    """Who works.

    Attributes:
        workers: Processes, one core each.
        node_workers: Of one machine; they are lost together.
        storage_bytes_s: Of all workers together.
        reader_bytes_s: Of one worker.
        driver_room_s: Seconds of the driver's work that may wait.
        piece_s: Seconds of work after which a worker hands over rows.
        slow_share: Of workers, on machines that have a fault.
        slow_speed: Of those, beside 1 of the others.
    """

    workers: int
    node_workers: int = 16
    storage_bytes_s: float = math.inf
    reader_bytes_s: float = math.inf
    driver_room_s: float = 1.0
    piece_s: float = 60.0
    slow_share: float = 0.0
    slow_speed: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Failures:
    """What goes wrong, how often, and what then.

    Attributes:
        nodes_h: Times an hour that a node is lost.
        workers_h: Times an hour that a worker is killed by something that is not its file.
        driver_h: Times an hour that the driver is lost.
        node_away_s: Until another node stands in.
        worker_away_s: Until a fresh worker is ready.
        resume_s: Until the driver is back and knows what is done.
        retries: More tries of a file whose worker was lost alone. The loss of a node, or of the driver, is
            no try.
    """

    nodes_h: float = 0.0
    workers_h: float = 0.0
    driver_h: float = 0.0
    node_away_s: float = 180.0
    worker_away_s: float = 5.0
    resume_s: float = 60.0
    retries: float = 2
