"""What becomes of the numbers: files, tables, charts, and whether something became worse."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pose_landmarker import MissingExtraError, OptionError
from pose_landmarker.bench import machine, report
from pose_landmarker.bench.cell import Cell
from pose_landmarker.bench.charts import draw_charts
from pose_landmarker.bench.compare import compare
from pose_landmarker.bench.compare import report as comparison_report
from pose_landmarker.bench.contestant import Round
from pose_landmarker.bench.peak import Peak
from pose_landmarker.bench.reach import operations, reach, threads_of
from pose_landmarker.bench.results import Results, dumps, load, save
from pose_landmarker.bench.setting import Setting
from pose_landmarker.cli.main import main
from pose_landmarker.media import read_image

MACHINE = {
    "processor": "Imaginary 9000",
    "architecture": "x86_64",
    "cores_usable": 2,
    "cores_present": 4,
    "features": ["avx2", "fma", "avx512f"],
    "system": "Linux 6.1",
    "python": "3.12.1",
    "packages": {"pose-landmarker": "1.0"},
}


def cell(
    engine: str,
    *wall_ms: float,
    mode: str = "video",
    model: str = "lite",
    precision: str = "exact",
    memory_mib: float | None = 100.0,
    cpu: float = 1.0,
    **more: Any,
) -> Cell:
    """A cell whose rounds have two calls each, of the times given and a tenth more and less."""
    setting = Setting(mode=mode, model=model, engine=engine, precision=precision, **more)
    rounds = tuple(Round((0.9 * ms, 1.1 * ms), cpu * ms, 1.0, 2) for ms in wall_ms)
    version = "1.2.2" if engine == "mediapipe" else "1.0"
    return Cell(setting=setting, rounds=rounds, memory_mib=memory_mib, threads=2, version=version)


def results(*cells: Cell, **changed: Any) -> Results:
    made = Results(
        machine=dict(MACHINE),
        started="2026-01-01T00:00:00+00:00",
        material={"clip": "walk.mp4", "pictures": "frames of the clip"},
        rounds=3,
        cells=list(cells),
        peaks=[Peak("f32", 1, 100e9, "numpy"), Peak("f32", 2, 200e9, "OpenVINO")],
        operations={
            "lite": {"detector": 400_000_000, "landmarks": 100_000_000, "landmarks_masks": 150_000_000}
        },
        installed_mib={
            "mediapipe": {"files": 498.2, "on_disk": 510.1, "packages": 19},
            "pose-landmarker": {"files": 317.4, "on_disk": None, "packages": 13},
        },
        complete=True,
    )
    for name, value in changed.items():
        setattr(made, name, value)
    return made


RACE = (cell("mediapipe", 20, 22, 30), cell("litert", 10, 10, 12), cell("openvino", 5, 5, 5))


class TestFile:
    def test_there_and_back(self, tmp_path: Path) -> None:
        before = results(*RACE, failures={"key": "why"}, skipped={"other": "because"})
        save(before, tmp_path / "results.json")
        assert load(tmp_path / "results.json") == before
        assert json.loads(dumps(before))["format"] == 1

    def test_without_cells(self, tmp_path: Path) -> None:
        save(results(), tmp_path / "results.json")
        assert load(tmp_path / "results.json").cells == []

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ('"format": 1', '"format": 7'),
            ('"rounds": 3', '"round": 3'),
            ("video/lite/720p", "video/lite/9000p"),
            ('"wall_ms": [18.0', '"wall_ms": [-1'),
            ('"wall_ms": [18.0', '"wall_ms": [NaN'),
            ('"wall_ms": [18.0', '"wall_ms": ["soon"'),
            ('"wall_ms": [18.0, 22.0]', '"wall_ms": []'),
            ('"memory_mib": 100.0', '"memory_mib": "much"'),
            ("{", "", ),
        ],
    )  # fmt: skip
    def test_other_files(self, tmp_path: Path, old: str, new: str) -> None:
        text = dumps(results(*RACE))
        assert old in text
        path = tmp_path / "results.json"
        path.write_text(text.replace(old, new, 1))
        with pytest.raises(OptionError, match=r"results\.json holds no results of"):
            load(path)

    def test_hostile_files(self, tmp_path: Path) -> None:
        for name, content in (("deep", b"[" * 100_000), ("binary", bytes(range(256))), ("list", b"[]")):
            (tmp_path / name).write_bytes(content)
            with pytest.raises(OptionError, match="holds no results"):
                load(tmp_path / name)
        with pytest.raises(OptionError, match="cannot be read"):
            load(tmp_path / "missing.json")
        with pytest.raises(OptionError, match="cannot be read"):
            load(tmp_path)

    def test_no_names_of_people_or_machines(self) -> None:
        described = json.dumps(machine.describe())
        assert str(Path.home()) not in described
        import platform

        assert not platform.node() or platform.node() not in described
        assert "cores," in machine.sentence(machine.describe())


class TestReach:
    def test_share_of_the_limit(self) -> None:
        found = results(*RACE)
        # 0.2 GFLOP in 5 ms are 40 GFLOP/s, of 200 on two threads.
        assert operations(RACE[2], found) == pytest.approx(0.2e9)
        assert reach(RACE[2], found) == pytest.approx(0.2)
        image = cell("litert", 10, mode="image", masks=True)
        assert operations(image, found) == pytest.approx(2 * 550e6)
        assert reach(cell("litert", 10, mode="start"), found) is None
        assert reach(RACE[2], results(*RACE, peaks=[])) is None
        assert operations(cell("litert", 10, model="heavy"), found) is None

    def test_threads(self) -> None:
        assert threads_of(Setting(mode="video", model="lite"), 16) == 4
        assert threads_of(Setting(mode="video", model="lite", threads="all"), 16) == 16
        assert threads_of(Setting(mode="videos", model="lite"), 16) == 16
        assert threads_of(Setting(mode="video", model="lite", threads="3"), 2) == 2


class TestReport:
    def test_literal_numbers(self) -> None:
        text = report.report(results(*RACE))
        assert "| VIDEO | lite  |     45 frames/s |    200 frames/s |   4.4× | OpenVINO |" in text
        (line,) = re.findall(r"^\| lite +\| LiteRT .*$", text, re.MULTILINE)
        # 2.0, 2.2 and 2.5 times in the three rounds.
        assert [part.strip() for part in line.split("|")[3:-1]] == [
            "100", "2.20", "2.04–2.44", "10.9", "12.1", "13.1", "10.0", "100", "1.00", "10%",
        ]  # fmt: skip
        assert "3 rounds of 2 frames each" in text
        assert "720p, num_poses 1, masks: no, default threads." in text
        assert re.search(r"VIDEO \| lite +\| +0\.20 \| +1000 \| +200 \| +20% ", text)
        assert "200 GFLOP/s, f32, 2 threads (OpenVINO)" in text
        assert re.search(r"pose-landmarker +\| +13 \| +317 \| +- \|", text)
        assert "Imaginary 9000 (avx2, avx512f), 2 of 4 cores, Linux, Python 3.12.1" in text

    def test_conditions_that_differ_have_columns(self) -> None:
        text = report.report(
            results(
                *RACE, cell("mediapipe", 9, size="4k", masks=True), cell("litert", 3, size="4k", masks=True)
            )
        )
        assert "| model |                 | size | masks | frames/s |" in text
        assert "num_poses 1, default threads." in text

    def test_start_and_files(self) -> None:
        text = report.report(
            results(
                cell("mediapipe", 800, mode="start"),
                cell("litert", 200, mode="start"),
                cell("mediapipe", 10, mode="videos"),
                cell("litert", 4, mode="videos", memory_mib=None),
            )
        )
        assert "| start  | lite  |          800 ms |          200 ms |   4.0× | LiteRT |" in text
        assert "| videos | lite  |    100 frames/s |    250 frames/s |   2.5× | LiteRT |" in text
        assert "## Many videos" in text

    def test_without_the_reference(self) -> None:
        text = report.report(results(RACE[1]))
        assert "In short" not in text
        assert re.search(r"LiteRT \| +100 \| +- \| +- \|", text)

    def test_what_is_missing_is_said(self) -> None:
        text = report.report(
            results(
                RACE[1],
                failures={"a": "broken", "b": "broken", "c": "gone"},
                skipped={"d": "no such precision"},
                complete=False,
            )
        )
        assert "- a and 1 more: broken\n- c: gone" in text
        assert "- d: no such precision" in text
        assert "Interrupted" in text

    def test_nothing_at_all(self) -> None:
        assert "beside" not in report.report(results(peaks=[], installed_mib={}))

    def test_fast_is_not_the_short_answer(self) -> None:
        """It answers otherwise than the reference."""
        fast = cell("openvino", 1, 1, 1, precision="fast")
        text = report.report(results(*RACE, fast))
        assert "200 frames/s" in text.split("##")[1]
        assert "OpenVINO, fast" in text


class TestCharts:
    def test_are_pictures(self, tmp_path: Path) -> None:
        found = results(
            *RACE,
            *(cell(engine, ms, mode="image") for engine, ms in (("mediapipe", 30.0), ("litert", 10.0))),
            cell("litert", 4, mode="videos"),
        )
        charts = draw_charts(found)
        assert set(charts) == {"speed.png", "latency.png", "limit.png", "files.png"}
        for name, content in charts.items():
            (tmp_path / name).write_bytes(content)
            picture = read_image(tmp_path / name)
            assert 1500 <= picture.shape[1] <= 1700
            assert (picture != 255).any()
        colours = {
            tuple(colour) for colour in read_image(tmp_path / "speed.png").reshape(-1, 3)[::3].tolist()
        }
        assert {(0x00, 0x72, 0xB2), (0xE6, 0x9F, 0x00), (0x9A, 0x9A, 0x9A)} <= colours

    def test_only_of_what_was_measured(self) -> None:
        assert draw_charts(results()) == {}
        assert set(draw_charts(results(RACE[1], peaks=[]))) == {"speed.png", "latency.png"}

    def test_without_matplotlib(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("pose_landmarker.bench.charts.find_spec", lambda _: None)
        with pytest.raises(MissingExtraError, match=r"pip install 'pose-landmarker\[bench\]'"):
            draw_charts(results(*RACE))

    def test_it_leaves_no_trace(self) -> None:
        """No window system is asked for, no figure stays behind."""
        draw_charts(results(*RACE))
        assert "matplotlib.pyplot" not in sys.modules


def noisy(engine: str, ms: float, spread: float, seed: int, rounds: int = 12, **more: Any) -> Cell:
    times = ms * (1 + spread * np.random.default_rng(seed).standard_normal(rounds))
    return cell(engine, *times.clip(0.1).tolist(), **more)


class TestCompare:
    def test_worse_better_same(self) -> None:
        old = results(
            cell("litert", 10, 10, 10), cell("openvino", 10, 10, 10), cell("litert", 10, masks=True)
        )
        new = results(cell("litert", 12, 12, 12), cell("openvino", 8, 8, 8), cell("litert", 10.3, masks=True))
        found = compare(old, new, 0.05)
        verdicts = {(change.key.split("/")[-2], change.quantity): change for change in found.changes[:5]}
        worse = verdicts["litert", "time"]
        assert worse.ratio == pytest.approx(1.2)
        assert (worse.verdict, worse.relative) == ("worse", False)
        assert verdicts["openvino", "time"].verdict == "better"
        assert {change.verdict for change in found.changes if "masks=yes" in change.key} == {"same"}
        assert {change.quantity for change in found.regressions} == {"time", "cpu"}

    def test_a_slower_machine_is_no_regression(self) -> None:
        old = results(cell("mediapipe", 20, 20, 20), cell("litert", 10, 10, 10))
        new = results(cell("mediapipe", 40, 40, 40), cell("litert", 20, 20, 20))
        found = compare(old, new, 0.05)
        assert not found.regressions
        assert all(change.relative for change in found.changes if change.quantity == "time")

    def test_spread_is_taken_into_account(self) -> None:
        wide = compare(results(noisy("litert", 10, 0.3, 1)), results(noisy("litert", 11.5, 0.3, 2)), 0.05)
        narrow = compare(results(noisy("litert", 10, 0.01, 1)), results(noisy("litert", 11.5, 0.01, 2)), 0.05)
        assert wide.changes[0].threshold > 0.2
        assert not [change for change in wide.regressions if change.quantity == "time"]
        assert narrow.changes[0].threshold == 0.05
        assert narrow.regressions[0].quantity == "time"

    def test_the_same_twice_is_never_worse(self) -> None:
        """Of 100 pairs of runs of the same thing with noise, hardly one may raise an alarm."""
        alarms = 0
        for seed in range(100):
            old = results(noisy("litert", 10, 0.15, seed))
            new = results(noisy("litert", 10, 0.15, 1000 + seed))
            alarms += any(change.quantity == "time" for change in compare(old, new, 0.05).regressions)
        assert alarms <= 2

    def test_memory(self) -> None:
        old, new = cell("litert", 10, memory_mib=100), cell("litert", 10, memory_mib=115)
        assert [c.quantity for c in compare(results(old), results(new), 0.05).regressions] == ["memory"]
        assert not compare(results(old), results(new), 0.2).regressions
        unknown = cell("litert", 10, memory_mib=None)
        assert not compare(results(old), results(unknown), 0.05).regressions

    def test_settings_of_one_side_only(self) -> None:
        old, new = results(RACE[1], RACE[2]), results(RACE[1], cell("litert", 5, masks=True))
        found = compare(old, new, 0.05)
        assert found.only_old == (RACE[2].setting.key,)
        assert len(found.only_new) == 1
        assert "Only in the old results: video/lite" in comparison_report(found)

    def test_other_machines(self) -> None:
        other = {**MACHINE, "processor": "Imaginary 9001"}
        old, new = results(*RACE), results(*RACE, machine=other)
        found = compare(old, new, 0.05)
        assert not found.same_machine
        assert all(change.relative for change in found.changes)
        assert "machines differ" in comparison_report(found)
        with pytest.raises(OptionError, match="different machines"):
            compare(results(RACE[1]), results(RACE[1], machine=other), 0.05)

    def test_nothing_in_common(self) -> None:
        with pytest.raises(OptionError, match="no setting in common"):
            compare(results(RACE[1]), results(RACE[2]), 0.05)

    def test_coarse_clock(self) -> None:
        idle = cell("litert", 10, cpu=0)
        assert {change.quantity for change in compare(results(idle), results(idle), 0.05).changes} == {
            "time",
            "memory",
        }


class TestCommand:
    @pytest.fixture
    def files(self, tmp_path: Path) -> list[str]:
        save(results(*RACE), tmp_path / "old.json")
        save(results(RACE[0], cell("litert", 20, 22, 30), RACE[2]), tmp_path / "new.json")
        return [str(tmp_path / "old.json"), str(tmp_path / "new.json")]

    def test_compare(self, files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["bench", "compare", *files]) == 1
        out = capsys.readouterr().out
        assert re.search(r"threads=default/litert/exact \| time +\| +\+120\.0% \| +±\S+% \| worse", out)
        assert "2 settings compared: 2 figures worse, 0 better, 4 the same within their spread." in out
        assert main(["bench", "compare", files[0], files[0]]) == 0
        assert "worse |" not in capsys.readouterr().out

    def test_compare_as_json(self, files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["bench", "compare", "--json", *files]) == 1
        found = json.loads(capsys.readouterr().out)
        assert found["regressions"] == 2
        assert {change["verdict"] for change in found["changes"]} == {"worse", "same"}

    @pytest.mark.parametrize("tolerance", ["nan", "-1", "100"])
    def test_tolerance(self, files: list[str], tolerance: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["bench", "compare", *files, f"--tolerance={tolerance}"]) == 2
        assert "--tolerance must be a share" in capsys.readouterr().err

    def test_missing_file(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["bench", "compare", str(tmp_path / "a.json"), str(tmp_path / "b.json")]) == 2
        assert "a.json cannot be read: No such file" in capsys.readouterr().err
