"""A connection to a Ray cluster, or a cluster of one's own."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Sequence
from typing import Any, Final

from pose_landmarker.batch.shape import Resources
from pose_landmarker.engines.cpu import available_cpus
from pose_landmarker.errors import EngineError, MissingExtraError, ModelError, OptionError, OptionTypeError

#: Nothing is sent to anybody, and nothing is printed that is not ours.
_QUIET: Final = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
#: Seconds to wait for an answer of a cluster.
_PATIENCE_S: Final = 10
_LAST_PORT: Final = 65535
#: Of what Ray says, which can be pages.
_MOST_CHARACTERS: Final = 300


def load_ray() -> Any:
    """Ray, imported.

    Raises:
        MissingExtraError: It is not installed; the message holds the line to type.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError as error:
        raise MissingExtraError(
            f"the engine 'ray' needs Ray ({error}): pip install 'pose-landmarker[cluster]'"
        ) from error
    return ray


class StartedAgainError(Exception):
    """A worker that Ray has started again was given a file before its settings."""


class RaySession:
    """A cluster that is there, or one on this machine that ends when this is closed.

    Args:
        address: ``"auto"`` or ``"host:port"``; None for the one that this process is connected to, or a new
            one.

    Attributes:
        ray: The module.

    Raises:
        MissingExtraError: Ray is not installed.
        OptionError: The address is no address.
        EngineError: There is no such cluster.
    """

    def __init__(self, address: str | None = None) -> None:
        _check_address(address)
        self.ray = load_ray()
        self._ours = not self.ray.is_initialized()
        if not self._ours:
            return
        told: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        if address is None:
            told |= {"num_cpus": available_cpus(), "include_dashboard": False, "address": "local"}
        try:
            self.ray.init(**{"address": address, **told})
        except (ConnectionError, RuntimeError, ValueError, OSError, TimeoutError) as error:
            where = "on this machine" if address is None else f"at {address!r}"
            raise EngineError(f"there is no Ray cluster {where}: {error}") from error
        self._print_news(False)

    def __enter__(self) -> RaySession:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def wait(self, waited_for: Sequence[Any], seconds: float, *, every: bool = False) -> list[Any]:
        """Those of the references and generators that have something, as soon as one has, or all."""
        everything = list(waited_for)
        if not everything:
            if not every:
                time.sleep(seconds)
            return []
        count = len(everything) if every else 1
        first, _ = self.ray.wait(everything, num_returns=count, timeout=seconds)
        if not first:
            return []
        told, _ = self.ray.wait(everything, num_returns=len(everything), timeout=0)
        return list(told or first)

    def nodes(self) -> dict[str, Resources]:
        """The ids of the nodes that are alive, or were a few seconds ago, and what each of them has."""
        alive = (node for node in self.ray.nodes() if node["Alive"])
        return {
            node["NodeID"]: Resources(node["Resources"].get("CPU", 0.0), node["Resources"].get("GPU", 0.0))
            for node in alive
        }

    def kill(self, actor: Any) -> None:
        """End a worker for good."""
        if self.ray.is_initialized():
            self.ray.kill(actor)

    def close(self) -> None:
        """Leave the cluster; twice is fine."""
        if self._ours and self.ray.is_initialized():
            self.ray.shutdown()
            self._print_news(True)

    def _print_news(self, wanted: bool) -> None:
        # Ray prints pages about every lost worker on standard output, without a public switch for it. This is
        # the one that its debugger uses; where a release does without, pages are printed.
        self.ray._private.worker._worker_logs_enabled = wanted


def lost_worker(ray: Any, error: Exception) -> str:
    """In words, how a worker was lost.

    Raises:
        EngineError, ModelError: It was not lost, but said that nothing can be done with any file.
        Exception: What else it raised: a fault in this program.
    """
    cause = getattr(error, "cause", None)
    if isinstance(error, ray.exceptions.RayTaskError):
        if isinstance(cause, StartedAgainError):
            return "the worker was lost and started again"
        if isinstance(cause, EngineError | ModelError):
            raise cause
        raise error
    if isinstance(error, ray.exceptions.OutOfMemoryError):
        return "its node ran out of memory, and Ray ended the worker"
    if isinstance(error, ray.exceptions.RayError):
        last = str(error).strip().rpartition("\n")[2].strip()  # what a worker raised while it began
        return f"the worker was lost, or its node ({type(error).__name__} of Ray: {last[:_MOST_CHARACTERS]})"
    raise error


def _check_address(address: object) -> None:
    if address is None or address == "auto":
        return
    if not isinstance(address, str):
        raise OptionTypeError(f"address must be a string, not {type(address).__name__}")
    if address.startswith("ray://"):
        raise OptionError(
            f"address {address!r} is one of Ray Client, which cannot stream results; run this on a node "
            "of the cluster with address 'auto', or as a job of Ray's (ray job submit)"
        )
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > _LAST_PORT:
        raise OptionError(f"address must be 'auto' or 'host:port', not {address!r}")
    try:
        # Ray itself tries for minutes.
        socket.create_connection((host.strip("[]"), int(port)), _PATIENCE_S).close()
    except OSError as error:
        raise EngineError(f"there is no Ray cluster at {address!r}: {error}") from error
