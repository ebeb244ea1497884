"""The folder of sample frames: pictures, and a list of what they show."""

from __future__ import annotations

import contextlib
import json
import logging
from pathlib import Path
from typing import Any, Final

from pose_landmarker.batch.samples import MOST_SAMPLES
from pose_landmarker.batch.work import Sample
from pose_landmarker.cache import write_atomically

_LIST: Final = "samples.json"


class Gallery:
    """Sample frames of a job.

    Args:
        folder: Of the job.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "samples"
        self._shown: list[dict[str, Any]] = []
        with contextlib.suppress(OSError, ValueError, TypeError):  # the first run, or somebody's damage
            self._shown = list(json.loads((self._folder / _LIST).read_text(encoding="utf-8")))

    def add(self, file: str, content: str, samples: list[Sample]) -> None:
        """Samples of a file that is done."""
        try:
            for sample in samples:
                name = f"{content[:12]}-{sample.frame}.jpg"
                write_atomically(self._folder / name, sample.jpeg)
                about = sample._asdict() | {"file": file, "name": name}
                del about["jpeg"], about["number"]
                self._shown = [old for old in self._shown if old.get("name") != name] + [about]
            if samples:
                self._remove_oldest()
                text = json.dumps(self._shown, indent=1)
                write_atomically(self._folder / _LIST, text.encode() + b"\n")
        except OSError as error:
            log = logging.getLogger("pose_landmarker")
            log.warning("a sample cannot be written: %s", error.strerror or error)

    def _remove_oldest(self) -> None:
        while len(self._shown) > MOST_SAMPLES:
            (self._folder / str(self._shown.pop(0)["name"])).unlink(missing_ok=True)
