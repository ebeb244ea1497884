"""Programs for MediaPipe that are changed to import this package."""

from __future__ import annotations

import importlib
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pose_landmarker.porting import look_at_requirements, port_python
from pose_landmarker.porting.edits import Lines
from pose_landmarker.porting.parts import MODULES, missing_part

#: Names of ours that MediaPipe has elsewhere or keeps to itself.
_OWN = {"Repeated", "SolutionOutputs", "validate_running_mode"}


def _left(text: str) -> list[tuple[int, str]]:
    return [(found.line, found.what) for found in port_python(text).findings if found.kind == "left"]


# What is here


@pytest.mark.parametrize("path", [path for path in MODULES if not path.startswith("python")])
def test_the_list_of_parts_is_that_of_the_modules(path: str) -> None:
    real = "tasks.python" if path == "tasks" else path
    module = importlib.import_module(f"pose_landmarker.mediapipe.{real}".rstrip("."))
    for name in MODULES[path] - ({"python"} if path == "tasks" else set()):
        if f"{path}.{name}".lstrip(".") in MODULES or not hasattr(module, name):
            importlib.import_module(f"{module.__name__}.{name}")
    public = {name for name in getattr(module, "__all__", ()) if not name.startswith("__")}
    assert public <= MODULES[path] | _OWN


@pytest.mark.parametrize(
    ("path", "missing"),
    [
        ("", None),
        ("solutions.pose.Pose.process", None),
        ("tasks.vision.PoseLandmarker.create_from_options", None),
        ("tasks.python.vision.RunningMode.VIDEO", None),
        ("python.solutions.drawing_utils.DrawingSpec", None),
        ("__version__", None),
        ("solutions.hands.Hands", "solutions.hands"),
        ("tasks.vision.FaceLandmarker", "tasks.vision.FaceLandmarker"),
        ("tasks.python.audio", "tasks.python.audio"),
        ("modules", "modules"),
    ],
)
def test_missing_parts_are_known(path: str, missing: str | None) -> None:
    assert missing_part(path) == missing


# Imports


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("import mediapipe as mp", "import pose_landmarker.mediapipe as mp"),
        ("import mediapipe", "import pose_landmarker.mediapipe as mediapipe"),
        ("import mediapipe as mp, cv2", "import pose_landmarker.mediapipe as mp, cv2"),
        ("import os, mediapipe, cv2", "import os, pose_landmarker.mediapipe as mediapipe, cv2"),
        ("import mediapipe as mp; import cv2", "import pose_landmarker.mediapipe as mp; import cv2"),
        ("from mediapipe import solutions", "from pose_landmarker.mediapipe import solutions"),
        ("from mediapipe.tasks import python", "from pose_landmarker.mediapipe.tasks import python"),
        (
            "from mediapipe.framework.formats import landmark_pb2",
            "from pose_landmarker.mediapipe.framework.formats import landmark_pb2",
        ),
        (
            "import mediapipe.python.solutions.pose as mp_pose",
            "import pose_landmarker.mediapipe.python.solutions.pose as mp_pose",
        ),
        ("from mediapipe.solutions import pose", "from pose_landmarker.mediapipe.solutions import pose"),
        (
            "import mediapipe.solutions.pose",
            "import pose_landmarker.mediapipe as mediapipe, pose_landmarker.mediapipe.solutions.pose",
        ),
        (
            "from mediapipe.solutions.pose import *",
            "from pose_landmarker.mediapipe.solutions.pose import *",
        ),
        (
            "from mediapipe.tasks.python.vision import (  # of people\n"
            "    PoseLandmarker,\n    RunningMode,\n)",
            "from pose_landmarker.mediapipe.tasks.python.vision import (  # of people\n"
            "    PoseLandmarker,\n    RunningMode,\n)",
        ),
        (
            "from  \\\n  mediapipe import solutions",
            "from  \\\n  pose_landmarker.mediapipe import solutions",
        ),
        (
            "def f():\n\timport mediapipe as mp  # late\n\treturn mp.Image",
            "def f():\n\timport pose_landmarker.mediapipe as mp  # late\n\treturn mp.Image",
        ),
        (
            "try:\n    import mediapipe as mp\nexcept ImportError:\n    mp = None\n",
            "try:\n    import pose_landmarker.mediapipe as mp\nexcept ImportError:\n    mp = None\n",
        ),
        ("é = 'ü'; import mediapipe as mp", "é = 'ü'; import pose_landmarker.mediapipe as mp"),
        ("x = 1\r\nimport mediapipe as mp\r\n", "x = 1\r\nimport pose_landmarker.mediapipe as mp\r\n"),
        ("x = 1\rimport mediapipe as mp\r", "x = 1\rimport pose_landmarker.mediapipe as mp\r"),
        ("x = 1\x0c\nimport mediapipe as mp", "x = 1\x0c\nimport pose_landmarker.mediapipe as mp"),
    ],
)
def test_imports_are_rewritten_and_all_else_stays(before: str, after: str) -> None:
    ported = port_python(before)
    assert ported.text == after
    assert ported.is_whole
    assert port_python(after).text == after


@pytest.mark.parametrize(
    "text",
    [
        "print('import mediapipe as mp')",
        "# import mediapipe as mp",
        "import mediapipe_models",
        "from .mediapipe import solutions",
        "from .. import mediapipe",
        "import notmediapipe.mediapipe as mp",
        "import pose_landmarker.mediapipe as mp",
        "",
    ],
)
def test_what_does_not_import_mediapipe_stays(text: str) -> None:
    assert port_python(text).text == text
    assert not port_python(text).findings


def test_rewritten_imports_can_be_run() -> None:
    program = (
        "import mediapipe\nimport mediapipe.solutions.pose\nimport mediapipe as mp, os\n"
        "from mediapipe.tasks import python\nfrom mediapipe.tasks.python import vision\n"
        "import mediapipe.python.solutions.pose as mp_pose\n"
        "from mediapipe.framework.formats import landmark_pb2\n"
        "assert mediapipe is mp and mp_pose is mp.solutions.pose is mediapipe.solutions.pose\n"
        "assert python.vision is vision and landmark_pb2.NormalizedLandmark(x=0.5).x == 0.5\n"
    )
    names: dict[str, object] = {}
    exec(compile(port_python(program).text, "program", "exec"), names)
    assert names["mp"] is sys.modules["pose_landmarker.mediapipe"]


# What stays


def test_a_file_that_uses_hands_by_the_same_name_stays() -> None:
    text = (
        "import mediapipe as mp\nfrom mediapipe.framework.formats import landmark_pb2\n"
        "mp_pose = mp.solutions.pose\nmp_hands = mp.solutions.hands\n"
        "with mp_hands.Hands() as hands, mp_pose.Pose() as pose:\n    pass\n"
    )
    ported = port_python(text)
    assert ported.text == text
    assert _left(text) == [
        (1, "import mediapipe as mp"),
        (2, "from mediapipe.framework.formats import landmark_pb2"),
        (4, "mediapipe.solutions.hands"),
    ]
    assert "lines 4, 5" in ported.findings[0].reason
    assert "hands" in ported.findings[2].reason


def test_names_that_are_imported_apart_are_ported_apart() -> None:
    text = (
        "from mediapipe.python.solutions import hands as mp_hands\n"
        "from mediapipe.python.solutions import pose as mp_pose\nmp_hands.Hands(), mp_pose.Pose()\n"
    )
    ported = port_python(text)
    assert ported.text.splitlines()[:2] == [
        "from mediapipe.python.solutions import hands as mp_hands",
        "from pose_landmarker.mediapipe.python.solutions import pose as mp_pose",
    ]
    assert _left(text) == [(1, "mediapipe.python.solutions.hands")]


def test_names_of_one_statement_stay_together() -> None:
    text = (
        "from mediapipe.python.solutions import hands, pose\n"
        "from mediapipe.python.solutions import pose, pose_connections\n"
        "from mediapipe.python.solutions import pose_connections as other\nother.POSE_CONNECTIONS\n"
    )
    changed = [
        number for number, line in enumerate(port_python(text).text.splitlines(), 1) if "_landm" in line
    ]
    assert changed == [3]


def test_what_other_tasks_may_share_stays_with_them() -> None:
    text = (
        "from mediapipe.tasks import python\nfrom mediapipe.tasks.python import audio\n"
        "from mediapipe.tasks.python.vision import PoseLandmarker\n"
        "audio.AudioClassifierOptions(base_options=python.BaseOptions())\n"
    )
    assert port_python(text).text == text.replace(
        "from mediapipe.tasks.python.vision", "from pose_landmarker.mediapipe.tasks.python.vision"
    )
    assert [line for line, _ in _left(text)] == [1, 2]


def test_one_statement_with_both_stays() -> None:
    text = "from mediapipe.python.solutions import hands, pose\n"
    assert port_python(text).text == text
    assert "statement of its own" in port_python(text).findings[-1].reason


@pytest.mark.parametrize(
    "text",
    [
        "import mediapipe as mp\ns = mp.solutions\ns.hands.Hands()",
        "import mediapipe as mp\nclass A:\n def f(self):\n  self.s = mp.solutions\n  self.s.hands.Hands()",
        "import mediapipe as mp\nv = mp.tasks.vision\nv.HandLandmarker",
        "from mediapipe.tasks.python import vision\nvision.GestureRecognizer",
        "from mediapipe import *\nsolutions.pose",
        "import mediapipe.tasks.python.audio",
        "import mediapipe as mp\nif (s := mp.solutions):\n    s.holistic",
        "from mediapipe.modules import anything",
    ],
)
def test_missing_parts_are_found_through_other_names(text: str) -> None:
    assert port_python(text).text == text
    assert _left(text)


@pytest.mark.parametrize(
    "text",
    [
        "import mediapipe as mp\npose = mp.solutions.pose\npose = pose.Pose()\npose.process(x)",
        "from mediapipe.python.solutions import pose\npose = pose.Pose()\npose.process(x)",
        "import mediapipe as mp\ndef f(mp):\n    return mp.anything",
        "import mediapipe as mp\nf = lambda mp: mp.anything",
    ],
)
def test_names_that_stand_for_something_else_do_no_harm(text: str) -> None:
    assert not _left(text)
    assert (
        "import pose_landmarker" in port_python(text).text or "from pose_landmarker" in port_python(text).text
    )


def test_an_unused_line_about_hands_is_called_unused() -> None:
    (_, finding) = port_python("import mediapipe as mp\nmp_hands = mp.solutions.hands\n").findings
    assert "nothing uses mp_hands" in finding.reason


@pytest.mark.parametrize(
    "call",
    [
        'importlib.import_module("mediapipe")',
        '__import__("mediapipe.solutions.pose")',
        'find_spec("mediapipe")',
        'sys.modules["mediapipe"]',
        'pytest.importorskip("mediapipe")',
    ],
)
def test_imports_by_strings_are_told(call: str) -> None:
    text = f"x = {call}\n"
    assert port_python(text).text == text
    assert len(_left(text)) == 1


@pytest.mark.parametrize("use", ["getattr(mp.solutions, name)", "f(mp)", "print(mp.__file__)"])
def test_modules_that_are_handed_on_are_ported_with_advice(use: str) -> None:
    ported = port_python(f"import mediapipe as mp\n{use}\n")
    assert ported.is_whole
    assert [(found.kind, found.line) for found in ported.findings] == [("ported", 1), ("advice", 2)]


@pytest.mark.parametrize(
    "text",
    ["import mediapipe as mp\nprint 'Python 2'\n", "if True:\nimport mediapipe\n", "import mediapipe\n\0"],
)
def test_what_cannot_be_parsed_stays_and_is_told(text: str) -> None:
    assert port_python(text).text == text
    assert "by hand" in port_python(text).findings[0].reason


def test_programs_may_be_nested_as_deeply_as_python_reads_them() -> None:
    branches = "".join(f"elif a == {i}: pass\n" for i in range(900))
    text = f"import mediapipe as mp\nif a: pass\n{branches}else: mp.solutions.pose\n"
    assert port_python(text).text == text.replace("mediapipe", "pose_landmarker.mediapipe")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_an_import_may_go_on_in_the_next_line(end: str) -> None:
    text = f"from\\{end}mediapipe import solutions{end}"
    assert port_python(text).text == text.replace("mediapipe", "pose_landmarker.mediapipe")


@pytest.mark.parametrize(
    "call",
    [
        "MessageToDict(results.pose_landmarks)",
        "json_format.MessageToJson(results.pose_landmarks)",
        "results.pose_landmarks.SerializeToString()",
    ],
)
def test_what_needs_messages_of_protobuf_is_told(call: str) -> None:
    ported = port_python(f"import mediapipe as mp\n{call}\n")
    assert ported.is_whole
    assert [(found.kind, found.line) for found in ported.findings] == [("ported", 1), ("advice", 2)]
    assert not port_python(f"# mediapipe\n{call}\n").findings


def test_deep_nesting_is_told() -> None:
    text = "import mediapipe\nx = " + "(" * 5000 + ")" * 5000
    assert port_python(text).text == text
    assert _left(text) == [(1, "import mediapipe")]


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet="import mediapse.f()'\"\\\n\r\t#,;\0é😀", max_size=60))
def test_any_text_is_survived(noise: str) -> None:
    for text in (noise, f"import mediapipe as mp\n{noise}", f"{noise}\nimport mediapipe as mp"):
        ported = port_python(text)
        assert ported.text.replace("pose_landmarker.", "").replace("mediapipe as mediapipe", "mediapipe") == (
            text.replace("mediapipe as mediapipe", "mediapipe")
        )
        assert port_python(ported.text).text == ported.text


# Requirements


def test_requirements_get_advice() -> None:
    found = look_at_requirements("numpy\nmediapipe==0.10.9  # poses\n# mediapipe\nmediapipe-extras\n")
    assert [(finding.kind, finding.line) for finding in found.findings] == [("advice", 2)]
    assert "pip install pose-landmarker" in found.findings[0].reason


def test_lines_are_counted_as_python_counts_them() -> None:
    lines = Lines("a\r\nb\rc\x0cd\né = 1")
    assert [lines.line_of(offset) for offset in (0, 3, 5, 6, 9)] == [1, 2, 3, 3, 4]
    assert [lines.offset(4, column) for column in (0, 2, 3)] == [9, 10, 11]
