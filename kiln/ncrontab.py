"""NCRONTAB schedules in a time zone: what they mean, and when they are due next. Pure.

It owns Azure Functions' dialect ("Timer trigger for Azure Functions", NCRONTAB expressions), which differs from cron's:
a field of seconds may come first, and day of the month and day of the week must both match. It knows no trigger.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

if TYPE_CHECKING:
    from collections.abc import Iterator

_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
           "november", "december")  # fmt: skip
_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_NAMES = {name[:length]: name[:3] for name in (*_MONTHS, *_DAYS) for length in (3, len(name))}
_FIELD = re.compile(r"[0-9a-z*,/-]{1,200}")
_SECOND = re.compile(r"[0-5]?[0-9]")
_SUNDAY_AGAIN = re.compile(r"\b7\b")
_FROM_A_DAY = re.compile(r"(?<![-\d])(\d)/")
_WITHOUT_SECONDS, _WITH_SECONDS = 5, 6
_SOME_DAY = datetime(2000, 1, 1, tzinfo=UTC)


class ScheduleInvalid(ValueError):
    """A text that is no schedule; the message says what is expected."""


@dataclass(frozen=True)
class Schedule:
    """A checked schedule: five fields of cron, the second within the minute, and the zone whose clock counts."""

    minutes: str
    second: int
    zone: ZoneInfo

    def due_after(self, moment: datetime) -> Iterator[datetime]:
        """Yield the times after an aware `moment`, in UTC.

        A time that the clock skips in spring is due when the clock has moved on; one that it repeats in autumn is due
        once. Schedules of every hour or every few minutes go by the time that really passes (Debian's cron(8)).
        """
        offset = timedelta(seconds=self.second)
        for due in _simulator(self.minutes, (moment - offset).astimezone(self.zone)):
            yield due.astimezone(UTC) + offset


def parse_schedule(text: str, zone: ZoneInfo) -> Schedule:
    """Read an NCRONTAB expression of five fields, or of six with seconds first. Raises `ScheduleInvalid`.

    The seconds are one number: Kiln looks once a minute, and no build is that short.
    """
    fields = text.lower().split()
    if len(fields) == _WITHOUT_SECONDS:
        fields.insert(0, "0")
    if len(fields) != _WITH_SECONDS:
        raise ScheduleInvalid("expected five fields (minute, hour, day, month, day of the week), or seconds first")
    if not _SECOND.fullmatch(fields[0]):
        raise ScheduleInvalid("expected one number from 0 to 59 for the seconds")
    return Schedule(_checked(" ".join(map(_named, fields[1:]))), int(fields[0]), zone)


def parse_zone(name: str) -> ZoneInfo:
    """Return the time zone of an IANA name. Raises `ScheduleInvalid`."""
    if name not in _zones():
        raise ScheduleInvalid("expected the IANA name of a time zone, such as Europe/Berlin")
    return ZoneInfo(name)


@functools.cache
def _zones() -> frozenset[str]:
    """Return the names of time zones. What else a system has beside them (its own zone's, as a link) is none."""
    return frozenset(available_timezones() - {"localtime"})


def _named(field: str) -> str:
    """Return a field with the names of months and days as cron has them."""
    if not _FIELD.fullmatch(field):
        raise ScheduleInvalid("expected digits, names, and * , - / alone in each field")
    try:
        return re.sub(r"[a-z]+", lambda match: _NAMES[match[0]], field)
    except KeyError as error:
        raise ScheduleInvalid("expected English names of months and days, such as MON or JANUARY") from error


def _checked(expression: str) -> str:
    *others, days = expression.split()
    if _SUNDAY_AGAIN.search(re.sub(r"/\d+", "", days)):
        raise ScheduleInvalid("expected days of the week from 0 (Sunday) to 6")
    # Cron counts from a day up to 7, which is Sunday again; NCrontab up to 6.
    expression = " ".join((*others, _FROM_A_DAY.sub(r"\1-6/", days)))
    try:
        next(_simulator(expression, _SOME_DAY))
    except (CronSimError, StopIteration, ValueError) as error:
        raise ScheduleInvalid("expected a schedule that is due at some time") from error
    return expression


def _simulator(expression: str, after: datetime) -> CronSim:
    simulator = CronSim(expression, after)
    simulator.day_and = True  # in cron, either day may match
    return simulator
