"""Drawing what was found. Nothing here changes the picture that it is given."""

from pose_landmarker.draw.annotate import annotate
from pose_landmarker.draw.style import DEFAULT_STYLE, DrawStyle

__all__ = ["DEFAULT_STYLE", "DrawStyle", "annotate"]
