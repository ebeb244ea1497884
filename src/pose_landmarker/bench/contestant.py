"""A process that works when it is asked to, and says how long it took."""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from pose_landmarker.errors import PoseLandmarkerError

WORKER = Path(__file__).with_name("worker.py")
#: Nothing that is asked for takes as long; a process that hangs is ended.
PATIENCE_S = 900.0


class ContestantError(PoseLandmarkerError):
    """A process that should have been measured failed; the message says what it said."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one contestant did in one turn.

    Attributes:
        wall_ms: Milliseconds of every call; of files at once, the mean of a frame as the only one.
        cpu_ms: Processor milliseconds of a call, the mean.
        poses: People found in a frame, the mean.
        calls: How many frames.
    """

    wall_ms: tuple[float, ...]
    cpu_ms: float
    poses: float
    calls: int

    @property
    def mean_ms(self) -> float:
        """Wall milliseconds of a frame."""
        return sum(self.wall_ms) / len(self.wall_ms)


class Contestant:
    """A process of :mod:`pose_landmarker.bench.worker`, to be used in a ``with``.

    Args:
        python: Interpreter of the environment that has what is measured.
        spec: For the worker.
        script: Instead of the worker.

    Attributes:
        about: Engine, precision, threads and version, after :meth:`wait_until_ready`.
        memory_mib: Most memory held so far, or None where the system does not say.
        cpu_ms: Processor milliseconds used so far, from the start of the process.
    """

    def __init__(self, python: str, spec: dict[str, Any], *, script: Path = WORKER) -> None:
        self.about: dict[str, Any] = {}
        self.memory_mib: float | None = None
        self.cpu_ms = 0.0
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  # closed with this
        self._process = subprocess.Popen(
            [python, str(script), json.dumps(spec)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            encoding="utf-8",
            start_new_session=True,  # Ctrl-C is for us; the process ends when its input does
        )

    def wait_until_ready(self) -> None:
        """Wait for the model to be loaded.

        Raises:
            ContestantError: It could not be.
        """
        self.about = dict(self._read("ready"))

    def begin(self, calls: int) -> None:
        """Ask for so many calls.

        Raises:
            ContestantError: The process has ended.
        """
        assert self._process.stdin
        try:
            self._process.stdin.write(f"{calls}\n")
            self._process.stdin.flush()
        except OSError:
            self._read("poses")  # raises what it said
            raise ContestantError("the process does not listen any more") from None

    def finish(self) -> dict[str, Any]:
        """The answer to :meth:`begin`.

        Raises:
            ContestantError: The process failed.
        """
        answer: dict[str, Any] = self._read()
        memory = answer.get("memory_mib")
        self.memory_mib = None if memory is None else float(memory)
        self.cpu_ms = float(answer.get("process_cpu_ms", 0))
        return answer

    def run(self, calls: int) -> Round:
        """Make so many calls.

        Raises:
            ContestantError: The process failed.
        """
        self.begin(calls)
        answer = self.finish()
        wall_ms = tuple(map(float, answer["wall_ms"]))
        return Round(wall_ms, float(answer["cpu_ms"]), _mean(answer["poses"]), len(wall_ms))

    def close(self) -> None:
        """End the process; may be called again."""
        if self._process.poll() is None:
            self._process.kill()  # it holds nothing that must be saved
        with contextlib.suppress(OSError):  # what was not read any more
            self._process.communicate()
        self._said.close()

    def __enter__(self) -> Contestant:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _read(self, *names: str) -> Any:
        """The next answer, or the part of that name."""
        assert self._process.stdout
        watchdog = threading.Timer(PATIENCE_S, self._process.kill)
        watchdog.start()
        started_s = time.monotonic()
        try:
            line = self._process.stdout.readline()
        finally:
            watchdog.cancel()
        try:
            answer: dict[str, Any] = json.loads(line)
        except ValueError:
            late = time.monotonic() - started_s >= PATIENCE_S
            why = f"no answer within {PATIENCE_S:g} s" if late else self._last_words()
            raise ContestantError(why) from None
        if "error" in answer:
            raise ContestantError(str(answer["error"]))
        return answer[names[0]] if names else answer

    def _last_words(self) -> str:
        """What a process that gave no answer left behind."""
        self._process.kill()
        status = self._process.wait()
        self._said.seek(0)
        lines = self._said.read().decode("utf-8", "replace").strip().splitlines()
        return f"the process ended with status {status}" + (f": {lines[-1][:300]}" if lines else "")


def run_together(crew: Sequence[Contestant]) -> Round:
    """Let several processes work at the same time on files of their own.

    Returns:
        Milliseconds of a frame from the signal to the last answer, as one call.

    Raises:
        ContestantError: One of them failed.
    """
    started_s = time.perf_counter()
    for contestant in crew:
        contestant.begin(1)
    answers = [contestant.finish() for contestant in crew]
    elapsed_ms = (time.perf_counter() - started_s) * 1e3
    counts = [len(answer["poses"]) for answer in answers]
    frames = sum(counts)
    if not frames:
        raise ContestantError("not one frame could be read")
    cpu_ms = sum(answer["cpu_ms"] * count for answer, count in zip(answers, counts, strict=True)) / frames
    poses = _mean([found for answer in answers for found in answer["poses"]])
    return Round((elapsed_ms / frames,), cpu_ms, poses, frames)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
