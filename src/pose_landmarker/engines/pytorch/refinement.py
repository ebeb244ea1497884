"""Heat maps looked at where they are: of 256 crops they are the biggest thing to carry back."""

from __future__ import annotations

from typing import Any

from pose_landmarker.decoding import (
    LANDMARK_SIZE,
    MIN_REFINE_CONFIDENCE,
    NUM_RAW_LANDMARKS,
    NUM_USED_LANDMARKS,
    REFINE_WINDOW,
)

Tensor = Any


def refined(raw: Tensor, heatmaps: Tensor) -> tuple[Tensor, Tensor]:
    """Landmarks moved to their heat maps as :func:`pose_landmarker.decoding.refine` does.

    Args:
        raw: (N, 195), as the landmark network answers.
        heatmaps: (N, H, W, 39) logits.

    Returns:
        ``raw`` with other x and y, and (N, 35) logits: the best cell of each window, -inf for points outside.
    """
    import torch

    count, height, width = heatmaps.shape[:3]
    rows = raw.reshape(count, NUM_RAW_LANDMARKS, 5).clone()
    points = rows[:, :NUM_USED_LANDMARKS, :2] / LANDMARK_SIZE
    # By numbers of Python's: a tensor of them would be carried to the device, and waited for.
    scaled = torch.stack([points[..., 0] * width, points[..., 1] * height], dim=-1)
    # False for what is no number. Fractions of a cell before the first one are truncated to it.
    there = (scaled > -1).all(dim=-1) & (scaled[..., 0] < width) & (scaled[..., 1] < height)
    cells = torch.where(there[..., None], scaled, 0).to(torch.int64)
    around = torch.arange(REFINE_WINDOW, device=raw.device) - REFINE_WINDOW // 2
    x, y = cells[..., 0, None, None] + around, cells[..., 1, None, None] + around[:, None]
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height) & there[..., None, None]
    maps = torch.arange(NUM_USED_LANDMARKS, device=raw.device)[:, None, None]
    bodies = torch.arange(count, device=raw.device)[:, None, None, None]
    logits = heatmaps[bodies, y.clamp(0, height - 1), x.clamp(0, width - 1), maps]
    logits = torch.where(inside, logits, -torch.inf).flatten(2)
    weights = torch.sigmoid(logits)
    peaks = logits.amax(dim=-1)
    total = weights.sum(dim=-1)
    centers = torch.stack(
        [
            (weights * along.expand(inside.shape).flatten(2)).sum(dim=-1) / total / side
            for along, side in ((x, width), (y, height))
        ],
        dim=-1,
    )
    good = weights.amax(dim=-1) >= MIN_REFINE_CONFIDENCE
    # Fractions of a crop of 256 pixels, times 256: nothing is rounded.
    rows[:, :NUM_USED_LANDMARKS, :2] = torch.where(good[..., None], centers, points) * LANDMARK_SIZE
    return rows.flatten(1), peaks
