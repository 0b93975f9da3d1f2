from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice

import pytest

from kiln.ncrontab import ScheduleInvalid, parse_schedule, parse_zone


def due(schedule: str, after: str, count: int = 3, zone: str = "UTC") -> list[str]:
    times = parse_schedule(schedule, parse_zone(zone)).due_after(datetime.fromisoformat(after))
    return [f"{moment:%Y-%m-%dT%H:%M:%S}" for moment in islice(times, count) if moment.tzinfo is UTC]


@pytest.mark.parametrize(
    ("schedule", "first"),
    [
        ("0 3 * * *", "2026-01-02T03:00:00"),
        ("0 0 3 * * *", "2026-01-02T03:00:00"),
        ("30 0 3 * * *", "2026-01-02T03:00:30"),
        ("0 3 * * mon", "2026-01-05T03:00:00"),
        ("0 3 * * Sunday", "2026-01-04T03:00:00"),
        ("0 3 1 FEB,april *", "2026-02-01T03:00:00"),
        ("*/20 * * * *", "2026-01-01T12:20:00"),
        ("0 3 * * 5/1", "2026-01-02T03:00:00"),
    ],
)
def test_the_next_time_is_after_the_moment(schedule: str, first: str) -> None:
    assert due(schedule, "2026-01-01T12:00:00+00:00", 1) == [first]


def test_a_time_that_is_now_is_not_due_again() -> None:
    assert due("0 3 * * *", "2026-01-01T03:00:00+00:00", 1) == ["2026-01-02T03:00:00"]
    assert due("30 0 3 * * *", "2026-01-01T03:00:29+00:00", 1) == ["2026-01-01T03:00:30"]


def test_day_of_the_month_and_of_the_week_must_both_match() -> None:
    assert due("0 0 13 * FRI", "2026-01-01T00:00:00+00:00", 2) == ["2026-02-13T00:00:00", "2026-03-13T00:00:00"]


def test_the_zones_clock_counts() -> None:
    assert due("0 3 * * *", "2026-07-01T00:00:00+00:00", 1, "Europe/Berlin") == ["2026-07-01T01:00:00"]
    assert due("0 3 * * *", "2026-01-01T00:00:00+00:00", 1, "Europe/Berlin") == ["2026-01-01T02:00:00"]


def test_a_time_that_the_clock_skips_is_due_when_it_has_moved_on() -> None:
    # 2026-03-29 in Berlin has no 02:30; at 01:00 UTC the clock goes from 02:00 to 03:00.
    assert due("30 2 * * *", "2026-03-28T12:00:00+00:00", 2, "Europe/Berlin") == [
        "2026-03-29T01:00:00",
        "2026-03-30T00:30:00",
    ]


def test_a_time_that_the_clock_repeats_is_due_once() -> None:
    # 2026-10-25 in Berlin has 02:30 twice, at 00:30 and at 01:30 UTC.
    assert due("30 2 * * *", "2026-10-24T12:00:00+00:00", 2, "Europe/Berlin") == [
        "2026-10-25T00:30:00",
        "2026-10-26T01:30:00",
    ]


def test_every_hour_goes_by_the_time_that_passes() -> None:
    assert due("0 * * * *", "2026-10-24T23:30:00+00:00", 3, "Europe/Berlin") == [
        "2026-10-25T00:00:00",
        "2026-10-25T01:00:00",
        "2026-10-25T02:00:00",
    ]


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ("", "five fields"),
        ("* * * *", "five fields"),
        ("0 0 0 * * * 2026", "five fields"),
        ("*/10 * * * * *", "for the seconds"),
        ("60 * * * * *", "for the seconds"),
        ("60 * * * *", "due at some time"),
        ("0 3 30 2 *", "due at some time"),
        ("0 3 * * 7", "from 0 (Sunday) to 6"),
        ("0 3 L * *", "names of months and days"),
        ("0 3 ? * *", "digits, names"),
        ("0 3 * * MON#2", "digits, names"),
        ("0 3 * * someday", "names of months and days"),
        ("00:05:00", "five fields"),
    ],
)
def test_what_is_no_schedule_is_told_what_is_due(schedule: str, said: str) -> None:
    with pytest.raises(ScheduleInvalid, match=said.replace("(", r"\(").replace(")", r"\)")):
        parse_schedule(schedule, parse_zone("UTC"))


@pytest.mark.parametrize(
    "name",
    ["", "Berlin", "W. Europe Standard Time", "../etc/passwd", "Europe", "\0", "x" * 5000, "localtime", "posixrules",
     "right/Europe/Berlin", "posix/Europe/Berlin", "tzdata.zi", "europe/berlin"],
)  # fmt: skip
def test_what_is_no_time_zone_is_told_what_is_due(name: str) -> None:
    with pytest.raises(ScheduleInvalid, match="IANA"):
        parse_zone(name)
