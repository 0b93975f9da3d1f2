"""Every regular expression of the service against texts that make a careless one backtrack for ever."""

from __future__ import annotations

import contextlib
import functools
import importlib
import itertools
import pkgutil
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

import activities
import kiln
import triggers
from kiln.ncrontab import ScheduleInvalid, parse_schedule
from kiln.redact import hide_in_url, redact
from kiln.template.base import Url
from kiln.template.trigger_kinds.source_image import is_filter, matches_version

if TYPE_CHECKING:
    from types import ModuleType

LENGTH = 8_000
"""Characters: a pattern of quadratic time takes seconds for these, and a good one milliseconds."""
SECONDS = 0.6
OFFLINE = ("kiln.cli",)
"""Packages that are not the service: they read their own user's files and arguments."""


def service() -> Iterator[ModuleType]:
    """Yield every module of the service."""
    for package in (kiln, triggers, activities):
        yield package
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.startswith(OFFLINE):
                yield importlib.import_module(found.name)


@functools.cache
def patterns() -> dict[str, re.Pattern[str]]:
    """Return every pattern that a module of the service keeps, by its place."""
    found: dict[str, re.Pattern[str]] = {}

    def keep(place: str, value: Any) -> None:
        if isinstance(value, re.Pattern):
            found[place] = value
        elif isinstance(value, tuple | list):
            for number, item in enumerate(value):
                keep(f"{place}[{number}]", item)
        elif isinstance(value, Mapping):
            for name, item in value.items():
                keep(f"{place}[{name}]", item)

    for module in service():
        for name, value in vars(module).items():
            if not name.startswith("__"):
                keep(f"{module.__name__}.{name}", value)
    return found


def hostile(pattern: str) -> Iterator[str]:
    """Yield long texts that repeat what the pattern looks for, with an end that does not match."""
    words = set(re.findall(r"[A-Za-z]{3,12}", pattern)) | {"eyJ", "sig=", "://"}
    letters = "a0.-_/,: \t=&?;\"'()[]{}%@#\\\n*<>"
    for unit in (*letters, *words, *(f"{letter}{word}" for word in words for letter in "-.,& ")):
        yield unit * (LENGTH // len(unit)) + "\0"
    for one, other in itertools.product("a0. /-", repeat=2):
        yield (one + other) * (LENGTH // 2) + "\0"


def _cron(text: str) -> None:
    with contextlib.suppress(ScheduleInvalid):
        due = parse_schedule(text, ZoneInfo("UTC")).due_after(datetime(2026, 1, 1, tzinfo=UTC))
        list(itertools.islice(due, 20))


def slow(act: Callable[[str], object], texts: Iterable[str]) -> list[str]:
    """Return the beginnings of the texts for which an act takes long."""
    found: list[str] = []
    for text in texts:
        begin = time.process_time()
        act(text)
        if time.process_time() - begin > SECONDS:
            found.append(text[:40])
    return found


@pytest.mark.parametrize("place", patterns())
def test_no_pattern_goes_round_in_squares(place: str) -> None:
    pattern = patterns()[place]

    assert not slow(pattern.fullmatch, hostile(pattern.pattern))


@pytest.mark.parametrize("place", [place for place in patterns() if place.startswith("kiln.redact._IN_TEXT")])
def test_nor_does_one_that_looks_through_whole_texts(place: str) -> None:
    pattern = patterns()[place]

    assert not slow(lambda text: pattern.sub("", text), hostile(pattern.pattern))


@pytest.mark.parametrize("unit", ["-eyJ", ".eyJ", "&sig", "?token", '"secret":', "password ", "Bearer ", "://a:"])
def test_a_log_line_of_halves_of_secrets_is_redacted_soon(unit: str) -> None:
    assert not slow(redact, [unit * (200_000 // len(unit))])


@pytest.mark.parametrize(
    "act",
    [is_filter, lambda text: matches_version(f">=1 {text}", "1.0"), Url(("https", "data")).matches, hide_in_url, _cron],
    ids=["filter", "limits", "url", "hidden url", "schedule"],
)
def test_nor_does_what_reads_a_text_of_a_template(act: Callable[[str], object]) -> None:
    assert not slow(act, hostile("https data"))
    assert not slow(lambda text: act(f"data:{text}"), hostile(""))
    assert not slow(lambda text: act(f"https://example.com/?{text}"), hostile(""))


@pytest.mark.parametrize(
    "schedule",
    [
        "0 0 31 2 *",
        "0 0 30 2 *",
        "0 0 29 2 1",
        "59 23 29 2 6",
        "0 0 31 4,6,9,11 *",
        "0-99999999 * * * *",
        "*/99999999999 * * * *",
        ",".join(["0-59"] * 39) + " * * * *",
    ],
)
def test_a_schedule_is_due_soon_or_refused(schedule: str) -> None:
    assert not slow(_cron, [schedule])
