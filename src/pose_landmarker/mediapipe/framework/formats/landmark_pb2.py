"""Landmarks as messages, like those that MediaPipe makes of protocol buffers.

They have fields, ``HasField``, ``ClearField``, ``CopyFrom``, ``Clear`` and a text form, but cannot be
serialised: nothing here needs the package protobuf. Lists copy what is put into them, as messages do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

_FIELDS = ("x", "y", "z", "visibility", "presence")

PointT = TypeVar("PointT", bound="_Point")
ListT = TypeVar("ListT", bound="_PointList[Any]")


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

    def CopyFrom(self, other_msg: Any) -> None:  # noqa: N802
        """Become equal to another landmark, which may be one of MediaPipe's.

        Raises:
            TypeError: It is something else.
        """
        self._set = _fields_of(other_msg)

    def __copy__(self: PointT) -> PointT:
        copied = type(self)()
        copied.CopyFrom(self)
        return copied

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and isinstance(other, _Point) and self._set == other._set

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "".join(f"{name}: {self._set[name]}\n" for name in _FIELDS if name in self._set)

    if not TYPE_CHECKING:  # type checkers know better what is missing

        def __getattr__(self, name: str) -> object:
            raise _missing(self, name)


class Landmark(_Point):
    """A landmark in the world, metres."""

    __slots__ = ()


class NormalizedLandmark(_Point):
    """A landmark in the image, normalised by its width and height."""

    __slots__ = ()


class Repeated(list[PointT]):
    """The landmarks of a list: copies of those that it is given.

    Args:
        kind: Class of the landmarks.
        points: Landmarks of ours or MediaPipe's, or their fields by name.
    """

    def __init__(self, kind: type[PointT], points: Iterable[Any] = ()) -> None:
        self._kind = kind
        super().__init__(map(self._copied, points))

    def add(self, **values: float) -> PointT:
        """Append a new landmark with these fields, and return it."""
        point = self._kind(**values)
        super().append(point)
        return point

    def append(self, point: Any) -> None:
        """Append a copy of a landmark."""
        super().append(self._copied(point))

    def extend(self, points: Iterable[Any]) -> None:
        """Append copies of landmarks."""
        super().extend([self._copied(point) for point in points])

    def __reduce__(self) -> tuple[Any, ...]:
        return Repeated, (self._kind, list(self))

    def _copied(self, point: Any) -> PointT:
        if not isinstance(point, _Point) and isinstance(point, Mapping):
            return self._kind(**point)
        copied = self._kind.__new__(self._kind)  # without fields to check
        copied.CopyFrom(point)
        return copied


class _PointList(Generic[PointT]):
    """What lists of both kinds of landmarks are."""

    __slots__ = ("_landmark",)
    _kind: ClassVar[type[Any]]

    def __init__(self, *, landmark: Iterable[Any] = ()) -> None:
        self._landmark: Repeated[PointT] = Repeated(self._kind, landmark)

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

    def CopyFrom(self, other_msg: Any) -> None:  # noqa: N802
        """Become equal to another list, which may be one of MediaPipe's.

        Raises:
            TypeError: It is something else.
        """
        points = getattr(other_msg, "landmark", None)
        if points is None:
            raise TypeError(f"wanted a list of landmarks, not {type(other_msg).__name__}")
        self._landmark[:] = Repeated(self._kind, points)

    def __copy__(self: ListT) -> ListT:
        return type(self)(landmark=self._landmark)

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

    if not TYPE_CHECKING:  # type checkers know better what is missing

        def __getattr__(self, name: str) -> object:
            raise _missing(self, name)


class LandmarkList(_PointList[Landmark]):
    """Landmarks in the world, as ``landmark``."""

    __slots__ = ()
    _kind = Landmark


class NormalizedLandmarkList(_PointList[NormalizedLandmark]):
    """Landmarks in the image, as ``landmark``."""

    __slots__ = ()
    _kind = NormalizedLandmark


def _fields_of(point: Any) -> dict[str, float]:
    """What is set of a landmark: of ours, of a message, or of the tasks' landmarks, where None is not set."""
    if isinstance(point, _Point):
        return dict(point._set)
    if not hasattr(point, "x"):
        raise TypeError(f"wanted a landmark, not {type(point).__name__}")
    has = getattr(point, "HasField", None)
    names = [name for name in _FIELDS if has is None or has(name)]
    values = ((name, getattr(point, name, None)) for name in names)
    return {name: float(value) for name, value in values if value is not None}


def _missing(message: object, name: str) -> AttributeError:
    reason = f"{type(message).__name__} has no {name}"
    if name[:1].isupper():  # as protobuf names what it does
        reason += (
            ": it looks like a message of protobuf and is none, so it has no bytes and cannot be given to "
            "google.protobuf.json_format; take its numbers (x, y, z, visibility), or pickle it"
        )
    return AttributeError(reason, name=name)


def _check_field(message: object, name: str, known: tuple[str, ...]) -> None:
    if name not in known:
        raise ValueError(f"{type(message).__name__} has no field {name!r}; it has {', '.join(known)}")
