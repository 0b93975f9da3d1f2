"""Decode a request's body into a JSON value that all readers would read alike, or refuse it. Pure.

Refused are names that come twice in an object, numbers that other readers would round, texts that are not valid
Unicode, and depths and sizes that only an attacker needs; all of that before anything else reads the value.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

from kiln.errors import RequestInvalid, RequestTooLarge

DEPTH = 64
"""Objects and lists within each other; a template has about ten."""
VALUES = 100_000
"""Values in a body: more than the lines of any script that is written into a template."""
WHOLE_NUMBERS = 2**63
"""The largest whole number that every reader of JSON keeps (RFC 8259, section 6)."""


def decode(body: bytes) -> Any:
    """Return the JSON value. Raises `RequestInvalid` that tells what is wrong and where, or `RequestTooLarge`."""
    try:
        value = json.loads(
            body.decode("utf-8-sig"),
            parse_constant=_refuse_constant,
            parse_int=_whole,
            parse_float=_finite,
            object_pairs_hook=_object,
        )
    except json.JSONDecodeError as error:
        raise not_json(f"{error.msg} at line {error.lineno}, column {error.colno}") from error
    except UnicodeDecodeError as error:
        raise not_json(f"it is not UTF-8 at byte {error.start}") from error
    except RecursionError as error:
        raise too_deep() from error
    _check(value)
    return value


def not_json(why: str) -> RequestInvalid:
    """Return the error for a body that cannot be read."""
    return RequestInvalid(f"The request's body is not JSON: {why}.", target="$")


def too_deep() -> RequestInvalid:
    """Return the error for a body that is nested beyond all use."""
    return not_json(f"it is nested too deeply; {DEPTH} levels are the limit")


def _check(value: Any) -> None:
    """Raise for a value that is too deep or too large, or has a broken text. It does not recurse at any depth."""
    waiting: list[tuple[Any, int]] = [(value, 1)]
    seen = 0
    while waiting:
        item, depth = waiting.pop()
        if depth > DEPTH:
            raise too_deep()
        inner: list[Any] = []
        if isinstance(item, str):
            _check_text(item)
        elif isinstance(item, dict):
            inner = [*item, *item.values()]
        elif isinstance(item, list):
            inner = item
        seen += len(inner)
        if seen > VALUES:
            raise RequestTooLarge(f"The request's body has more than {VALUES} names and values.")
        waiting += [(each, depth + 1) for each in inner]


def _check_text(text: str) -> None:
    if "\0" in text:
        raise not_json("a text in it has the character U+0000, which no file of a script can hold")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise not_json(f"a text in it has half a character, \\u{ord(text[error.start]):04x}") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object, each of whose names comes once: readers differ in which of two counts (RFC 8259, section 4)."""
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    (twice, _), *_ = Counter(name for name, _ in pairs).most_common(1)
    raise not_json(f"an object in it has {twice[:100]!r} twice")


def _whole(text: str) -> int:
    if len(text) > len(str(-WHOLE_NUMBERS)) or not -WHOLE_NUMBERS <= int(text) < WHOLE_NUMBERS:
        raise not_json("a number in it has too many digits")
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise not_json(f"the number {text[:40]} is too large")
    return number


def _refuse_constant(name: str) -> Any:
    raise not_json(f"{name} is no JSON value")
