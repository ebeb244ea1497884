"""Programs for MediaPipe that are changed to import this package."""

from __future__ import annotations

import argparse
import importlib
import json
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pose_landmarker.cli import port
from pose_landmarker.porting import look_at_requirements, port_notebook, port_python
from pose_landmarker.porting.edits import Edit, Lines
from pose_landmarker.porting.json_text import parse_json
from pose_landmarker.porting.parts import MODULES, missing_part

#: Names of ours that MediaPipe has elsewhere or keeps to itself.
_OWN = {"Repeated", "SolutionOutputs", "validate_running_mode"}


def _left(text: str) -> list[tuple[int, str]]:
    return [(found.line, found.what) for found in port_python(text).findings if found.kind == "left"]


def _port(*arguments: str | Path) -> int:
    parser = argparse.ArgumentParser()
    port.add_parser(parser.add_subparsers())
    parsed = parser.parse_args(["port", *map(str, arguments)])
    status: int = parsed.run(parsed)
    return status


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


# Notebooks


def _notebook(*cells: str, **metadata: object) -> dict[str, object]:
    return {
        "cells": [
            {"cell_type": "markdown", "source": ["import mediapipe as mp"], "metadata": {}},
            *(
                {"cell_type": "code", "source": cell.splitlines(keepends=True), "outputs": [], "metadata": {}}
                for cell in cells
            ),
        ],
        "metadata": metadata,
        "nbformat": 4,
        "nbformat_minor": 5,
    }


@pytest.mark.parametrize("indent", [None, 1, 2, "\t"])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_notebook_keeps_its_formatting(indent: int | str | None, ascii_only: bool) -> None:
    def dumped(*cells: str) -> str:
        return json.dumps(_notebook(*cells), indent=indent, ensure_ascii=ascii_only) + "\n"

    rest = "t = '😀é\\t\"'; import mediapipe.solutions.pose as p\nprint(1.50, t)"
    ported = port_notebook(
        dumped("!pip install -q mediapipe==0.10.9 numpy", f"import mediapipe as mp\n{rest}")
    )
    assert ported.is_whole
    assert ported.text == dumped(
        "!pip install -q pose-landmarker numpy",
        "import pose_landmarker.mediapipe as mp\n" + rest.replace("mediapipe", "pose_landmarker.mediapipe"),
    )
    assert port_notebook(ported.text).text == ported.text
    assert [piece[0] for piece in ported.pieces] == [2, 3]


def test_a_notebooks_source_may_be_one_string_with_any_escapes() -> None:
    source = r"\u0023 \ud83d\ude00\/\nimport mediapipe \u0061s mp\n"
    text = f'{{ "cells":[{{"source" : "{source}","cell_type":"code" }}], "metadata":{{"a":1.0e0}}}}'
    ported = port_notebook(text)
    assert ported.text == text.replace("import mediapipe", "import pose_landmarker.mediapipe")


def test_magics_are_no_obstacle() -> None:
    cell = "%matplotlib inline\n!pip install cv2 \\\n   more\nfiles = !ls\nmp?\nimport mediapipe as mp\n"
    cell += "for x in y:\n    %time f(x)"
    ported = port_notebook(json.dumps(_notebook(f"%%time\n{cell}")))
    assert ported.is_whole
    assert "import pose_landmarker.mediapipe as mp" in ported.text


def test_a_cell_may_install_without_a_mark_and_import() -> None:
    ported = port_notebook(json.dumps(_notebook("pip install mediapipe\nimport mediapipe as mp")))
    assert ported.is_whole
    assert [found.line for found in ported.findings] == [1, 2]


def test_names_are_known_in_all_cells() -> None:
    text = json.dumps(
        _notebook("import mediapipe as mp", "mp.solutions.pose.Pose()", "mp.solutions.hands.Hands()")
    )
    ported = port_notebook(text)
    assert ported.text == text
    assert [(found.cell, found.what) for found in ported.findings] == [
        (2, "import mediapipe as mp"),
        (4, "mediapipe.solutions.hands"),
    ]


def test_pip_lines_stay_where_mediapipe_is_still_needed() -> None:
    text = json.dumps(
        _notebook(
            "!pip install mediapipe",
            "from mediapipe.solutions import pose\nfrom mediapipe.solutions import hands",
        )
    )
    ported = port_notebook(text)
    assert "!pip install mediapipe" in ported.text
    assert ("advice", 2) in [(found.kind, found.cell) for found in ported.findings]


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("!pip install mediapipe", "!pip install pose-landmarker"),
        ("%pip install 'mediapipe>=0.9,<1' cv2", "%pip install 'pose-landmarker' cv2"),
        ("!python -m pip3 install -U mediapipe cv2", "!python -m pip3 install -U pose-landmarker cv2"),
        ("!pip install mediapipe-silicon", "!pip install mediapipe-silicon"),
        ("!pip install ./mediapipe", "!pip install ./mediapipe"),
        ("!pip uninstall mediapipe", "!pip uninstall mediapipe"),
        ("!pip install 'mediapipe >= 0.9, < 1'", "!pip install 'pose-landmarker'"),
        ("!pip install mediapipe > log.txt", "!pip install pose-landmarker > log.txt"),
        ("pip install mediapipe", "pip install pose-landmarker"),
        ("python -m pip install mediapipe", "python -m pip install pose-landmarker"),
        ("%%bash\npip install -q mediapipe", "%%bash\npip install -q pose-landmarker"),
        ("!pip install \\\n  mediapipe", "!pip install \\\n  pose-landmarker"),
        ('x = """\npip install mediapipe\n"""', 'x = """\npip install mediapipe\n"""'),
    ],
)
def test_pip_lines(line: str, after: str) -> None:
    ported = port_notebook(json.dumps(_notebook(line, "import mediapipe as mp")))
    assert "".join(json.loads(ported.text)["cells"][1]["source"]) == after


@pytest.mark.parametrize(
    "text",
    [
        "mediapipe",
        '{"mediapipe"',
        '["mediapipe"]',
        '{"cells": "mediapipe"}',
        '{"worksheets": ["mediapipe"]}',
        '{"cells": [{"cell_type": "code", "source": [1, "mediapipe"]}]}',
        '{"mediapipe":' + "[" * 100_000,
        '{"mediapipe":' + "[" * 900 + "]" * 900 + "}",
    ],
)
def test_what_is_no_notebook_stays_and_is_told(text: str) -> None:
    ported = port_notebook(text)
    assert ported.text == text
    assert not ported.is_whole


def test_notebooks_of_other_languages_and_other_cells_stay() -> None:
    julia = json.dumps(_notebook("import mediapipe as mp", kernelspec={"language": "julia"}))
    assert port_notebook(julia).text == julia
    assert not port_notebook(julia).findings
    written = json.dumps(_notebook("%%writefile a.py\nimport mediapipe as mp"))
    assert port_notebook(written).text == written
    assert [(found.cell, found.line) for found in port_notebook(written).findings] == [(2, 2)]


def test_a_cell_that_cannot_be_parsed_does_not_hide_the_others() -> None:
    ported = port_notebook(
        json.dumps(_notebook("import mediapipe as mp", "print 'mediapipe'", "import mediapipe as ("))
    )
    assert "import pose_landmarker.mediapipe as mp" in ported.text
    assert [(found.cell, found.kind) for found in ported.findings] == [(2, "ported"), (4, "left")]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=40, deadline=None)
@given(JSON, st.sampled_from([None, 1, 3]), st.booleans())
def test_strings_of_json_are_where_they_are_said_to_be(
    value: object, indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)

    def check(read: object, wanted: object) -> None:
        if isinstance(wanted, dict):
            assert isinstance(read, dict)
            for key, inner in wanted.items():
                check(read[key], inner)
        elif isinstance(wanted, list):
            assert isinstance(read, list)
            for one, other in zip(read, wanted, strict=True):
                check(one, other)
        elif isinstance(wanted, str):
            for position in range(len(wanted) + 1):
                (edit,) = read.edits([Edit(position, position, "XY")])  # type: ignore[attr-defined]
                changed = text[: edit.start] + edit.text + text[edit.end :]
                start, end = read.start, read.start + len(read.raw) + 2  # type: ignore[attr-defined]
                assert json.loads(changed[start:end]) == wanted[:position] + "XY" + wanted[position:]
        else:
            assert read == wanted

    check(parse_json(text), value)


# Requirements


def test_requirements_get_advice() -> None:
    found = look_at_requirements("numpy\nmediapipe==0.10.9  # poses\n# mediapipe\nmediapipe-extras\n")
    assert [(finding.kind, finding.line) for finding in found.findings] == [("advice", 2)]
    assert "pip install pose-landmarker" in found.findings[0].reason


def test_lines_are_counted_as_python_counts_them() -> None:
    lines = Lines("a\r\nb\rc\x0cd\né = 1")
    assert [lines.line_of(offset) for offset in (0, 3, 5, 6, 9)] == [1, 2, 3, 3, 4]
    assert [lines.offset(4, column) for column in (0, 2, 3)] == [9, 10, 11]


# Files


def test_without_write_there_is_a_diff_and_nothing_changes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.py"
    file.write_text("import cv2\nimport mediapipe as mp")
    assert _port(file) == 0
    output = capsys.readouterr()
    assert (
        "-import mediapipe as mp\n\\ No newline at end of file\n+import pose_landmarker.mediapipe as mp\n"
        in output.out
    )
    assert "\033" not in output.out
    assert "1 file to change" in output.err
    assert file.read_text() == "import cv2\nimport mediapipe as mp"


@pytest.mark.skipif(shutil.which("patch") is None, reason="there is no patch")
def test_the_diff_can_be_applied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"import cv2\r\nimport mediapipe as mp\r\nx = 1")
    _port(file)
    patch = subprocess.run(
        ["patch", "-p0", "--binary", str(file)],
        input=capsys.readouterr().out.encode(),
        check=False,
        capture_output=True,
    )
    assert patch.returncode == 0, patch.stdout
    assert file.read_bytes() == b"import cv2\r\nimport pose_landmarker.mediapipe as mp\r\nx = 1"


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("# -*- coding: latin-1 -*-\r\nimport mediapipe as mp  # é\r\n", "latin-1"),
        ("\ufeffimport mediapipe as mp  # é\n", "utf-8"),
        ("# coding: shift_jis\nimport mediapipe as mp  # 姿\n", "shift_jis"),
    ],
)
def test_encoding_ends_of_lines_and_mode_stay(tmp_path: Path, content: str, encoding: str) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(content.encode(encoding))
    file.chmod(0o750)
    assert _port("--write", file) == 0
    assert file.read_bytes() == content.replace("mediapipe", "pose_landmarker.mediapipe").encode(encoding)
    assert stat.S_IMODE(file.stat().st_mode) == 0o750
    assert list(tmp_path.iterdir()) == [file]


def test_writing_twice_changes_nothing_more(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.py").write_text("import mediapipe as mp\n")
    (tmp_path / "b.ipynb").write_text(json.dumps(_notebook("import mediapipe as mp")))
    assert _port("--write", tmp_path) == 0
    contents = [path.read_bytes() for path in sorted(tmp_path.iterdir())]
    assert b"pose_landmarker" in contents[0]
    assert b"pose_landmarker" in contents[1]
    capsys.readouterr()
    assert _port("--write", tmp_path) == 0
    assert "nothing to port" in capsys.readouterr().err
    assert [path.read_bytes() for path in sorted(tmp_path.iterdir())] == contents


def test_links_stay_links_and_are_not_followed_in_folders(tmp_path: Path) -> None:
    real, folder = tmp_path / "real.py", tmp_path / "folder"
    real.write_text("import mediapipe as mp\n")
    folder.mkdir()
    link = folder / "link.py"
    link.symlink_to(real)
    assert _port("--write", folder) == 0
    assert real.read_text() == "import mediapipe as mp\n"
    assert _port("--write", link) == 0
    assert link.is_symlink()
    assert real.read_text() == "import pose_landmarker.mediapipe as mp\n"


def test_folders_of_others_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "pyvenv.cfg").touch()
    for name in ("env", ".git", "site-packages", "own"):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "a.py").write_text("import mediapipe as mp\n")
    _port("--write", tmp_path)
    changed = [path for path in tmp_path.rglob("a.py") if "pose_landmarker" in path.read_text()]
    assert changed == [tmp_path / "own" / "a.py"]


def test_bad_files_are_told_and_do_not_stop_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.py").write_bytes(b"\x80\x81 mediapipe \xff\0")
    (tmp_path / "b.py").write_bytes(b"# coding: nonsense\nimport mediapipe\n")
    (tmp_path / "c.py").write_bytes(b"# coding: utf-16\nimport mediapipe\n")
    (tmp_path / "d.ipynb").write_bytes(b"\xff mediapipe")
    (tmp_path / "loop.py").symlink_to(tmp_path / "loop.py")
    (tmp_path / "good.py").write_text("import mediapipe\n")
    (tmp_path / "junk.py").write_bytes(bytes(range(256)))
    assert _port("--write", tmp_path, tmp_path / "loop.py", tmp_path / "missing.py") == 1
    errors = capsys.readouterr().err
    for name in ("a.py", "b.py", "d.ipynb", "loop.py", "missing.py"):
        assert name in errors
    assert "junk.py" not in errors
    assert (tmp_path / "good.py").read_text() == "import pose_landmarker.mediapipe as mediapipe\n"


def test_a_file_that_cannot_be_written_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.py"
    file.write_text("import mediapipe as mp\n")

    def full(*_arguments: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    assert _port("--write", file) == 1
    assert "No space left" in capsys.readouterr().err
    assert file.read_text() == "import mediapipe as mp\n"
    assert list(tmp_path.iterdir()) == [file]


def test_json_says_what_was_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.py").write_text("import mediapipe as mp\nmp.solutions.hands\n")
    (tmp_path / "b.py").write_text("import mediapipe as mp\n")
    (tmp_path / "requirements.txt").write_text("mediapipe\n")
    assert _port("--json", tmp_path) == 1
    first, second, third = json.loads(capsys.readouterr().out)["files"]
    assert (first["changed"], first["whole"]) == (False, False)
    assert [finding["line"] for finding in first["findings"]] == [1, 2]
    assert (second["changed"], second["written"], second["whole"]) == (True, False, True)
    assert third["findings"][0]["kind"] == "advice"
