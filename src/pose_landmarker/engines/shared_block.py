"""Memory that two processes see: large arrays go through it, so that none of them goes through a pipe."""

from __future__ import annotations

import math
import os
import secrets
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pose_landmarker.errors import EngineError

#: Bytes; where arrays begin.
_ALIGNMENT = 64
#: A block that is too small is replaced by one at least so many times as large: pictures of a folder differ.
_GROWTH = 1.5
#: Where Linux keeps such memory.
_FOLDER = Path("/dev/shm")  # noqa: S108 - it is looked at, nothing is put there by this name


class _Memory(SharedMemory):
    """Says nothing when the program ends while an engine still holds an array of it."""

    def __del__(self) -> None:
        with suppress(BufferError, OSError):
            self.close()


#: Blocks that are not needed any more, except perhaps by an engine that keeps an array of them.
_let_go_soon: deque[_Memory] = deque()


def places(sizes: Iterable[int]) -> tuple[list[int], int]:
    """Where arrays of so many bytes lie one after the other, and the bytes of all of them."""
    offsets, end = [], 0
    for size in sizes:
        offsets.append(end)
        end += -(-size // _ALIGNMENT) * _ALIGNMENT
    return offsets, end


class OwnedBlock:
    """A block that this process makes, and removes."""

    def __init__(self) -> None:
        self._memory: _Memory | None = None

    def reserve(self, size: int) -> str:
        """The name of a block of at least so many bytes. What is in it is lost where it has to grow.

        Whoever looks into a block that is replaced must have opened it by then.

        Raises:
            EngineError: There is not so much shared memory.
        """
        if self._memory is None or self._memory.size < size:
            before = 0 if self._memory is None else self._memory.size
            self.close()
            self._memory = _claimed(max(size, int(_GROWTH * before), 1))
        return self._memory.name

    def view(self, shape: tuple[int, ...], dtype: npt.DTypeLike, offset: int = 0) -> npt.NDArray[Any]:
        """An array in the block. It may not be kept: blocks are replaced."""
        assert self._memory is not None
        return _view(self._memory, shape, dtype, offset)

    def close(self) -> None:
        """Remove it. Twice is fine."""
        if self._memory is not None:
            _let_go(self._memory)
            self._memory.unlink()
            self._memory = None


class OpenedBlock:
    """A block of another process."""

    def __init__(self) -> None:
        self._memory: _Memory | None = None

    @property
    def size(self) -> int:
        """Bytes."""
        return 0 if self._memory is None else self._memory.size

    def open(self, name: str) -> None:
        """Look into the block of that name from now on."""
        if self._memory is None or self._memory.name != name:
            if self._memory is not None:
                _let_go(self._memory)
            # Python's tracker of resources, which is told of this too, is that of the process that made it.
            self._memory = _Memory(name)

    def view(self, shape: tuple[int, ...], dtype: npt.DTypeLike, offset: int = 0) -> npt.NDArray[Any]:
        """An array in the block. It may not be kept: blocks are replaced."""
        assert self._memory is not None
        return _view(self._memory, shape, dtype, offset)


def _claimed(size: int) -> _Memory:
    """A new block whose memory is really there: else whoever writes to it would be killed."""
    memory = None
    try:
        # A name that tells whose it is, and short enough for macOS.
        name = f"pose-{os.getpid()}-{secrets.token_hex(6)}"
        memory = _Memory(name, create=True, size=size)
        file = _FOLDER / memory.name
        if hasattr(os, "posix_fallocate") and file.exists():
            descriptor = os.open(file, os.O_RDWR)
            try:
                os.posix_fallocate(descriptor, 0, size)
            finally:
                os.close(descriptor)
    except OSError as error:
        if memory is not None:
            _let_go(memory)
            memory.unlink()
        raise EngineError(
            f"there is no room for {size / (1 << 20):.1f} MiB of shared memory ({error}); take fewer "
            "workers, or more of it: in containers --shm-size says how much there is"
        ) from error
    return memory


def _view(memory: _Memory, shape: tuple[int, ...], dtype: npt.DTypeLike, offset: int) -> npt.NDArray[Any]:
    # Not np.ndarray(buffer=...): that would not keep the memory from being unmapped.
    assert memory.buf is not None
    return np.frombuffer(memory.buf, np.dtype(dtype), math.prod(shape), offset).reshape(shape)


def _let_go(memory: _Memory) -> None:
    # Without a lock: the garbage collector may come here in the midst of it, in the same thread.
    _let_go_soon.append(memory)
    for _ in range(len(_let_go_soon)):
        with suppress(IndexError):
            one = _let_go_soon.popleft()
            try:
                one.close()
            except BufferError:  # an engine still holds an array of it
                _let_go_soon.append(one)
