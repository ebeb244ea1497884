"""Colours and sizes of drawings, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

#: Red, green, blue from 0 to 255.
Color: TypeAlias = "tuple[int, int, int]"


@dataclass(frozen=True, kw_only=True, slots=True)
class DrawStyle:
    """How bodies are drawn.

    Left and right are Okabe and Ito's orange and sky blue, which people with any kind of colour
    vision tell apart (https://jfly.uni-koeln.de/color/).

    Attributes:
        left: Colour of the person's left side.
        right: Colour of the person's right side.
        middle: Colour of what belongs to neither.
        outline: Colour around lines and points, so that they show on any background.
        tints: Colours of silhouettes, one person after the other.
        tint_opacity: Of silhouettes, from 0 to 1.
        hidden_opacity: Of landmarks that are not visible, from 0 to 1.
        line_scale: Thickness of lines as a share of the body's size.
    """

    left: Color = (230, 159, 0)
    right: Color = (86, 180, 233)
    middle: Color = (245, 245, 245)
    outline: Color = (20, 20, 20)
    tints: tuple[Color, ...] = ((0, 158, 115), (204, 121, 167), (240, 228, 66), (0, 114, 178), (213, 94, 0))
    tint_opacity: float = 0.45
    hidden_opacity: float = 0.35
    line_scale: float = 0.009


DEFAULT_STYLE = DrawStyle()
