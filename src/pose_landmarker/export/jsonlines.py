"""JSON lines: one frame a line, as ``pose-landmarker video`` and ``pose-landmarker image`` write them.

A line of a video begins with ``video``, ``frame`` and ``time`` (seconds), one of a picture with
``image``; what follows is :func:`~pose_landmarker.export.result_to_dict`'s. Landmarks are normalised by
the image's width and height, world landmarks are metres, boxes are pixels. Numbers are the shortest that
bring back the float32; those that are not known, or not finite, are null. A recording does not know
regions, states and the scores of single networks, so its lines have none of them.
"""

from __future__ import annotations

import json
import os
from fractions import Fraction
from typing import Any

from pose_landmarker.errors import OptionTypeError
from pose_landmarker.export.json import result_to_dict
from pose_landmarker.export.json_poses import frame_lines
from pose_landmarker.export.json_reading import load_lines
from pose_landmarker.export.writer import FrameWriter, write_whole
from pose_landmarker.recording import Recording
from pose_landmarker.results import PoseLandmarkerResult

_FRAMES_AT_ONCE = 256


def save(recording: Recording, path: str | os.PathLike[str], *, video: str | None = None) -> None:
    """Write a recording.

    Args:
        recording: What to write.
        path: Where to.
        video: Name of the source, which begins every line.

    Raises:
        OptionTypeError: Something has the wrong type.
        OSError: The file cannot be written.
    """
    write_whole(Writer(path, video=video), recording)


def load(path: str | os.PathLike[str], *, video: str | None = None) -> Recording:
    """Read JSON lines, or the JSON file of a picture.

    A last line that is torn, as a killed program leaves it, is left out, and the log tells.

    Args:
        path: The file.
        video: Which source's lines, where there are several in the file.

    Raises:
        DatasetError: It is no such file, or a damaged one, or has several sources.
        OptionTypeError: Something has the wrong type.
    """
    return load_lines(path, _checked(video))


class Writer(FrameWriter):
    """Writes a line for every frame as it comes; see :class:`~pose_landmarker.export.writer.FrameWriter`.

    Of a result everything is written that ``pose-landmarker video`` writes, of a recording what it has.

    Args:
        path: Where to.
        video: Name of the source, which begins every line.
    """

    def __init__(self, path: str | os.PathLike[str], *, video: str | None = None) -> None:
        self._video = _checked(video)
        super().__init__(path)

    def _append(self, piece: Recording, result: PoseLandmarkerResult | None, /) -> None:
        if result is not None:
            start = line_start(piece, 0, self.num_frames, self._video)
            self._file.append(_line({**start, **result_to_dict(result)}))
            return
        for first in range(0, len(piece), _FRAMES_AT_ONCE):
            part = piece.of_frames(slice(first, first + _FRAMES_AT_ONCE))
            starts = [line_start(part, i, self.num_frames + first + i, self._video) for i in range(len(part))]
            self._file.append(b"".join(frame_lines(part, starts)))

    def _finish(self) -> None:
        self._file.close()


def frame_line(video: str, index: int, time: Fraction, result: PoseLandmarkerResult) -> str:
    """What was found in a frame, as one line of JSON without its end.

    Args:
        video: Name of the source; it comes first, so that every line tells where it is from.
        index: Number of the frame.
        time: Its time, seconds since the first frame of the source.
        result: What was found.
    """
    start = {"video": video, "frame": index, "time": float(time)}
    return json.dumps({**start, **result_to_dict(result)}, separators=(",", ":"))


def line_start(piece: Recording, index: int, number: int, video: str | None) -> dict[str, Any]:
    """What the line of a frame of a recording begins with: where it is from."""
    time = float(piece.times_s[index])
    known = time == time
    if piece.names is not None:
        return {"image": piece.names[index], **({"time": time} if known else {})}
    return {"video": video, "frame": number, "time": time if known else None}


def _line(record: dict[str, Any]) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode("ascii") + b"\n"


def _checked(video: object) -> str | None:
    if video is None or isinstance(video, str):
        return video
    raise OptionTypeError(f"video must be the name of a source or None, not {type(video).__name__}")
