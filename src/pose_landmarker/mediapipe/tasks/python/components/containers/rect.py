"""Rectangles."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Rect:
    """An upright rectangle, image pixels.

    Attributes:
        left: Of its left side.
        top: Of its upper side.
        bottom: Of its lower side.
        right: Of its right side.
    """

    left: int
    top: int
    bottom: int
    right: int


@dataclass
class RectF:
    """An upright rectangle, normalised by the image's width and height.

    Attributes:
        left: Of its left side.
        top: Of its upper side.
        bottom: Of its lower side.
        right: Of its right side.
    """

    left: float
    top: float
    bottom: float
    right: float


@dataclass
class NormalizedRect:
    """A rotated rectangle, normalised by the image's width and height.

    Attributes:
        x_center: Of its middle.
        y_center: Of its middle.
        width: Of the rectangle.
        height: Of the rectangle.
        rotation: Radians, clockwise.
        rect_id: To tell rectangles apart.
    """

    x_center: float
    y_center: float
    width: float
    height: float
    rotation: float | None = 0.0
    rect_id: int | None = None
