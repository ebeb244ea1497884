"""The second stage: the landmarks of the bodies in given regions."""

from __future__ import annotations

from typing import NamedTuple

from pose_landmarker.arrays import DoubleArray, FloatArray, RgbImage
from pose_landmarker.decoding import (
    LANDMARK_SIZE,
    NUM_RAW_LANDMARKS,
    NUM_USED_LANDMARKS,
    decode_landmarks,
    sigmoid,
)
from pose_landmarker.engines import Network
from pose_landmarker.engines.regions import run_on_regions
from pose_landmarker.imaging import uncrop_mask
from pose_landmarker.projection import to_image, to_world
from pose_landmarker.results import Roi

#: uint8 to the landmark network's [0, 1] (tensors_to_pose_landmarks_and_segmentation.pbtxt).
LANDMARK_SCALE, LANDMARK_OFFSET = 1 / 255, 0.0
_POINTS, _SCORE, _MASK, _HEATMAP, _WORLD = (
    "Identity",
    "Identity_1",
    "Identity_2",
    "Identity_3",
    "Identity_4",
)


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
    scores: FloatArray
    """(N,) in [0, 1]: that there is a body at all."""
    mask_logits: FloatArray | None
    """(N, 256, 256), in the coordinates of each crop; None where no masks were asked for."""
    rois: list[Roi]
    """The N regions."""

    def mask(self, i: int, width: int, height: int) -> FloatArray | None:
        """The mask of the i-th body over a picture of that size: (height, width) in [0, 1], or None."""
        if self.mask_logits is None:
            return None
        return uncrop_mask(sigmoid(self.mask_logits[i]), self.rois[i], width, height)


class LandmarkNet:
    """Finds the landmarks of bodies whose regions are known. Remembers nothing."""

    def __init__(self, network: Network, *, with_masks: bool) -> None:
        self._network = network
        self._with_masks = with_masks

    @staticmethod
    def outputs(*, with_masks: bool) -> tuple[str, ...]:
        """The outputs of the network that are wanted; the mask's head is a third of its cost."""
        return (_POINTS, _SCORE, _HEATMAP, _WORLD) + ((_MASK,) if with_masks else ())

    def __call__(self, image: RgbImage, rois: list[Roi]) -> Bodies:
        """Bodies in given regions of a picture, all of them in one call of the network.

        Args:
            image: (H, W, 3) uint8.
            rois: One or more regions, image pixels.
        """
        raw, scores, heatmaps, world, *masks = run_on_regions(
            self._network, image, rois, LANDMARK_SIZE, replicate=True
        )
        landmarks = decode_landmarks(raw, heatmaps)
        return Bodies(
            points=to_image(landmarks.points, rois),
            world=to_world(world.reshape(-1, NUM_RAW_LANDMARKS, 3)[:, :NUM_USED_LANDMARKS], rois),
            visibility=landmarks.visibility,
            presence=landmarks.presence,
            scores=scores[:, 0],
            mask_logits=masks[0][..., 0] if self._with_masks else None,
            rois=rois,
        )
