"""Colours and sizes of drawings, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from pose_landmarker.errors import OptionTypeError
from pose_landmarker.options import check_fraction, check_integer

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
        line_scale: Thickness of lines as a share of the body's size, from 0 to 1.

    Raises:
        OptionError: A value is wrong; the message names it.
    """

    left: Color = (230, 159, 0)
    right: Color = (86, 180, 233)
    middle: Color = (245, 245, 245)
    outline: Color = (20, 20, 20)
    tints: tuple[Color, ...] = ((0, 158, 115), (204, 121, 167), (240, 228, 66), (0, 114, 178), (213, 94, 0))
    tint_opacity: float = 0.45
    hidden_opacity: float = 0.35
    line_scale: float = 0.009

    def __post_init__(self) -> None:
        for name in ("left", "right", "middle", "outline"):
            _check_color(name, getattr(self, name))
        if not isinstance(self.tints, (tuple, list)) or not self.tints:
            raise OptionTypeError(f"tints must be one or more colours, not {self.tints!r}")
        for tint in self.tints:
            _check_color("tints", tint)
        check_fraction("tint_opacity", self.tint_opacity)
        check_fraction("hidden_opacity", self.hidden_opacity)
        check_fraction("line_scale", self.line_scale)


def _check_color(name: str, color: object) -> None:
    if not isinstance(color, (tuple, list)) or len(color) != 3:
        raise OptionTypeError(f"{name} must be a colour (red, green, blue) from 0 to 255, not {color!r}")
    for part in color:
        check_integer(name, part, low=0, high=255)


DEFAULT_STYLE = DrawStyle()
