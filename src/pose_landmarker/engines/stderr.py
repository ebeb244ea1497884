"""Keeping the chatter of native libraries off the terminal."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()


@contextmanager
def without_lines(*unwanted: bytes) -> Iterator[None]:
    """Hold back standard error and pass on all of it but the lines that hold one of ``unwanted``.

    LiteRT writes to the file descriptor itself and has no switch for it, so the descriptor is put
    aside for the while. What other threads write meanwhile arrives late, not never.
    """
    with _lock:
        _flush()
        try:
            original = os.dup(2)
        except OSError:  # there is no standard error, so nothing can be written to it
            yield
            return
        with tempfile.TemporaryFile() as held:
            os.dup2(held.fileno(), 2)
            try:
                yield
            finally:
                _flush()
                os.dup2(original, 2)
                os.close(original)
                held.seek(0)
                for line in held:
                    if not any(words in line for words in unwanted):
                        os.write(2, line)


def _flush() -> None:
    if sys.stderr is not None and not sys.stderr.closed:
        sys.stderr.flush()
