"""What one worker of a cluster takes: processors, a part of a GPU, and how many files at once."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final, NamedTuple

from pose_landmarker.errors import EngineError

#: More threads of one Python process hinder each other while they decode and track.
_MOST_STREAMS: Final = 8
#: Ray counts GPUs to four places.
_PLACES: Final = 10_000


class Resources(NamedTuple):
    """What a node, or a worker, has.

    Attributes:
        cpus: Processors.
        gpus: GPUs, or a part of one.
    """

    cpus: float
    gpus: float = 0.0


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

    def room(self, nodes: Iterable[Resources]) -> int:
        """How many such workers find room; none is on two nodes."""
        return sum(self._room(node) for node in nodes)

    def _room(self, node: Resources) -> int:
        by_cpus = int(node.cpus // self.cpus)
        return min(by_cpus, int(node.gpus / self.gpus + 1e-6)) if self.gpus else by_cpus


def cpu_shape(threads: int | None) -> Shape:
    """A worker without a GPU: one file at a time, and as many processors as its networks have threads."""
    return Shape(cpus=threads or 1)


def gpu_shape(nodes: Iterable[Resources]) -> Shape:
    """A worker with a part of a GPU: files that are decoded side by side share batches on it.

    All processors of a node decode for its GPUs. Where there are more for a GPU than one process can use,
    several processes share the GPU. All workers are alike, so nodes with more processors for a GPU than
    others keep some for themselves.

    Args:
        nodes: Of the cluster.

    Raises:
        EngineError: There is no GPU.
    """
    for_each = min((int(node.cpus // node.gpus) for node in nodes if node.gpus >= 1), default=None)
    if for_each is None:
        raise EngineError("device='cuda' needs a GPU, and Ray knows of none in this cluster")
    for_each = max(1, for_each)
    sharing = math.ceil(for_each / _MOST_STREAMS)
    streams = for_each // sharing
    return Shape(cpus=streams, gpus=math.floor(_PLACES / sharing) / _PLACES, streams=streams)
