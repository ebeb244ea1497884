"""Skeletons: lines and points, left and right in different colours."""

from __future__ import annotations

from pose_landmarker.draw.anatomy import Anatomy
from pose_landmarker.draw.canvas import AnyPixels
from pose_landmarker.draw.ink import Stroke, draw_strokes
from pose_landmarker.draw.placement import Placed, opacities
from pose_landmarker.draw.style import Color, DrawStyle

#: Bodies smaller than this, pixels, show no face and no fingers, which would only be blots, and no outlines,
#: of which there would be more than of the body.
_LEAST_WITH_DETAILS = 40


def put_skeleton(pixels: AnyPixels, placed: Placed, style: DrawStyle) -> None:
    """Draw the lines and points of a body, in place; the less sure, the fainter.

    Args:
        pixels: (H, W, 3) of any kind that canvases have.
        placed: The body on this canvas.
        style: Colours and sizes.
    """
    anatomy = placed.body.anatomy
    details = anatomy.head | anatomy.hands
    thickness = placed.thickness(style)
    track = style.track_color(placed.body.track_id)
    places = placed.places.tolist()
    shown = opacities(placed.body, style).tolist()
    is_small = placed.extent < _LEAST_WITH_DETAILS
    border = 0.0 if is_small else max(1.0, thickness / 3)
    known = {i for i in placed.known.nonzero()[0].tolist() if not (is_small and i in details)}

    strokes = []
    for a, b in anatomy.lines:
        if a in known and b in known:
            width = thickness * (0.5 if a in details or b in details else 1.0)
            color = track or side_color(anatomy, a, b, style)
            strokes.append(Stroke([places[a], places[b]], width, color, border, min(shown[a], shown[b])))
    for i in sorted(known):
        ringed = track is not None and i not in details
        diameter = thickness * (2.3 if ringed else 0.8 if i in details else 1.6)
        color = side_color(anatomy, i, i, style)
        if ringed:  # a ring parts the joint from lines of another colour
            strokes.append(
                Stroke([places[i]], diameter + 1.2 * border, style.outline, 0.4 * border, shown[i])
            )
        strokes.append(Stroke([places[i]], diameter, color, border, shown[i]))
    draw_strokes(pixels, strokes, style.outline)


def side_color(anatomy: Anatomy, a: int, b: int, style: DrawStyle) -> Color:
    """Colour of a line, or of a point where both its ends are the same, by the body's sides."""
    side = anatomy.side(a, b)
    return style.left if side == "left" else style.right if side == "right" else style.middle
