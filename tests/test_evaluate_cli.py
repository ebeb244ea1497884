"""``pose-landmarker evaluate`` from the command line."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pose_landmarker.cli import evaluate as command
from pose_landmarker.cli.main import main
from pose_landmarker.evaluation import FORMATS
from tests.labels import label_entry, write_coco, write_dump, write_labels, write_picture
from tests.poses import astronaut_photo

pytest.importorskip("pycocotools")


@pytest.fixture
def model(model_file: Callable[[str], Path]) -> str:
    return f"me={model_file('lite')},engine=litert"


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """A photo of a woman whose labels are made up, and an empty picture."""
    photo = {**label_entry("a.png"), "width": 512, "height": 512}
    empty = label_entry("b.png", persons=[])
    path = write_labels(tmp_path / "set", photo, empty)
    Image.fromarray(astronaut_photo()).save(path.parent / "a.png")
    return path


def test_tables_and_files(
    labels: Path, model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "found"
    assert main(["evaluate", str(labels), "-c", model, "-o", str(out)]) == 0
    text, errors = capsys.readouterr()
    assert errors == ""
    assert "## People and joints" in text
    assert f"-> {out / 'evaluation.json'}" in text
    assert (out / "table.md").read_text() in text
    record = json.loads((out / "evaluation.json").read_text())
    assert record["figures"]["made"]["me"]["pictures"] == 2
    assert record["configurations"]["me"]["engine"] == "litert"
    # Earlier results stay what they are.
    assert main(["evaluate", str(labels), "-c", model, "-o", str(out)]) == 2
    assert "is there already; name another folder with -o" in capsys.readouterr().err


def test_json(labels: Path, model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(labels), "-c", model, "--json", "-o", str(tmp_path / "found")]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["pictures"]["me"][0]["picture"] == "a.png"
    assert "evaluation.json" in err


def test_everything_at_once(
    labels: Path, model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_picture(tmp_path / "masks" / "a.png", (512, 512), 255)
    write_picture(tmp_path / "empty" / "c.png")
    arrays = {f"{name}.png__landmarks": np.zeros((0, 33, 5)) for name in ("set/a", "set/b", "empty/c")}
    dump = write_dump(tmp_path / "theirs.npz", **arrays)
    arguments = ["-c", model, "--dump", str(dump), "--dataset", "made", "--workers", "1"]
    arguments += ["--masks", str(tmp_path / "masks"), "--negatives", str(tmp_path / "empty")]
    assert main(["evaluate", str(labels), *arguments]) == 0
    out = capsys.readouterr().out
    assert "| theirs" in out
    assert "## Pictures without people" in out
    assert "## Masks" in out
    assert main(["evaluate", str(labels), "--dump", f"x={dump}", "--every", "2", "--all-pictures"]) == 0
    assert "| x " in capsys.readouterr().out


def test_coco(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_coco(tmp_path)
    assert main(["evaluate", str(path), "-c", model, "--format", "coco", "--images", str(tmp_path)]) == 0
    assert "## COCO keypoints" in capsys.readouterr().out


def test_bad_pictures_are_named_at_the_end(
    labels: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (labels.parent / "b.png").write_bytes(b"no picture")
    assert main(["evaluate", str(labels), "-c", model]) == 1
    out, err = capsys.readouterr()
    assert "| made" in out
    assert "1 of 2 failed:" in err
    assert "b.png" in err
    (labels.parent / "a.png").unlink()
    assert main(["evaluate", str(labels), "-c", model]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "2 of 2 failed:" in err
    assert err.count("a.png") == 1


@pytest.mark.parametrize(
    ("arguments", "status", "wrong"),
    [
        (["none.json"], 1, "none.json: there is no such file or folder"),
        (["{labels}", "--dataset", "x"], 1, "no data set 'x'; there are made"),
        (["{labels}", "--dump", "none.npz"], 1, "none.npz: there is no such dump"),
        (["{labels}", "-c", "full,n=1"], 2, "there is no option 'n'"),
        (["{labels}", "-c", "full", "-c", "full"], 2, "two contestants are called 'full'"),
        (["{labels}", "--every", "0"], 2, "--every must be"),
        (["{labels}", "--workers", "0"], 2, "--workers must be"),
        (["{labels}", "-o", "{labels}"], 2, "cannot be made"),
        (["{labels}", "--masks", "none"], 1, "none: there is no such folder"),
    ],
)
def test_errors(
    labels: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], status: int, wrong: str
) -> None:
    assert main(["evaluate", *(text.format(labels=labels) for text in arguments)]) == status
    out, err = capsys.readouterr()
    assert out == ""
    assert wrong in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("package", ["pycocotools", "matplotlib"])
def test_without_the_extra(
    labels: Path, package: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    assert main(["evaluate", str(labels), "-o", str(labels.parent / "out")]) == 1
    assert "pip install 'pose-landmarker[evaluate]'" in capsys.readouterr().err


def test_formats_are_those_of_the_library() -> None:
    assert command._FORMATS == FORMATS
