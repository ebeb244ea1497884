"""What one worker of a cluster takes: processors, a part of a GPU, and how many files at once."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from pose_landmarker.errors import EngineError

#: More threads of one Python process hinder each other while they decode and track.
_MOST_STREAMS: Final = 8
#: Ray counts GPUs to four places.
_PLACES: Final = 10_000


class Shape(NamedTuple):
    """What one worker takes.

    Attributes:
        cpus: Processors.
        gpus: GPUs, or a part of one.
        streams: Files that it works on at the same time.
    """

    cpus: int
    gpus: float = 0.0
    streams: int = 1

    def room(self, cpus: float, gpus: float) -> int:
        """How many such workers find room in a cluster, if no node is in the way."""
        by_cpus = int(cpus // self.cpus)
        return min(by_cpus, int(gpus / self.gpus + 1e-6)) if self.gpus else by_cpus


def cpu_shape(threads: int | None) -> Shape:
    """A worker without a GPU: one file at a time, and as many processors as its networks have threads."""
    return Shape(cpus=threads or 1)


def gpu_shape(cpus: float, gpus: float) -> Shape:
    """A worker with a part of a GPU: files that are decoded side by side share batches on it.

    All processors of a cluster decode for its GPUs. Where there are more for a GPU than one process can use,
    several processes share the GPU.

    Args:
        cpus: Of the cluster.
        gpus: Of the cluster.

    Raises:
        EngineError: There is no GPU.
    """
    if gpus < 1:
        raise EngineError("device='cuda' needs a GPU, and Ray knows of none in this cluster")
    for_each = max(1, int(cpus // gpus))
    sharing = math.ceil(for_each / _MOST_STREAMS)
    streams = for_each // sharing
    return Shape(cpus=streams, gpus=math.floor(_PLACES / sharing) / _PLACES, streams=streams)
