"""What went wrong with a video without ending it."""

from __future__ import annotations

from fractions import Fraction

#: A file of noise must not fill the memory with sentences about it.
_KEPT = 100


class Problems:
    """Sentences in the order in which things went wrong; the first hundred are kept."""

    def __init__(self) -> None:
        self._kept: list[str] = []
        self._more = 0

    def add(self, sentence: str) -> None:
        """Note one."""
        if len(self._kept) < _KEPT:
            self._kept.append(sentence)
        else:
            self._more += 1

    def as_tuple(self) -> tuple[str, ...]:
        """All of them, the last one saying how many were left out."""
        more = (f"... and {self._more} more problems",) if self._more else ()
        return (*self._kept, *more)


def place(index: int, time: Fraction) -> str:
    """Where something is, for people: ``frame 41 (1.367 s)``."""
    return f"frame {index} ({float(time):.3f} s)"
