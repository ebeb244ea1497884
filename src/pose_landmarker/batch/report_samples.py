"""Frames of a job that were drawn, as pictures in its report."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pose_landmarker.batch.report_words import counted, duration, escaped, name
from pose_landmarker.batch.samples import sampled_files
from pose_landmarker.errors import DatasetError
from pose_landmarker.export.json_files import read_json

#: No drawn frame is larger; what is, was not made by a job.
_MOST_BYTES: Final = 1 << 20
_JPEG: Final = b"\xff\xd8\xff"


def samples(folder: Path) -> tuple[str, list[str]]:
    """Pictures with captions as HTML, and what is wrong with some of them, in sentences.

    Args:
        folder: ``samples`` of the job.
    """
    path = folder / "samples.json"
    if not path.exists():
        return "", []
    try:
        listed = read_json(path)
    except DatasetError as error:
        return "", [str(error)]
    if not isinstance(listed, list):
        return "", [f"{path} holds no list of samples"]
    listed.sort(key=_place)  # files are done in no order
    figures, damaged = [], 0
    for i in sorted(sampled_files(len(listed))):
        try:
            figures.append(_figure(folder, listed[i]))
        except (OSError, ValueError, TypeError, KeyError):
            damaged += 1
    notes = [f"{counted(damaged, 'sample frame')} could not be read"] if damaged else []
    return f'<div class="shots">{"".join(figures)}</div>' if figures else "", notes


def _place(sample: object) -> tuple[str, str]:
    """What samples are sorted by, whatever they are."""
    about = sample if isinstance(sample, dict) else {}
    return str(about.get("file", "")), f"{about.get('frame', '')!s:>20}"


def _figure(folder: Path, sample: Mapping[str, Any]) -> str:
    pixels = base64.b64encode(_jpeg(folder, sample["name"])).decode("ascii")
    people, time_s = int(sample["poses"]), sample.get("time_s")
    found = "nobody" if not people else counted(people, "person", "people")
    place = "" if time_s is None else f" · frame {int(sample['frame'])}, {_moment(float(time_s))}"
    said = f"{found}{place}"
    return (
        f'<figure><img src="data:image/jpeg;base64,{pixels}" alt="{escaped(said)}, drawn on the frame">'
        f'<figcaption>{name(sample["file"], 60)}<br><span class="soft">{escaped(said)}</span></figcaption>'
        "</figure>"
    )


def _jpeg(folder: Path, file: object) -> bytes:
    """A picture that lies in the folder itself."""
    if not isinstance(file, str) or Path(file).name != file:
        raise ValueError(file)
    with (folder / file).open("rb") as opened:
        content = opened.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES or not content.startswith(_JPEG):
        raise ValueError(file)
    return content


def _moment(time_s: float) -> str:
    if not math.isfinite(time_s):
        raise ValueError(time_s)
    return duration(time_s)
