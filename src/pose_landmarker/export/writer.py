"""What writers of frames have in common: one frame after the other, and nothing lost when killed."""

from __future__ import annotations

import logging
import os
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Final, TypeVar

import numpy as np

from pose_landmarker.errors import ClosedError, OptionError, OptionTypeError, TimestampError
from pose_landmarker.export.files import GrowingFile, checked_path
from pose_landmarker.recording import Recording
from pose_landmarker.results import PoseLandmarkerResult

#: The longest path that file systems in use have room for.
_LONGEST_NAME: Final = 4096

_Writer = TypeVar("_Writer", bound="FrameWriter")


class FrameWriter(ABC):
    """Writes frames as they come, into a file that has its name when it is closed.

    Until then everything is in a file ``NAME.….part`` beside it, and after each ``write`` it is there to
    stay: when this program is killed, ``load`` reads from that file the frames up to then. Leaving ``with``
    by an exception leaves that file, too, if there is a frame in it. Not for several threads.

    Attributes:
        path: The file's name.
        part: Its name until it is closed.
        num_frames: How many frames were written.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = checked_path(path)
        self.num_frames = 0
        self._named: bool | None = None
        self._last_s = -np.inf
        self._closed = False
        self._file = GrowingFile(self.path)
        self.part = self._file.part

    def write(
        self,
        frames: PoseLandmarkerResult | Recording,
        time_s: float | None = None,
        *,
        name: str | None = None,
    ) -> None:
        """Write what was found in a frame, or all frames of a recording.

        Args:
            frames: A result, which is one frame, or a recording.
            time_s: The frame's exact time in seconds; by default the result's timestamp.
            name: The picture's name; all frames have one, or none has.

        Raises:
            ClosedError: The file is closed.
            TimestampError: The frame is before the one before.
            OptionError: Some frames have names and others do not, or a recording came with a time or name.
            OptionTypeError: It is neither a result nor a recording.
            OSError: The file cannot be written; the message says where the frames before are.
        """
        if self._closed:
            raise ClosedError(f"{self.path}: nothing can be written after close()")
        piece = _piece(frames, time_s, name)
        if not len(piece):
            return
        self._check(piece)
        self._append(piece, frames if isinstance(frames, PoseLandmarkerResult) else None)
        self.num_frames += len(piece)

    def close(self) -> None:
        """Give the file its name; twice is fine."""
        if not self._closed:
            self._closed = True
            self._finish()

    def discard(self) -> None:
        """Leave nothing of what was written, and the file of an earlier run as it is."""
        self._closed = True
        self._file.discard()

    @abstractmethod
    def _append(self, piece: Recording, result: PoseLandmarkerResult | None, /) -> None:
        """Write frames, of which the first has the number ``num_frames``."""

    @abstractmethod
    def _finish(self) -> None:
        """Make the file whole and give it its name."""

    def _check(self, piece: Recording) -> None:
        known = piece.times_s[~np.isnan(piece.times_s)]
        if known.size:
            if known[0] < self._last_s:
                raise TimestampError(
                    f"{self.path}: a frame at {known[0]:g} s cannot follow one at {self._last_s:g} s"
                )
            self._last_s = float(known[-1])
        named = piece.names is not None
        if self._named is not None and named != self._named:
            raise OptionError(f"{self.path}: some frames have names and others do not")
        self._named = named

    def __enter__(self: _Writer) -> _Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        elif not self._closed:
            self._closed = True
            if not self.num_frames:
                self._file.discard()
                return
            self._file.stop()
            logging.getLogger("pose_landmarker").warning("the frames before the error are in %s", self.part)

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.Writer to {str(self.path)!r}, {self.num_frames} frames>"


def write_whole(writer: FrameWriter, recording: Recording) -> None:
    """Write a recording, whole or not at all."""
    try:
        writer.write(check_recording(recording))
        writer.close()
    except BaseException:
        writer.discard()
        raise


def check_recording(recording: object) -> Recording:
    """``recording`` if it is one.

    Raises:
        OptionTypeError: It is not.
    """
    if not isinstance(recording, Recording):
        raise OptionTypeError(
            f"recording must be a Recording, not {type(recording).__name__}; Recording.from_results makes one"
        )
    return recording


def check_text(names: tuple[str, ...] | None) -> None:
    """See that names of pictures can be written as Unicode text, and read again by everybody.

    Raises:
        OptionError: One has a zero byte or half a character, as names of files may, or is longer than those.
    """
    for name in names or ():
        if len(name) > _LONGEST_NAME:
            raise OptionError(f"a name has more than {_LONGEST_NAME} characters; JSON lines keep them")
        if "\0" in name or not _encodable(name):
            raise OptionError(
                f"the name {name[:80]!r} has characters that no text can have; JSON lines keep them"
            )


def _encodable(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _piece(frames: object, time_s: float | None, name: str | None) -> Recording:
    if isinstance(frames, PoseLandmarkerResult):
        if time_s is not None and (isinstance(time_s, (bool, str)) or not hasattr(time_s, "__float__")):
            raise OptionTypeError(f"time_s must be seconds or None, not {time_s!r}")
        return Recording.from_results(
            [frames],
            times_s=None if time_s is None else [float(time_s)],
            names=None if name is None else [name],
        )
    if not isinstance(frames, Recording):
        raise OptionTypeError(
            f"frames must be a PoseLandmarkerResult or Recording, not {type(frames).__name__}"
        )
    if time_s is not None or name is not None:
        raise OptionError("a recording has times and names of its own; give time_s and name with a result")
    return frames
