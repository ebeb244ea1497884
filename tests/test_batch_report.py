"""Reports of jobs: they say what is so, whatever the names of files are and whatever is missing."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from pose_landmarker.batch import report_charts, report_words
from pose_landmarker.batch.report import write_report
from pose_landmarker.batch.report_files import MOST_FAILURES, MOST_LISTED, tally_files
from pose_landmarker.batch.report_poses import tally_poses
from pose_landmarker.batch.report_style import SCRIPT, STYLE
from pose_landmarker.errors import OptionTypeError

from . import jobs

_VOID = {"meta", "input", "img", "br"}
HOSTILE = (
    "<script>alert(1)</script>.mp4",
    'a" onmouseover="alert(1).mp4',
    "it's & <b>bold</b>.mp4",
    "\u202etxt.exe.mp4",
    "new\nline\x1b[31m\x00.mp4",
    "a" * 3000 + ".mp4",
    "</td></table><img src=http://example.com/x.png>",
    "javascript:alert(1)",
    "日本語 🕺.mp4",
    "",
)


class Page(HTMLParser):
    """A page taken apart; whatever is not closed or not ours is an error."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {key: value or "" for key, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in ("style", "script"):
            self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def tiles(self) -> dict[str, str]:
        """Numbers by their titles."""
        return dict(re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)</dd>", self.html))


def report_of(folder: Path) -> Page:
    write_report(folder)
    html = (folder / "report.html").read_text(encoding="utf-8")
    page = Page(html)
    check_harmless(page)
    return page


def check_harmless(page: Page) -> None:
    """Nothing is loaded, nothing runs but our script, and no attribute is a stranger's."""
    scripts, links = page.all("script"), page.all("a")
    assert scripts == [{}]
    assert f"<script>{SCRIPT}</script>" in page.html
    assert all(link["href"].startswith("#") for link in links)
    assert all(image["src"].startswith("data:image/jpeg;base64,") for image in page.all("img"))
    for tag, attributes in page.tags:
        assert tag not in {"link", "iframe", "object", "embed", "base", "form"}
        assert not [key for key in attributes if key.startswith("on") or key in {"srcset", "action", "data"}]
    assert not re.search(r"url\(|@import", STYLE)
    policy = next(m["content"] for m in page.all("meta") if m.get("http-equiv"))
    assert policy.startswith("default-src 'none'")
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]", page.html)


@pytest.fixture
def job(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    jobs.write_job(folder, wall_seconds=20.0)
    return folder


FRAMES = ([0, 1, 1, 2, 2, 2, 3], [0] * 5, [1] * 50)


@pytest.fixture
def small(job: Path) -> Path:
    rows = [
        jobs.done("a.mp4", FRAMES[0], seconds=2, problems=["frame 3 is damaged", "no sound"]),
        jobs.done("b.mp4", FRAMES[1], seconds=1, worker="worker 2"),
        jobs.done("c.jpg", FRAMES[2], seconds=5, kind="picture", duration_s=None),
        jobs.done("d.mp4", FRAMES[0], state="same", same_as="a.mp4"),
        jobs.failed("e.mp4", "killed", "the worker was killed by signal 9", attempts=3),
    ]
    jobs.write_files(job, rows)
    jobs.write_dataset(job, [jobs.dataset(frames, i) for i, frames in enumerate(FRAMES)])
    jobs.write_samples(job, ["a.mp4", "b.mp4"])
    return job


class TestNumbers:
    def test_those_that_matter_are_counted_once(self, small: Path) -> None:
        page = report_of(small)
        tiles = page.tiles()
        assert tiles["Files done"] == "3"
        assert tiles["Files failed"] == "1"
        assert tiles["Frames"] == "62"
        assert tiles["People"] == "4"
        assert tiles["Time"] == "20.0 s"
        assert tiles["Frames per second"] == "3.10"
        assert tiles["Work"] == "9.1 s"
        assert "4 of 5 files are done, 1 failed." in page.text
        assert "61 poses in them" in page.text

    def test_without_the_time_of_the_job_they_are_those_of_a_worker(self, small: Path) -> None:
        jobs.write_job(small)
        tiles = report_of(small).tiles()
        assert "Time" not in tiles
        assert tiles["Frames per second"] == "7.75"

    def test_poses_are_those_of_a_recount(self, small: Path) -> None:
        tally = tally_poses(small / "data")
        every = [people for frames in FRAMES for people in frames]
        assert tally.frames_by_people == np.bincount(every).tolist()
        tables = [jobs.dataset(frames, i) for i, frames in enumerate(FRAMES)]
        for i, name in ((0, "nose"), (32, "right_foot_index")):
            values = np.concatenate([t.column(f"{name}_visibility").drop_null().to_numpy() for t in tables])
            assert tally.seen_shares[i] == pytest.approx((values >= 0.5).mean())
        scores = np.concatenate([t.column("score").drop_null().to_numpy() for t in tables])
        assert tally.scores.tolist() == np.histogram(scores, 20, (0, 1))[0].tolist()

    def test_many_rows_are_looked_at_in_part(self, job: Path) -> None:
        jobs.write_dataset(job, [jobs.dataset([1] * 1000, i) for i in range(3)])
        tally = tally_poses(job / "data", most_rows=1000)
        assert (tally.rows, tally.looked_at) == (3000, 1000)
        assert tally_poses(job / "data").looked_at == 3000

    def test_rates_are_medians_of_neighbours(self, job: Path) -> None:
        jobs.write_files(job, [jobs.done(f"{i}", [1] * (i + 1), seconds=1) for i in range(120)])
        rates = tally_files(job / "files.parquet").rates
        assert len(rates) == 60
        assert rates[0][:2] == (0, 1)
        assert rates[0].middle == pytest.approx(1.5)
        assert rates[-1].middle == pytest.approx(119.5)

    def test_numbers_that_are_none_do_no_harm(self, job: Path) -> None:
        rows = [
            jobs.done("a", [1], seconds=float("nan"), duration_s=float("inf")),
            {**jobs.done("b", [1], seconds=-1.0, size=-5), "frames": -3, "people": 2**62},
            {"file": None, "state": None},
            {"file": "c", "state": "done"},
            {"file": "d", "state": "failed"},
        ]
        jobs.write_files(job, rows)
        assert report_of(job).tiles()["Files done"] == "3"


class TestLists:
    def test_failures_have_cause_reason_and_tries(self, small: Path) -> None:
        page = report_of(small)
        assert "killed · 1 file" in page.text
        assert "e.mp4 the worker was killed by signal 9 3 1.0 kB" in page.text
        assert "Failures by cause: 1 killed." in page.text

    def test_files_with_nobody_and_broken_ones(self, small: Path) -> None:
        page = report_of(small)
        assert "1 file, 33.3 % of those done." in page.text
        assert "b.mp4 5 0.2 s" in page.text
        assert "a.mp4 frame 3 is damaged no sound" in page.text

    def test_of_ten_thousand_failures_some_of_every_cause_are_shown(self, job: Path) -> None:
        rows = [jobs.failed(f"{i}.mp4", "content") for i in range(9_990)]
        rows += [jobs.failed(f"rare {i}.mp4", "write") for i in range(10)]
        jobs.write_files(job, rows)
        page = report_of(job)
        assert "All 10,000 files failed." in page.text
        assert f"The first {MOST_FAILURES} of 10,000 are shown" in page.text
        assert sum(cell.get("data-name") == "tries" for cell in page.all("td")) == MOST_FAILURES
        assert "rare 9.mp4" in page.text
        assert len(page.html) < 1_000_000

    def test_of_many_files_with_nobody_the_first_are_listed(self, job: Path) -> None:
        jobs.write_files(job, [jobs.done(f"{i:04}.mp4", [0]) for i in range(300)])
        page = report_of(job)
        assert f"The first {MOST_LISTED} are listed" in page.text
        assert "0199.mp4" in page.text
        assert "0200.mp4" not in page.text

    def test_samples_are_in_the_page(self, small: Path) -> None:
        page = report_of(small)
        assert len(page.all("img")) == 2
        assert "a.mp4 1 person · frame 12, 0.5 s" in page.text

    def test_samples_are_in_the_order_of_names_and_frames(self, small: Path) -> None:
        path = small / "samples" / "samples.json"
        first, second = json.loads(path.read_text(encoding="utf-8"))
        listed = [{**second, "frame": 100}, {**second, "frame": 20}, first]
        path.write_text(json.dumps(listed), encoding="utf-8")
        assert re.findall(r"frame (\d+),", report_of(small).text) == ["12", "20", "100"]

    def test_of_too_many_samples_some_are_shown(self, small: Path) -> None:
        path = small / "samples" / "samples.json"
        listed = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps(listed * 50), encoding="utf-8")
        assert len(report_of(small).all("img")) == 24


class TestHostile:
    def test_names_and_reasons_are_text(self, job: Path) -> None:
        rows = [jobs.failed(name, reason=f"{name} is no video") for name in HOSTILE]
        rows += [jobs.done(name, [0], problems=[name] * 9) for name in HOSTILE]
        jobs.write_files(job, rows)
        jobs.write_samples(job, HOSTILE)
        jobs.write_job(job, options={HOSTILE[0]: HOSTILE[1], "deep": {"er": [HOSTILE[6]]}})
        page = report_of(job)
        assert "<script>alert(1)</script>.mp4" in page.text
        assert r"\u202etxt.exe.mp4" in page.text
        assert r"new\nline\x1b[31m\x00.mp4" in page.text
        assert "日本語 🕺.mp4" in page.text
        assert "(no name)" in page.text
        assert max(len(text) for text in page.texts) < 600

    def test_states_causes_and_kinds_are_text(self, job: Path) -> None:
        bad = HOSTILE[6]
        jobs.write_files(
            job,
            [jobs.failed("a", bad, worker=bad), jobs.done("b", [1], kind=bad), jobs.failed("c", state=bad)],
        )
        assert f"{bad} · 1 file" in report_of(job).text

    def test_the_folder_is_quoted_where_it_is_opened(self, tmp_path: Path) -> None:
        folder = tmp_path / 'it\'s "<out>"'
        folder.mkdir()
        jobs.write_dataset(folder, [jobs.dataset([1])])
        page = report_of(folder)
        lines = [text for text in page.texts if "read_parquet(" in text or "duckdb.sql(" in text]
        pandas, polars, duckdb = (json.loads(line.partition("(")[2][:-1]) for line in lines)
        assert pandas == f"{folder.as_posix()}/data"
        assert polars == f"{folder.as_posix()}/data/*.parquet"
        assert duckdb == f"from '{folder.as_posix()}/data/*.parquet'".replace("it's", "it''s")

    def test_samples_lead_nowhere_else(self, small: Path) -> None:
        (small / "secret.jpg").write_bytes(b"\xff\xd8\xffsecret")
        (small / "samples" / "text.jpg").write_bytes(b"no picture")
        sample = {"file": "a", "frame": 0, "time_s": None, "poses": 1}
        bad = ["../secret.jpg", str(small / "secret.jpg"), "text.jpg", "gone.jpg", "", None, 3]
        listed = [{**sample, "name": name} for name in bad] + [None, "x", {}, {**sample, "poses": "<b>"}]
        (small / "samples" / "samples.json").write_text(json.dumps(listed), encoding="utf-8")
        page = report_of(small)
        assert not page.all("img")
        assert "11 sample frames could not be read" in page.text


class TestMissing:
    def test_an_empty_job(self, job: Path) -> None:
        jobs.write_files(job, [])
        page = report_of(job)
        assert "There are no files in this job." in page.text
        assert page.tiles() == {}
        assert not page.all("svg")

    def test_nothing_at_all(self, tmp_path: Path) -> None:
        page = report_of(tmp_path)
        assert "job.json cannot be read" in page.text
        assert "files.parquet: there is no such file" in page.text
        assert "How the files fared is not known." in page.text

    @pytest.mark.parametrize("name", ["job.json", "files.parquet", "data/0.parquet", "samples/samples.json"])
    def test_damaged_files_are_named_and_the_rest_is_told(self, small: Path, name: str) -> None:
        for content in (b"", b"PAR1", b"[1", b"\xff\xfe", b"[]", (small / name).read_bytes()[:-20]):
            (small / name).write_bytes(content)
            page = report_of(small)
            if not (name.startswith("samples") and content == b"[]"):
                assert name in page.text, content
            assert "People in a frame" in page.text

    def test_columns_that_are_missing(self, job: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet

        (job / "data").mkdir()
        pa.parquet.write_table(pa.table({"score": [0.5, None]}), job / "data" / "0.parquet")
        pa.parquet.write_table(pa.table({"person": ["a", "b"]}), job / "data" / "1.parquet")
        pa.parquet.write_table(pa.table({"file": ["a"], "state": ["done"]}), job / "files.parquet")
        page = report_of(job)
        assert page.tiles()["Files done"] == "1"
        assert "data/1.parquet" in page.text
        pa.parquet.write_table(pa.table({"file": ["a"]}), job / "files.parquet")
        assert "files.parquet has no column state" in report_of(job).text

    def test_bytes_damaged_by_chance(self, small: Path) -> None:
        rng = np.random.default_rng(0)
        for name in ("files.parquet", "data/2.parquet"):
            whole = (small / name).read_bytes()
            for _ in range(20):
                content = bytearray(whole)
                for place in rng.integers(0, len(content), 8):
                    content[place] ^= 1 << rng.integers(8)
                (small / name).write_bytes(content)
                report_of(small)
            (small / name).write_bytes(whole)

    def test_what_is_no_folder(self, tmp_path: Path) -> None:
        with pytest.raises(NotADirectoryError, match="wanted that of a job"):
            write_report(tmp_path / "gone")
        with pytest.raises(OptionTypeError, match="path must be"):
            write_report(3)  # type: ignore[arg-type]

    def test_the_same_folder_gives_the_same_report(self, small: Path) -> None:
        write_report(small)
        before = (small / "report.html").read_bytes()
        write_report(small)
        assert (small / "report.html").read_bytes() == before


class TestWords:
    @pytest.mark.parametrize(
        ("seconds", "said"),
        [
            (0, "0.0 s"),
            (59.94, "59.9 s"),
            (59.96, "1 min 0 s"),
            (3599.7, "1 h 0 min"),
            (172_800, "2 d 0 h"),
            (float("nan"), "–"),
        ],
    )
    def test_durations(self, seconds: float, said: str) -> None:
        assert report_words.duration(seconds) == said

    @pytest.mark.parametrize(
        ("number", "said"),
        [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (999_600, "1.0 MB"), (2.5e15, "2.5 PB")],
    )
    def test_sizes(self, number: float, said: str) -> None:
        assert report_words.size(number) == said

    @pytest.mark.parametrize(
        ("part", "said"),
        [(0, "0 %"), (1, "< 0.1 %"), (12_345, "12.3 %"), (99_999, "> 99.9 %"), (100_000, "100 %")],
    )
    def test_shares_are_never_rounded_to_all_or_nothing(self, part: int, said: str) -> None:
        assert report_words.percent(part, 100_000) == said

    def test_long_names_keep_both_ends(self) -> None:
        short = report_words.shortened("a" * 500 + "b.mp4", 50)
        assert len(short) == 50
        assert short.startswith("aaa")
        assert short.endswith("b.mp4")

    def test_surrogates_can_be_written(self) -> None:
        assert report_words.name("a\udcff.mp4").encode("utf-8")

    @pytest.mark.parametrize(
        ("number", "end"),
        [(0, 1), (1, 1), (7, 8), (11, 15), (99, 100), (101, 150), (0.3, 1), (123_456, 150_000)],
    )
    def test_scales_end_at_round_numbers(self, number: float, end: float) -> None:
        assert report_charts.nice(number) == end

    def test_scales_of_slow_rates(self) -> None:
        assert report_charts.nice(0.033, whole=False) == pytest.approx(0.04)
