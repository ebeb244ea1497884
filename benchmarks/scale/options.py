"""Ways to do it, and what an hour of video costs with each."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from benchmarks.scale.archive import Archive
from benchmarks.scale.budget import USED, budget, device_times
from benchmarks.scale.device import DEVICES, SHARES
from benchmarks.scale.figures import Figures
from benchmarks.scale.prices import CORE_H, CORE_SPOT_H


class Way(NamedTuple):
    """One configuration.

    Attributes:
        name: In words.
        kind: ``cores, spot``, ``cores, on demand`` or ``GPU (reckoned)``.
        cost: Dollars an hour of video.
        low: Of its range.
        high: Of its range.
        limit: What it is limited by.
        times: Hours of video in an hour of one core or one machine with a GPU.
    """

    name: str
    kind: str
    cost: float
    low: float
    high: float
    limit: str
    times: float


def of_cores(archive: Archive, figures: Figures) -> list[Way]:
    """Processors alone, models and precisions."""
    found = []
    for model in ("lite", "full", "heavy"):
        for precision in ("fast", "exact"):
            some = replace(archive, model=model, precision=precision)
            core_h = budget(some, figures).core_h / some.hours
            parts = some.parts_ms(figures)
            limit = max(parts, key=lambda name: parts[name])
            for kind, price in (("cores, spot", CORE_SPOT_H), ("cores, on demand", CORE_H)):
                cost, low, high = (core_h / USED * value for value in (price.usual, price.low, price.high))
                found.append(Way(f"{model}, {precision}", kind, cost, low, high, limit, 1 / core_h))
    return found


def cheapest_of_devices(archive: Archive, figures: Figures) -> list[Way]:
    """Of each GPU and model the cheaper way to decode."""
    found = []
    for model in ("full", "heavy"):
        both = of_devices(replace(archive, model=model), figures)
        found += [min(pair, key=lambda way: way.cost) for pair in zip(both[::2], both[1::2], strict=True)]
    return [way._replace(name=way.name.rpartition(", ")[0]) for way in found]


def of_devices(archive: Archive, figures: Figures) -> list[Way]:
    """GPUs, decoding on the processor beside them or on the device."""
    found = []
    for device in DEVICES:
        for way in ("processor decodes", "device decodes"):
            (most, _), (times, limit), (least, _) = (
                device_times(device, archive, figures, share, way) for share in reversed(SHARES)
            )
            found.append(
                Way(
                    f"{archive.model}, {device.name}, {way}",
                    "GPU (reckoned)",
                    device.hour / times,
                    (device.spot or device.hour) / most,
                    device.hour / least,
                    limit,
                    times,
                )
            )
    return found
