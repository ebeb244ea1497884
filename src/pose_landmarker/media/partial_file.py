"""A file that is being written: hidden beside its place until it is whole."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from pose_landmarker.errors import VideoError


class PartialFile:
    """A name for a file to be written to first, and what becomes of it.

    Attributes:
        path: The hidden name, with the suffix of the real one.
    """

    def __init__(self, target: Path) -> None:
        """Choose a name, and see that there can be a file of that name.

        Raises:
            VideoError: The folder is missing or may not be written to, or ``target`` is a folder, a
                pipe or a device.
        """
        try:
            if target.is_dir():
                raise VideoError(f"{target}: there is a folder of this name")
            if target.exists() and not target.is_file():
                raise VideoError(f"{target}: not a file but a pipe or a device, which cannot hold a video")
            self._target = target = target.resolve()  # behind a link, not in place of it
        except (OSError, RuntimeError) as error:  # a name too long, a loop of links
            if isinstance(error, VideoError):
                raise
            raise VideoError(f"{target}: {getattr(error, 'strerror', None) or error}") from error
        # Not the whole name of the target: with the rest it could be too long for the file system.
        self.path = target.with_name(f".{target.stem[:40]}.{os.urandom(4).hex()}{target.suffix}")
        try:
            self.path.touch(exist_ok=False)
            self.path.unlink()
        except FileNotFoundError:
            raise VideoError(f"{target}: there is no folder {target.parent}") from None
        except OSError as error:
            raise VideoError(f"{target}: cannot be written there: {error.strerror or error}") from error

    def commit(self) -> None:
        """Give the file its name, in place of what has had it.

        Raises:
            VideoError: That is not possible; the file keeps its hidden name, which the message holds.
        """
        try:
            with self.path.open("rb") as file:
                os.fsync(file.fileno())
        except OSError:  # of some file systems, and on Windows for files open to read
            pass
        try:
            self.path.replace(self._target)
        except OSError as error:
            reason = error.strerror or error
            raise VideoError(
                f"{self._target}: {reason}; the video is whole and lies at {self.path}"
            ) from error

    def discard(self) -> None:
        """Remove what has been written."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)
