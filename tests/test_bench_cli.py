"""``pose-landmarker bench`` from the command line, mostly without anything to wait for."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pose_landmarker.bench import suite
from pose_landmarker.bench.contestant import Contestant
from pose_landmarker.bench.environments import EnvironmentMakingError
from pose_landmarker.bench.material import Material
from pose_landmarker.bench.peak import Peak
from pose_landmarker.bench.results import load
from pose_landmarker.bench.setting import Setting
from pose_landmarker.bench.suite import Suite
from pose_landmarker.cli.main import main
from pose_landmarker.engines.cpu import available_cpus
from tests.clips import write_clip
from tests.test_bench import _FAKE


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "me.mp4", 4)


@pytest.fixture
def bundles(model_file: Callable[[str], Path]) -> str:
    return str(model_file("lite").parent)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bundles: str, clip: Path) -> list[str]:
    """Arguments of a run in which nothing real is measured: processes are fakes."""
    script = tmp_path / "fake_worker.py"
    script.write_text(_FAKE)
    peaks = [Peak("f32", 1, 100e9, "numpy")]
    monkeypatch.setattr(suite, "measure_peaks", lambda *_: peaks)
    monkeypatch.setattr(suite, "installed_mib", lambda *_: {"files": 1.0, "on_disk": 2.0, "packages": 3})
    monkeypatch.setattr(suite, "reference_python", lambda _: sys.executable)
    monkeypatch.setattr(
        suite, "Contestant", lambda python, spec: Contestant(python, {}, script=script)
    )  # fmt: skip
    monkeypatch.chdir(tmp_path)
    return ["bench", "--bundles", bundles, "--models", "lite", "--clip", str(clip), "--precisions", "exact"]


def test_everything_is_written(quick: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*quick, "--rounds", "2", "-o", "found", "--engines", "litert"]) == 0
    out = capsys.readouterr().out
    assert "## VIDEO" in out
    assert "found/results.json" in out
    assert {path.name for path in (tmp_path / "found").iterdir()} == {
        "results.json",
        "table.md",
        "speed.png",
        "latency.png",
        "limit.png",
    }
    assert (tmp_path / "found" / "table.md").read_text() in out
    found = load(tmp_path / "found" / "results.json")
    assert found.complete
    assert len(found.cells) == 3 * 2
    assert list(found.installed_mib) == ["mediapipe", "pose-landmarker"]
    # Earlier results stay what they are.
    assert main([*quick, "-o", "found"]) == 2
    assert "is there already; name another folder with -o" in capsys.readouterr().err


def test_default_folder_and_json(
    quick: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = [*quick, "--rounds", "1", "--modes", "image", "--engines", "litert", "openvino", "--no-charts"]
    assert main([*few, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert [row["key"].split("/")[-2] for row in record["cells"]] == ["mediapipe", "litert", "openvino"]
    assert not list(tmp_path.glob("benchmark-*"))
    assert main([*few, "--without-reference"]) == 0
    (folder,) = tmp_path.glob("benchmark-*")
    assert {path.name for path in folder.iterdir()} == {"results.json", "table.md"}


def test_many_files(quick: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.setattr(suite, "available_cpus", lambda: 2)
    arguments = [
        "--modes",
        "pictures",
        "videos",
        "--sizes",
        "native",
        "--num-videos",
        "3",
        "--num-pictures",
        "2",
    ]
    assert main([*quick, *arguments, "--rounds", "1", "--json", "--engines", "litert"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert [row["rounds"][0]["calls"] for row in record["cells"]] == [2, 1, 2, 1]


def test_interrupted(
    quick: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was measured before is kept, also that of the race under way."""
    ticks: list[int] = []
    tick = Suite._tick

    def interrupt(self: Suite, label: str) -> None:
        tick(self, label)
        ticks.append(1)
        if len(ticks) == 2 * 3 + 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(Suite, "_tick", interrupt)
    assert main([*quick, "--rounds", "3", "--engines", "litert", "-o", "found", "--no-charts"]) == 130
    printed = capsys.readouterr()
    assert "interrupted after 4 measurements" in printed.err
    assert "Interrupted: this is what was measured before" in printed.out
    found = load(tmp_path / "found" / "results.json")
    assert not found.complete
    assert [(cell.setting.mode, len(cell.rounds)) for cell in found.cells] == [
        ("image", 3),
        ("image", 3),
        ("video", 2),
        ("video", 2),
    ]


def test_without_the_reference_as_it_cannot_be_made(
    quick: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: Path) -> str:
        raise EnvironmentMakingError("no network")

    monkeypatch.setattr(suite, "reference_python", fail)
    assert main([*quick, "--rounds", "1", "--modes", "image", "--engines", "litert", "--no-charts"]) == 1
    printed = capsys.readouterr()
    assert "1 of 2 failed:\n  mediapipe: no network" in printed.err
    assert "LiteRT" in printed.out


def test_models_that_the_reference_cannot_read(
    quick: list[str],
    bundles: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(suite, "fetch_model", lambda name: Path(bundles) / f"pose_landmarker_{name}.task")
    monkeypatch.setattr(suite, "verify_model", lambda _: "official networks")
    quick.remove("--bundles")
    quick.remove(bundles)
    arguments = ["--rounds", "1", "--modes", "image", "--engines", "litert", "--json"]
    assert main([*quick, *arguments]) == 1
    printed = capsys.readouterr()
    assert "mediapipe lite: the model was fetched without the metadata" in printed.err
    assert len(json.loads(printed.out)["cells"]) == 1


def test_material_that_cannot_be_made(
    quick: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pose_landmarker.bench.material.Material.frames", full)
    assert main([*quick, "--rounds", "1", "--json", "--engines", "litert"]) == 1
    assert "No space left on device" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--rounds", "0"], "--rounds must be a whole number from 1"),
        (["--num-poses", "0"], "--num-poses must be a whole number"),
        (["--threads", "some"], "threads must be 'default', 'all' or"),
        (["--frames", "-3"], "--frames must be"),
        (["--num-videos", "0"], "--num-videos must be"),
        (["--num-pictures", "0"], "--num-pictures must be"),
        (["--side-by-side", "0"], "--side-by-side must be"),
    ],
)
def test_wrong_arguments(quick: list[str], arguments: list[str], told: str, capsys: Any) -> None:
    assert main([*quick, *arguments, "--json"]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["--models", "huge"], ["--modes", "live"], ["--sizes", "8k"], ["compare"]]
)
def test_not_understood(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["bench", *arguments])
    assert ended.value.code == 2


def test_inputs_that_cannot_be_read(
    quick: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    quick[quick.index("--clip") + 1] = str(tmp_path / "missing.mp4")
    assert main([*quick, "--json"]) == 1
    assert "missing.mp4" in capsys.readouterr().err
    assert main(quick) == 1
    assert not list(tmp_path.glob("benchmark-*"))  # nothing is left behind
    (tmp_path / "file").touch()
    assert main([*quick, "-o", str(tmp_path / "file")]) == 2
    assert main(["bench", "--bundles", str(tmp_path), "--json", "--models", "lite"]) == 1
    assert "pose_landmarker_lite.task" in capsys.readouterr().err


def test_charts_that_cannot_be_drawn(
    quick: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("pose_landmarker.bench.charts.find_spec", lambda _: None)
    monkeypatch.setattr("pose_landmarker.cli.bench.find_spec", lambda _: None)
    assert main([*quick, "--charts", "--rounds", "1"]) == 1  # before anything is measured
    assert "pip install 'pose-landmarker[bench]'" in capsys.readouterr().err
    assert main([*quick, "--rounds", "1", "--modes", "image"]) == 0
    assert "no charts: pip install 'pose-landmarker[bench]'" in capsys.readouterr().err


def test_the_command_imports_nothing_heavy() -> None:
    import subprocess

    script = (
        "import sys; import pose_landmarker.cli.main as m; m._parser();"
        "heavy = {'cv2', 'av', 'matplotlib', 'skimage', 'openvino'};"
        "print([n for n in sys.modules if n.split('.')[0] in heavy or n.startswith('pose_landmarker.bench')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_spec_of_a_process(bundles: str, clip: Path, tmp_path: Path) -> None:
    plan = suite.Plan(
        conditions=[],
        engines=["litert"],
        precisions=["exact"],
        rounds=1,
        python="python",
        environments=None,
        bundles=Path(bundles),
    )
    made = Suite(plan, Material(tmp_path, clip=clip), lambda *_: None, lambda _: None)
    made._models["lite"] = Path("m.task")
    specs = [
        made._spec(Setting(mode="video", model="lite", threads=threads))
        for threads in ("default", "3", "all")
    ]
    assert [spec["threads"] for spec in specs] == [None, 3, available_cpus()]
    assert specs[0]["fps"] == 25
    assert Path(specs[0]["frames"]).exists()


def test_for_real(
    bundles: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Real processes on the made clip: two rounds, small, without the reference."""
    monkeypatch.setattr(suite, "measure_peaks", lambda *_: [Peak("f32", 1, 100e9, "numpy")])
    arguments = ["--modes", "image", "video", "start", "--models", "lite", "--sizes", "480p", "--rounds", "2"]
    arguments += ["--engines", "litert", "--precisions", "exact", "--frames", "6", "--without-reference"]
    assert main(["bench", "--bundles", bundles, *arguments, "-o", str(tmp_path / "found")]) == 0
    found = load(tmp_path / "found" / "results.json")
    assert [cell.setting.mode for cell in found.cells] == ["image", "video", "start"]
    assert all(cell.poses == 1 for cell in found.cells)
    assert all(len(cell.rounds) == 2 for cell in found.cells)
    assert not found.failures
    assert "LiteRT" in capsys.readouterr().out


@pytest.mark.slow
def test_beside_the_reference(bundles: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Fetches MediaPipe."""
    arguments = [
        "--modes",
        "image",
        "video",
        "start",
        "pictures",
        "videos",
        "--models",
        "lite",
        "--rounds",
        "1",
    ]
    arguments += ["--engines", "litert", "--precisions", "exact", "--environments", str(tmp_path / "envs")]
    status = main(["bench", "--bundles", bundles, *arguments, "-o", str(tmp_path / "found")])
    found = load(tmp_path / "found" / "results.json")
    assert (status, found.failures) == (0, {})
    assert len(found.cells) == 5 * 2
    assert {cell.version for cell in found.cells if cell.setting.of_reference} == {"1.2.2"}
    assert all(cell.poses > 0.9 for cell in found.cells)
