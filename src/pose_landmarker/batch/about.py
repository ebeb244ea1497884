"""What a job is about: its model and options, written into ``job.json``, and never mixed with others."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from pose_landmarker._version import __version__
from pose_landmarker.batch.columns import SCHEMA_VERSION, Constants
from pose_landmarker.batch.job_file import WALL, read_job, wall_seconds
from pose_landmarker.batch.work import Settings
from pose_landmarker.cache import leftovers, write_atomically
from pose_landmarker.engines import load_engine
from pose_landmarker.errors import DatasetError, OptionError
from pose_landmarker.image_options import ImageProcessingOptions
from pose_landmarker.models.store import load_bundle, model_path
from pose_landmarker.options import BaseOptions

#: The file that says what a job is about; every job's folder has one.
JOB_FILE: Final = "job.json"
#: Of the folder; higher where it is no longer what older releases can go on with.
LAYOUT: Final = 1
#: Options that change no number.
_NO_MATTER: Final = ("base_options", "running_mode", "result_callback", "on_error", "threads", "engine")


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a job is about.

    Attributes:
        constants: Model and version.
        options: Whatever changes numbers, in words.
    """

    constants: Constants
    options: dict[str, str]

    @property
    def fingerprint(self) -> str:
        """The same for jobs whose rows may stand in one dataset."""
        release = ".".join(self.constants.version.split(".")[:2])
        facts = [LAYOUT, SCHEMA_VERSION, self.constants.model_sha256, release, sorted(self.options.items())]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()

    def as_dict(self) -> dict[str, Any]:
        """As in ``job.json``."""
        return {
            "layout": LAYOUT,
            "schema": SCHEMA_VERSION,
            "fingerprint": self.fingerprint,
            **self.constants._asdict(),
            "options": self.options,
        }


def about_job(settings: Settings) -> About:
    """What a job with these settings is about; the model is fetched where it is missing.

    Raises:
        ModelError: The model is missing, damaged or cannot be fetched.
        OptionError: The engine is a function, which has no name.
    """
    options = settings.options
    if callable(options.engine):
        raise OptionError("a job needs an engine that every worker can find by its name, not a function")
    words = {
        field.name: repr(getattr(options, field.name))
        for field in fields(options)
        if field.name not in _NO_MATTER
    }
    device = options.base_options.device.partition(":")[0]
    # Graphics cards may be where the workers are, and not here.
    words["engine"] = "torch" if device != "cpu" else load_engine(options.engine)[0]
    words["device"] = device
    processing = settings.processing or ImageProcessingOptions()
    words |= {name: repr(value) for name, value in asdict(processing).items()}
    name, sha256 = _model(options.base_options)
    return About(constants=Constants(name, sha256, __version__), options=words)


def check_about(about: About, folder: Path) -> None:
    """See that a folder is of a job that is about the same, or begin one there.

    Raises:
        OptionError: It is about something else; the message says what differs.
        DatasetError: What it is about cannot be read.
        OSError: It cannot be read or written.
    """
    path = folder / JOB_FILE
    for left_behind in leftovers(path):
        left_behind.unlink(missing_ok=True)
    if not path.exists():
        write_atomically(path, json.dumps(about.as_dict(), indent=2).encode() + b"\n")
        return
    try:
        before = json.loads(path.read_text(encoding="utf-8"))
        same = before["fingerprint"] == about.fingerprint
        differences = [] if same else _differences(before, about.as_dict())
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DatasetError(f"{path} is damaged: {error}; take another folder") from error
    if not same:
        raise OptionError(
            f"{folder} holds a job with other options, and rows of both must not be mixed: "
            f"{'; '.join(differences)}. Take the same options, or another folder"
        )


def add_seconds(folder: Path, seconds: float) -> None:
    """Note in ``job.json`` how long a run took, on top of those before it.

    Raises:
        DatasetError: It cannot be read.
        OSError: It cannot be written.
    """
    path = folder / JOB_FILE
    about = read_job(path)
    about[WALL] = round((wall_seconds(about) or 0.0) + seconds, 3)
    write_atomically(path, json.dumps(about, indent=2).encode() + b"\n")


def _differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    flat_before, flat_now = (
        {**{k: v for k, v in facts.items() if k not in ("options", "fingerprint", WALL)}, **facts["options"]}
        for facts in (before, now)
    )
    names = [name for name in flat_now if flat_before.get(name) != flat_now[name]]
    names += [name for name in flat_before if name not in flat_now]
    pairs = [(name, flat_before.get(name, "not set"), flat_now.get(name, "not set")) for name in names]
    return [f"{name} was {before}, is {now}" for name, before, now in pairs]


def _model(base: BaseOptions) -> tuple[str, str]:
    """Name and SHA-256 of the model's bundle."""
    load_bundle(base)  # fetches it, and sees that it is whole
    if base.model_asset_buffer is not None:
        return "given as bytes", hashlib.sha256(base.model_asset_buffer).hexdigest()
    path = Path(base.model_asset_path) if base.model_asset_path is not None else model_path(base.model or "")
    name = base.model or path.stem.removeprefix("pose_landmarker_")
    return name, hashlib.sha256(path.read_bytes()).hexdigest()
