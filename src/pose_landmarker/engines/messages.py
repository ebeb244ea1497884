"""What a process without networks and the one that runs them say to each other; arrays are elsewhere."""

from __future__ import annotations

from typing import NamedTuple

from pose_landmarker.arrays import DoubleArray


class Compile(NamedTuple):
    """Compile a network, as :class:`pose_landmarker.engines.Engine` does; answered by :class:`Compiled`.

    Attributes:
        rough: Whether by the quicker engine for rough looks.
    """

    model: bytes
    scale: float
    offset: float
    threads: int
    rough: bool


class Compiled(NamedTuple):
    """It is compiled.

    Attributes:
        number: Of the network.
        cuts: Whether it cuts regions out of pictures by itself.
        refines: Whether it can refine landmarks by itself.
    """

    number: int
    cuts: bool
    refines: bool


class Refine(NamedTuple):
    """A network with landmarks refined, as of :class:`pose_landmarker.engines.RefiningNetwork`.

    Answered by :class:`Compiled`.
    """

    network: int
    points: int
    maps: int


class Reserve(NamedTuple):
    """Room for so many bytes; answered by the name of the block to write to."""

    size: int


class Run(NamedTuple):
    """Run a network on what was written to the block; answered by :class:`Outputs`.

    Attributes:
        network: Its number.
        shape: (N, H, W, 3) of a batch, or (H, W, 3) of a picture.
        matrices: Of a picture the regions, and None of a batch.
        replicate: Beyond the picture, whether its border goes on.
    """

    network: int
    shape: tuple[int, ...]
    matrices: list[DoubleArray] | None = None
    replicate: bool = False


class Outputs(NamedTuple):
    """What came out, all float32, one after the other in a block.

    Attributes:
        block: Its name.
        shapes: Of the arrays.
    """

    block: str
    shapes: tuple[tuple[int, ...], ...]


class Raised(NamedTuple):
    """It went wrong, instead of any other answer."""

    error: Exception
