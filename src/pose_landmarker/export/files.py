"""Files that are whole or not there, and reading those that anybody may have made."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pose_landmarker.errors import DatasetError, OptionTypeError


def checked_path(path: object) -> Path:
    """A path.

    Raises:
        OptionTypeError: It is none.
    """
    if not isinstance(path, (str, os.PathLike)) or isinstance(os.fspath(path), bytes):
        raise OptionTypeError(f"path must be a string or a Path, not {type(path).__name__}")
    return Path(path)


class GrowingFile:
    """A file that has its name only when it is whole.

    Until then it is a file ``NAME.….part`` beside it, in which whatever was appended is whole, even if
    this program is killed between two calls or the disk is full. Pipes and devices are written to as they
    are; links are followed.

    Attributes:
        path: Its name.
        part: The name that it has until it is whole; of a pipe or device, its name.

    Raises:
        OSError: The file cannot be written.
    """

    def __init__(self, path: Path, content: str = "frames") -> None:
        """Begin a file.

        Args:
            path: Its name.
            content: What it consists of, for messages.
        """
        self.path = self.part = path
        self._content = content
        self._size = 0
        self._broken = False
        self._real: Path | None = None  # None: straight to a pipe or device
        if path.exists() and not path.is_file():
            self._file = path.open("wb", buffering=0)
            return
        self._real = path.resolve()
        self.part = self._real.with_name(f"{path.name[:60]}.{os.urandom(4).hex()}.part")
        self._real.parent.mkdir(parents=True, exist_ok=True)
        self._file = self.part.open("xb", buffering=0)

    def append(self, content: bytes) -> None:
        """Write, all of it or, on a full disk, nothing.

        Raises:
            OSError: That is not possible; ``filename`` is the file's name, and the message says where the
                rest of it is.
        """
        data = memoryview(content)
        size = self._size + len(data)
        try:
            while data:
                data = data[self._file.write(data) :]
        except BrokenPipeError:
            raise
        except OSError as error:
            self._broken = True
            with contextlib.suppress(OSError):
                self._file.truncate(self._size)
            kept = "" if self._real is None else f"; the {self._content} before it are in {self.part.name}"
            raise OSError(error.errno, f"{error.strerror}{kept}", str(self.path)) from error
        self._size = size

    def close(self) -> None:
        """Give the file its name, if all could be written."""
        self.stop()
        if self._real is not None and not self._broken:
            replace_durably(self.part, self._real)

    def stop(self) -> None:
        """Leave the file under its other name; nothing can be appended any more."""
        self._file.close()

    def discard(self) -> None:
        """Leave nothing, or on a full disk what could be written, under the other name."""
        self.stop()
        if self._real is not None and not self._broken:
            self.part.unlink(missing_ok=True)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A name to write a file under, which becomes ``path`` when the block ends well.

    Otherwise nothing is left of it. Links are followed.

    Raises:
        OSError: The file cannot be written, or ``path`` is a folder, a pipe or a device.
    """
    check_replaceable(path)
    real = path.resolve()
    real.parent.mkdir(parents=True, exist_ok=True)
    hidden = real.with_name(f".{path.stem[:40]}.{os.urandom(4).hex()}{path.suffix}")
    try:
        yield hidden
        replace_durably(hidden, real)
    except BaseException:
        hidden.unlink(missing_ok=True)
        raise


def check_replaceable(path: Path) -> None:
    """See that a file can take this name.

    Raises:
        OSError: There is a folder, a pipe or a device of this name.
    """
    if path.exists() and not path.is_file():
        raise OSError(f"{path} is not a file, and this format cannot be written into it")


def replace_durably(source: Path, target: Path) -> None:
    """Give a file its name, once its content is on the disk.

    Raises:
        OSError: That is not possible.
    """
    try:
        with source.open("rb") as file:
            os.fsync(file.fileno())
    except OSError:  # of some file systems, and on Windows for files open to read
        pass
    source.replace(target)


@contextmanager
def reading(path: Path, kind: str, *errors: type[Exception]) -> Iterator[None]:
    """Whatever is wrong with a file that is read in here is a DatasetError that names it.

    Args:
        path: The file.
        kind: What it should be, such as "a Parquet file".
        errors: What reading it raises, besides OSError and MemoryError, where it is not of this kind.

    Raises:
        DatasetError: It is missing, cannot be read, is damaged or of another kind.
    """
    try:
        if path.is_dir():
            raise DatasetError(f"{path} is a folder, wanted {kind}")
        yield
    except DatasetError:
        raise
    except FileNotFoundError as error:
        raise DatasetError(f"{path}: there is no such file") from error
    except errors as error:
        raise DatasetError(f"{path} is not {kind}, or a damaged one: {str(error)[:200]}") from error
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror or str(error)[:200]}") from error
    except (MemoryError, OverflowError) as error:
        raise DatasetError(f"{path} is damaged, or too large for this machine") from error
