"""Float32 that is float32: PyTorch shortens it to 19 bits on graphics cards where nobody forbids that."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_turn = threading.Lock()
_users = 0
_before: list[str] = []


def _forget_others() -> None:
    """In a new process: its threads are gone, the one that held the lock perhaps among them."""
    global _turn, _users
    _turn = threading.Lock()
    if _users:
        _users = 0
        _restore()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_forget_others)


@contextmanager
def full_float32() -> Iterator[None]:
    """No TF32 and no bfloat16 in convolutions inside of this, in the whole process; afterwards as before.

    Networks have no products of matrices, whose switches are left alone: they are checked against
    ``torch.set_float32_matmul_precision()`` by every product of the program's other threads.

    The switches belong to the process, so several threads share one change.
    """
    global _users
    with _turn:
        if not _users:
            _before[:] = [_own(*pair) for pair in _switches()]
            for switch, _ in _switches():
                switch.fp32_precision = "ieee"
        _users += 1
    try:
        yield
    finally:
        with _turn:
            _users -= 1
            if not _users:
                _restore()


def _own(switch: Any, above: Any) -> str:
    """What a switch is to be set to again: those that say the same as the one above follow it."""
    precision: str = switch.fp32_precision
    return "none" if precision == above.fp32_precision else precision


def _restore() -> None:
    for (switch, _), precision in zip(_switches(), _before, strict=True):
        switch.fp32_precision = precision


def _switches() -> tuple[tuple[Any, Any], ...]:
    """Each with the one above it."""
    from torch import backends

    return (backends.cudnn.conv, backends.cudnn), (backends.mkldnn.conv, backends.mkldnn)
