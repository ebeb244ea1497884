"""One landmarker in VIDEO mode in a process of its own; see video.py.

Usage: video_worker.py KIND MODEL FRAMES FPS NUM_POSES MASKS. FRAMES is an array (N, H, W, 3) in a .npy file.
Reads a number of frames from each line of standard input, looks at the next ones, and answers with a
line of JSON. Needs nothing but the package that it measures.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np


def mediapipe(model: str, num_poses: int, masks: bool) -> Callable[[Any, int], int]:
    """The reference: how many people it finds."""
    import mediapipe as mp
    from mediapipe.tasks import python
    from mediapipe.tasks.python import vision

    landmarker = vision.PoseLandmarker.create_from_options(
        vision.PoseLandmarkerOptions(
            base_options=python.BaseOptions(model_asset_path=model),
            running_mode=vision.RunningMode.VIDEO,
            num_poses=num_poses,
            output_segmentation_masks=masks,
        )
    )

    def detect(frame: Any, time_ms: int) -> int:
        picture = mp.Image(image_format=mp.ImageFormat.SRGB, data=frame)
        result = landmarker.detect_for_video(picture, time_ms)
        for mask in result.segmentation_masks or ():
            mask.numpy_view()
        return len(result.pose_landmarks)

    return detect


def ours(engine: str, model: str, num_poses: int, masks: bool, options: Any) -> Callable[[Any, int], int]:
    """pose-landmarker with an engine: how many people it finds."""
    from pose_landmarker import PoseLandmarker, RunningMode

    landmarker = PoseLandmarker.create(
        model,
        running_mode=RunningMode.VIDEO,
        num_poses=num_poses,
        output_segmentation_masks=masks,
        engine=engine,
        **options,
    )
    # The reference makes its lists of landmarks, so ours are made too.
    return lambda frame, time_ms: len(landmarker.detect_for_video(frame, time_ms).pose_landmarks)


def main() -> None:
    """Answer until standard input ends."""
    kind, model, path, fps, num_poses, masks, *more = sys.argv[1:]
    options = json.loads(more[0]) if more else {}
    if kind == "mediapipe":
        detect = mediapipe(model, int(num_poses), masks == "True")
    else:
        detect = ours(kind, model, int(num_poses), masks == "True", options)
    frames = np.load(path, mmap_mode="r")
    number = 0
    for line in sys.stdin:
        wall, poses = [], []
        cpu = 0.0
        for _ in range(int(line)):
            frame = np.array(frames[number % len(frames)])  # as if it had just been decoded
            time_ms = round(number * 1000 / float(fps))
            number += 1
            cpu_started, started = time.process_time(), time.perf_counter()
            poses.append(detect(frame, time_ms))
            wall.append((time.perf_counter() - started) * 1e3)
            cpu += time.process_time() - cpu_started
        answer = {"poses": sum(poses) / len(poses), "wall_ms": wall, "cpu_ms": cpu * 1e3 / len(wall)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
