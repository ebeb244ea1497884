"""Is the new result worse than the old one, or only different, as two runs always are?"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pose_landmarker.bench.cell import Cell, reference_of
from pose_landmarker.bench.contestant import Round
from pose_landmarker.bench.results import Results
from pose_landmarker.errors import OptionError
from pose_landmarker.markdown import table

#: So many standard errors are no accident.
_ERRORS = 3.0
#: The standard deviation of normal noise, over its median absolute deviation; and the standard error of a
#: median over that of a mean.
_MAD, _MEDIAN = 1.4826, 1.2533
#: What makes two machines alike.
_MACHINE = ("processor", "cores_usable")


@dataclass(frozen=True, slots=True)
class Change:
    """One quantity of one setting, then and now.

    Attributes:
        key: Of the setting.
        quantity: ``time``, ``cpu`` or ``memory``.
        ratio: New over old; above 1 is worse.
        threshold: From this deviation from 1 on it is no accident.
        relative: Whether both were taken in relation to the reference of the same run, which cancels
            out how fast the machine was that day.
    """

    key: str
    quantity: str
    ratio: float
    threshold: float
    relative: bool

    @property
    def verdict(self) -> str:
        """``worse``, ``better`` or ``same``."""
        if self.ratio > 1 + self.threshold:
            return "worse"
        return "better" if self.ratio < 1 / (1 + self.threshold) else "same"


@dataclass(frozen=True, slots=True)
class Comparison:
    """All changes between two results.

    Attributes:
        changes: Of settings that both have.
        only_old: Keys of settings that are missing in the new results.
        only_new: Keys of settings that are missing in the old ones.
        same_machine: Whether both come from machines that are alike.
    """

    changes: tuple[Change, ...]
    only_old: tuple[str, ...]
    only_new: tuple[str, ...]
    same_machine: bool

    @property
    def regressions(self) -> tuple[Change, ...]:
        """What became worse."""
        return tuple(change for change in self.changes if change.verdict == "worse")

    def as_dict(self) -> dict[str, Any]:
        """Everything, for JSON."""
        changes = [{**asdict(change), "verdict": change.verdict} for change in self.changes]
        return {**asdict(self), "changes": changes, "regressions": len(self.regressions)}


def compare(old: Results, new: Results, tolerance: float) -> Comparison:
    """Set two results against each other, setting by setting.

    Args:
        old: Before.
        new: After.
        tolerance: Share that a change must exceed in any case, such as 0.05.

    Raises:
        OptionError: They have nothing in common that can be compared.
    """
    before = {cell.setting.key: cell for cell in old.cells if not cell.setting.of_reference}
    after = {cell.setting.key: cell for cell in new.cells if not cell.setting.of_reference}
    common = [key for key in before if key in after]
    if not common:
        raise OptionError("the two results have no setting in common, so there is nothing to compare")
    changes = [
        change
        for key in common
        for change in _changes(
            (before[key], reference_of(before[key], old.cells)),
            (after[key], reference_of(after[key], new.cells)),
            tolerance,
        )
    ]
    alike = all(old.machine.get(name) == new.machine.get(name) for name in _MACHINE)
    if not alike:
        changes = [change for change in changes if change.relative]
    if not changes:
        raise OptionError("the results come from different machines, and the reference is in one at most")
    return Comparison(
        tuple(changes),
        tuple(key for key in before if key not in after),
        tuple(key for key in after if key not in before),
        alike,
    )


def report(comparison: Comparison) -> str:
    """A table of what changed, worst first, and a sentence."""
    order = sorted(comparison.changes, key=lambda change: -change.ratio)
    shown = [change for change in order if change.verdict != "same"]
    parts = []
    if not comparison.same_machine:
        parts.append("The machines differ: only what is relative to the reference is compared.")
    if shown:
        rows = [
            [
                change.key,
                change.quantity,
                f"{change.ratio - 1:+.1%}",
                f"±{change.threshold:.1%}",
                change.verdict,
            ]
            for change in shown
        ]
        parts.append(table(["setting", "", "change", "threshold", ""], rows))
    for keys, where in ((comparison.only_old, "old"), (comparison.only_new, "new")):
        if keys:
            more = f" and {len(keys) - 3} more" if len(keys) > 3 else ""
            parts.append(f"Only in the {where} results: {', '.join(keys[:3])}{more}")
    better = sum(change.verdict == "better" for change in comparison.changes)
    settings = len({change.key for change in comparison.changes})
    parts.append(
        f"{settings} settings compared: {len(comparison.regressions)} figures worse, {better} better, "
        f"{len(comparison.changes) - len(shown)} the same within their spread."
    )
    return "\n\n".join(parts)


def _changes(old: tuple[Cell, Cell | None], new: tuple[Cell, Cell | None], tolerance: float) -> list[Change]:
    key = old[0].setting.key
    changes = []
    quantities: tuple[tuple[str, Callable[[Round], float]], ...] = (
        ("time", lambda done: done.mean_ms),
        ("cpu", lambda done: done.cpu_ms),
    )
    for quantity, value in quantities:
        relative = old[1] is not None and new[1] is not None
        before = _samples(old[0], old[1] if relative else None, value)
        after = _samples(new[0], new[1] if relative else None, value)
        if min(*before, *after) <= 0:  # a clock too coarse for so little work
            continue
        threshold = max(tolerance, _ERRORS * (_error(before) ** 2 + _error(after) ** 2) ** 0.5)
        ratio = statistics.median(after) / statistics.median(before)
        changes.append(Change(key, quantity, ratio, threshold, relative))
    memories = old[0].memory_mib, new[0].memory_mib
    if memories[0] and memories[1]:
        changes.append(Change(key, "memory", memories[1] / memories[0], max(0.1, tolerance), False))
    return changes


def _samples(cell: Cell, theirs: Cell | None, value: Callable[[Round], float]) -> list[float]:
    """A quantity of every round; as a share of the reference's in the same round where there is one."""
    own = [value(done) for done in cell.rounds]
    if theirs is None:
        return own
    others = [value(done) for done in theirs.rounds]
    return [a / b if b > 0 else 0.0 for a, b in zip(own, others, strict=False)]


def _error(samples: Sequence[float]) -> float:
    """The relative standard error of the median, estimated without being misled by single rounds.

    A single round says nothing about it: zero, and the tolerance alone counts.
    """
    middle = statistics.median(samples)
    spread = statistics.median(abs(sample - middle) for sample in samples)
    return float(_MEDIAN * _MAD * spread / middle / len(samples) ** 0.5)
