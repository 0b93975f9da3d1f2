"""Wording of mistakes in a JSON value: one line for each, with its place.

It owns the wording and the formats that are checked; it must not know specifications. A value is never quoted unless it
should be one of an enumeration: bodies carry passwords and scripts.
"""

from __future__ import annotations

import base64
import binascii
import functools
import re
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_QUOTED = 40  # characters
# RFC 3339, section 5.6: what Swagger 2.0 means by date-time; the offset is not optional.
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


_FORMATS: dict[str, Callable[[Any], bool]] = {
    "date-time": lambda value: not isinstance(value, str) or _DATE_TIME.fullmatch(value) is not None,
    "uuid": lambda value: not isinstance(value, str) or str(uuid.UUID(value)) == value.lower(),
    "byte": lambda value: not isinstance(value, str) or base64.b64decode(value, validate=True) is not None,
    "int32": lambda value: not isinstance(value, int) or -(2**31) <= value < 2**31,
    "int64": lambda value: not isinstance(value, int) or -(2**63) <= value < 2**63,
}


@functools.cache
def _json_schema() -> tuple[Any, Any]:
    """Return the class of validators and the checker of formats.

    jsonschema takes seconds to import, with the formats that it brings; who judges nothing does not wait for it.
    """
    from jsonschema import Draft202012Validator, FormatChecker  # type: ignore[import-untyped]  # it ships no types

    checker = FormatChecker(formats=())
    for name, holds in _FORMATS.items():
        checker.checks(name, raises=(ValueError, binascii.Error))(holds)
    return Draft202012Validator, checker


def validator(schema: dict[str, Any]) -> Any:
    """Return a validator for `mistakes`."""
    draft, formats = _json_schema()
    return draft(schema, format_checker=formats)


def mistakes(checks: Any, value: Any) -> Iterator[tuple[str, str]]:
    """Yield each mistake as its place (`properties.disks[0].name`) and what is wrong there."""
    for error in checks.iter_errors(value):
        yield from _told(error)


def _told(error: Any) -> Iterator[tuple[str, str]]:
    place = _place(error.absolute_path)
    match error.validator:
        case "anyOf":  # null or something: what is not null has to be the something
            yield from (each for inner in error.context if inner.schema_path[0] == 1 for each in _told(inner))
        case "additionalProperties" if error.validator_value is False:
            known = error.schema.get("properties", {})
            for name in error.instance:
                if name not in known:
                    yield _join(place, name), "not in the specification"
        case "required":
            yield _join(place, error.message.split("'")[1]), "required and missing"
        case "not":
            yield place, "a secret, or only for writing: an answer may not carry it"
        case "enum":
            yield place, f"{str(error.instance)[:_QUOTED]!r} is not one of {', '.join(map(str, error.validator_value))}"
        case "type":
            yield place, f"expected {error.validator_value}, got {_kind(error.instance)}"
        case "format":
            yield place, f"is no {error.validator_value}"
        case rule:
            yield place, f"breaks {rule}: {error.validator_value}"


def _join(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _place(path: Any) -> str:
    place = ""
    for step in path:
        place = f"{place}[{step}]" if isinstance(step, int) else _join(place, step)
    return place


def _kind(value: Any) -> str:
    names = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}
    return names.get(type(value), "null")
