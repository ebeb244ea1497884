"""How the constants of ``pose_landmarker.landmark_confidence`` were made, and how good they are.

    python -m benchmarks.landmark_calibration MODEL.task ... --labels FILE IMAGES [--plot FILE]

Labels in COCO's format, or the part ``coco`` of a ``labels.json``. People with 8 joints or more whom a wide
search finds (OKS above 0.3) give 17 joints each: visible, as COCO marks it; present, where there is a label;
right, where the label is so near that its share of the OKS is above 0.5. The figures printed are those of a
five-fold cross-validation by pictures.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.calibration import cross_validated, fitted, reliability
from pose_landmarker import PoseLandmarker
from pose_landmarker.arrays import DoubleArray
from pose_landmarker.evaluation import LabelledPerson, LabelledPicture, oks, read_dataset
from pose_landmarker.evaluation.joints import COCO_LANDMARKS, COCO_SIGMAS
from pose_landmarker.landmark_confidence import NUM_FACE, evidence_of
from pose_landmarker.results import Pose

_FOUND = 0.3
#: People of whom fewer joints are labelled are small or hidden, and have joints that were not worth a label.
_MIN_JOINTS = 8
_JOINTS = list(COCO_LANDMARKS)
_QUESTIONS = ("visible", "present", "right")


class Sample(NamedTuple):
    """The 17 joints of a pose of somebody who is labelled."""

    picture: str
    evidence: DoubleArray
    raw: DoubleArray
    answers: npt.NDArray[np.bool_]


def main() -> None:
    """Fit, check, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--labels", nargs=2, action="append", metavar=("FILE", "IMAGES"), required=True)
    parser.add_argument("--plot", type=Path)
    arguments = parser.parse_args()
    pictures = [
        picture
        for file, images in arguments.labels
        for picture in read_dataset(file, images=images)
        if picture.dataset in ("coco", Path(file).stem)
    ]
    samples = [s for model in arguments.models for s in _samples(model, pictures)]
    names = np.array([s.picture for s in samples for _ in _JOINTS])
    groups = np.tile(np.array(_JOINTS) >= NUM_FACE, len(samples)).astype(int)
    evidence = np.concatenate([s.evidence for s in samples])
    raw = np.concatenate([s.raw for s in samples])
    answers = np.concatenate([s.answers for s in samples])
    print(f"{len(samples)} poses, {len(evidence)} joints")
    curves = {}
    for i, question in enumerate(_QUESTIONS):
        truth = answers[:, i]
        honest, weights = np.empty(len(truth)), []
        for group in (0, 1):
            ours = groups == group
            weights.append(fitted(evidence[ours], truth[ours]).round(3).tolist())
            honest[ours] = cross_validated(names[ours].tolist(), evidence[ours], truth[ours])
        print(f"_{question.upper()} =", weights)
        curves[question] = raw[:, i], honest, truth
        for name, values in (("raw", raw[:, i]), ("calibrated", honest)):
            print(f"  {name}: Brier {((values - truth) ** 2).mean():.4f}")
            for row in reliability(values, truth):
                print("    {:.2f} said, {:.2f} true, {} joints".format(*row))
    if arguments.plot is not None:
        _plot(curves, arguments.plot)


def _samples(model: str, pictures: list[LabelledPicture]) -> Iterator[Sample]:
    with PoseLandmarker.create(model, search="wide", num_poses=100) as landmarker:
        for picture in pictures:
            judged = [p for p in picture.persons if not p.crowd and p.num_joints >= _MIN_JOINTS]
            if not judged:
                continue
            poses = landmarker.detect(picture.path).poses
            for person, pose in _pairs(judged, poses):
                yield _sample(picture.name, person, pose)


def _pairs(people: list[LabelledPerson], poses: tuple[Pose, ...]) -> Iterator[tuple[LabelledPerson, Pose]]:
    """Each pose with the person whom it fits best, if it fits somebody."""
    if not poses:
        return
    similar = oks(
        np.stack([pose.pixels for pose in poses]),
        np.stack([person.points for person in people]),
        [person.area for person in people],
    )
    for i, pose in enumerate(poses):
        best = int(similar[:, i].argmax())
        if similar[best, i] > _FOUND:
            yield people[best], pose


def _sample(picture: str, person: LabelledPerson, pose: Pose) -> Sample:
    assert pose.peaks is not None
    assert person.visible is not None
    labelled = person.points[_JOINTS]
    squared = ((labelled - pose.pixels[_JOINTS]) ** 2).sum(axis=1)
    near = np.exp(-squared / (2 * person.area * (2 * COCO_SIGMAS) ** 2)) > 0.5  # NaN is not near
    present = np.isfinite(labelled).all(axis=1)
    evidence = evidence_of(pose.visibility, pose.presence, pose.peaks, pose.landmarks)[_JOINTS]
    raw = np.stack([pose.visibility, pose.presence, pose.presence], axis=1)[_JOINTS].astype(float)
    answers = np.stack([person.visible[_JOINTS], present, near], axis=1)
    return Sample(picture, evidence, raw, answers)


def _plot(curves: dict[str, tuple[DoubleArray, DoubleArray, npt.NDArray[np.bool_]]], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.5, 3.9), layout="constrained")
    titles = ("can be seen", "is in the picture", "is where the landmark is")
    for axes, title, (raw, honest, truth) in zip(
        figure.subplots(1, 3, sharey=True), titles, curves.values(), strict=True
    ):
        axes.plot([0, 1], [0, 1], color="0.75", linewidth=1)
        for values, color, label in ((raw, "#8a8a8a", "raw"), (honest, "#0072b2", "calibrated")):
            said, true, _ = zip(*reliability(values, truth), strict=True)
            axes.plot(said, true, marker="o", color=color, label=label)
        axes.set_title(f"the joint {title}")
        axes.set_xlabel("what was said")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, loc="upper left")
    figure.axes[0].set_ylabel("share of the labels")
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
