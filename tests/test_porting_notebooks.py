"""Notebooks for MediaPipe that are changed to import this package."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pose_landmarker.porting import port_notebook
from pose_landmarker.porting.edits import Edit
from pose_landmarker.porting.json_text import parse_json


def notebook(*cells: str, **metadata: object) -> dict[str, object]:
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
        return json.dumps(notebook(*cells), indent=indent, ensure_ascii=ascii_only) + "\n"

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
    ported = port_notebook(json.dumps(notebook(f"%%time\n{cell}")))
    assert ported.is_whole
    assert "import pose_landmarker.mediapipe as mp" in ported.text


def test_a_cell_may_install_without_a_mark_and_import() -> None:
    ported = port_notebook(json.dumps(notebook("pip install mediapipe\nimport mediapipe as mp")))
    assert ported.is_whole
    assert [found.line for found in ported.findings] == [1, 2]


def test_names_are_known_in_all_cells() -> None:
    text = json.dumps(
        notebook("import mediapipe as mp", "mp.solutions.pose.Pose()", "mp.solutions.hands.Hands()")
    )
    ported = port_notebook(text)
    assert ported.text == text
    assert [(found.cell, found.what) for found in ported.findings] == [
        (2, "import mediapipe as mp"),
        (4, "mediapipe.solutions.hands"),
    ]


def test_pip_lines_stay_where_mediapipe_is_still_needed() -> None:
    text = json.dumps(
        notebook(
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
    ported = port_notebook(json.dumps(notebook(line, "import mediapipe as mp")))
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
    julia = json.dumps(notebook("import mediapipe as mp", kernelspec={"language": "julia"}))
    assert port_notebook(julia).text == julia
    assert not port_notebook(julia).findings
    written = json.dumps(notebook("%%writefile a.py\nimport mediapipe as mp"))
    assert port_notebook(written).text == written
    assert [(found.cell, found.line) for found in port_notebook(written).findings] == [(2, 2)]


def test_a_cell_that_cannot_be_parsed_does_not_hide_the_others() -> None:
    ported = port_notebook(
        json.dumps(notebook("import mediapipe as mp", "print 'mediapipe'", "import mediapipe as ("))
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
