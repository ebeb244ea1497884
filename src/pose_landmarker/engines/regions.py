"""A network on parts of a picture: cut out by itself if it can do that, else by OpenCV."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pose_landmarker.arrays import FloatArray, RgbImage
from pose_landmarker.engines import Network
from pose_landmarker.imaging import crop, crop_matrix
from pose_landmarker.results import Roi


def run_on_regions(
    network: Network,
    image: RgbImage,
    rois: Sequence[Roi],
    size: int,
    *,
    replicate: bool,
    mirror: bool = False,
) -> tuple[FloatArray, ...]:
    """The outputs of a network for regions of a picture.

    Args:
        network: A :class:`~pose_landmarker.engines.Network`, or a
            :class:`~pose_landmarker.engines.RegionNetwork`.
        image: (H, W, 3) uint8.
        rois: One or more, image pixels.
        size: Side of the network's input.
        replicate: Beyond the image, whether its border goes on; otherwise black.
        mirror: Whether the network sees them with left and right swapped.
    """
    regions = getattr(network, "regions", None)
    if regions is not None:
        outputs: tuple[FloatArray, ...] = regions(
            image, [crop_matrix(roi, size, mirror=mirror) for roi in rois], replicate=replicate
        )
        return outputs
    crops = np.empty((len(rois), size, size, 3), np.uint8)
    for roi, out in zip(rois, crops, strict=True):
        crop(image, roi, size, replicate=replicate, mirror=mirror, out=out)
    return network(crops)
