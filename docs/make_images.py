"""Makes the picture of the README: what is found in scikit-image's astronaut, drawn without the photo.

python docs/make_images.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from skimage import data

from pose_landmarker import PoseLandmarker
from pose_landmarker.draw import annotate
from pose_landmarker.media import encode_image

TARGET = Path(__file__).parent / "images" / "astronaut_pose.png"


def main() -> None:
    """Write the picture."""
    photo = np.asarray(data.astronaut())  # type: ignore[no-untyped-call]
    with PoseLandmarker.create("heavy", output_segmentation_masks=True) as landmarker:
        result = landmarker.detect(photo)
    blank = np.full((512, 512, 3), 248, np.uint8)
    TARGET.write_bytes(encode_image(annotate(blank, result), ".png"))


if __name__ == "__main__":
    main()
