"""Points that no landmark stands for: each is a weighted sum of others, whose weights add up to one.

Such sums come out the same in pixels, in metres and in normalised coordinates.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

#: How far the top of the head is above the ears, in distances from the mouth to the eyes, and how far the
#: upper neck is from the shoulders, in distances from there to the ears. Least squares, on 309 and 284
#: people of Leeds Sports Pose Extended and others with the landmarks of *heavy*; docs/topologies.md.
_TOP_ABOVE_EARS = 1.7
_NECK_TO_EARS = 0.35


def _middle(name: str, weight: float = 1.0) -> dict[str, float]:
    return {f"left_{name}": weight / 2, f"right_{name}": weight / 2}


_MOUTH = {"mouth_left": -_TOP_ABOVE_EARS / 2, "mouth_right": -_TOP_ABOVE_EARS / 2}

#: Of each derived point, the weights of its parts, which may be derived themselves.
RULES: Final[Mapping[str, Mapping[str, float]]] = {
    "pelvis": _middle("hip"),
    # OpenPose trains its neck as the middle of the shoulders, and MPII's labels have the thorax there.
    "neck": _middle("shoulder"),
    "thorax": _middle("shoulder"),
    "spine": {"pelvis": 0.5, "thorax": 0.5},
    "upper_neck": {**_middle("shoulder", 1 - _NECK_TO_EARS), **_middle("ear", _NECK_TO_EARS)},
    "head_top": {**_middle("ear"), **_middle("eye", _TOP_ABOVE_EARS), **_MOUTH},
}
