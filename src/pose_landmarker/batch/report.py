"""The report of a job: one page that needs nothing beside it, from what lies in the job's folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pose_landmarker.batch import report_sections as sections
from pose_landmarker.batch.job_file import read_job
from pose_landmarker.batch.report_files import FileTally, tally_files
from pose_landmarker.batch.report_page import page
from pose_landmarker.batch.report_poses import PoseTally, tally_poses
from pose_landmarker.batch.report_samples import samples
from pose_landmarker.cache import write_atomically
from pose_landmarker.errors import DatasetError
from pose_landmarker.export.files import checked_path

NAME: Final = "report.html"


@dataclass
class _Contents:
    """Everything that a job's folder holds, and what it lacks."""

    job: dict[str, Any] = field(default_factory=dict)
    files: FileTally = field(default_factory=FileTally)
    poses: PoseTally = field(default_factory=PoseTally)
    samples_html: str = ""
    missing: list[str] = field(default_factory=list)


def write_report(folder: Path) -> None:
    """Write the report of a job into its folder: ``report.html``.

    It is made from the files of the job alone, in memory that does not grow with them. What is missing or
    damaged is named in the report.

    Args:
        folder: Of the job.

    Raises:
        OptionTypeError: ``folder`` is no path.
        MissingExtraError: pyarrow is not installed.
        OSError: The report cannot be written.
    """
    folder = checked_path(folder)
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is no folder, wanted that of a job")
    write_atomically(folder / NAME, _html(folder, _contents(folder)).encode("utf-8"))


def _contents(folder: Path) -> _Contents:
    found = _Contents(poses=tally_poses(folder / "data"))
    try:
        found.job = read_job(folder / "job.json")
    except DatasetError as error:
        found.missing.append(str(error))
    try:
        found.files = tally_files(folder / "files.parquet")
    except DatasetError as error:
        found.missing.append(str(error))
    found.samples_html, notes = samples(folder / "samples")
    found.missing += [*notes, *found.poses.damage]
    found.missing = [note.replace(str(folder / "x")[:-1], "") for note in found.missing]
    return found


def _html(folder: Path, found: _Contents) -> str:
    title = folder.name or folder.resolve().name or "job"
    parts = [
        sections.people(found.files, found.poses),
        sections.sample_frames(found.samples_html),
        sections.failures(found.files),
        sections.nobody(found.files),
        sections.problems(found.files),
        sections.files(found.files),
        sections.settings(found.job),
        sections.opening(folder, found.poses.rows),
    ]
    head = sections.head(title, found.files, found.job, found.missing, parts)
    return page(f"Report of {title}", [head, *parts])
