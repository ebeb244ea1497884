"""Several contestants under the same conditions, in turns: a machine whose speed drifts slows them all."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from pose_landmarker.bench.cell import Cell
from pose_landmarker.bench.contestant import Contestant, ContestantError, Round, run_together
from pose_landmarker.bench.setting import THROUGHPUT, Setting

#: Starts the processes that work on a setting: one, or for many files several side by side.
Starter = Callable[[Setting], Sequence[Contestant]]
#: Called after every turn.
Tick = Callable[[], object]

#: Calls of one turn: about the same time for all modes, and short against the drift of a machine.
CALLS = {"image": 5, "video": 15}


@dataclass(slots=True)
class Outcome:
    """What a race brought.

    Attributes:
        cells: Of those who finished at least one round.
        failures: What went wrong, by the setting's key.
        skipped: Why a setting does not exist on this machine, by its key.
    """

    cells: list[Cell] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)


def race(settings: Sequence[Setting], start: Starter, rounds: int, tick: Tick, outcome: Outcome) -> None:
    """Measure settings that share their conditions, and add what came out; also when interrupted.

    Args:
        settings: The contestants.
        start: Starts their processes.
        rounds: How often each has a turn.
        tick: Called after every turn, also of one who has failed.
        outcome: What is added to.
    """
    if settings[0].mode == "start":
        _race_starts(settings, start, rounds, tick, outcome)
    else:
        _race_rounds(settings, start, rounds, tick, outcome)


def _race_rounds(
    settings: Sequence[Setting], start: Starter, rounds: int, tick: Tick, outcome: Outcome
) -> None:
    seen: dict[str, list[Round]] = {}
    crews: dict[str, Sequence[Contestant]] = {}
    with ExitStack() as stack:
        for setting in settings:
            try:
                crew = start(setting)
                for contestant in crew:
                    stack.callback(contestant.close)
                for contestant in crew:
                    contestant.wait_until_ready()
                if _exists(setting, crew[0], outcome):
                    _turn(setting, crew)  # warm up
                    crews[setting.key], seen[setting.key] = crew, []
            except ContestantError as error:
                outcome.failures[setting.key] = str(error)
        try:
            for number in range(rounds):
                for setting in _turned(settings, number):
                    if setting.key in crews and setting.key not in outcome.failures:
                        try:
                            seen[setting.key].append(_turn(setting, crews[setting.key]))
                        except ContestantError as error:
                            outcome.failures[setting.key] = str(error)
                    tick()
        finally:
            # All have the same rounds, so that they can be set against each other one by one.
            whole = min((len(seen[key]) for key in seen if key not in outcome.failures), default=0)
            for setting in settings:
                if setting.key in seen and setting.key not in outcome.failures and whole:
                    outcome.cells.append(_cell(setting, seen[setting.key][:whole], crews[setting.key]))


def _race_starts(
    settings: Sequence[Setting], start: Starter, rounds: int, tick: Tick, outcome: Outcome
) -> None:
    """From the start of a process to its first result, a process for every turn."""
    seen: dict[str, list[Round]] = {setting.key: [] for setting in settings}
    last: Mapping[str, Contestant] = {}
    try:
        for number in range(rounds + 1):
            for setting in _turned(settings, number):
                if setting.key not in outcome.failures and setting.key not in outcome.skipped:
                    try:
                        done, contestant = _one_start(setting, start, outcome)
                        last = {**last, setting.key: contestant}
                        if number:  # the first one warms the disk
                            seen[setting.key].append(done)
                    except ContestantError as error:
                        outcome.failures[setting.key] = str(error)
                if number:
                    tick()
    finally:
        left_out = outcome.failures.keys() | outcome.skipped.keys()
        whole = min((len(rows) for key, rows in seen.items() if key not in left_out), default=0)
        for setting in settings:
            if setting.key not in left_out and whole:
                outcome.cells.append(_cell(setting, seen[setting.key][:whole], [last[setting.key]]))


def _one_start(setting: Setting, start: Starter, outcome: Outcome) -> tuple[Round, Contestant]:
    started_s = time.perf_counter()
    (contestant,) = start(setting)
    with contestant:
        contestant.wait_until_ready()
        first = contestant.run(1)
        elapsed_ms = (time.perf_counter() - started_s) * 1e3
    _exists(setting, contestant, outcome)
    return Round((elapsed_ms,), contestant.cpu_ms, first.poses, 1), contestant


def _turn(setting: Setting, crew: Sequence[Contestant]) -> Round:
    if setting.mode in THROUGHPUT:
        return run_together(crew)
    (contestant,) = crew
    return contestant.run(CALLS[setting.mode])


def _exists(setting: Setting, contestant: Contestant, outcome: Outcome) -> bool:
    """Whether the process does what the setting says; not every machine has a fast precision."""
    precision = contestant.about.get("precision")
    if setting.of_reference or precision == setting.precision:
        return True
    why = contestant.about.get("why")
    outcome.skipped[setting.key] = str(why or f"on this machine the precision is {precision!r}")
    return False


def _turned(settings: Sequence[Setting], number: int) -> list[Setting]:
    """Another one begins each round: who comes after whom may matter."""
    first = number % len(settings)
    return [*settings[first:], *settings[:first]]


def _cell(setting: Setting, rounds: list[Round], crew: Sequence[Contestant]) -> Cell:
    memories = [contestant.memory_mib for contestant in crew]
    known = [memory for memory in memories if memory is not None]
    return Cell(
        setting=setting,
        rounds=tuple(rounds),
        memory_mib=sum(known) if len(known) == len(memories) else None,
        threads=crew[0].about.get("threads"),
        version=str(crew[0].about.get("version", "")),
    )
