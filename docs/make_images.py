"""Makes pictures of the README and the docs: what is found in scikit-image's astronaut, without the photo.

python docs/make_images.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from skimage import data

from pose_landmarker import PoseLandmarker
from pose_landmarker.arrays import RgbImage
from pose_landmarker.draw import DrawStyle, annotate, world_view
from pose_landmarker.media import encode_image

FOLDER = Path(__file__).parent / "images"


def main() -> None:
    """Write the pictures."""
    photo = np.asarray(data.astronaut())  # type: ignore[no-untyped-call]
    with PoseLandmarker.create("heavy", output_segmentation_masks=True) as landmarker:
        result = landmarker.detect(photo)
    blank = np.full((512, 512, 3), 248, np.uint8)
    _write("astronaut_pose.png", annotate(blank, result))
    style = DrawStyle(masks=False, boxes=True, scores=True, angles=("left_elbow", "right_elbow"))
    _write("drawing_angles.png", annotate(blank, result, style))
    views = [world_view(result, size=(512, 512), azimuth=azimuth) for azimuth in (0, 60)]
    _write("drawing_space.png", np.hstack(views))


def _write(name: str, picture: RgbImage) -> None:
    (FOLDER / name).write_bytes(encode_image(picture, ".png"))


if __name__ == "__main__":
    main()
