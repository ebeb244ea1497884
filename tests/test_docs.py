"""The code of the README and the docs runs and prints what is shown below it."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pose_landmarker.cli.main import main
from pose_landmarker.media import VideoWriter
from tests.poses import astronaut_photo

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
#: A block of Python and, maybe, the text that it prints.
_BLOCK = re.compile(r"```python\n(.*?)```(?:\s*```text\n(.*?)```)?", re.DOTALL)


def _blocks() -> Iterator[tuple[str, str, str]]:
    for document in DOCUMENTS:
        for number, (code, printed) in enumerate(_BLOCK.findall(document.read_text(encoding="utf-8"))):
            yield f"{document.name}-{number}", code, printed


BLOCKS = list(_blocks())


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model_file: Callable[[str], Path]) -> Path:
    """The current folder of a user who has a photo and, in the cache, the models."""
    monkeypatch.chdir(tmp_path)
    photo = astronaut_photo()
    Image.fromarray(photo).save(tmp_path / "astronaut.png")
    with VideoWriter(tmp_path / "astronaut.mp4", fps=30) as writer:
        for i in range(24):
            writer.write(np.roll(photo, i, axis=1), Fraction(i, 30))
    target = tmp_path / "cache" / "models" / "pose_landmarker_full.task"
    target.parent.mkdir(parents=True)
    shutil.copy(model_file("full"), target)
    monkeypatch.setenv("POSE_LANDMARKER_CACHE", str(tmp_path / "cache"))
    return tmp_path


def test_there_are_blocks() -> None:
    assert len(BLOCKS) >= 3


@pytest.mark.parametrize(("code", "printed"), [b[1:] for b in BLOCKS], ids=[b[0] for b in BLOCKS])
def test_python_runs_and_prints_what_is_shown(user: Path, code: str, printed: str) -> None:
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(code, "README.md", "exec"), {"__name__": "__main__"})
    assert output.getvalue() == printed


def test_the_readmes_command_line(user: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = re.findall(r"^pose-landmarker (image .*)$", (ROOT / "README.md").read_text(), re.MULTILINE)
    Path("holiday").mkdir()
    shutil.copy("astronaut.png", "holiday/photo.jpg")
    assert main(line.split()) == 0
    assert {path.name for path in Path("found").iterdir()} == {"photo_pose.jpg", "photo_pose.json"}


@pytest.mark.parametrize("document", [*DOCUMENTS, ROOT / "CHANGELOG.md"], ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)]+)\)|src=\"([^\"]+)\"", text):
        target, _, anchor = "".join(link).partition("#")
        if target.startswith("http"):
            continue
        path = document.parent / target if target else document
        assert path.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {heading.lower().replace(" ", "-") for heading in headings}, link


def test_the_docs_name_every_module_and_every_option() -> None:
    from pose_landmarker.options import PoseLandmarkerOptions
    from tests.test_architecture import FLOORS

    architecture = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    for name in (name for floor in FLOORS for name in floor if not name.startswith("_")):
        assert f"`{name}`" in architecture or f"`{name}/`" in architecture, name
    api = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    for name in PoseLandmarkerOptions.__dataclass_fields__:
        assert f"| `{name}` |" in api, name
