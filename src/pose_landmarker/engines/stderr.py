"""Keeping the chatter of native libraries off the terminal."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import threading
from collections.abc import Iterator

_lock = threading.Lock()


@contextlib.contextmanager
def without_lines(*unwanted: bytes) -> Iterator[None]:
    """Hold back standard error and pass on all of it but the lines that hold one of ``unwanted``.

    LiteRT writes to the file descriptor itself and has no switch for it, so the descriptor is put
    aside for the while. What other threads write meanwhile arrives late.
    """
    with _lock, contextlib.ExitStack() as stack:
        try:
            original = os.dup(2)
            stack.callback(os.close, original)
            held = stack.enter_context(tempfile.TemporaryFile())
        except OSError:  # no standard error, or no place to hold it back: then it is left alone
            yield
            return
        _flush()
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            _flush()
            os.dup2(original, 2)
            held.seek(0)
            for line in held:
                if not any(words in line for words in unwanted):
                    os.write(2, line)


def _flush() -> None:
    # Whatever an application has put in its place: a closed file, nothing, an object of its own.
    with contextlib.suppress(AttributeError, OSError, ValueError):
        sys.stderr.flush()
