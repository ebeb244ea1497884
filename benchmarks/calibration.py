"""How the constants of ``pose_landmarker.confidence`` were made, and how good they are.

    python -m benchmarks.calibration MODEL.task ... --labels labels.json IMAGES --negatives FOLDER

Labels as docs/evaluation.md describes them; of ``labels.json`` only the part ``coco``. Every pose that a wide
search finds counts, however unlikely: right where it fits a labelled person (OKS above 0.5), wrong in a
picture without people or where no labelled person is near, left out where it half fits. The constants are
fitted on all models together; the figures printed are those of a five-fold cross-validation by pictures.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from pose_landmarker import Pose, PoseLandmarker
from pose_landmarker.arrays import DoubleArray, frozen
from pose_landmarker.confidence import evidence_of
from pose_landmarker.errors import ImageError
from pose_landmarker.evaluation import LabelledPicture, oks, read_dataset, read_negatives

#: Strength of the penalty on weights in units of their columns' deviations: one observation's worth.
_RIDGE = 1.0
#: Nose, shoulders and hips: where a body is.
_CORE = [0, 11, 12, 23, 24]
Right: TypeAlias = npt.NDArray[np.bool_]
_FOLDS = 5
_BINS = np.array([0, 0.05, 0.15, 0.3, 0.5, 0.7, 0.85, 0.95, 1.0])


class Sample(NamedTuple):
    """A pose, and whether it was right."""

    picture: str
    evidence: DoubleArray
    presence: float
    right: bool


def main() -> None:
    """Fit, check, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--labels", nargs=2, action="append", metavar=("FILE", "IMAGES"), default=[])
    parser.add_argument("--negatives", type=Path, action="append", default=[])
    parser.add_argument("--plot", type=Path)
    arguments = parser.parse_args()
    pictures = [p for folder in arguments.negatives for p in read_negatives(folder)]
    for file, images in arguments.labels:
        pictures += [p for p in read_dataset(file, images=images) if p.dataset in ("coco", Path(file).stem)]
    samples = [s for model in arguments.models for s in _samples(model, pictures)]
    right = np.array([s.right for s in samples])
    evidence = np.stack([s.evidence for s in samples])
    print(f"{len(samples)} poses, {right.sum()} right")
    print("_DETECTED =", fitted(evidence, right).round(3).tolist())
    without = evidence.copy()
    without[:, 0] = 0
    print("_FOLLOWED =", fitted(without, right).round(3).tolist())
    honest = cross_validated([s.picture for s in samples], evidence, right)
    raw = np.array([s.presence for s in samples])
    for name, scores in (("presence", raw), ("score", honest)):
        print(name, "Brier", round(float(((scores - right) ** 2).mean()), 4))
        for row in reliability(scores, right):
            print("   {:.2f} said, {:.2f} true, {} poses".format(*row))
    if arguments.plot is not None:
        _plot({"presence (raw)": raw, "Pose.score": honest}, right, arguments.plot)


def fitted(evidence: DoubleArray, right: Right) -> DoubleArray:
    """(K,) weights of a logistic regression; the last column of the evidence is 1."""
    deviation = evidence.std(axis=0)
    deviation[deviation == 0] = 1.0
    rows = evidence / deviation
    penalty = np.full(rows.shape[1], _RIDGE)
    penalty[-1] = 1e-6
    weights = np.zeros(rows.shape[1])
    for _ in range(100):
        chance = 0.5 * (1 + np.tanh(0.5 * rows @ weights))
        slope = rows.T @ (chance - right) + penalty * weights
        curve = (rows * (chance * (1 - chance))[:, None]).T @ rows + np.diag(penalty)
        step = np.linalg.solve(curve, slope)
        weights -= step
        if np.abs(step).max() < 1e-9:
            break
    return frozen(weights / deviation)


def reliability(scores: DoubleArray, right: Right) -> Iterator[tuple[float, float, int]]:
    """For every bin: what was said on average, what was true, of how many."""
    bins = np.clip(np.digitize(scores, _BINS) - 1, 0, len(_BINS) - 2)
    for i in range(len(_BINS) - 1):
        inside = bins == i
        if inside.any():
            yield float(scores[inside].mean()), float(right[inside].mean()), int(inside.sum())


def cross_validated(pictures: list[str], evidence: DoubleArray, right: Right) -> DoubleArray:
    """(N,) probabilities, each from a fit to other pictures."""
    names = sorted(set(pictures))
    fold_of = {name: i % _FOLDS for i, name in enumerate(np.random.default_rng(5).permutation(names))}
    folds = np.array([fold_of[picture] for picture in pictures])
    scores = np.empty(len(pictures))
    for fold in range(_FOLDS):
        weights = fitted(evidence[folds != fold], right[folds != fold])
        scores[folds == fold] = 0.5 * (1 + np.tanh(0.5 * evidence[folds == fold] @ weights))
    return scores


def _samples(model: str, pictures: list[LabelledPicture]) -> Iterator[Sample]:
    with PoseLandmarker.create(model, search="wide", num_poses=100, min_pose_score=0.0) as landmarker:
        for picture in pictures:
            try:
                result = landmarker.detect(picture.path)
            except (ImageError, OSError):
                continue
            for pose in result:
                verdict = is_right(pose, picture)
                if verdict is not None:
                    yield Sample(picture.name, _evidence(pose), pose.presence_score, verdict)


def _evidence(pose: Pose) -> DoubleArray:
    assert pose.peaks is not None
    presence, tilt = np.array([pose.presence_score]), np.array([pose.tilt])
    detection = np.array([pose.detection_score], float)
    return frozen(evidence_of(presence, pose.peaks[None], tilt, detection)[0])


def is_right(pose: Pose, picture: LabelledPicture) -> bool | None:
    """Whether a pose fits a labelled person; None where it may be somebody whose joints are not labelled."""
    if not picture.persons:
        return False
    labelled, areas = np.stack([p.points for p in picture.persons]), [p.area for p in picture.persons]
    best = float(oks(pose.pixels[None], labelled, areas).max())
    if best > 0.5:
        return True
    if best > 0.2 or not picture.exhaustive:
        return None
    core = pose.pixels[_CORE]
    for person in picture.persons:
        x, y, width, height = person.box
        inside = (core > [x, y]) & (core < [x + width, y + height])
        if inside.all(axis=1).mean() > 0.2:
            return None
    return False


def _plot(curves: dict[str, DoubleArray], right: Right, path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.8), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    axes.text(0.62, 0.66, "honest", color="0.5", rotation=37)
    for (name, scores), color in zip(curves.items(), ("#8a8a8a", "#0072b2"), strict=True):
        said, true, counts = zip(*reliability(scores, right), strict=True)
        axes.plot(said, true, marker="o", color=color, label=name)
        for x, y, n in zip(said, true, counts, strict=True):
            axes.annotate(
                str(n), (x, y), textcoords="offset points", xytext=(6, -10), fontsize=7, color=color
            )
    axes.set_xlabel("what was said")
    axes.set_ylabel("share that fits a labelled person (OKS > 0.5)")
    axes.set_title("Poses of a wide search; numbers: how many")
    axes.legend(frameon=False, loc="upper left")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
