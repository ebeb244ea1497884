"""``pose-landmarker port``: files and folders, and that nothing is lost."""

from __future__ import annotations

import argparse
import json
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from pose_landmarker.cli import port
from tests.test_porting_notebooks import notebook


def _port(*arguments: str | Path) -> int:
    parser = argparse.ArgumentParser()
    port.add_parser(parser.add_subparsers())
    parsed = parser.parse_args(["port", *map(str, arguments)])
    status: int = parsed.run(parsed)
    return status


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
    (tmp_path / "b.ipynb").write_text(json.dumps(notebook("import mediapipe as mp")))
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
