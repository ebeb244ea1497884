"""Places in a block of memory for things that are needed for a while."""

from __future__ import annotations


class Memory:
    """Hands out places in one block, which grows as needed; those that were given back are used again.

    Args:
        step: Sizes are rounded up to it.

    Attributes:
        size: Of the block, as far as it was ever needed.
    """

    def __init__(self, step: int) -> None:
        self.size = 0
        self._step = step
        self._free: list[tuple[int, int]] = []  # (place, size) in order, neighbours joined

    def take(self, size: int) -> int:
        """A place of that size: the smallest that fits."""
        size = self._rounded(size)
        fitting = [piece for piece in self._free if piece[1] >= size]
        if not fitting:
            place, self.size = self.size, self.size + size
            return place
        place, room = min(fitting, key=lambda piece: piece[1])
        self._free.remove((place, room))
        if room > size:
            self._free.append((place + size, room - size))
        return place

    def give(self, place: int, size: int) -> None:
        """Give a place back."""
        pieces = sorted([*self._free, (place, self._rounded(size))])
        self._free = pieces[:1]
        for start, room in pieces[1:]:
            last, before = self._free[-1]
            if last + before == start:
                self._free[-1] = last, before + room
            else:
                self._free.append((start, room))

    def _rounded(self, size: int) -> int:
        return -(-size // self._step) * self._step
