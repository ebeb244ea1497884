"""Colours and sizes of drawings, and what is drawn at all, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from pose_landmarker.checks import check_choice, check_flag, check_fraction, check_integer, check_positive
from pose_landmarker.draw.joints import check_joint
from pose_landmarker.errors import OptionTypeError

#: Red, green, blue from 0 to 255.
Color: TypeAlias = "tuple[int, int, int]"
#: What the opacity of landmarks and lines shows.
Confidence: TypeAlias = Literal["visibility", "visible", "right", "none"]
CONFIDENCES: tuple[Confidence, ...] = ("visibility", "visible", "right", "none")

_COLORS = ("left", "right", "middle", "outline")
_FLAGS = ("by_track", "masks", "skeletons", "boxes", "labels", "scores")
_SHARES = ("alpha", "tint_opacity", "hidden_opacity", "line_scale")


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
        hidden_opacity: Of landmarks that are certainly not visible, from 0 to 1.
        line_scale: Thickness of lines as a share of the body's size, from 0 to 1.
        text_scale: Size of everything written, times what is chosen for the body's size.
        alpha: How much of everything that is drawn shows, from 0 (nothing) to 1.
        confidence: What the opacity of landmarks and lines shows: ``"visibility"``, the network's own
            number; ``"visible"`` or ``"right"`` of :attr:`Pose.landmark_confidence`; or ``"none"``:
            all are drawn fully. Up to 0.25 it is ``hidden_opacity``, from 0.75 on 1.
        masks: Whether silhouettes are drawn, of people who have masks.
        skeletons: Whether lines and points are drawn.
        boxes: Whether boxes are drawn around people.
        labels: Whether ids of tracks are written, and numbers where there are several people.
        scores: Whether scores are written too, in percent.
        angles: Joints whose angles are drawn, such as ``("left_knee", "right_knee")``, measured in the
            picture.

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
    text_scale: float = 1.0
    alpha: float = 1.0
    confidence: Confidence = "visibility"
    masks: bool = True
    skeletons: bool = True
    boxes: bool = False
    labels: bool = True
    scores: bool = False
    angles: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in _COLORS:
            check_color(name, getattr(self, name))
        for name in ("tints", "tracks"):
            colors = getattr(self, name)
            if not isinstance(colors, (tuple, list)) or not colors:
                raise OptionTypeError(f"{name} must be one or more colours, not {colors!r}")
            for color in colors:
                check_color(name, color)
        for name in _FLAGS:
            check_flag(name, getattr(self, name))
        for name in _SHARES:
            check_fraction(name, getattr(self, name))
        check_positive("text_scale", self.text_scale)
        check_choice("confidence", self.confidence, CONFIDENCES)
        angles: object = self.angles
        if not isinstance(angles, (tuple, list)):
            raise OptionTypeError(f"angles must be a tuple of joints such as ('left_knee',), not {angles!r}")
        for joint in angles:
            check_joint("angles", joint)
        object.__setattr__(self, "angles", tuple(angles))

    def track_color(self, track_id: int | None) -> Color | None:
        """The colour of a track, or None where people are coloured by their sides."""
        if track_id is None or not self.by_track:
            return None
        return self.tracks[track_id % len(self.tracks)]

    def person_color(self, track_id: int | None, number: int) -> Color:
        """The colour that tells a person from others: of the track, or of the place in a result, from 0."""
        return self.track_color(track_id) or self.tints[number % len(self.tints)]


def check_style(style: object) -> DrawStyle:
    """``style`` if it is one.

    Raises:
        OptionTypeError: It is something else.
    """
    if not isinstance(style, DrawStyle):
        raise OptionTypeError(f"style must be DrawStyle(...), not {style!r} ({type(style).__name__})")
    return style


def check_color(name: str, color: object) -> None:
    """See that something is a colour.

    Raises:
        OptionError: A part of it is out of its range.
        OptionTypeError: It is something else.
    """
    if not isinstance(color, (tuple, list)) or len(color) != 3:
        raise OptionTypeError(f"{name} must be a colour (red, green, blue) from 0 to 255, not {color!r}")
    for part in color:
        check_integer(name, part, low=0, high=255)


DEFAULT_STYLE = DrawStyle()
