"""A way to run the landmarker, written as a model and options: ``heavy,num_poses=20``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from pose_landmarker import options
from pose_landmarker.errors import ModelNotFoundError, OptionError
from pose_landmarker.options import MODEL_NAMES, BaseOptions, PoseLandmarkerOptions

#: The evaluation chooses these itself.
_CHOSEN = ("base_options", "running_mode", "result_callback", "on_error", "output_segmentation_masks")
#: Between the members of a union, not within brackets.
_OUTER_BAR = re.compile(r" \| (?![^\[]*\])")
_TRUE, _FALSE = ("true", "yes", "on"), ("false", "no", "off")


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What is run.

    Attributes:
        name: For tables.
        options: For IMAGE mode.
    """

    name: str
    options: PoseLandmarkerOptions

    def settings(self) -> dict[str, Any]:
        """What differs from the defaults, ready for JSON."""
        usual = PoseLandmarkerOptions()
        base = self.options.base_options
        different = {
            name: getattr(self.options, name)
            for name in option_types()
            if getattr(self.options, name) != getattr(usual, name)
        }
        plain = {k: v if isinstance(v, (bool, int, float, str)) else str(v) for k, v in different.items()}
        return {"model": base.model or str(base.model_asset_path), **plain}


def option_types() -> dict[str, tuple[type, ...]]:
    """The options that a configuration may name, each with the types that can be typed, narrowest first."""
    return {
        field.name: _plain_types(str(field.type))
        for field in fields(PoseLandmarkerOptions)
        if field.name not in _CHOSEN
    }


def parse_configuration(text: str, defaults: Mapping[str, Any] | None = None) -> Configuration:
    """Read ``[LABEL=]MODEL[,NAME=VALUE...]``.

    Args:
        text: A model (lite, full, heavy or the path of a .task file), and any options of
            :class:`~pose_landmarker.PoseLandmarkerOptions` as name=value. A label before the model is
            what tables call it; else that is the whole text.
        defaults: Of options that are not named.

    Raises:
        OptionError: The model, an option or a value is none; the message lists what there is.
        ModelNotFoundError: There is no such .task file.
    """
    first, *parts = [part.strip() for part in text.split(",")]
    label, sign, model = first.rpartition("=")
    if not model or (sign and not label):
        raise OptionError(
            f"configuration {text!r} must begin with a model: {', '.join(MODEL_NAMES)} or a .task file, as "
            "in heavy,num_poses=20"
        )
    try:
        _check_label(label)
        base = PoseLandmarkerOptions(base_options=BaseOptions.of(model), **(defaults or {}))
        named: dict[str, Any] = dict(_pair(part) for part in parts)
        if len(named) < len(parts):
            raise OptionError("an option is named twice")
        wanted = replace(base, **named)
    except OptionError as error:
        raise OptionError(f"configuration {text!r}: {error}") from error
    file = wanted.base_options.model_asset_path
    if file is not None and not Path(file).is_file():
        raise ModelNotFoundError(f"configuration {text!r}: there is no model file {model}")
    return Configuration(name=label or text, options=wanted)


def _check_label(label: str) -> None:
    if label in option_types():
        raise OptionError(f"the model comes first, then {label}=...")


def _pair(part: str) -> tuple[str, object]:
    name, sign, value = (word.strip() for word in part.partition("="))
    types = option_types()
    if not sign:
        raise OptionError(f"{part!r} is no option; wanted NAME=VALUE")
    if name in _CHOSEN:
        raise OptionError(f"{name} is chosen by the evaluation; leave it out")
    if name not in types:
        raise OptionError(f"there is no option {name!r}; there are {', '.join(sorted(types))}")
    for kind in types[name]:
        found, converted = _convert(value, kind)
        if found:
            return name, converted
    wanted = " or ".join(_WORDS[kind] for kind in types[name])
    raise OptionError(f"{name}={value}: wanted {wanted or 'something that cannot be typed here'}")


_WORDS: dict[type, str] = {
    NoneType: "none",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a word",
}


def _plain_types(annotation: str) -> tuple[type, ...]:
    # Each member by itself: some of the names are strings at run time, and "|" does not take those.
    members = enumerate(_OUTER_BAR.split(annotation))
    holder = type("holder", (), {"__annotations__": {f"member{i}": member for i, member in members}})
    found = {kind for hint in get_type_hints(holder, vars(options)).values() for kind in _types(hint)}
    return tuple(kind for kind in _WORDS if kind in found)


def _types(hint: Any) -> Iterator[type]:
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        for member in get_args(hint):
            yield from _types(member)
    elif origin is Literal:
        yield from map(type, get_args(hint))
    elif isinstance(hint, type):
        yield hint


def _convert(text: str, kind: type) -> tuple[bool, object]:
    """Whether a text means a value of a type, and which."""
    word = text.lower()
    if kind is NoneType:
        return word == "none", None
    if kind is bool:
        return word in (*_TRUE, *_FALSE), word in _TRUE
    if kind is str:
        return bool(text), text
    try:
        return True, kind(text)
    except ValueError:
        return False, None
