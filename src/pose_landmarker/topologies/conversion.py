"""From one topology to another: points that both have are copied, others follow from rules."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple, TypeVar, overload

import numpy as np
import numpy.typing as npt

from pose_landmarker.arrays import frozen
from pose_landmarker.errors import OptionError, OptionTypeError
from pose_landmarker.topologies.rules import RULES
from pose_landmarker.topologies.standard import BLAZEPOSE_33, COCO_17
from pose_landmarker.topologies.topology import Topology

_Float = TypeVar("_Float", bound=np.floating[Any])


@overload
def convert(
    points: npt.NDArray[_Float], to: Topology = ..., source: Topology = ...
) -> npt.NDArray[_Float]: ...
@overload
def convert(
    points: npt.ArrayLike, to: Topology = ..., source: Topology = ...
) -> npt.NDArray[np.floating[Any]]: ...
def convert(
    points: npt.ArrayLike, to: Topology = COCO_17, source: Topology = BLAZEPOSE_33
) -> npt.NDArray[np.floating[Any]]:
    """The points of another topology.

    Points of the same name are copied to the last digit. Those that only ``to`` has follow from the rules
    of docs/topologies.md, where all of their parts are there, and are NaN otherwise: what is not known (NaN)
    leads to what is not known.

    Args:
        points: (..., S, D) coordinates of the S points of ``source``: pixels, metres or normalised.
        to: The topology that is wanted, with T points.
        source: The topology of ``points``.

    Returns:
        (..., T, D) of the same kind and type; float64 for whole numbers.

    Raises:
        OptionError: The second last axis is not as long as ``source``.
        OptionTypeError: ``points`` are no numbers, or ``to`` and ``source`` no topologies.
    """
    array, plan = _checked("points", points, to, source, axis=-2)
    out = array[..., plan.copied, :]
    if plan.derived.size:
        weights = plan.weights.astype(array.dtype)
        parts = array[..., plan.parts, :]
        out[..., plan.derived, :] = np.einsum("...tpd,tp->...td", parts, weights)
    out[..., plan.missing, :] = np.nan
    return out


@overload
def convert_confidence(
    confidence: npt.NDArray[_Float], to: Topology = ..., source: Topology = ...
) -> npt.NDArray[_Float]: ...
@overload
def convert_confidence(
    confidence: npt.ArrayLike, to: Topology = ..., source: Topology = ...
) -> npt.NDArray[np.floating[Any]]: ...
def convert_confidence(
    confidence: npt.ArrayLike, to: Topology = COCO_17, source: Topology = BLAZEPOSE_33
) -> npt.NDArray[np.floating[Any]]:
    """The confidence (or visibility, or presence) of the points of another topology.

    That of a derived point is the smallest of its parts: it is seen where all of them are.

    Args:
        confidence: (..., S) of the S points of ``source``.
        to: The topology that is wanted, with T points.
        source: The topology of ``confidence``.

    Returns:
        (..., T) of the same type; float64 for whole numbers. NaN for points that do not follow.

    Raises:
        OptionError: The last axis is not as long as ``source``.
        OptionTypeError: ``confidence`` is no array of numbers, or ``to`` and ``source`` no topologies.
    """
    array, plan = _checked("confidence", confidence, to, source, axis=-1)
    out = array[..., plan.copied]
    if plan.derived.size:
        out[..., plan.derived] = array[..., plan.parts].min(axis=-1)
    out[..., plan.missing] = np.nan
    return out


class _Plan(NamedTuple):
    """How to get T points.

    Attributes:
        copied: (T,) the index to copy; 0 for points that are not copied.
        derived: (K,) indexes of points that follow from others.
        parts: (K, P) the indexes of the others, the first again where there are fewer than P.
        weights: (K, P) their weights, 0 where the first is there again.
        missing: Indexes of points that do not follow.
    """

    copied: npt.NDArray[np.intp]
    derived: npt.NDArray[np.intp]
    parts: npt.NDArray[np.intp]
    weights: npt.NDArray[np.float64]
    missing: npt.NDArray[np.intp]


@lru_cache(maxsize=64)
def _plan(source: Topology, to: Topology) -> _Plan:
    places = {name: i for i, name in enumerate(source.points)}
    sums = [_weights(name, places) for name in to.points]
    derived = [i for i, parts in enumerate(sums) if parts and len(parts) > 1]
    width = max((len(sums[i] or ()) for i in derived), default=0)
    indexes = np.zeros((len(derived), width), np.intp)
    weights = np.zeros((len(derived), width))
    for row, i in enumerate(derived):
        parts = sums[i] or {}
        indexes[row] = next(iter(parts))
        indexes[row, : len(parts)] = list(parts)
        weights[row, : len(parts)] = list(parts.values())
    return _Plan(
        copied=frozen(np.array([places.get(name, 0) for name in to.points], np.intp)),
        derived=frozen(np.array(derived, np.intp)),
        parts=frozen(indexes),
        weights=frozen(weights),
        missing=frozen(np.array([i for i, parts in enumerate(sums) if parts is None], np.intp)),
    )


def _weights(name: str, places: dict[str, int]) -> dict[int, float] | None:
    """The weights of points of the source, by index; None where they do not lead there."""
    if name in places:
        return {places[name]: 1.0}
    if name not in RULES:
        return None
    total: dict[int, float] = {}
    for part, weight in RULES[name].items():
        inner = _weights(part, places)
        if inner is None:
            return None
        for i, share in inner.items():
            total[i] = total.get(i, 0.0) + weight * share
    return total


def _checked(
    name: str, value: npt.ArrayLike, to: Topology, source: Topology, axis: int
) -> tuple[npt.NDArray[np.floating[Any]], _Plan]:
    for role, topology in (("to", to), ("source", source)):
        if not isinstance(topology, Topology):
            raise OptionTypeError(
                f"{role} must be a Topology such as COCO_17, not {topology!r} ({type(topology).__name__})"
            )
    try:
        array = np.asarray(value)
    except ValueError as error:  # rows of different lengths
        raise OptionTypeError(f"{name} must be an array of numbers: {error}") from None
    if array.dtype.kind not in "fiub":
        raise OptionTypeError(f"{name} must be an array of numbers, not of {array.dtype}")
    wanted = f"(..., {len(source)}{', D' if axis == -2 else ''})"
    if array.ndim < -axis or array.shape[axis] != len(source):
        raise OptionError(f"{name} has shape {array.shape}, wanted {wanted} for {source.name}")
    if array.dtype.kind != "f":
        array = array.astype(np.float64)
    return array, _plan(source, to)
