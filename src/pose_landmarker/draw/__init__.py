"""Drawing what was found, on copies of the pictures."""

from pose_landmarker.draw.anatomy import Anatomy
from pose_landmarker.draw.angle import draw_angle
from pose_landmarker.draw.annotate import annotate
from pose_landmarker.draw.body import Body, bodies_of
from pose_landmarker.draw.box import draw_box
from pose_landmarker.draw.joints import JOINTS, joint_angles
from pose_landmarker.draw.points import draw_points
from pose_landmarker.draw.space import world_view
from pose_landmarker.draw.style import DEFAULT_STYLE, DrawStyle
from pose_landmarker.draw.trails import Trails

__all__ = [
    "DEFAULT_STYLE",
    "JOINTS",
    "Anatomy",
    "Body",
    "DrawStyle",
    "Trails",
    "annotate",
    "bodies_of",
    "draw_angle",
    "draw_box",
    "draw_points",
    "joint_angles",
    "world_view",
]
