"""MediaPipe's own tests of its Pose Landmarker, run against ``pose_landmarker.mediapipe``.

    python -m benchmarks.reference_test TEST --data FOLDER --model TASK --food PICTURE

TEST is ``mediapipe/tasks/python/test/vision/pose_landmarker_test.py`` (or ``image_test.py`` beside it) of
MediaPipe's repository, FOLDER holds ``pose.jpg`` and ``pose_landmarks.pbtxt`` of its test data, TASK is a
model, PICTURE one with nobody in it, in place of ``burger.jpg``. Needs absl-py.

Only the imports of the test are changed: ``mediapipe`` becomes ``pose_landmarker.mediapipe``. What it imports
beside the Pose Landmarker, helpers that find and read test data, is written anew here.
"""

from __future__ import annotations

import argparse
import re
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType, SimpleNamespace

from pose_landmarker.mediapipe.framework.formats.landmark_pb2 import NormalizedLandmarkList
from pose_landmarker.mediapipe.tasks.python.components.containers.landmark import NormalizedLandmark
from pose_landmarker.mediapipe.tasks.python.components.containers.landmark_detection_result import (
    LandmarksDetectionResult,
)
from pose_landmarker.mediapipe.tasks.python.components.containers.rect import NormalizedRect

_OURS = "pose_landmarker.mediapipe"
_FIELD = re.compile(r"^\s*(\w+):\s*(\S+)")


class _ResultMessage:
    """The message that expected landmarks are written as."""

    def __init__(self) -> None:
        self.landmarks = NormalizedLandmarkList()


def parse_landmarks(text: bytes, message: _ResultMessage) -> _ResultMessage:
    """Fill a message from its text form."""
    for line in text.decode().splitlines():
        field = _FIELD.match(line)
        if field:
            setattr(message.landmarks.landmark[-1], field[1], float(field[2]))
        elif line.split()[:1] == ["landmark"]:
            message.landmarks.landmark.add()
    return message


def result_of(message: _ResultMessage) -> LandmarksDetectionResult:
    """The container for a message."""
    points = message.landmarks.landmark
    landmarks = [NormalizedLandmark(p.x, p.y, p.z, p.visibility, p.presence) for p in points]
    return LandmarksDetectionResult(landmarks, [], [], NormalizedRect(0.0, 0.0, 0.0, 0.0))


def data_path(name: str, folders: list[Path], known: dict[str, Path]) -> str:
    """Where a file of the test data is: one that is known, or the first whose name ends like that."""
    if name in known:
        return str(known[name])
    base = Path(name).name
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.name.endswith(base):
                return str(path)
    raise FileNotFoundError(f"no {base} in {', '.join(map(str, folders))}")


def stand_ins(folders: list[Path], known: dict[str, Path]) -> dict[str, ModuleType | SimpleNamespace]:
    """The helpers of the test by the modules that it imports them from."""
    return {
        "google.protobuf": SimpleNamespace(text_format=SimpleNamespace(Parse=parse_landmarks)),
        f"{_OURS}.tasks.cc.components.containers.proto": SimpleNamespace(
            landmarks_detection_result_pb2=SimpleNamespace(LandmarksDetectionResult=_ResultMessage)
        ),
        f"{_OURS}.tasks.python.test": SimpleNamespace(
            test_utils=SimpleNamespace(get_test_data_path=lambda name: data_path(name, folders, known))
        ),
        f"{_OURS}.tasks.python.test.vision": SimpleNamespace(
            proto_utils=SimpleNamespace(create_landmarks_detection_result_from_proto=result_of)
        ),
    }


def load(test: Path) -> ModuleType:
    """The test as a module, with its imports changed."""
    source = re.sub(
        r"^(from|import) mediapipe\b", rf"\1 {_OURS}", test.read_text(encoding="utf-8"), flags=re.M
    )
    module = ModuleType(test.stem)
    module.__file__ = str(test)
    sys.modules[test.stem] = module
    exec(compile(source, str(test), "exec"), module.__dict__)
    return module


def main() -> None:
    """Run the tests of a file and leave with their exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("test", type=Path)
    parser.add_argument("--data", type=Path, action="append", required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--food", type=Path, required=True)
    arguments = parser.parse_args()
    if find_spec("absl") is None:
        parser.error("the test needs absl-py: pip install absl-py")
    known = {"pose_landmarker.task": arguments.model, "burger.jpg": arguments.food}
    for name, module in stand_ins(arguments.data, known).items():
        sys.modules[name] = module  # type: ignore[assignment]
    absltest = import_module("absl.testing.absltest")

    sys.argv[1:] = ["--verbosity=-1"]  # absltest reads them
    absltest.main(module=load(arguments.test))


if __name__ == "__main__":
    main()
