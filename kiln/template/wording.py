"""The wording of problems: paths as Resource Manager writes them, what was expected, and the kind of value found.

It never repeats what was sent, which may be secret or huge.
"""

from __future__ import annotations

import difflib
import json
import re
from typing import TYPE_CHECKING, Any

from kiln.template.rules import Needed
from kiln.template.shape import properties

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic_core import ErrorDetails

    from kiln.template.shape import Path, Place

REFERENCE = "https://learn.microsoft.com/azure/virtual-machines/linux/image-builder-json"
RELEASES = "https://learn.microsoft.com/azure/virtual-machines/image-builder-api-update-release-notes"
BROKEN_TEXT = "text without broken characters (lone surrogates)"
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_LONGEST_NAME = 200
_EXPECTED = {
    "string_type": "a string",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "string_unicode": BROKEN_TEXT,
    "string_too_short": "a string that is not empty",
    "string_pattern_mismatch": "a string that matches {pattern}",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
}
_SIZES = {
    "too_short": "expected a list of {min_length} or more, got a list of {actual_length}",
    "too_long": "expected a list of at most {max_length}, got a list of {actual_length}",
    "string_too_long": "expected a string of at most {max_length} characters, got a longer one",
}


def path_text(path: Path) -> str:
    """Return a path as Resource Manager writes it: `properties.customize[1].inline`, `tags['a b']`, or `$`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += "['" + json.dumps(part[:_LONGEST_NAME])[1:-1].replace("'", "\\'") + "']"
    return text or "$"


def kind(value: Any) -> str:
    """Return the kind of a JSON value in words, without its content."""
    names = {dict: "an object", list: "a list", tuple: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number" if isinstance(value, int | float) else "something else")


def reference(section: str) -> str:
    """Return the link to a section, in the form of `Model.section`: of Microsoft's template reference or elsewhere."""
    if "/" in section:
        return section
    return f"{REFERENCE}#{section}" if section else REFERENCE


def message(item: ErrorDetails, place: Place) -> str:
    """Return the message for a pydantic error at `place`, in words of the template language."""
    context: dict[str, Any] = item.get("ctx", {})
    found, type_ = item["input"], item["type"]
    if "rule" in context:
        return str(context["rule"])
    if type_ in _EXPECTED:
        return f"expected {_EXPECTED[type_].format_map(context)}, got {kind(found)}"
    if type_ in _SIZES:
        return _SIZES[type_].format_map(context)
    return _about_names(type_, found, place) or f"{item['msg']}; got {kind(found)}"


def _about_names(type_: str, found: Any, place: Place) -> str | None:
    """Return the message for a wrong property name, or for a text that is not among the allowed ones."""
    match type_:
        case "missing":
            needed = place.shape.mark(Needed)
            return f"is required: {needed.example}" if needed else "is required"
        case "extra_forbidden":
            return _unknown_property(place)
        case "union_tag_not_found":
            return f"is required: {one_of(place.shape.members)}"
        case "union_tag_invalid":
            tag = found.get(place.shape.discriminator) if isinstance(found, dict) else None
            return _not_one_of(tag, place.shape.members)
        case "literal_error":
            return _not_one_of(found, place.shape.choices)
        case _:
            return None


def one_of(names: Iterable[str]) -> str:
    """Return `one of 'a', 'b'`."""
    return "one of " + ", ".join(f"'{name}'" for name in names)


def _unknown_property(place: Place) -> str:
    name, known = str(place.path[-1]), sorted(properties(place.owner))
    meant = nearest(name, known)
    if meant is not None:
        cased = " Names are case-sensitive." if meant.lower() == name.lower() else ""
        return f"is not a property here; did you mean '{meant}'?{cased}"
    there_are = f"; there are {', '.join(known)}" if known else ""
    return "is not a property here" + there_are + (f"; {place.owner.unknown}" if place.owner.unknown else "")


def _not_one_of(found: Any, names: Iterable[str]) -> str:
    names = list(names)
    meant = nearest(found, names) if isinstance(found, str) else None
    hint = f"; did you mean '{meant}'?" if meant else ""
    got = "another string" if isinstance(found, str) else kind(found)
    return f"expected {one_of(names)}, got {got}{hint}"


def nearest(found: str, names: Iterable[str], *, alike: float = 0.8) -> str | None:
    """Return the name that is the same except for case, or the most similar one, if any.

    `alike` is the least similarity (difflib's ratio).
    """
    lower = {name.lower(): name for name in names}
    near = difflib.get_close_matches(found[:64].lower(), lower, n=1, cutoff=alike)
    return lower[near[0]] if near else None
