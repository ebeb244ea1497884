"""What a person looks like: the colours of a few parts of the body, to tell people apart."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pose_landmarker.arrays import DoubleArray, FloatArray, RgbImage
from pose_landmarker.topology import NUM_LANDMARKS, PoseLandmark

_SHOULDERS = (PoseLandmark.LEFT_SHOULDER, PoseLandmark.RIGHT_SHOULDER)
_ELBOWS = (PoseLandmark.LEFT_ELBOW, PoseLandmark.RIGHT_ELBOW)
_HIPS = (PoseLandmark.LEFT_HIP, PoseLandmark.RIGHT_HIP)
_KNEES = (PoseLandmark.LEFT_KNEE, PoseLandmark.RIGHT_KNEE)
_ANKLES = (PoseLandmark.LEFT_ANKLE, PoseLandmark.RIGHT_ANKLE)
#: Brightness changes with the light, hue with the clothes: it counts half.
_BRIGHTNESS = 0.5
#: From red, green, blue to brightness, red against green, blue against yellow.
_OPPONENT = np.array([[1 / 3, 1 / 3, 1 / 3], [1.0, -1.0, 0.0], [-0.5, -0.5, 1.0]], np.float32)
_OPPONENT[0] *= _BRIGHTNESS


class Appearance(NamedTuple):
    """Mean colours of the parts of a body."""

    colors: FloatArray
    """(5, 3) brightness, red against green, blue against yellow."""
    weights: FloatArray
    """(5,) how much of the part was seen, 0 to 1."""


def _sample_weights() -> tuple[FloatArray, FloatArray]:
    """(K, 33) where to look, as weights of landmarks, and (5, K) which places make up which part."""
    rows: list[FloatArray] = []
    parts: list[int] = []

    def add(part: int, weights: dict[PoseLandmark, float]) -> None:
        row = np.zeros(NUM_LANDMARKS, np.float32)
        for landmark, weight in weights.items():
            row[landmark] = weight
        rows.append(row)
        parts.append(part)

    across, along = np.linspace(0.15, 0.85, 5).tolist(), np.linspace(0.1, 0.95, 6).tolist()
    for down in along:
        for side in across:
            corners = (*_SHOULDERS, *_HIPS)
            shares = ((1 - down) * (1 - side), (1 - down) * side, down * (1 - side), down * side)
            add(0 if down < 0.5 else 1, dict(zip(corners, shares, strict=True)))
    for part, starts, ends in ((2, _HIPS, _KNEES), (3, _KNEES, _ANKLES), (4, _SHOULDERS, _ELBOWS)):
        for start, end in zip(starts, ends, strict=True):
            for share in (0.25, 0.4, 0.55, 0.7, 0.85):
                add(part, {start: 1 - share, end: share})
    return np.stack(rows), np.stack([np.array(parts) == part for part in range(5)]).astype(np.float32)


_PLACES, _PARTS = _sample_weights()
_PARTS /= _PARTS.sum(axis=1, keepdims=True)


def look_at(image: RgbImage, points: DoubleArray, visibility: FloatArray) -> Appearance:
    """The colours of a body.

    Args:
        image: (H, W, 3) uint8.
        points: (33, 2) image pixels.
        visibility: (33,) in [0, 1].
    """
    height, width = image.shape[:2]
    places = _PLACES @ points
    x, y = places[:, 0], places[:, 1]
    with np.errstate(invalid="ignore"):
        seen = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    seen &= _PLACES @ visibility >= 0.5
    columns, rows = np.where(seen, x, 0).astype(np.intp), np.where(seen, y, 0).astype(np.intp)
    colors = image[rows, columns].astype(np.float32) @ _OPPONENT.T
    shares = _PARTS * seen
    weights = shares.sum(axis=1)
    return Appearance((shares @ colors) / np.maximum(weights, 1e-6)[:, None], weights)


def difference(a: Appearance, b: Appearance) -> float | None:
    """How differently two bodies are coloured, in units of 8-bit colour; None where nothing is shared."""
    weights = np.minimum(a.weights, b.weights)
    total = float(weights.sum())
    if total < 0.5:
        return None
    return float((weights * np.linalg.norm(a.colors - b.colors, axis=1)).sum() / total)


def blend(old: Appearance, new: Appearance, share: float) -> Appearance:
    """``old`` with a share of ``new``, part by part; parts never seen before are taken as they are."""
    take = np.where(old.weights < 0.2, 1.0, share * new.weights) * (new.weights > 0.0)
    return Appearance(
        (old.colors + take[:, None] * (new.colors - old.colors)).astype(np.float32),
        np.maximum(old.weights, new.weights),
    )
