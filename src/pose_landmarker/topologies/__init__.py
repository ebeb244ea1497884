"""The points of a body as other programs and data sets name and order them, and ways between them."""

from pose_landmarker.topologies.conversion import convert, convert_confidence
from pose_landmarker.topologies.rules import RULES
from pose_landmarker.topologies.standard import (
    BLAZEPOSE_33,
    BODY_25,
    COCO_17,
    H36M_17,
    HALPE_26,
    LSP_14,
    MPII_16,
    TOPOLOGIES,
)
from pose_landmarker.topologies.topology import Topology

__all__ = [
    "BLAZEPOSE_33",
    "BODY_25",
    "COCO_17",
    "H36M_17",
    "HALPE_26",
    "LSP_14",
    "MPII_16",
    "RULES",
    "TOPOLOGIES",
    "Topology",
    "convert",
    "convert_confidence",
]
