"""One landmarker in a process of its own; see compare.py.

Usage: worker.py KIND MODEL IMAGE. Reads a number of calls from each line of standard input, makes
them, and answers with a line of JSON. Needs nothing but the package that it measures.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable


def mediapipe(model: str, image: str) -> Callable[[], int]:
    """The reference: how many people it finds."""
    import mediapipe as mp
    from mediapipe.tasks import python
    from mediapipe.tasks.python import vision

    options = vision.PoseLandmarkerOptions(base_options=python.BaseOptions(model_asset_path=model))
    landmarker = vision.PoseLandmarker.create_from_options(options)
    picture = mp.Image.create_from_file(image)
    return lambda: len(landmarker.detect(picture).pose_landmarks)


def ours(engine: str) -> Callable[[str, str], Callable[[], int]]:
    """pose-landmarker with an engine: how many people it finds."""

    def make(model: str, image: str) -> Callable[[], int]:
        from pose_landmarker import PoseLandmarker
        from pose_landmarker.media import read_image

        landmarker = PoseLandmarker.create(model, engine=engine)
        picture = read_image(image)
        # The reference makes its lists of landmarks, so ours are made too.
        return lambda: len(landmarker.detect(picture).pose_landmarks)

    return make


def memory_mb() -> float:
    """Most memory that this process has held, 2²⁰ bytes; not a number on Windows."""
    try:
        import resource
    except ImportError:
        return float("nan")

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def main() -> None:
    """Answer until standard input ends."""
    kind, model, image = sys.argv[1:]
    detect = (mediapipe if kind == "mediapipe" else ours(kind))(model, image)
    for line in sys.stdin:
        wall, poses, calls = [], 0, int(line)
        cpu = time.process_time()
        for _ in range(calls):
            started = time.perf_counter()
            poses = detect()
            wall.append((time.perf_counter() - started) * 1e3)
        answer = {
            "poses": poses,
            "wall_ms": wall,
            "cpu_ms": (time.process_time() - cpu) * 1e3 / calls,
            "memory_mb": memory_mb(),
        }
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
