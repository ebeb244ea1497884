"""Drawing what was found, on copies of the pictures."""

from pose_landmarker.draw.annotate import annotate
from pose_landmarker.draw.style import DEFAULT_STYLE, DrawStyle
from pose_landmarker.draw.trails import Trails

__all__ = ["DEFAULT_STYLE", "DrawStyle", "Trails", "annotate"]
