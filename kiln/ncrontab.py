"""NCRONTAB schedules in a time zone: parses them, and computes when they are due next. Pure.

The dialect is that of Azure Functions ("Timer trigger for Azure Functions", NCRONTAB expressions). It differs from
cron's: a field of seconds may come first, and day of the month and day of the week must both match.
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
    """A text is not a valid schedule or time zone; the message says what is expected."""


@dataclass(frozen=True)
class Schedule:
    """A valid schedule: five fields of cron, the second within the minute, and the time zone that it is meant in."""

    minutes: str
    second: int
    zone: ZoneInfo

    def due_after(self, moment: datetime) -> Iterator[datetime]:
        """Yield the times after `moment` (with a time zone) at which the schedule is due, in UTC.

        A time that the clock skips in spring is due when the clock has moved on; a time that it repeats in autumn is
        due once. Schedules of every hour or every few minutes follow the time that really passes (Debian's cron(8)).
        """
        offset = timedelta(seconds=self.second)
        for due in _simulator(self.minutes, (moment - offset).astimezone(self.zone)):
            yield due.astimezone(UTC) + offset


def parse_schedule(text: str, zone: ZoneInfo) -> Schedule:
    """Parse an NCRONTAB expression of five fields, or of six with seconds first. Raises `ScheduleInvalid`.

    The seconds must be one number, because Kiln looks at schedules once a minute.
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
    """Return the names of all time zones, without `localtime`, a link that some systems have beside them."""
    return frozenset(available_timezones() - {"localtime"})


def _named(field: str) -> str:
    """Return a field with English names of months and days shortened to cron's three letters."""
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
    # In cron a step from a day, such as 2/3, goes on to 7, which is Sunday again; in NCRONTAB to 6.
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
