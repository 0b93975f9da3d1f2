"""Functions of strings. Source: Microsoft's "String functions for ARM templates"."""

from __future__ import annotations

import base64
import json as json_text
import re
import urllib.parse
from typing import Any

from kiln.arm_template.bounds import fits
from kiln.arm_template.faults import ExpressionInvalid
from kiln.arm_template.functions.table import MANY, Function, items, text, whole, written
from kiln.arm_template.unique_string import guid, unique_string

_HOLE = re.compile(r"\{\{|\}\}|\{(\d+)(?:,(-?\d+))?(?::([^{}]*))?\}|[{}]")
_NUMBER = re.compile(r"([DXNF])(\d{0,2})", re.IGNORECASE)


def _base64_to_string(value: Any) -> str:
    try:
        return base64.b64decode(text(value), validate=True).decode()
    except ValueError as error:
        raise ExpressionInvalid("not base64 of text") from error


def _json(value: Any) -> Any:
    try:
        return json_text.loads(text(value), parse_constant=_no_constant)
    except json_text.JSONDecodeError as error:
        raise ExpressionInvalid(f"not JSON: {error.msg} at character {error.pos + 1}") from error


def _no_constant(name: str) -> None:
    raise ExpressionInvalid(f"{name} is not a JSON value")


def _format(pattern: Any, *values: Any) -> str:
    """Fill `{0}` and `{0:D3}` as .NET's composite formatting does, with the number formats D, X, N and F."""

    def fill(hole: re.Match[str]) -> str:
        if hole[0] in {"{{", "}}"}:
            return hole[0][0]
        if hole[1] is None:
            raise ExpressionInvalid(f"a single {hole[0]!r} in the pattern; a brace itself is written twice")
        at = int(hole[1])
        if at >= len(values):
            raise ExpressionInvalid(f"there is no value for {hole[0]}")
        shown = _number(values[at], hole[3]) if hole[3] else written(values[at])
        width = int(hole[2] or 0)
        fits(abs(width))
        return shown.ljust(-width) if width < 0 else shown.rjust(width)

    fits(sum(len(written(values[int(hole[1])])) for hole in _HOLE.finditer(text(pattern)) if _is_of(hole, values)))
    return _HOLE.sub(fill, pattern)


def _is_of(hole: re.Match[str], values: tuple[Any, ...]) -> bool:
    return hole[1] is not None and int(hole[1]) < len(values)


def _number(value: Any, how: str) -> str:
    match = _NUMBER.fullmatch(how)
    if match is None or isinstance(value, bool) or not isinstance(value, int | float):
        raise ExpressionInvalid(f"the format {how!r} is not one of D, X, N and F for numbers")
    letter, digits = match[1], match[2]
    if letter.upper() == "D":
        return f"{whole(value):0{int(digits or 1) + (value < 0)}d}"
    if letter.upper() == "X":
        return f"{whole(value):0{digits or 1}{letter}}"
    return f"{value:{',' if letter.upper() == 'N' else ''}.{digits or 2}f}"


def _pad_left(value: Any, width: Any, by: Any = " ") -> str:
    if len(text(by)) != 1:
        raise ExpressionInvalid("the padding must be one character")
    fits(whole(width))
    shown = written(value) if isinstance(value, int) else text(value)
    return shown.rjust(width, by)


def _replace(value: Any, old: Any, new: Any) -> str:
    if not text(old):
        raise ExpressionInvalid("the text to replace is empty")
    fits(text(value).count(old) * len(text(new)))
    return str(value.replace(old, new))


def _join(values: Any, by: Any) -> str:
    texts = [written(value) for value in items(values)]
    fits(sum(map(len, texts)) + len(text(by)) * len(texts))
    return str(by.join(texts))


def _split(value: Any, by: Any) -> list[str]:
    marks = [by] if isinstance(by, str) else items(by)
    return re.split("|".join(re.escape(text(mark)) for mark in marks), text(value))


def _substring(value: Any, start: Any, length: Any = None) -> str:
    whole_text, begin = text(value), whole(start)
    end = len(whole_text) if length is None else begin + whole(length)
    if not 0 <= begin <= end <= len(whole_text):
        raise ExpressionInvalid(f"characters {begin} to {end} are not within a string of {len(whole_text)}")
    return whole_text[begin:end]


def _data_uri(value: Any) -> str:
    encoded = base64.b64encode(text(value).encode()).decode()
    return f"data:text/plain;charset=utf8;base64,{encoded}"


def _data_uri_to_string(value: Any) -> str:
    head, comma, data = text(value).partition(",")
    if not head.startswith("data:") or not comma:
        raise ExpressionInvalid("not a data URI")
    return _base64_to_string(data) if head.endswith(";base64") else urllib.parse.unquote(data)


FUNCTIONS = (
    Function("base64", 1, 1, lambda value: base64.b64encode(text(value).encode()).decode()),
    Function("base64ToString", 1, 1, _base64_to_string),
    Function("base64ToJson", 1, 1, lambda value: _json(_base64_to_string(value))),
    Function("dataUri", 1, 1, _data_uri),
    Function("dataUriToString", 1, 1, _data_uri_to_string),
    Function("endsWith", 2, 2, lambda value, end: text(value).lower().endswith(text(end).lower())),
    Function("format", 1, MANY, _format),
    Function("guid", 1, MANY, lambda *parts: guid(*map(text, parts))),
    Function("join", 2, 2, _join),
    Function("json", 1, 1, _json),
    Function("padLeft", 2, 3, _pad_left),
    Function("replace", 3, 3, _replace),
    Function("split", 2, 2, _split),
    Function("startsWith", 2, 2, lambda value, begin: text(value).lower().startswith(text(begin).lower())),
    Function("string", 1, 1, written),
    Function("substring", 2, 3, _substring),
    Function("toLower", 1, 1, lambda value: text(value).lower()),
    Function("toUpper", 1, 1, lambda value: text(value).upper()),
    Function("trim", 1, 1, lambda value: text(value).strip()),
    Function("uniqueString", 1, MANY, lambda *parts: unique_string(*map(text, parts))),
    Function("uri", 2, 2, lambda base, relative: urllib.parse.urljoin(text(base), text(relative))),
    Function("uriComponent", 1, 1, lambda value: urllib.parse.quote(text(value), safe="-_.~!*'()")),
    Function("uriComponentToString", 1, 1, lambda value: urllib.parse.unquote(text(value))),
)
