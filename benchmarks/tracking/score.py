"""From truth and answers to figures.

MOTA, id switches and fragmentations follow CLEAR MOT (Bernardin and Stiefelhagen, 2008), IDF1 follows
Ristani et al. (2016), both as py-motmetrics computes them. An answer can belong to a person if their
boxes have an IoU of at least 0.3 or the answer's hips are in the person's box. People of whom less than
half is seen need not be found: they and the answers that belong to them are left out, as MOTChallenge
does.
"""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from benchmarks.tracking.compose import HIDDEN, Truth
from benchmarks.tracking.trackers import Tracked, iou

#: More of a person than this has to be found.
SEEN = 0.5
#: Less of a person than this is hardly seen: it does not end a time of being hidden.
_HARDLY = 0.25
_IOU = 0.3
#: In so many frames at least somebody has a number; fewer are a slip.
_LASTING = 3
_METRICS = ("mota", "idf1", "num_switches", "num_fragmentations", "precision", "recall")

#: One list a frame.
Truths = Sequence[Sequence[Truth]]
Answers = Sequence[Sequence[Tracked]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Figures of one scene.

    Attributes:
        frames: How many were judged.
        persons: How many people have to be found.
        mota: Multiple object tracking accuracy, at most 1.
        idf1: F1 score of the best assignment of numbers to people.
        switches: How often a person's number changed.
        lasting: How often somebody got another number for good, not only while next to somebody else.
        fragments: How often somebody was lost and found again while to be seen.
        precision: Part of the answers that are somebody.
        recall: Part of the people to be found that were found.
        hidden: The most frames in a row that somebody was hidden.
        shared: Numbers that more than one person had.
        kept: Whether those who came again had their old number; None: nobody did. X' is X come again.
        found_ms: The longest that it took from half of somebody being seen to being found; None: never.
        back_ms: The same after somebody had been hidden or hardly to be seen; None: never.
        ids: The numbers that every person had, in order.
    """

    frames: int
    persons: int
    mota: float
    idf1: float
    switches: int
    lasting: int
    fragments: int
    precision: float
    recall: float
    hidden: int
    shared: int
    kept: bool | None
    found_ms: float | None
    back_ms: float | None
    ids: dict[str, list[int]]


def score(truths: Truths, answers: Answers, times_ms: Sequence[float]) -> Score:
    """Judge the answers."""
    ids = ids_of(truths, answers)
    found_ms, back_ms = longest_waits(truths, answers, times_ms)
    owners = {(number, who.rstrip("'")) for who, numbers in ids.items() for number in numbers}
    again = [(ids[who], ids[who.rstrip("'")]) for who in ids if who.endswith("'")]
    kept = all(new[:1] == old[-1:] for new, old in again) if again else None
    figures = _clear_mot([_same_again(truth) for truth in truths] if kept else truths, answers)
    return Score(
        frames=len(truths),
        persons=len(ids),
        mota=float(figures["mota"]),
        idf1=float(figures["idf1"]),
        switches=int(figures["num_switches"]),
        lasting=sum(len(numbers) - 1 for numbers in ids.values() if numbers),
        fragments=int(figures["num_fragmentations"]),
        precision=float(figures["precision"]),
        recall=float(figures["recall"]),
        hidden=max((hidden_run(truths, who) for who in ids), default=0),
        shared=len(owners) - len({number for number, _ in owners}),
        kept=kept,
        found_ms=found_ms,
        back_ms=back_ms,
        ids=ids,
    )


def longest_waits(
    truths: Truths, answers: Answers, times_ms: Sequence[float]
) -> tuple[float | None, float | None]:
    """Milliseconds until everybody was found for the first time, and again; None: never."""
    people = {person.person for truth in truths for person in truth}
    waits = [wait for who in people for wait in _waits(truths, answers, times_ms, who)]
    first, again = ([ms for is_first, ms in waits if is_first is which] for which in (True, False))
    return _longest(first), _longest(again)


def _same_again(truth: Sequence[Truth]) -> list[Truth]:
    """X' is X."""
    return [replace(person, person=person.person.rstrip("'")) for person in truth]


def ids_of(truths: Truths, answers: Answers) -> dict[str, list[int]]:
    """The numbers that every person had while well seen, where they can be nobody else's, in order."""
    counts: dict[str, Counter[int]] = {}
    for truth, found in zip(truths, answers, strict=True):
        for person in truth:
            if person.visible >= SEEN:
                counts.setdefault(person.person, Counter())
        for person, answer in match(truth, found):
            if person.visible >= SEEN and not _doubtful(person, answer, truth):
                counts[person.person][answer.track_id] += 1
    return {
        person: [number for number, frames in count.items() if frames >= _LASTING]
        for person, count in counts.items()
    }


def hidden_run(truths: Truths, person: str) -> int:
    """For how many frames at most somebody who is there is hidden, without being seen more than a little."""
    longest = run = 0
    for frame in truths:
        visible = next((truth.visible for truth in frame if truth.person == person), 1.0)
        run = 0 if visible >= _HARDLY else run + (visible < HIDDEN)
        longest = max(longest, run)
    return longest


def match(
    truth: Sequence[Truth], found: Sequence[Tracked], before: Mapping[str, int] = MappingProxyType({})
) -> list[tuple[Truth, Tracked]]:
    """Who is whom in one frame.

    Who had the same number before comes first, then the best pair; who is hardly seen gets what is left.
    """
    pairs = [
        (
            person.visible < _HARDLY,
            person.visible < SEEN or before.get(person.person) != answer.track_id,
            -iou(person.box, answer.box),
            i,
            k,
        )
        for i, person in enumerate(truth)
        for k, answer in enumerate(found)
        if _possible(person, answer)
    ]
    matched: dict[int, int] = {}
    for *_, i, k in sorted(pairs):
        if i not in matched and k not in matched.values():
            matched[i] = k
    return [(truth[i], found[k]) for i, k in matched.items()]


def _possible(person: Truth, answer: Tracked) -> bool:
    box, (x, y) = person.box, answer.hips
    inside = box.x <= x <= box.x + box.width and box.y <= y <= box.y + box.height
    return inside or iou(box, answer.box) >= _IOU


def _doubtful(person: Truth, answer: Tracked, truth: Sequence[Truth]) -> bool:
    return any(other is not person and _possible(other, answer) for other in truth)


def _clear_mot(truths: Truths, answers: Answers) -> dict[str, Any]:
    try:
        motmetrics = importlib.import_module("motmetrics")
    except ImportError:
        raise SystemExit("scoring needs py-motmetrics: pip install 'motmetrics>=1.4'") from None
    numbers: dict[str, int] = {}
    before: dict[str, int] = {}
    events = motmetrics.MOTAccumulator()
    for frame, (truth, found) in enumerate(zip(truths, answers, strict=True)):
        pairs = match(truth, found, before)
        before |= {person.person: answer.track_id for person, answer in pairs if person.visible >= SEEN}
        excused = {id(answer) for person, answer in pairs if person.visible < SEEN}
        people = [person for person in truth if person.visible >= SEEN]
        given = [answer for answer in found if id(answer) not in excused]
        distances = np.full((len(people), len(given)), np.nan)
        for i, person in enumerate(people):
            for k, answer in enumerate(given):
                if _possible(person, answer):
                    distances[i, k] = 1 - iou(person.box, answer.box)
        names = [numbers.setdefault(person.person, len(numbers)) for person in people]
        events.update(names, [answer.track_id for answer in given], distances, frameid=frame)
    table = motmetrics.metrics.create().compute(events, metrics=list(_METRICS), name="scene")
    figures: dict[str, Any] = table.iloc[0].to_dict()
    return figures


def _waits(
    truths: Truths, answers: Answers, times_ms: Sequence[float], who: str
) -> Iterator[tuple[bool, float | None]]:
    """(whether for the first time, milliseconds) from being seen to being found; None: not any more."""
    since: float | None = None
    first, before = True, False
    for truth, found, now in zip(truths, answers, times_ms, strict=True):
        seen = any(person.person == who and person.visible >= SEEN for person in truth)
        if seen and not before:
            since = now
        if since is not None and any(person.person == who for person, _ in match(truth, found)):
            yield first, now - since
            since, first = None, False
        before = seen
    if since is not None:
        yield first, None


def _longest(waits: Sequence[float | None]) -> float | None:
    return None if None in waits else max((wait for wait in waits if wait is not None), default=0.0)
