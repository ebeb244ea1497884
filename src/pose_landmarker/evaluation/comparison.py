"""Several contestants on the same pictures."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pose_landmarker.checks import check_integer
from pose_landmarker.errors import DatasetError, OptionError, PoseLandmarkerError
from pose_landmarker.evaluation.average_precision import Rank, require_pycocotools
from pose_landmarker.evaluation.contestant import Contestant
from pose_landmarker.evaluation.figures import Figures, figures, score_bins, world_errors
from pose_landmarker.evaluation.labelled import LabelledPicture
from pose_landmarker.evaluation.observed import Observed, observe
from pose_landmarker.evaluation.reliability import ScoreBin

#: Called with a contestant's name after each picture.
Watch = Callable[[str], object]
#: Raised when the meaning of a field changes.
_FORMAT = 1


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Evaluation:
    """What came out.

    Attributes:
        figures: By data set and name of the contestant.
        settings: What each contestant works with, by name.
        reliability: Poses by score, from all pictures in which labels tell whether a pose is right; by name
            of the contestant, without those whose scores are not the network's.
        observed: Every picture, by name of the contestant.
        left_out: How many pictures of each data set some contestant has nothing for, where there are any.
        failures: Why a picture could not be used, by its path.
        common: Whether all contestants are compared on the same pictures.
        rank: What poses are ranked by for average precision: the score, or the mean presence of their
            landmarks where some contestant has no scores, since each ranking has another precision.
    """

    figures: dict[str, dict[str, Figures]]
    settings: dict[str, dict[str, Any]]
    reliability: dict[str, tuple[ScoreBin, ...]]
    observed: dict[str, list[Observed]]
    left_out: dict[str, int]
    failures: dict[str, str] = field(default_factory=dict)
    common: bool = True
    rank: Rank = "score"

    def as_dict(self) -> dict[str, Any]:
        """Everything, for JSON: no infinities, and None where there is nothing to say."""
        return {
            "format": _FORMAT,
            "configurations": self.settings,
            "common_pictures": self.common,
            "left_out": self.left_out,
            "ranked_by": self.rank,
            "figures": {
                dataset: {name: _plain(asdict(found)) for name, found in by_name.items()}
                for dataset, by_name in self.figures.items()
            },
            "reliability": {
                name: [_plain(asdict(part)) for part in bins] for name, bins in self.reliability.items()
            },
            "pictures": {name: [_record(one) for one in seen] for name, seen in self.observed.items()},
            "failures": self.failures,
        }


def evaluate(
    pictures: Sequence[LabelledPicture],
    contestants: Sequence[Contestant],
    *,
    common: bool = True,
    workers: int | None = None,
    watch: Watch = lambda _: None,
) -> Evaluation:
    """Compare what contestants find with what is labelled.

    A picture that cannot be read is left out for all, and told in ``failures``.

    Args:
        pictures: Of any number of data sets, see :func:`~pose_landmarker.evaluation.read_dataset`.
        contestants: Of different names.
        common: Whether all are compared on the pictures that each of them has something for; else every
            one on its own.
        workers: How many pictures are looked at at the same time.
        watch: Called with the contestant's name after each picture.

    Raises:
        DatasetError: There are no pictures, or none in common.
        OptionError: There are no contestants, or two have the same name.
        MissingExtraError: There are people to be found, and pycocotools is not installed.
        ModelError: A model is missing or damaged.
        EngineError: The engine failed.
    """
    _check(pictures, contestants)
    if workers is not None:
        check_integer("workers", workers, low=1)
    if any(picture.exhaustive and any(p.judged for p in picture.persons) for picture in pictures):
        require_pycocotools()  # now, not after the work
    shared = [p for p in pictures if all(contestant.covers(p) for contestant in contestants)]
    if common and not shared:
        raise DatasetError(
            f"none of the {len(pictures)} pictures is covered by all of "
            f"{', '.join(contestant.name for contestant in contestants)}"
        )
    failures: dict[Path, str] = {}
    seen: dict[str, list[Observed]] = {}
    for contestant in contestants:
        here = shared if common else [picture for picture in pictures if contestant.covers(picture)]
        here = [picture for picture in here if picture.path not in failures]
        seen[contestant.name] = _look(contestant, here, workers, failures, watch)
    for name, observed in seen.items():
        seen[name] = [one for one in observed if one.picture.path not in failures]
    rank: Rank = "score" if all(contestant.scored for contestant in contestants) else "presence"
    return Evaluation(
        figures=_figures(seen, rank),
        reliability={c.name: score_bins(seen[c.name]) for c in contestants if c.scored},
        settings={contestant.name: contestant.settings() for contestant in contestants},
        observed=seen,
        left_out=_left_out(pictures, shared),
        failures={str(path): why for path, why in failures.items()},
        common=common,
        rank=rank,
    )


def _check(pictures: Sequence[LabelledPicture], contestants: Sequence[Contestant]) -> None:
    if not pictures:
        raise DatasetError("there are no pictures to look at")
    if not contestants:
        raise OptionError("there is nobody to evaluate: name a configuration such as full, or a dump")
    names = [contestant.name for contestant in contestants]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise OptionError(f"two contestants are called {twice!r}; give one of them another name")


def _look(
    contestant: Contestant,
    pictures: Sequence[LabelledPicture],
    workers: int | None,
    failures: dict[Path, str],
    watch: Watch,
) -> list[Observed]:
    """Pictures with masks apart from the others, which need not wait for masks being made."""
    observed: dict[int, Observed] = {}
    for with_mask in (False, True):
        numbers = [i for i, picture in enumerate(pictures) if (picture.mask is not None) is with_mask]
        group = [pictures[i] for i in numbers]
        if not group:
            continue
        for i, found in zip(numbers, contestant.find(group, workers), strict=True):
            picture = pictures[i]
            try:
                if isinstance(found, Exception):
                    raise found
                observed[i] = observe(picture, found)
            except (PoseLandmarkerError, OSError, MemoryError) as error:
                failures[picture.path] = str(error) or type(error).__name__
            watch(contestant.name)
    return [observed[i] for i in sorted(observed)]


def _figures(seen: dict[str, list[Observed]], rank: Rank) -> dict[str, dict[str, Figures]]:
    names = dict.fromkeys(one.picture.dataset for observed in seen.values() for one in observed)
    found: dict[str, dict[str, Figures]] = {}
    for dataset in names:
        for name, observed in seen.items():
            here = [one for one in observed if one.picture.dataset == dataset]
            if here:
                found.setdefault(dataset, {})[name] = figures(here, rank)
    return found


def _left_out(all_of_them: Sequence[LabelledPicture], shared: Sequence[LabelledPicture]) -> dict[str, int]:
    missing: dict[str, int] = {}
    kept = {id(picture) for picture in shared}
    for picture in all_of_them:
        if id(picture) not in kept:
            missing[picture.dataset] = missing.get(picture.dataset, 0) + 1
    return missing


def _plain(value: Any) -> Any:
    """For JSON: tuples as lists, and None for what is not finite."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _record(one: Observed) -> dict[str, Any]:
    """What there is to say about a picture."""
    errors = world_errors(one)
    persons = [
        {
            "height": person.box.height,
            "joints": person.num_joints,
            "pose": number,
            "oks": float(similarity),
            **({} if error is None else {"mpjpe_mm": error[0], "pa_mpjpe_mm": error[1]}),
        }
        for person, number, similarity, error in zip(
            one.judged, one.best, one.best_similarity, errors, strict=True
        )
    ]
    matched = [None if math.isnan(value) else bool(value) for value in one.matched.tolist()]
    record = {
        "dataset": one.picture.dataset,
        "picture": one.picture.name,
        "scores": _plain(one.found.scores.tolist()),
        "matched": matched,
        "persons": persons,
    }
    return record if one.iou is None else {**record, "iou": one.iou}
