"""Landmarks as messages, like those that MediaPipe makes of protocol buffers.

They have fields, ``HasField``, ``ClearField``, ``CopyFrom``, ``Clear`` and a text form, but cannot be
serialised: nothing here needs the package protobuf.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Generic, TypeVar

_FIELDS = ("x", "y", "z", "visibility", "presence")

PointT = TypeVar("PointT", bound="_Point")


class _Float:
    """A field of a message: 0 until it is set."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, point: _Point, owner: type) -> float:
        return point._set.get(self._name, 0.0)

    def __set__(self, point: _Point, value: float) -> None:
        point._set[self._name] = float(value)


class _Point:
    """What landmarks of both kinds are."""

    __slots__ = ("_set",)
    _set: dict[str, float]

    x = _Float()
    y = _Float()
    z = _Float()
    visibility = _Float()
    presence = _Float()

    def __init__(
        self,
        *,
        x: float | None = None,
        y: float | None = None,
        z: float | None = None,
        visibility: float | None = None,
        presence: float | None = None,
    ) -> None:
        values = zip(_FIELDS, (x, y, z, visibility, presence), strict=True)
        self._set = {name: float(value) for name, value in values if value is not None}

    def HasField(self, field_name: str) -> bool:  # noqa: N802 - the name that messages give it
        """Whether a field was set.

        Raises:
            ValueError: There is no such field.
        """
        _check_field(self, field_name, _FIELDS)
        return field_name in self._set

    def ClearField(self, field_name: str) -> None:  # noqa: N802
        """Forget a field.

        Raises:
            ValueError: There is no such field.
        """
        _check_field(self, field_name, _FIELDS)
        self._set.pop(field_name, None)

    def Clear(self) -> None:  # noqa: N802
        """Forget all fields."""
        self._set.clear()

    def CopyFrom(self, other_msg: _Point) -> None:  # noqa: N802
        """Become equal to another landmark."""
        self._set = dict(other_msg._set)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and isinstance(other, _Point) and self._set == other._set

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "".join(f"{name}: {self._set[name]}\n" for name in _FIELDS if name in self._set)


class Landmark(_Point):
    """A landmark in the world, metres."""

    __slots__ = ()


class NormalizedLandmark(_Point):
    """A landmark in the image, normalised by its width and height."""

    __slots__ = ()


class Repeated(list[PointT]):
    """The landmarks of a list."""

    def __init__(self, kind: type[PointT], points: Iterable[PointT] = ()) -> None:
        super().__init__(points)
        self._kind = kind

    def add(self, **values: float) -> PointT:
        """Append a new landmark with these fields, and return it."""
        point = self._kind(**values)
        self.append(point)
        return point


class _PointList(Generic[PointT]):
    """What lists of both kinds of landmarks are."""

    __slots__ = ("_landmark",)
    _kind: ClassVar[type[Any]]

    def __init__(self, *, landmark: Iterable[PointT | Mapping[str, float]] = ()) -> None:
        points = (self._kind(**point) if isinstance(point, Mapping) else point for point in landmark)
        self._landmark: Repeated[PointT] = Repeated(self._kind, points)

    @property
    def landmark(self) -> Repeated[PointT]:
        """The landmarks."""
        return self._landmark

    def ClearField(self, field_name: str) -> None:  # noqa: N802
        """Remove all landmarks.

        Raises:
            ValueError: The field is not ``landmark``.
        """
        _check_field(self, field_name, ("landmark",))
        self._landmark.clear()

    def Clear(self) -> None:  # noqa: N802
        """Remove all landmarks."""
        self._landmark.clear()

    def CopyFrom(self, other_msg: _PointList[PointT]) -> None:  # noqa: N802
        """Become equal to another list; its landmarks are copied."""
        points = [self._kind() for _ in other_msg.landmark]
        for point, other in zip(points, other_msg.landmark, strict=True):
            point.CopyFrom(other)
        self._landmark[:] = points

    def __eq__(self, other: object) -> bool:
        return (
            type(other) is type(self)
            and isinstance(other, _PointList)
            and list(self.landmark) == list(other.landmark)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        points = (repr(point).splitlines() for point in self._landmark)
        return "".join("landmark {\n" + "".join(f"  {line}\n" for line in point) + "}\n" for point in points)


class LandmarkList(_PointList[Landmark]):
    """Landmarks in the world, as ``landmark``."""

    __slots__ = ()
    _kind = Landmark


class NormalizedLandmarkList(_PointList[NormalizedLandmark]):
    """Landmarks in the image, as ``landmark``."""

    __slots__ = ()
    _kind = NormalizedLandmark


def _check_field(message: object, name: str, known: tuple[str, ...]) -> None:
    if name not in known:
        raise ValueError(f"{type(message).__name__} has no field {name!r}; it has {', '.join(known)}")
