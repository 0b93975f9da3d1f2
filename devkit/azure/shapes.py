"""A small language for request bodies: which properties exist, which must be there, which may not be written.

It owns checking and cleaning a body against a shape; it must not know any particular resource.
"""

from __future__ import annotations

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


Shape = Leaf | OneOf | Must | Many | Mapping[str, Any]
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
        case Many():
            if isinstance(value, list):
                return [_walk(shape.shape, v, f"{path}[{i}]", unknown, wrong) for i, v in enumerate(value)]
            wrong.append(f"{path}: expected a list")
        case OneOf():
            return _choose(shape, value, path, wrong)
        case Leaf():
            is_bool_for_number = isinstance(value, bool) and bool not in shape.types
            if shape.types and (not isinstance(value, shape.types) or is_bool_for_number):
                wrong.append(f"{path}: expected {shape.word}")
        case _:
            return _object(shape, value, path, unknown, wrong)
    return value


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
