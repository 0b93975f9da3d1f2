"""A small language for request bodies: which properties exist, which must be there, which may not be written.

It owns checking and cleaning a body against a shape; it must not know any particular resource.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from devkit.azure.errors import ArmError


@dataclass(frozen=True)
class Leaf:
    """A value without modelled parts; with `types` empty anything passes through, as tags do."""

    word: str
    types: tuple[type, ...] = ()


@dataclass(frozen=True)
class OneOf:
    """A string out of a closed list, in any case; the list's own case is kept."""

    values: tuple[str, ...]


@dataclass(frozen=True)
class Must:
    """A property that has to be there and not null."""

    shape: Shape


@dataclass(frozen=True)
class Many:
    """A list of one shape."""

    shape: Shape


@dataclass(frozen=True)
class Matching:
    """A string that a pattern fits as a whole."""

    pattern: str


@dataclass(frozen=True)
class Within:
    """An integer of at least `least` and at most `most`, where there is a most."""

    least: int
    most: int | None = None


@dataclass(frozen=True)
class Values:
    """An object with any names, whose values are all of one shape."""

    shape: Shape


@dataclass(frozen=True)
class Tagged:
    """An object of one of several kinds, which its property `by` names; `kinds` have the other properties of each."""

    by: str
    kinds: Mapping[str, Mapping[str, Any]]


Shape = Leaf | OneOf | Must | Many | Matching | Within | Values | Tagged | Mapping[str, Any]
"""A mapping stands for an object with exactly these properties; its values are shapes."""

STR = Leaf("a string", (str,))
INT = Leaf("an integer", (int,))
BOOL = Leaf("a boolean", (bool,))
NUMBER = Leaf("a number", (int, float))
MAP = Leaf("an object", (dict,))
ANY = Leaf("any value")
READ_ONLY = Leaf("read-only")
"""A value that is accepted and dropped: clients send back what they got."""

SUB_RESOURCE: Shape = {"id": Must(STR)}


def tracked(**parts: Any) -> Shape:
    """Describe a tracked resource's envelope around its own parts."""
    envelope = {"id": READ_ONLY, "name": READ_ONLY, "type": READ_ONLY, "etag": READ_ONLY, "systemData": READ_ONLY}
    return {**envelope, "location": Must(STR), "tags": MAP, **parts}


def check(shape: Shape, body: Any) -> Any:
    """Return the body without nulls and read-only parts. Raises ArmError (400) that names every bad path."""
    unknown: list[str] = []
    wrong: list[str] = []
    cleaned = _walk(shape, body, "", unknown, wrong)
    if not unknown and not wrong:
        return cleaned
    code = "InvalidRequestContent" if unknown else "InvalidParameter"
    first = (unknown or wrong)[0]
    details = [{"code": code, "message": text, "target": text.split(":")[0]} for text in [*unknown, *wrong]]
    message = "The request content is invalid: " + "; ".join([*unknown, *wrong])
    raise ArmError(400, code, message, target=first.split(":")[0], details=details)


def _walk(shape: Shape, value: Any, path: str, unknown: list[str], wrong: list[str]) -> Any:
    match shape:
        case Must():
            return _walk(shape.shape, value, path, unknown, wrong)
        case Many() | Values():
            return _each(shape, value, path, unknown, wrong)
        case OneOf():
            return _choose(shape, value, path, wrong)
        case Leaf() | Matching() | Within():
            expected = _unmet(shape, value)
            if expected:
                wrong.append(f"{path}: expected {expected}")
            return value
        case Tagged():
            return _tagged(shape, value, path, unknown, wrong)
        case _:
            return _object(shape, value, path, unknown, wrong)


def _each(shape: Many | Values, value: Any, path: str, unknown: list[str], wrong: list[str]) -> Any:
    if isinstance(shape, Many) and isinstance(value, list):
        return [_walk(shape.shape, inner, f"{path}[{i}]", unknown, wrong) for i, inner in enumerate(value)]
    if isinstance(shape, Values) and isinstance(value, dict):
        return {name: _walk(shape.shape, inner, f"{path}.{name}", unknown, wrong) for name, inner in value.items()}
    wrong.append(f"{path}: expected {'a list' if isinstance(shape, Many) else 'an object'}")
    return value


def _unmet(shape: Leaf | Matching | Within, value: Any) -> str:
    """Return what a value should be and is not; an empty text if it is."""
    match shape:
        case Matching():
            good = isinstance(value, str) and re.fullmatch(shape.pattern, value) is not None
            return "" if good else f"a string that matches {shape.pattern}"
        case Within():
            good = isinstance(value, int) and not isinstance(value, bool) and value >= shape.least
            most = "" if shape.most is None else f" and at most {shape.most}"
            good = good and (shape.most is None or value <= shape.most)
            return "" if good else f"an integer of at least {shape.least}{most}"
        case _:
            is_bool_for_number = isinstance(value, bool) and bool not in shape.types
            good = not shape.types or (isinstance(value, shape.types) and not is_bool_for_number)
            return "" if good else shape.word


def _tagged(shape: Tagged, value: Any, path: str, unknown: list[str], wrong: list[str]) -> Any:
    kind = value.get(shape.by) if isinstance(value, dict) else None
    if isinstance(value, dict) and kind not in shape.kinds:
        wrong.append(f"{path}.{shape.by}: '{kind}' is not one of {', '.join(shape.kinds)}")
        return value
    return _object({shape.by: Must(STR), **shape.kinds.get(str(kind), {})}, value, path, unknown, wrong)


def _choose(shape: OneOf, value: Any, path: str, wrong: list[str]) -> Any:
    for allowed in shape.values:
        if isinstance(value, str) and value.lower() == allowed.lower():
            return allowed
    wrong.append(f"{path}: '{value}' is not one of {', '.join(shape.values)}")
    return value


def _object(shape: Mapping[str, Any], value: Any, path: str, unknown: list[str], wrong: list[str]) -> Any:
    if not isinstance(value, dict):
        wrong.append(f"{path or 'body'}: expected an object")
        return value
    names = {name.lower(): name for name in shape}
    cleaned: dict[str, Any] = {}
    for given, part in value.items():
        name = names.get(given.lower())
        inner = f"{path}.{given}" if path else given
        if name is None:
            unknown.append(f"{inner}: unknown property")
        elif part is not None and shape[name] is not READ_ONLY:
            cleaned[name] = _walk(shape[name], part, inner, unknown, wrong)
    for name, part in shape.items():
        if isinstance(part, Must) and name not in cleaned:
            wrong.append(f"{path + '.' if path else ''}{name}: required and missing")
    return cleaned
