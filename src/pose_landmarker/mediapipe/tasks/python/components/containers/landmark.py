"""One landmark, in the image or in the world."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Landmark:
    """A landmark in the world: metres, the origin between the hips, y pointing down.

    Attributes:
        x: To the right in the picture.
        y: Down in the picture.
        z: Away from the camera.
        visibility: In [0, 1], that it is inside the picture and not hidden.
        presence: In [0, 1], that it is inside the picture.
        name: None in results, as with MediaPipe.
    """

    x: float | None = None
    y: float | None = None
    z: float | None = None
    visibility: float | None = None
    presence: float | None = None
    name: str | None = None


@dataclass
class NormalizedLandmark:
    """A landmark in the image.

    Attributes:
        x: Divided by the image's width.
        y: Divided by the image's height.
        z: Depth relative to the middle of the hips, divided by the image's width; negative is towards the
            camera.
        visibility: In [0, 1], that it is inside the picture and not hidden.
        presence: In [0, 1], that it is inside the picture.
        name: None in results, as with MediaPipe.
    """

    x: float | None = None
    y: float | None = None
    z: float | None = None
    visibility: float | None = None
    presence: float | None = None
    name: str | None = None
