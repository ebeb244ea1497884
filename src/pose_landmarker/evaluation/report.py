"""An evaluation as Markdown that can be read in a terminal, too."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from pose_landmarker.evaluation.comparison import Evaluation
from pose_landmarker.evaluation.figures import MIN_HEIGHT, MIN_JOINTS, Figures, Recall
from pose_landmarker.markdown import table

_UNKNOWN = "-"
#: Recall by height of fewer people says nothing.
_MIN_PERSONS = 20
#: The cells of a row; None where there is nothing to say.
_Cells = Callable[[Figures], list[str] | None]


def report(evaluation: Evaluation, *, failures: bool = True) -> str:
    """Everything that was measured, a table for each kind of label; and maybe what could not be used."""
    parts = [_head(evaluation)]
    for title, text, columns, cells in _SECTIONS:
        rows = list(_rows(evaluation, cells))
        if rows:
            header = ["data set", "configuration", *columns]
            parts.append(f"## {title}\n\n{text}\n\n{table(header, rows)}")
    parts += [_heights(evaluation), _failures(evaluation) if failures else ""]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(evaluation: Evaluation) -> str:
    parts = []
    missing = ", ".join(f"{count} of {name}" for name, count in evaluation.left_out.items())
    if missing and evaluation.common:
        parts.append(
            "Compared on the pictures that every configuration has something for.\n"
            f"Left out for all: {missing}."
        )
    elif missing:
        parts.append(
            "**Rows are about different pictures**: each configuration is measured on all that it has "
            f"something for.\nNot covered by all: {missing}."
        )
    ranked = any(figures.coco for by_name in evaluation.figures.values() for figures in by_name.values())
    if ranked and evaluation.rank == "presence":
        parts.append(
            "A dump has no scores of poses: AP ranks all poses by the mean presence of their landmarks."
        )
    return "\n".join(parts)


def _rows(evaluation: Evaluation, cells: _Cells) -> Iterator[list[str]]:
    for dataset, by_name in evaluation.figures.items():
        for name, figures in by_name.items():
            found = cells(figures)
            if found is not None:
                yield [dataset, name, *found]


def _joints(figures: Figures) -> list[str] | None:
    if not figures.persons:
        return None
    recall, precision = figures.recall, figures.precision
    return [
        str(figures.pictures),
        str(figures.persons),
        str(figures.poses),
        str(recall.persons) if recall else _UNKNOWN,
        _percent(recall.found, recall.persons) if recall else _UNKNOWN,
        _percent(recall.found_well, recall.persons) if recall else _UNKNOWN,
        _percent(precision.matched, precision.poses) if precision else _UNKNOWN,
        _share(figures.pck.share if figures.pck else None),
        _share(figures.pckh.share if figures.pckh else None),
    ]


def _coco(figures: Figures) -> list[str] | None:
    found = figures.coco
    if found is None:
        return None
    values = (found.ap, found.ap50, found.ap75, found.ap_medium, found.ap_large)
    more = (found.ar, found.ar50, found.ar75, found.ar_medium, found.ar_large)
    return [str(found.pictures), str(found.persons), *map(_share, (*values, *more))]


def _negatives(figures: Figures) -> list[str] | None:
    found = figures.negatives
    if found is None:
        return None
    return [
        str(found.pictures),
        str(found.with_poses),
        str(found.poses),
        f"{found.poses / found.pictures:.3f}",
    ]


def _masks(figures: Figures) -> list[str] | None:
    found = figures.masks
    return None if found is None else [str(found.pictures), f"{found.iou:.3f}"]


def _world(figures: Figures) -> list[str] | None:
    found = figures.world
    if found is None:
        return None
    errors = (found.mpjpe_mm, found.pa_mpjpe_mm)
    return [str(found.persons), str(found.found), *(_UNKNOWN if e is None else f"{e:.0f}" for e in errors)]


_SECTIONS: tuple[tuple[str, str, Sequence[str], _Cells], ...] = (
    (
        "People and joints",
        f"Recall: of people at least {MIN_HEIGHT} px high with at least {MIN_JOINTS} labelled joints those "
        "whom some pose fits with\nOKS above 0.5, 0.75. Precision: of poses, where everybody is labelled, "
        "those that fit somebody with OKS above 0.5.\nPCK: joints of arms and legs nearer to their label "
        "than 0.2 of the torso; PCKh: than 0.5 of the head.",
        (
            "pictures",
            "people",
            "poses",
            f"≥ {MIN_HEIGHT} px",
            "recall 0.5",
            "0.75",
            "precision",
            "PCK@0.2",
            "PCKh@0.5",
        ),
        _joints,
    ),
    (
        "COCO keypoints",
        "Average precision and recall over OKS 0.50 to 0.95 by pycocotools, on pictures in which everybody "
        "is labelled.",
        ("pictures", "people", "AP", "AP50", "AP75", "AP M", "AP L", "AR", "AR50", "AR75", "AR M", "AR L"),
        _coco,
    ),
    (
        "Pictures without people",
        "Every pose is false.",
        ("pictures", "with poses", "poses", "poses a picture"),
        _negatives,
    ),
    (
        "Masks",
        "IoU of all people's masks together with the labelled ones, mean over the pictures.",
        ("pictures", "IoU"),
        _masks,
    ),
    (
        "Joints in space",
        "Mean error of the joints of arms and legs, for people in whose picture there was a pose.",
        ("people", "found", "MPJPE mm", "PA-MPJPE mm"),
        _world,
    ),
)


def _heights(evaluation: Evaluation) -> str:
    """Recall by height: a table for each data set, since each has people of other sizes."""
    tables = [
        f"{dataset}:\n\n{_height_table({name: f.recall for name, f in by_name.items() if f.recall})}"
        for dataset, by_name in evaluation.figures.items()
        if any(figures.recall and figures.persons >= _MIN_PERSONS for figures in by_name.values())
    ]
    if not tables:
        return ""
    text = (
        f"Of people with at least {MIN_JOINTS} labelled joints, those whom some pose fits with OKS above "
        f"0.5. Data sets of at\nleast {_MIN_PERSONS} people."
    )
    return f"## Recall by height\n\n{text}\n\n" + "\n\n".join(tables)


def _height_table(found: dict[str, Recall]) -> str:
    """A row for each configuration; above it how many people there are, where that changes."""
    some = next(iter(found.values())).by_height
    bins = [i for i, part in enumerate(some) if part.persons]
    header = ["height, px", *(_span(some[i].low, some[i].high) for i in bins)]
    rows: list[list[str]] = []
    counts: list[str] = []
    for name, recall in found.items():
        people = ["people", *(str(recall.by_height[i].persons) for i in bins)]
        if people != counts:
            counts = people
            rows.append(people)
        rows.append([name, *(_share(recall.by_height[i].recall) for i in bins)])
    return table(header, rows)


def _failures(evaluation: Evaluation) -> str:
    if not evaluation.failures:
        return ""
    lines = "\n".join(f"- {path}: {why}" for path, why in evaluation.failures.items())
    return f"## Pictures that could not be used\n\nLeft out for all.\n\n{lines}"


def _span(low: float, high: float) -> str:
    return f"{low:.0f}+" if math.isinf(high) else f"{low:.0f}–{high:.0f}"


def _percent(part: int, whole: int) -> str:
    return _share(part / whole) if whole else _UNKNOWN


def _share(value: float | None) -> str:
    return _UNKNOWN if value is None or math.isnan(value) else f"{100 * value:.1f} %"
