"""An engine without arithmetic, for tests: answers are given, questions are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from pose_landmarker.arrays import FloatArray, RgbImage


class FakeNetwork:
    """A network whose outputs are zeros, or what a function says.

    Attributes:
        seen: The batches that it was called with, oldest first.
    """

    def __init__(
        self,
        *shapes: tuple[int, ...],
        answer: Callable[[RgbImage], tuple[FloatArray, ...]] | None = None,
    ) -> None:
        self.shapes = shapes
        self.answer = answer
        self.seen: list[RgbImage] = []

    def __call__(self, images: RgbImage) -> tuple[FloatArray, ...]:
        """Outputs for a batch (see :class:`pose_landmarker.engines.Network`)."""
        self.seen.append(images.copy())
        if self.answer is not None:
            return self.answer(images)
        return tuple(np.zeros((len(images), *shape), np.float32) for shape in self.shapes)


class FakeEngine:
    """Hands out networks that were made beforehand, in order.

    Attributes:
        compiled: What it was asked to compile: (model, scale, offset, threads).
    """

    def __init__(self, networks: Sequence[FakeNetwork]) -> None:
        self._networks = list(networks)
        self.compiled: list[tuple[bytes, float, float, int]] = []

    def __call__(self, model: bytes, *, scale: float, offset: float, threads: int) -> FakeNetwork:
        """The next network (see :class:`pose_landmarker.engines.Engine`)."""
        self.compiled.append((model, scale, offset, threads))
        return self._networks[len(self.compiled) - 1]
