"""Words for what was done and what went wrong."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from pose_landmarker.addresses import without_password


def count(number: int, noun: str) -> str:
    """``1 pose``, ``2 poses``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def failure(source: str, error: BaseException) -> str:
    """One sentence that begins with what failed."""
    message = str(error) or type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        about = error.filename if isinstance(error.filename, str) and error.filename != source else ""
        message = f"{about}: {error.strerror}" if about else error.strerror
    message = without_password(message)
    return message if message.startswith(source) else f"{source}: {message}"


def print_failures(failures: Sequence[str], done: int) -> None:
    """Tell on standard error what failed, at the end, where it is not overlooked."""
    if failures:
        print(f"{len(failures)} of {done + len(failures)} failed:", file=sys.stderr)
        for line in failures:
            print(f"  {line}", file=sys.stderr)
