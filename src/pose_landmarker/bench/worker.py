"""One landmarker in a process of its own: a script that needs nothing but the package that it measures.

Usage: ``worker.py SPEC``, where SPEC is JSON: see :func:`main`. Says when it is ready, then reads a number
of calls from each line of standard input, makes them, and answers; all answers are lines of JSON.
"""

from __future__ import annotations

import json
import os
import pathlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

#: Work of one round: answers the number of calls and the people of each, wall milliseconds of each if known.
Work = Callable[[int], tuple[list[int], list[float], float]]


class Frames:
    """Frames in a file, each read as if it had just been decoded.

    They are read, not mapped: pages of a mapped file would count as memory of this process.
    """

    def __init__(self, path: str, shape: list[int]) -> None:
        import numpy as np

        self._np = np
        self._path = pathlib.Path(path)
        self._count, self._shape = shape[0], tuple(shape[1:])
        self._size = shape[1] * shape[2] * shape[3]

    def __getitem__(self, number: int) -> Any:
        """The frame of that number, to the end, back to the beginning, and so on: no jumps."""
        period = max(1, 2 * self._count - 2)
        place = number % period
        pixels = self._np.empty(self._size, self._np.uint8)
        with self._path.open("rb") as file:
            file.seek(min(place, period - place) % self._count * self._size)
            file.readinto(pixels.data)
        return pixels.reshape(self._shape)


class Clock:
    """Wall and processor time of calls."""

    def __init__(self) -> None:
        self.wall_ms: list[float] = []
        self.cpu_ms = 0.0

    def __call__(self, detect: Callable[[Any, int], int], frame: Any, time_ms: int) -> int:
        """Make a call and note its time."""
        cpu, started = time.process_time(), time.perf_counter()
        poses = detect(frame, time_ms)
        self.wall_ms.append((time.perf_counter() - started) * 1e3)
        self.cpu_ms += (time.process_time() - cpu) * 1e3
        return poses


def reference(spec: dict[str, Any]) -> tuple[Work, dict[str, Any]]:
    """MediaPipe."""
    import mediapipe as mp
    from mediapipe.tasks import python
    from mediapipe.tasks.python import vision

    over_time = spec["mode"] in ("video", "videos")
    landmarker = vision.PoseLandmarker.create_from_options(
        vision.PoseLandmarkerOptions(
            base_options=python.BaseOptions(model_asset_path=spec["model"]),
            running_mode=vision.RunningMode.VIDEO if over_time else vision.RunningMode.IMAGE,
            num_poses=spec["num_poses"],
            output_segmentation_masks=spec["masks"],
        )
    )

    def count(result: Any) -> int:
        for mask in result.segmentation_masks or ():
            mask.numpy_view()
        return len(result.pose_landmarks)

    def detect(pixels: Any, time_ms: int) -> int:
        picture = mp.Image(image_format=mp.ImageFormat.SRGB, data=pixels)
        if over_time:
            return count(landmarker.detect_for_video(picture, time_ms))
        return count(landmarker.detect(picture))

    about = {"engine": "mediapipe", "precision": "exact", "threads": None, "version": mp.__version__}
    if spec["mode"] == "pictures":
        read = mp.Image.create_from_file
        return _files_one_by_one(spec, lambda path: iter([count(landmarker.detect(read(path)))])), about
    if spec["mode"] == "videos":
        clock_ms = [
            0
        ]  # goes on from file to file: making a landmarker for each would cost the reference more
        return _files_one_by_one(spec, lambda path: _video_file(path, detect, clock_ms, spec["fps"])), about
    return _frame_by_frame(spec, detect), about


def ours(spec: dict[str, Any]) -> tuple[Work, dict[str, Any]]:
    """This package."""
    import pose_landmarker

    options: dict[str, Any] = {
        "num_poses": spec["num_poses"],
        "output_segmentation_masks": spec["masks"],
        "engine": spec["engine"],
        "threads": spec["threads"],
    }
    if "precision" in pose_landmarker.PoseLandmarkerOptions.__dataclass_fields__:
        options["precision"] = spec["precision"]  # releases before it have only the exact one
    over_time = spec["mode"] == "video"
    mode = pose_landmarker.RunningMode.VIDEO if over_time else pose_landmarker.RunningMode.IMAGE
    try:
        landmarker = pose_landmarker.PoseLandmarker.create(spec["model"], running_mode=mode, **options)
    except pose_landmarker.OptionError as error:
        if spec["precision"] == "exact":
            raise
        return _nothing, {"engine": spec["engine"], "precision": None, "why": str(error)}
    about = {
        "engine": landmarker.engine,
        "precision": getattr(landmarker, "precision", "exact"),
        "threads": landmarker.threads,
        "version": pose_landmarker.__version__,
    }
    if spec["mode"] in ("pictures", "videos"):
        landmarker.close()  # it was made for what it says of itself; files are worked on by others
        return _files_at_once(spec, options), {**about, "threads": None}

    def detect(pixels: Any, time_ms: int) -> int:
        result = landmarker.detect_for_video(pixels, time_ms) if over_time else landmarker.detect(pixels)
        # The reference makes its masks and lists, so ours are made too.
        len(result.segmentation_masks or ())
        return len(result.pose_landmarks)

    return _frame_by_frame(spec, detect), about


def memory_mib() -> float | None:
    """Most memory that this process has held, 2²⁰ bytes; None on Windows."""
    # Not getrusage on Linux: there it begins with what the process held that started this one.
    status = pathlib.Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 2**10
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def main(arguments: list[str]) -> None:
    """Answer until standard input ends.

    SPEC holds ``engine``, ``precision``, ``mode``, ``model`` (a path), ``num_poses``, ``masks``, ``threads``
    (or null), ``fps``; and either ``frames`` (path) with ``shape`` (N, H, W, 3), or ``files`` (paths).
    """
    spec = json.loads(arguments[0])
    answer = _private_output()
    try:
        work, about = (reference if spec["engine"] == "mediapipe" else ours)(spec)
        answer({"ready": about})
        for line in sys.stdin:
            poses, wall_ms, cpu_ms = work(int(line))
            round_ = {"poses": poses, "wall_ms": [round(ms, 3) for ms in wall_ms], "cpu_ms": round(cpu_ms, 3)}
            answer({**round_, "process_cpu_ms": _cpu_ms(), "memory_mib": memory_mib()})
    except Exception as error:  # whatever it is, it is for the other side to tell
        answer({"error": f"{type(error).__name__}: {error}"})


def _nothing(_calls: int) -> tuple[list[int], list[float], float]:
    """The work of an engine that has no such precision."""
    return [0], [0.0], 0.0


def _frame_by_frame(spec: dict[str, Any], detect: Callable[[Any, int], int]) -> Work:
    frames = Frames(spec["frames"], spec["shape"])
    done = 0

    def work(calls: int) -> tuple[list[int], list[float], float]:
        nonlocal done
        clock, poses = Clock(), []
        for number in range(done, done + calls):
            frame, time_ms = frames[number], round(number * 1000 / spec["fps"])
            poses.append(clock(detect, frame, time_ms))
        done += calls
        return poses, clock.wall_ms, clock.cpu_ms / calls

    return work


def _files_one_by_one(spec: dict[str, Any], read: Callable[[str], Iterator[int]]) -> Work:
    def work(_calls: int) -> tuple[list[int], list[float], float]:
        cpu_ms = _cpu_ms()
        poses = [found for path in spec["files"] for found in read(path)]
        return poses, [], (_cpu_ms() - cpu_ms) / max(1, len(poses))

    return work


def _video_file(
    path: str, detect: Callable[[Any, int], int], clock_ms: list[int], fps: float
) -> Iterator[int]:
    import cv2

    capture = cv2.VideoCapture(path)
    number = 0
    while True:
        there, bgr = capture.read()
        if not there:
            break
        yield detect(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), clock_ms[0] + round(number * 1000 / fps))
        number += 1
    capture.release()
    clock_ms[0] += round((number + 1) * 1000 / fps)


def _files_at_once(spec: dict[str, Any], options: dict[str, Any]) -> Work:
    import pose_landmarker

    process: Any = pose_landmarker.process  # type: ignore[attr-defined, unused-ignore]
    in_order = {"in_order": False} if spec["mode"] == "videos" else {}

    def work(_calls: int) -> tuple[list[int], list[float], float]:
        cpu_ms, poses = _cpu_ms(), []
        for done in process(spec["files"], spec["model"], **in_order, **options):
            if done.error is not None:
                raise done.error
            poses.append(len(done.result.pose_landmarks))
        return poses, [], (_cpu_ms() - cpu_ms) / max(1, len(poses))

    return work


def _cpu_ms() -> float:
    """Processor time of this process and of those that it has started and seen end."""
    return sum(os.times()[:4]) * 1e3


def _private_output() -> Callable[[dict[str, Any]], None]:
    """Answers on what was standard output; libraries that print there print to standard error from now on."""
    kept = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def answer(record: dict[str, Any]) -> None:
        kept.write(json.dumps(record) + "\n")
        kept.flush()

    return answer


if __name__ == "__main__":
    del sys.path[0]  # the folder of this script: its neighbours are not for others to import
    main(sys.argv[1:])
