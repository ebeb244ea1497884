"""The whole run: prepare, race after race, keep what came out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from pose_landmarker.bench import machine
from pose_landmarker.bench.contestant import Contestant
from pose_landmarker.bench.environments import EnvironmentMakingError, installed_mib, reference_python
from pose_landmarker.bench.material import Material
from pose_landmarker.bench.matrix import contestants
from pose_landmarker.bench.operations import of_bundle
from pose_landmarker.bench.peak import measure_peaks
from pose_landmarker.bench.race import Outcome, race
from pose_landmarker.bench.reach import threads_of
from pose_landmarker.bench.results import Results
from pose_landmarker.bench.setting import ALL_THREADS, DEFAULT_THREADS, THROUGHPUT, Setting
from pose_landmarker.engines.cpu import available_cpus
from pose_landmarker.errors import PoseLandmarkerError
from pose_landmarker.models.bundle import read_bundle
from pose_landmarker.models.store import fetch_model, verify_model

#: Starting processes and working through files takes longer than a turn with frames.
_SLOW_MODES = ("start", "pictures", "videos")
#: Told what is being done, and how many turns are behind us of how many.
Watcher = Callable[[str, int, int], object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What is to be measured.

    Attributes:
        conditions: Without engine and precision; each is a race.
        engines: Of ours.
        precisions: Of ours.
        rounds: Turns of each contestant.
        python: The interpreter that has our package.
        environments: Folder with MediaPipe's environment, or None: without the reference.
        bundles: Folder of ``.task`` files, or None: fetched ones.
    """

    conditions: Sequence[Setting]
    engines: Sequence[str]
    precisions: Sequence[str]
    rounds: int
    python: str
    environments: Path | None
    bundles: Path | None = None

    def turns(self) -> int:
        """How many turns there are in all."""
        crew = len(self.engines) * len(self.precisions) + (self.environments is not None)
        return crew * sum(rounds_of(setting.mode, self.rounds) for setting in self.conditions)


@dataclass(slots=True)
class Suite:
    """A plan and what it is measured with.

    Attributes:
        plan: What is measured.
        material: What is looked at.
        watch: Told how far it is.
        keep: Called after every race, and before the first.
        results: So far.
    """

    plan: Plan
    material: Material
    watch: Watcher
    keep: Callable[[Results], object]
    results: Results = field(init=False)
    _reference: str | None = field(init=False, default=None)
    _models: dict[str, Path] = field(init=False, default_factory=dict)
    _unreadable: set[str] = field(init=False, default_factory=set)
    _turns: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        started = datetime.now(timezone.utc).isoformat(timespec="seconds")
        self.results = Results(machine.describe(), started, self.material.describe(), self.plan.rounds)

    def run(self) -> None:
        """Measure everything. What fails is noted in the results; the rest goes on.

        Raises:
            PoseLandmarkerError: There is nothing to measure with: no material, no model.
            KeyboardInterrupt: The results hold what was measured before.
        """
        self.material.check()
        self._prepare()
        self.keep(self.results)
        for setting in self.plan.conditions:
            self._race(setting)
            self.keep(self.results)
        self.results.complete = True
        self.keep(self.results)

    def _prepare(self) -> None:
        plan, results = self.plan, self.results
        for name in dict.fromkeys(setting.model for setting in plan.conditions):
            self._tell(f"model {name}")
            self._models[name] = model_file(name, plan.bundles)
            results.operations[name] = of_bundle(read_bundle(self._models[name]))
            if plan.environments is not None and plan.bundles is None and not _is_official(name):
                self._unreadable.add(name)
                results.failures[f"mediapipe {name}"] = (
                    "the model was fetched without the metadata that the reference wants; give the folder of "
                    "the official .task files with --bundles"
                )
        if plan.environments is not None:
            self._tell("MediaPipe's environment (made once, some minutes)")
            try:
                self._reference = reference_python(plan.environments)
            except EnvironmentMakingError as error:
                results.failures["mediapipe"] = str(error)
        self._tell("room on disk")
        self._weigh()
        self._tell("arithmetic limit")
        results.peaks = measure_peaks(plan.python, self._thread_counts())

    def _weigh(self) -> None:
        sizes = {"pose-landmarker": installed_mib(self.plan.python, "pose-landmarker")}
        if "openvino" in self.plan.engines:
            sizes["pose-landmarker[openvino]"] = installed_mib(
                self.plan.python, "pose-landmarker", "openvino"
            )
        if self._reference is not None:
            sizes = {"mediapipe": installed_mib(self._reference, "mediapipe"), **sizes}
        self.results.installed_mib = {name: size for name, size in sizes.items() if size is not None}

    def _thread_counts(self) -> list[int]:
        """One thread, and what the settings may use."""
        cores = available_cpus()
        return sorted({1, *(threads_of(setting, cores) for setting in self.plan.conditions)})

    def _race(self, conditions: Setting) -> None:
        plan, results = self.plan, self.results
        reference = self._reference is not None and conditions.model not in self._unreadable
        settings = contestants(conditions, plan.engines, plan.precisions, reference=reference)
        if not settings:
            return
        rounds = rounds_of(conditions.mode, plan.rounds)
        before = self._turns
        outcome = Outcome(results.cells, results.failures, results.skipped)
        label = title(conditions)
        self._tell(label)
        try:
            race(settings, self._start, rounds, lambda: self._tick(label), outcome)
        except (PoseLandmarkerError, OSError) as error:  # the material cannot be made, say
            results.failures[conditions.key] = str(error)
        self._turns = before + rounds * (
            len(plan.engines) * len(plan.precisions) + (plan.environments is not None)
        )
        self._tell(label)

    def _start(self, setting: Setting) -> list[Contestant]:
        """The processes of a setting; many files are dealt out to as many references as there are cores."""
        spec = self._spec(setting)
        if setting.mode not in THROUGHPUT:
            return [Contestant(self._python_of(setting), spec)]
        files = self.material.files(setting)
        hands = min(available_cpus(), len(files)) if setting.of_reference else 1
        return [
            Contestant(self._python_of(setting), {**spec, "files": files[hand::hands]})
            for hand in range(hands)
        ]

    def _python_of(self, setting: Setting) -> str:
        python = self._reference if setting.of_reference else self.plan.python
        assert python is not None
        return python

    def _spec(self, setting: Setting) -> dict[str, Any]:
        stored = self.material.frames(setting)
        threads = {DEFAULT_THREADS: None, ALL_THREADS: available_cpus()}.get(setting.threads, setting.threads)
        return {
            "engine": setting.engine,
            "precision": setting.precision,
            "mode": setting.mode,
            "model": str(self._models[setting.model]),
            "num_poses": setting.num_poses,
            "masks": setting.masks,
            "threads": None if threads is None else int(threads),
            "frames": str(stored.path),
            "shape": stored.shape,
            "fps": stored.fps,
        }

    def _tick(self, label: str) -> None:
        self._turns += 1
        self._tell(label)

    def _tell(self, label: str) -> None:
        self.watch(label, self._turns, self.plan.turns())


def rounds_of(mode: str, rounds: int) -> int:
    """Turns in a mode where so many are wanted: what takes longer has fewer, but three if there may be."""
    return max(min(3, rounds), rounds // 3) if mode in _SLOW_MODES else rounds


def title(setting: Setting) -> str:
    """Conditions in a few words."""
    people = "" if setting.num_poses == 1 else f" {setting.num_poses} poses"
    masks = " masks" if setting.masks else ""
    threads = "" if setting.threads == DEFAULT_THREADS else f" {setting.threads} threads"
    return f"{setting.mode.upper()} {setting.model} {setting.size}{people}{masks}{threads}"


def model_file(name: str, bundles: Path | None) -> Path:
    """A bundle with the metadata that the reference wants: of a given folder, or the official one.

    Raises:
        ModelError: It is missing, damaged or cannot be fetched.
    """
    if bundles is not None:
        path = bundles / f"pose_landmarker_{name}.task"
        read_bundle(path)
        return path
    return fetch_model(name)


def _is_official(name: str) -> bool:
    return verify_model(name) == "official bundle"
