"""What must be so whatever the simulation says: closed forms for its parts."""

from __future__ import annotations

import math

from benchmarks.scale.simulation.setting import Files, Numbers


def least_makespan_s(files: Files, workers: int) -> float:
    """No order is shorter: all work shared evenly, and the longest file."""
    return max(float(files.work_s.sum()) / workers, float(files.work_s.max()))


def most_makespan_s(files: Files, workers: int) -> float:
    """No order is longer, if nobody waits while there is a file left (Graham, 1966)."""
    return float(files.work_s.sum()) / workers + (1 - 1 / workers) * float(files.work_s.max())


def worked_until_done_s(work_s: Numbers, losses_s: float) -> float:
    """Expected seconds of a worker on files that begin anew after every loss, which come at random.

    A file of ``d`` seconds takes (e^(λd) − 1) / λ, the losses included.
    """
    return float(sum(math.expm1(losses_s * work) / losses_s for work in work_s))


def queue_wait_s(service_s: float, share: float) -> float:
    """Mean wait before one server that always takes as long, for arrivals at random (M/D/1)."""
    return share * service_s / (2 * (1 - share))


def shared_response_s(alone_s: float, share: float) -> float:
    """Mean time of a transfer that takes so long alone, where all share, of any sizes (M/G/1 PS)."""
    return alone_s / (1 - share)


def saturated_rate(workers: int, work_s: float, server_s: float) -> float:
    """Files a second of workers that hand each over to one server: no more than either can."""
    return min(workers / work_s, 1 / server_s)
