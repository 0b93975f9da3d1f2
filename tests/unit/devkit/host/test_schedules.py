"""NCRONTAB expressions and intervals: those that are taken, and their times, also where clocks are changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from devkit.host.schedules import ScheduleError, is_frequent, parse

NOW = datetime(2026, 1, 1, 0, 0, 0, tzinfo=UTC)  # a Thursday


def times(text: str, count: int, after: datetime = NOW) -> list[str]:
    schedule, found = parse(text), []
    for _ in range(count):
        after = schedule.next(after)
        found.append(after.strftime("%m-%d %H:%M:%S"))
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 */5 * * * *", ["01-01 00:05:00", "01-01 00:10:00"]),
        ("*/20 * * * * *", ["01-01 00:00:20", "01-01 00:00:40"]),
        ("0 0 9-17/4 * * *", ["01-01 09:00:00", "01-01 13:00:00"]),
        ("5,10 30 6 * * Mon-Fri", ["01-01 06:30:05", "01-01 06:30:10"]),
        ("0 0 0 1 February *", ["02-01 00:00:00"]),
        ("0 0 9 * * 5/2", ["01-02 09:00:00", "01-09 09:00:00"]),  # Friday alone: the week ends with Saturday
        ("0 0 9 * * */7", ["01-04 09:00:00", "01-11 09:00:00"]),
        ("0 0 9 * * 0", ["01-04 09:00:00", "01-11 09:00:00"]),
        ("*/15 * * * *", ["01-01 00:15:00"]),  # five fields: without seconds
        ("0 0 0 1 * MON", ["06-01 00:00:00"]),  # both the day of the month and of the week
        ("01:30:00", ["01-01 01:30:00", "01-01 03:00:00"]),
    ],
)
def test_a_schedule_fires_as_in_azure(text: str, expected: list[str]) -> None:
    assert times(text, len(expected)) == expected


@pytest.mark.parametrize(
    "text",
    ["", "* * *", "60 * * * * *", "0 0 0 L * *", "0 0 0 ? * *", "0 0 0 * * 7", "0 0 0 * * 1/2,7", "0 0 0 * * 5-7",
     "0 0 0 * * MON#2", "0 0 0 * Foo *", "0 0 0 30 2 *", "00:00:00", "@daily", "%UNSET_SETTING%"],
)  # fmt: skip
def test_what_the_host_does_not_take_is_refused(text: str) -> None:
    with pytest.raises(ScheduleError):
        parse(text)


def test_a_setting_gives_the_schedule_and_another_the_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHEN", "0 0 9 * * *")
    monkeypatch.setenv("WEBSITE_TIME_ZONE", "Europe/Berlin")
    assert times("%WHEN%", 1) == ["01-01 08:00:00"]
    monkeypatch.setenv("WEBSITE_TIME_ZONE", "Nowhere/City")
    with pytest.raises(ScheduleError, match="Nowhere/City"):
        parse("%WHEN%")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # 2:30 does not exist on 8 March 2026 in Los Angeles: the timer fires at 3:30 (10:30 UTC) instead.
        ("0 30 2 * * *", ["03-07 10:30:00", "03-08 10:30:00", "03-09 09:30:00"]),
        ("0 0 * * * *", ["03-06 10:00:00", "03-06 11:00:00"]),
    ],
)
def test_a_time_that_the_clock_skips_comes_an_hour_later(
    text: str, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBSITE_TIME_ZONE", "America/Los_Angeles")
    start = datetime(2026, 3, 6, 10, 30 if text.startswith("0 30") else 59, tzinfo=UTC) - timedelta(
        hours=0 if text.startswith("0 30") else 1
    )
    assert times(text, len(expected), start) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # 1:00 to 2:00 comes twice on 1 November 2026: a point in time fires once, an interval goes on.
        ("0 30 1 * * *", ["11-01 08:30:00", "11-02 09:30:00"]),
        ("0 */30 * * * *", ["11-01 08:00:00", "11-01 08:30:00", "11-01 09:00:00", "11-01 09:30:00", "11-01 10:00:00"]),
    ],
)
def test_a_time_that_the_clock_repeats_comes_once_and_an_interval_goes_on(
    text: str, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEBSITE_TIME_ZONE", "America/Los_Angeles")
    assert times(text, len(expected), datetime(2026, 11, 1, 7, 45, tzinfo=UTC)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("*/20 * * * * *", True), ("0 * * * * *", False), ("00:00:30", True), ("00:01:00", False)],
)
def test_less_than_a_minute_apart_is_frequent(text: str, *, expected: bool) -> None:
    assert is_frequent(parse(text), NOW + timedelta(seconds=1)) is expected
