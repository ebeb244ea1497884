"""Runs networks for other processes: the counterpart of :mod:`pose_landmarker.engines.remote`."""

from __future__ import annotations

import hashlib
import pickle
import threading
from collections.abc import Callable
from contextlib import suppress
from traceback import clear_frames

import numpy as np

from pose_landmarker.engines import Engine, Network, RefiningNetwork
from pose_landmarker.engines.messages import Compile, Compiled, Outputs, Raised, Refine, Reserve, Run
from pose_landmarker.engines.shared_block import OwnedBlock, places
from pose_landmarker.errors import EngineError


class Networks:
    """The networks of an engine, each compiled once, for everybody who asks for it.

    Attributes:
        has_rough: Whether there is a quicker engine for rough looks.
    """

    def __init__(self, engine: Engine, rough: Engine | None = None) -> None:
        self._engine, self._rough = engine, rough
        self.has_rough = rough is not None
        self._turn = threading.Lock()
        self._numbers: dict[tuple[object, ...], int] = {}
        self._networks: list[Network] = []

    def compile(self, wanted: Compile) -> Compiled:
        """Compile a network, if it is a new one.

        Raises:
            EngineError: It cannot be compiled.
        """
        engine = self._rough if wanted.rough and self._rough is not None else self._engine
        digest = hashlib.sha256(wanted.model).digest()
        return self._once(
            (digest, *wanted[1:]),
            lambda: engine(wanted.model, scale=wanted.scale, offset=wanted.offset, threads=wanted.threads),
        )

    def refine(self, wanted: Refine) -> Compiled:
        """The same network with landmarks refined."""
        network: RefiningNetwork = self._networks[wanted.network]  # type: ignore[assignment]
        return self._once(wanted, lambda: network.refining(wanted.points, wanted.maps))

    def _once(self, key: tuple[object, ...], make: Callable[[], Network]) -> Compiled:
        with self._turn:
            if key not in self._numbers:
                self._networks.append(make())
                self._numbers[key] = len(self._networks) - 1
            number = self._numbers[key]
        network = self._networks[number]
        return Compiled(number, hasattr(network, "regions"), hasattr(network, "refining"))

    def __getitem__(self, number: int) -> Network:
        return self._networks[number]


class Server:
    """Answers one other process.

    Attributes:
        inbox: What that process writes to.
        error: What went wrong last, as it was raised here.
    """

    def __init__(self, networks: Networks) -> None:
        self._networks = networks
        self.error: Exception | None = None
        self.inbox, self._outbox = OwnedBlock(), OwnedBlock()

    def answer(self, request: Compile | Refine | Reserve | Run) -> Compiled | str | Outputs | Raised:
        """What the other process is to be told."""
        try:
            if isinstance(request, Run):
                return self._run(request)
            if isinstance(request, Reserve):
                return self.inbox.reserve(request.size)
            if isinstance(request, Refine):
                return self._networks.refine(request)
            return self._networks.compile(request)
        except Exception as error:  # it is raised where the network seems to be
            clear_frames(error.__traceback__)  # which hold arrays in shared memory
            self.error = error
            return Raised(portable(error))

    def _run(self, request: Run) -> Outputs:
        network = self._networks[request.network]
        pixels = self.inbox.view(request.shape, np.uint8)
        if request.matrices is None:
            outputs = network(pixels)
        else:
            outputs = network.regions(  # type: ignore[attr-defined]
                pixels, request.matrices, replicate=request.replicate
            )
        offsets, size = places(4 * output.size for output in outputs)
        block = self._outbox.reserve(size)
        for output, offset in zip(outputs, offsets, strict=True):
            self._outbox.view(output.shape, np.float32, offset)[...] = output
        return Outputs(block, tuple(output.shape for output in outputs))

    def close(self) -> None:
        """Free the shared memory; the other process must have ended. Twice is fine."""
        self.inbox.close()
        self._outbox.close()


def portable(error: Exception) -> Exception:
    """An error that can be sent to another process: itself, or one that says the same."""
    known = type(error).__module__ != "__main__"  # a script, or what was typed, is not to be had elsewhere
    with suppress(Exception):  # whatever its class does when it is taken apart
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - it was made a moment ago
        if known and type(copy) is type(error):
            return error
    return EngineError(f"{type(error).__name__}: {error}")
