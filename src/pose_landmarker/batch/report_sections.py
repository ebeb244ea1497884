"""The sections of a report, each from the sums that it is about."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from pose_landmarker.batch import report_charts as charts
from pose_landmarker.batch import report_page as pages
from pose_landmarker.batch import report_words as words
from pose_landmarker.batch.job_file import settings_of, wall_seconds
from pose_landmarker.batch.report_body import body, sides
from pose_landmarker.batch.report_files import (
    DURATIONS,
    MOST_FAILURES,
    MOST_LISTED,
    SIZES,
    FileTally,
    Nobody,
    Problem,
)
from pose_landmarker.batch.report_page import Cell, Column, Tile
from pose_landmarker.batch.report_poses import SCORE_BINS, PoseTally

#: What a cause means, and what can be done about it.
_CAUSES: Final = {
    "content": "The file itself: damaged, empty, or of a kind that cannot be read. It would fail again.",
    "access": "Where the file is: not there, not permitted, or out of reach. Another try may do.",
    "changed": "The file changed while it was read. Run the job again when it is complete.",
    "killed": "The worker was ended from outside while it had this file, often because memory was short.",
    "memory": "There was not enough memory for this file. Fewer workers leave more for each.",
    "write": "The results could not be written. See that the disk has room, then run the job again.",
}
_STATES: Final = ("done", "same", "failed")
_MOST_PEOPLE: Final = 12
#: A heading in the page's list of sections.
_HEADING: Final = re.compile(r'<section id="([a-z]+)">\n<h2>([^<]+)</h2>')


def head(
    title: str, files: FileTally, job: Mapping[str, Any], missing: Sequence[str], parts_html: Sequence[str]
) -> str:
    """The title, what is missing, links to the sections, and the numbers that matter."""
    links = [match.groups() for part in parts_html if (match := _HEADING.match(part))]
    nav = "".join(f'<a href="#{key}">{text}</a>' for key, text in links)
    return "\n".join(
        [
            f"<header><h1>Poses in {words.name(title)}</h1>",
            pages.paragraph(_outcome(files, is_known=not _lacks_files(missing))),
            f"<nav>{nav}</nav></header>",
            _missing(missing),
            _states(files),
            pages.tiles(_numbers(files, wall_seconds(job))),
        ]
    )


def failures(files: FileTally) -> str:
    """Tables of files that failed, one for each cause."""
    number = files.states["failed"]
    if not number:
        return ""
    room = _fair({cause: len(known) for cause, known in files.failures.items()}, MOST_FAILURES)
    shown = sum(room.values())
    text = "All of them are in failures.csv, with the same reasons."
    if shown < number:
        text = (
            f"The first {words.count(shown)} of {words.count(number)} are shown; all of them are in "
            "failures.csv, with the same reasons."
        )
    tables = [
        _cause(cause, files.causes[cause], files, room[cause]) for cause, _ in files.causes.most_common()
    ]
    find = '<input id="find" type="search" placeholder="Find a file or a reason" aria-label="Find" hidden>'
    return pages.section("failures", "Failures", [pages.paragraph(text, soft=True), find, *tables])


def people(files: FileTally, poses: PoseTally) -> str:
    """Charts of who was found and how well."""
    if not poses.looked_at:
        lack = "There are no rows in the dataset." if files.states["done"] else ""
        return pages.section("people", "People", [pages.paragraph(lack, soft=True)] if lack else [])
    per_frame, found = poses.frames_by_people, int(poses.scores.sum())
    frames = sum(per_frame)
    note = ""
    if poses.looked_at < poses.rows:
        note = (
            f"From {words.count(poses.looked_at)} of the dataset's {words.count(poses.rows)} rows, evenly "
            "from all of it."
        )
    drawn = [
        _people_chart(
            "People in a frame",
            f"Nobody in {words.percent(per_frame[0], frames)} of the frames.",
            dict(enumerate(per_frame)),
            "people in the frame",
        )
    ]
    if sum(files.people_per_file.values()) > 1:
        text = f"Different people in each of {words.counted(files.states['done'], 'file')}."
        drawn.append(_people_chart("People in a file", text, files.people_per_file, "people in the file"))
    landmarks = ""
    if found:
        drawn.append(_score_chart(poses))
        landmarks = pages.charts(_landmark_charts(poses), "wide")
    said = pages.paragraph(note, soft=True) if note else ""
    return pages.section("people", "People", [said, pages.charts(drawn), landmarks])


def sample_frames(samples_html: str) -> str:
    """Frames with what was found drawn on them."""
    text = "Taken evenly from all files, of a video around its middle. What is less sure is drawn fainter."
    return pages.section("samples", "Sample frames", [pages.paragraph(text, soft=True), samples_html]) * bool(
        samples_html
    )


def nobody(files: FileTally) -> str:
    """Files to look at, since nobody was found in them."""
    if not files.nobody:
        return ""
    share = words.percent(files.nobody, files.states["done"])
    text = f"{words.counted(files.nobody, 'file')}, {share} of those done. {_first(files.nobody)}"

    def row(one: Nobody) -> list[Cell]:
        length = words.duration(one.duration_s) if one.duration_s else "–"
        return [Cell(words.name(one.file)), Cell(words.count(one.frames)), Cell(length)]

    columns = [Column("file"), Column("frames", True, 14), Column("length", True, 18)]
    listed = pages.table(columns, map(row, files.nobody_files))
    return pages.section("nobody", "Files with nobody in them", [pages.paragraph(text, soft=True), listed])


def problems(files: FileTally) -> str:
    """Files that were read to their end although something in them is broken."""
    if not files.broken:
        return ""
    text = (
        f"Something was broken in {words.counted(files.broken, 'file')}; the reading went on, and what could "
        f"be read is in the dataset. {_first(files.broken)}"
    )

    def row(one: Problem) -> list[Cell]:
        shown = [words.prose(problem, 240) for problem in one.problems[:5]]
        if len(one.problems) > 5:
            shown.append(f'<span class="soft">and {len(one.problems) - 5} more</span>')
        return [Cell(words.name(one.file)), Cell("<br>".join(shown))]

    columns = [Column("file", width=40), Column("what was found")]
    listed = pages.table(columns, map(row, files.problem_files))
    return pages.section("problems", "Broken inside", [pages.paragraph(text, soft=True), listed])


def files(tally: FileTally) -> str:
    """Charts of speed, lengths and sizes."""
    drawn = []
    if tally.rates:
        grouped = any(spread.last > spread.first for spread in tally.rates)
        text = "Frames a second of one worker, file by file in the order of the sources."
        if grouped:
            text += " The line is the median of neighbours, the band holds half of them."
        chart = charts.spreads(tally.rates, says=text, axis="file")
        drawn.append(pages.figure("Speed", text, chart))
    if sum(tally.durations):
        text = f"{words.duration(tally.duration_s)} in {words.counted(sum(tally.durations), 'video')}."
        drawn.append(_bins("Length of the videos", text, tally.durations, DURATIONS))
    if tally.total:
        text = f"Of all {words.counted(tally.total, 'file')}, also those that failed."
        drawn.append(_bins("Size of the files", text, tally.sizes, SIZES))
    return pages.section("files", "Files", [pages.charts(drawn)])


def settings(job: Mapping[str, Any]) -> str:
    """How the job was run."""
    return pages.section("settings", "Settings", [pages.settings(settings_of(job))])


def opening(folder: Path, rows: int) -> str:
    """The lines that open the dataset, if there is any of it."""
    if not rows:
        return ""
    where = folder.as_posix()
    quoted = json.dumps(f"{where}/data/*.parquet", ensure_ascii=False)
    query = json.dumps(f"from '{where.replace(chr(39), chr(39) * 2)}/data/*.parquet'", ensure_ascii=False)
    lines = {
        "pandas": f"pandas.read_parquet({json.dumps(f'{where}/data', ensure_ascii=False)})",
        "polars": f"polars.read_parquet({quoted})",
        "DuckDB": f"duckdb.sql({query})",
    }
    text = (
        f"{words.counted(rows, 'row')}: one for each pose, and one for each frame with nobody in it. "
        "files.parquet has one for each file."
    )
    shown = [f"<pre>{words.escaped(line)}</pre>" for line in lines.values()]
    return pages.section("data", "Opening the dataset", [pages.paragraph(text, soft=True), *shown])


def _outcome(files: FileTally, *, is_known: bool) -> str:
    """How it went, in a sentence."""
    total, done, failed = files.total, files.states["done"] + files.states["same"], files.states["failed"]
    if not is_known:
        return "How the files fared is not known."
    if not total:
        return "There are no files in this job."
    if not failed:
        return f"All {words.count(total)} files are done." if total > 1 else "The one file is done."
    if not done:
        return f"All {words.count(total)} files failed." if total > 1 else "The one file failed."
    return f"{words.count(done)} of {words.count(total)} files are done, {words.count(failed)} failed."


def _lacks_files(missing: Sequence[str]) -> bool:
    return any(note.startswith("files.parquet") for note in missing)


def _missing(missing: Sequence[str]) -> str:
    if not missing:
        return ""
    listed = "".join(f"<li>{words.prose(note)}</li>" for note in missing[:20])
    if len(missing) > 20:
        listed += f"<li>and {len(missing) - 20} more</li>"
    return (
        '<div class="card missing"><p>Some of this job could not be read, so the report is not complete:</p>'
        f"<ul>{listed}</ul></div>"
    )


def _states(files: FileTally) -> str:
    """A bar of how many files are done, the same as another, and failed."""
    if not files.total:
        return ""
    other = files.total - sum(files.states[state] for state in _STATES)
    numbers = [*((state, files.states[state]) for state in _STATES), ("other", other)]
    names = {"same": "same as another file", "other": "in another state"}
    key = "".join(
        f'<li><b class="{state}"></b>{words.count(number)} {names.get(state, state)}</li>'
        for state, number in numbers
        if number
    )
    says = ", ".join(f"{number} {state}" for state, number in numbers if number)
    causes = ", ".join(f"{words.count(number)} {cause}" for cause, number in files.causes.most_common(8))
    why = f'<p class="soft why">Failures by cause: {words.escaped(causes)}.</p>' if causes else ""
    return f'{charts.shares(numbers, says=says)}<ul class="key">{key}</ul>{why}'


def _numbers(files: FileTally, wall_s: float | None) -> list[Tile]:
    """Tiles of what was done, and how fast."""
    if not files.total:
        return []
    done, failed = files.states["done"], files.states["failed"]
    kinds = [words.counted(files.kinds[kind], kind) for kind in ("video", "picture") if files.kinds[kind]]
    found = [Tile("Files done", words.count(done), ", ".join(kinds))]
    if failed:
        note = f"{words.percent(failed, files.total)} of all files"
        found.append(Tile("Files failed", words.count(failed), note, is_alarm=True))
    if not done:
        return found
    if files.duration_s:
        found.append(Tile("Video", words.duration(files.duration_s), words.size(files.bytes)))
    found += [
        Tile("Frames", words.count(files.frames), words.counted(files.poses, "pose") + " in them"),
        Tile("People", words.count(files.people), "added up over the files"),
    ]
    return found + _speed(files, wall_s)


def _speed(files: FileTally, wall_s: float | None) -> list[Tile]:
    crew = words.counted(len(files.workers), "worker") if files.workers else "workers"
    work = Tile("Work", words.duration(files.seconds), f"added up over {crew}")
    seconds, whose = (wall_s, "") if wall_s else (files.frame_seconds, "of one worker")
    found = [Tile("Time", words.duration(wall_s), "from start to end")] if wall_s else []
    found.append(work)
    if seconds:
        times = f"{words.rate(files.duration_s / seconds)}× real time" if files.duration_s else ""
        note = ", ".join(part for part in (times, whose) if part)
        found.append(Tile("Frames per second", words.rate(files.frames / seconds), note))
    return found


def _cause(cause: str, number: int, files: FileTally, room: int) -> str:
    hint = _CAUSES.get(cause, "")
    more = f", the first {words.count(room)} shown" if room < number else ""
    said = f"{words.counted(number, 'file')}{more}"
    heading = f'<h3>{words.escaped(cause)} <span class="soft">· {words.escaped(said)}</span></h3>'
    columns = [
        Column("file", width=36),
        Column("reason"),
        Column("tries", True, 9),
        Column("size", True, 11),
    ]
    rows = [
        [
            Cell(words.name(one.file)),
            Cell(words.prose(one.reason.removeprefix(one.file).lstrip(": "))),
            Cell(words.count(one.attempts), one.attempts),
            Cell(words.size(one.size), one.size),
        ]
        for one in files.failures[cause][:room]
    ]
    listed = pages.table(columns, rows, style="failures")
    return f'<div class="causes">{heading}{pages.paragraph(hint, soft=True) if hint else ""}{listed}</div>'


def _fair(wanted: Mapping[str, int], most: int) -> dict[str, int]:
    """How many of each kind have room: the rare ones all, the frequent ones share what is left."""
    room: dict[str, int] = {}
    for i, (kind, number) in enumerate(sorted(wanted.items(), key=lambda item: item[1])):
        room[kind] = min(number, (most - sum(room.values())) // (len(wanted) - i))
    return room


def _first(number: int) -> str:
    return f"The first {MOST_LISTED} are listed; all are in files.parquet." if number > MOST_LISTED else ""


def _people_chart(title: str, text: str, numbers: Mapping[int, int], axis: str) -> str:
    last = max((number for number, count in numbers.items() if count), default=0)
    shown = max(min(last, _MOST_PEOPLE), 3)
    counts = [numbers.get(i, 0) for i in range(shown + 1)]
    labels = [str(i) for i in range(shown + 1)]
    if last > shown:
        counts[-1] += sum(count for number, count in numbers.items() if number > shown)
        labels[-1] += "+"
    said = f"{text} " + ", ".join(
        f"{label}: {words.count(n)}" for label, n in zip(labels, counts, strict=True)
    )
    return pages.figure(title, text, charts.columns(counts, labels, says=said, axis=axis))


def _score_chart(poses: PoseTally) -> str:
    counts, width = poses.scores.tolist(), 1 / SCORE_BINS
    labels = [f"{i * width:.2f}".rstrip("0").rstrip(".") for i in range(SCORE_BINS)]
    low = words.percent(sum(counts[: SCORE_BINS // 2]), sum(counts))
    text = f"How sure each of {words.counted(sum(counts), 'pose')} is; {low} are below 0.5."
    return pages.figure(
        "Scores", text, charts.columns(counts, labels, says=text, axis="score, from this on", every=4)
    )


def _landmark_charts(poses: PoseTally) -> list[str]:
    shares = poses.seen_shares
    text = "In which share of the poses each landmark is visible, in percent."
    return [
        pages.figure("Landmarks seen", text, sides(shares)),
        pages.figure("On a body", "The fuller a point, the more often it is visible.", body(shares), "body"),
    ]


def _bins(title: str, text: str, counts: Sequence[int], bins: Sequence[tuple[float, str]]) -> str:
    used = [i for i, count in enumerate(counts) if count]
    part = slice(used[0], used[-1] + 1)
    labels = [label for _, label in bins[part]]
    return pages.figure(title, text, charts.rows(counts[part], labels, says=text))
