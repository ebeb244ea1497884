"""The second stage: the landmarks of the bodies in given regions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from pose_landmarker.arrays import DoubleArray, FloatArray, RgbImage
from pose_landmarker.decoding import (
    LANDMARK_SIZE,
    NUM_RAW_LANDMARKS,
    NUM_USED_LANDMARKS,
    CropLandmarks,
    decode_landmarks,
    decode_refined,
    sigmoid,
)
from pose_landmarker.engines import Network
from pose_landmarker.engines.regions import run_on_regions
from pose_landmarker.imaging import uncrop_mask
from pose_landmarker.projection import to_image, to_world
from pose_landmarker.results import Roi
from pose_landmarker.roi import roi_from_points
from pose_landmarker.topology import MIRROR, NUM_LANDMARKS

#: uint8 to the landmark network's [0, 1] (tensors_to_pose_landmarks_and_segmentation.pbtxt).
LANDMARK_SCALE, LANDMARK_OFFSET = 1 / 255, 0.0
_POINTS, _SCORE, _MASK, _HEATMAP, _WORLD = (
    "Identity",
    "Identity_1",
    "Identity_2",
    "Identity_3",
    "Identity_4",
)
#: Of all landmarks that are used: the auxiliary ones are their own mirrors.
_MIRROR = [*MIRROR, *range(NUM_LANDMARKS, NUM_USED_LANDMARKS)]
#: x changes its sign in a mirror.
_ACROSS = np.array([-1, 1, 1], np.float32)


class Bodies(NamedTuple):
    """What the landmark network says of N regions, in the coordinates of the picture."""

    points: DoubleArray
    """(N, 35, 3) image pixels: 33 of the body, then 2 auxiliary ones that give the next region."""
    world: DoubleArray
    """(N, 35, 3) metres."""
    visibility: FloatArray
    """(N, 35) in [0, 1]."""
    presence: FloatArray
    """(N, 35) in [0, 1]."""
    peaks: FloatArray
    """(N, 35) in [0, 1]: how sure the heat maps are of the landmarks."""
    scores: FloatArray
    """(N,) in [0, 1]: that there is a body at all."""
    mask_logits: FloatArray | None
    """(N, 256, 256), in the coordinates of each crop; None where no masks were asked for."""
    rois: list[Roi]
    """The N regions."""

    def next_roi(self, i: int) -> Roi | None:
        """Where to look for the i-th body the next time; None where it is nowhere."""
        return roi_from_points(self.points[i, NUM_LANDMARKS, :2], self.points[i, NUM_LANDMARKS + 1, :2])

    def take(self, indices: Sequence[int]) -> Bodies:
        """Some of the bodies, in that order."""
        rows = np.asarray(indices, np.intp)
        return Bodies(
            self.points[rows],
            self.world[rows],
            self.visibility[rows],
            self.presence[rows],
            self.peaks[rows],
            self.scores[rows],
            None if self.mask_logits is None else self.mask_logits[rows],
            [self.rois[i] for i in indices],
        )

    def mask(self, i: int, width: int, height: int) -> FloatArray | None:
        """The mask of the i-th body over a picture of that size: (height, width) in [0, 1], or None."""
        if self.mask_logits is None:
            return None
        return uncrop_mask(sigmoid(self.mask_logits[i]), self.rois[i], width, height)


class LandmarkNet:
    """Finds the landmarks of bodies whose regions are known. Remembers nothing."""

    def __init__(self, network: Network, *, with_masks: bool) -> None:
        refining = getattr(network, "refining", None)
        self._decode = decode_landmarks if refining is None else decode_refined
        order = self.outputs(with_masks=with_masks).index
        self._network = network if refining is None else refining(order(_POINTS), order(_HEATMAP))
        self._with_masks = with_masks

    @staticmethod
    def outputs(*, with_masks: bool) -> tuple[str, ...]:
        """The outputs of the network that are wanted; the mask's head is a third of its cost."""
        return (_POINTS, _SCORE, _HEATMAP, _WORLD) + ((_MASK,) if with_masks else ())

    def __call__(self, image: RgbImage, rois: list[Roi], *, mirror: bool = False) -> Bodies:
        """Bodies in given regions of a picture, all of them in one call of the network.

        Args:
            image: (H, W, 3) uint8.
            rois: One or more regions, image pixels.
            mirror: Whether the network is shown the mirror image. What comes back is not mirrored.
        """
        raw, scores, maps, world, *masks = run_on_regions(
            self._network, image, rois, LANDMARK_SIZE, replicate=True, mirror=mirror
        )
        landmarks = self._decode(raw, maps)
        metres = world.reshape(-1, NUM_RAW_LANDMARKS, 3)[:, :NUM_USED_LANDMARKS]
        logits = masks[0][..., 0] if self._with_masks else None
        if mirror:
            landmarks = CropLandmarks(*(part[:, _MIRROR] for part in landmarks))
            landmarks.points[..., 0] = 1 - landmarks.points[..., 0]
            metres = metres[:, _MIRROR] * _ACROSS
            logits = None if logits is None else logits[..., ::-1]
        return Bodies(
            points=to_image(landmarks.points, rois),
            world=to_world(metres, rois),
            visibility=landmarks.visibility,
            presence=landmarks.presence,
            peaks=landmarks.peaks,
            scores=scores[:, 0],
            mask_logits=logits,
            rois=rois,
        )


def mean_of(first: Bodies, second: Bodies) -> Bodies:
    """What two looks at the same regions say together."""
    half = np.float32(0.5)
    logits = None
    if first.mask_logits is not None and second.mask_logits is not None:
        logits = half * (first.mask_logits + second.mask_logits)
    return Bodies(
        points=0.5 * (first.points + second.points),
        world=0.5 * (first.world + second.world),
        visibility=half * (first.visibility + second.visibility),
        presence=half * (first.presence + second.presence),
        peaks=half * (first.peaks + second.peaks),
        scores=half * (first.scores + second.scores),
        mask_logits=logits,
        rois=first.rois,
    )


def joined(first: Bodies, second: Bodies) -> Bodies:
    """The bodies of two calls, one after the other."""
    logits = None
    if first.mask_logits is not None and second.mask_logits is not None:
        logits = np.concatenate([first.mask_logits, second.mask_logits])
    return Bodies(
        points=np.concatenate([first.points, second.points]),
        world=np.concatenate([first.world, second.world]),
        visibility=np.concatenate([first.visibility, second.visibility]),
        presence=np.concatenate([first.presence, second.presence]),
        peaks=np.concatenate([first.peaks, second.peaks]),
        scores=np.concatenate([first.scores, second.scores]),
        mask_logits=logits,
        rois=first.rois + second.rois,
    )
