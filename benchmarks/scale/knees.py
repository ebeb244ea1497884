"""Where more workers are of no use: how many of them each part of a job can serve."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.scale.archive import Archive
from benchmarks.scale.figures import Figures

#: Bytes a second of a file server at 10 Gbit/s, and of a bucket at 100 Gbit/s (a usual limit of an account).
FILE_SERVER, BUCKET = 1.25e9, 12.5e9
#: Requests a second that a prefix of a bucket answers (docs.aws.amazon.com, optimizing performance).
PREFIX_READS, PREFIX_WRITES = 5500, 3500
#: "10k+ actors" of Ray's scalability envelope (ray-project/ray, release/benchmarks/README.md at 048f73e).
RAY_ACTORS = 10_000


def knees(archive: Archive, figures: Figures) -> dict[str, float]:
    """Workers at which each part is busy all the time, smallest first."""
    frame_s = archive.frame_s(figures)
    bytes_a_work_s = archive.bytes_s(figures) / (archive.fps * frame_s)
    work_a_file_s = archive.mean_s * archive.fps * frame_s
    found = {
        "driver, on Ray": 1 / archive.driver_share(figures),
        "driver, one machine": 1 / replace(archive, messages_s=0.0).driver_share(figures),
        "file server, 10 Gbit/s": FILE_SERVER / bytes_a_work_s,
        "bucket, 100 Gbit/s": BUCKET / bytes_a_work_s,
        "Ray, 10,000 actors": float(RAY_ACTORS),
        "one prefix, 3,500 writes a second": PREFIX_WRITES * work_a_file_s,
    }
    return dict(sorted(found.items(), key=lambda item: item[1]))


def of_files(count: float, figures: Figures) -> dict[str, float]:
    """What so many files cost one driver: seconds and GB."""
    return {
        "listing_s": count * figures.files["list_cpu_us_a_file"] / 1e6,
        "memory_gb": count * figures.files["memory_bytes_a_file"] / 1e9,
        "table_s": count * figures.files["table_cpu_us_a_file"] / 1e6,
        "resume_s": count * figures.rows["footer_read_cpu_ms"] / 1e3,
        "footers_gb": count * figures.rows["footer_bytes"] / 1e9,
    }


def shards(
    archive: Archive, figures: Figures, workers: float, busy: float = 0.5, most_files: float = 1e5
) -> int:
    """Into how many jobs the sources are split: no driver is busier, or has more files, than told."""
    by_driver = workers / (knees(archive, figures)["driver, on Ray"] * busy)
    return max(1, round(max(by_driver, archive.files / most_files) + 0.5))
