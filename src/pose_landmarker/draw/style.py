"""Colours and sizes of drawings, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from pose_landmarker.checks import check_flag, check_fraction, check_integer
from pose_landmarker.errors import OptionTypeError

#: Red, green, blue from 0 to 255.
Color: TypeAlias = "tuple[int, int, int]"


@dataclass(frozen=True, kw_only=True, slots=True)
class DrawStyle:
    """How bodies are drawn.

    Left and right are Okabe and Ito's orange and sky blue, which people with any kind of colour
    vision tell apart (https://jfly.uni-koeln.de/color/). The colours of tracks differ from these and
    from each other by at least 19 (CIE 1976) in simulated dichromatic vision.

    Attributes:
        left: Colour of the person's left side.
        right: Colour of the person's right side.
        middle: Colour of what belongs to neither.
        outline: Colour around lines and points, so that they show on any background.
        tints: Colours of silhouettes, one person after the other.
        tracks: Colours of tracks, by their ids; after the last comes the first again.
        by_track: Whether people who are followed over time have their track's colour and wear its
            id, with joints in the colours of left and right; otherwise they look as in pictures.
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
    tracks: tuple[Color, ...] = (
        (255, 225, 40),
        (130, 90, 255),
        (90, 240, 150),
        (255, 60, 30),
        (255, 110, 200),
        (0, 150, 120),
        (215, 225, 255),
        (150, 85, 50),
    )
    by_track: bool = True
    tint_opacity: float = 0.45
    hidden_opacity: float = 0.35
    line_scale: float = 0.009

    def __post_init__(self) -> None:
        for name in ("left", "right", "middle", "outline"):
            _check_color(name, getattr(self, name))
        for name in ("tints", "tracks"):
            colors = getattr(self, name)
            if not isinstance(colors, (tuple, list)) or not colors:
                raise OptionTypeError(f"{name} must be one or more colours, not {colors!r}")
            for color in colors:
                _check_color(name, color)
        check_flag("by_track", self.by_track)
        check_fraction("tint_opacity", self.tint_opacity)
        check_fraction("hidden_opacity", self.hidden_opacity)
        check_fraction("line_scale", self.line_scale)

    def track_color(self, track_id: int | None) -> Color | None:
        """The colour of a track, or None where people are coloured by their sides."""
        if track_id is None or not self.by_track:
            return None
        return self.tracks[track_id % len(self.tracks)]


def _check_color(name: str, color: object) -> None:
    if not isinstance(color, (tuple, list)) or len(color) != 3:
        raise OptionTypeError(f"{name} must be a colour (red, green, blue) from 0 to 255, not {color!r}")
    for part in color:
        check_integer(name, part, low=0, high=255)


DEFAULT_STYLE = DrawStyle()
