"""SourceImage: AIB's own kind of trigger, and the filter of source versions that Kiln adds to it. Pure.

A filter is a pattern (`22.*`) or limits (`>=22.4 <24`). A version is numbers with dots between them, as the marketplace
and galleries have them.
"""

from __future__ import annotations

import operator
import re
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import AfterValidator

from kiln.template.base import See, Since, broken
from kiln.template.trigger_kinds.settings import TriggerSettings

_PATTERN = re.compile(r"[0-9.*?]{1,80}")
_LIMIT = re.compile(r"(>=|<=|>|<)([0-9]{1,10}(?:\.[0-9]{1,10}){0,3})")
_BETWEEN = re.compile(r"\s*,\s*|\s+")
_COMPARE = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}


def _checked(text: str) -> str:
    if is_filter(text):
        return text
    raise broken("Other", "expected a pattern such as 22.*, or limits such as '>=22.4 <24', of version numbers")


VersionFilter = Annotated[str, AfterValidator(_checked)]


class SourceImageTrigger(TriggerSettings):
    """A trigger that runs the template when there is a new version of its source."""

    kind: Literal["SourceImage"]
    version_filter: Annotated[VersionFilter | None, Since(None), See("docs/triggers.md#sourceimage")] = None


def is_filter(text: str) -> bool:
    """Whether `text` is a filter of versions."""
    return _PATTERN.fullmatch(text) is not None or bool(_limits(text))


def matches_version(text: str | None, version: str) -> bool:
    """Whether a version passes the filter; without a filter, all do. Missing parts of a limit count as 0."""
    if text is None:
        return True
    if _PATTERN.fullmatch(text):
        return fnmatchcase(version, text)
    limits, numbers = _limits(text), _numbers(version)
    return numbers is not None and all(
        _COMPARE[sign](*_as_long(numbers, tuple(map(int, limit.split("."))))) for sign, limit in limits
    )


def _limits(text: str) -> list[tuple[str, str]]:
    """Return the signs and versions of limits; nothing if one of them is not a limit."""
    found = [_LIMIT.fullmatch(part) for part in _BETWEEN.split(text.strip())]
    return [(match[1], match[2]) for match in found if match] if all(found) else []


def _numbers(version: str) -> tuple[int, ...] | None:
    parts = version.split(".")
    return tuple(map(int, parts)) if all(part.isascii() and part.isdigit() for part in parts) else None


def _as_long(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    length = max(len(one), len(other))
    return one + (0,) * (length - len(one)), other + (0,) * (length - len(other))
