"""Filters of source versions: a pattern (`22.*`) or limits (`>=22.4 <24`). Pure.

It owns their syntax and meaning; a version is a row of numbers with dots in between, as marketplace and galleries have.
"""

from __future__ import annotations

import operator
import re
from fnmatch import fnmatchcase

_PATTERN = re.compile(r"[0-9.*?]{1,80}")
_LIMIT = re.compile(r"(>=|<=|>|<)([0-9]{1,10}(?:\.[0-9]{1,10}){0,3})")
_BETWEEN = re.compile(r"\s*,\s*|\s+")
_COMPARE = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}


def is_filter(text: str) -> bool:
    """Whether `text` is a filter."""
    return _PATTERN.fullmatch(text) is not None or bool(_limits(text))


def matches_version(text: str | None, version: str) -> bool:
    """Whether a version passes the filter; all do where there is none. Missing parts of a limit count as 0."""
    if text is None:
        return True
    if _PATTERN.fullmatch(text):
        return fnmatchcase(version, text)
    limits, numbers = _limits(text), _numbers(version)
    return numbers is not None and all(
        _COMPARE[sign](*_as_long(numbers, tuple(map(int, limit.split("."))))) for sign, limit in limits
    )


def _limits(text: str) -> list[tuple[str, str]]:
    """Return signs and versions; nothing if one of the limits is none."""
    found = [_LIMIT.fullmatch(part) for part in _BETWEEN.split(text.strip())]
    return [(match[1], match[2]) for match in found if match] if all(found) else []


def _numbers(version: str) -> tuple[int, ...] | None:
    parts = version.split(".")
    return tuple(map(int, parts)) if all(part.isascii() and part.isdigit() for part in parts) else None


def _as_long(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    length = max(len(one), len(other))
    return one + (0,) * (length - len(one)), other + (0,) * (length - len(other))
